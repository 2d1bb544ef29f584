import { describe, expect, it } from 'vitest';
import { rotationOf } from '../../../core/geometry/affine2.ts';
import type { Link, RejectedPair } from '../../../core/matching/link.ts';
import { pairKey, tileId } from '../../../core/tiles/tile.ts';
import { linkStates } from '../../viewer/link-state.ts';
import type { LinkRow } from './link-row.ts';
import { filterRows, linkRows, neighbourByWorst, rowSentence, sortRows, stageShift } from './link-row.ts';

function row(pairKey: string, change: Partial<LinkRow> = {}): LinkRow {
  return {
    pairKey,
    nameA: pairKey,
    nameB: 'z',
    shortA: 'a',
    shortB: 'z',
    state: 'link',
    quality: 0.9,
    matches: 10,
    inliers: 8,
    confidence: 0.7,
    residualPx: 1,
    shiftPx: 2,
    reason: null,
    detail: null,
    landmarks: 0,
    replacedPx: null,
    ...change,
  };
}

const keys = (rows: readonly LinkRow[]): string => rows.map((r) => r.pairKey).join('');

describe('sortRows', () => {
  const rows = [
    row('c', { residualPx: null, state: 'rejected', quality: null, inliers: null }),
    row('a', { residualPx: 3 }),
    row('b', { residualPx: 1 }),
    row('d', { residualPx: 1 }),
  ];

  it('keeps rows without a value last in both directions and breaks ties by key', () => {
    expect(keys(sortRows(rows, { by: 'residual', descending: false }))).toBe('bdac');
    expect(keys(sortRows(rows, { by: 'residual', descending: true }))).toBe('abdc');
  });

  it('orders names by their numbers', () => {
    const named = [row('x', { nameA: 'tile_10' }), row('y', { nameA: 'tile_9' })];
    expect(keys(sortRows(named, { by: 'pair', descending: false }))).toBe('yx');
  });

  it('puts the worst link first, then the rejected, then what the user has excluded', () => {
    const mixed = [
      row('e', { state: 'excluded', quality: 0.01 }),
      row('r', { state: 'rejected', quality: null }),
      row('g', { quality: 0.9 }),
      row('b', { quality: 0.2 }),
      row('m', { state: 'removed', quality: 0.1 }),
    ];
    expect(keys(sortRows(mixed, { by: 'worst', descending: false }))).toBe('mbgre');
    expect(neighbourByWorst(mixed, null, 1)).toBe('m');
    expect(neighbourByWorst(mixed, 'm', 1)).toBe('b');
    expect(neighbourByWorst(mixed, 'm', -1)).toBeNull();
    expect(neighbourByWorst(mixed, 'r', 1)).toBeNull();
  });

  it('goes from an excluded pair to the worst that is left, and never to an excluded one', () => {
    const mixed = [
      row('e', { state: 'excluded', quality: 0.01 }),
      row('g', { quality: 0.9 }),
      row('b', { quality: 0.2 }),
    ];
    expect(neighbourByWorst(mixed, 'e', 1)).toBe('b');
    expect(neighbourByWorst(mixed, 'g', 1)).toBeNull();
    expect(neighbourByWorst([row('e', { state: 'excluded' })], 'e', 1)).toBeNull();
    expect(neighbourByWorst([], null, 1)).toBeNull();
  });

  it('leaves its argument alone', () => {
    const before = keys(rows);
    sortRows(rows, { by: 'residual', descending: true });
    expect(keys(rows)).toBe(before);
  });
});

describe('rowSentence', () => {
  it('does not take the distance of landmarks for that of the matches that they stand in for', () => {
    const held = row('1', { nameA: 'a', nameB: 'b', landmarks: 1, residualPx: 0.04, replacedPx: 1.93 });
    expect(rowSentence(held)).toBe('a ↔ b: held by 1 landmark of yours instead of its matches, which are 1.93 px off.');
  });
});

describe('filterRows', () => {
  it('wants every word in one of the names, and the state', () => {
    const rows = [row('1', { nameA: 'r1_c2', nameB: 'r1_c3' }), row('2', { nameA: 'R1_C3', nameB: 'r2_c3' })];
    const states = new Set(['link'] as const);
    expect(keys(filterRows(rows, { states, text: 'r1_C3' }))).toBe('12');
    expect(keys(filterRows(rows, { states, text: ' c2  c3 ' }))).toBe('1');
    expect(filterRows(rows, { states: new Set(['rejected'] as const), text: '' })).toHaveLength(0);
  });
});

describe('limits of the filter', () => {
  const states = new Set(linkStates);
  const rows = [
    row('1', { residualPx: 0.5, confidence: 0.9, matches: 500 }),
    row('2', { residualPx: 4, confidence: 0.4, matches: 30 }),
    row('3', { state: 'rejected', reason: 'no-texture', residualPx: null, confidence: null, matches: 2 }),
  ];
  const shown = (limits: object) => keys(filterRows(rows, { states, text: '', ...limits }));

  it('let the suspicious through, and nothing that lacks the number', () => {
    expect(shown({ minResidualPx: 3 })).toBe('2');
    expect(shown({ maxConfidence: 0.5 })).toBe('2');
    expect(shown({ maxMatches: 30 })).toBe('23');
    expect(shown({ minResidualPx: null, maxConfidence: null, maxMatches: null, reason: null })).toBe('123');
  });

  it('ask for the reason of a rejection', () => {
    expect(shown({ reason: 'no-texture' })).toBe('3');
    expect(shown({ reason: 'no-consensus' })).toBe('');
  });
});

describe('linkRows', () => {
  const pair = {
    a: tileId('s/a.tif'),
    b: tileId('s/b.tif'),
    aFromB: { x: 900, y: 5, thetaRad: 0.01 },
    sigmaPx: 10,
    expectedOverlap: null,
  };
  const correspondences = { a: new Float32Array(8), b: new Float32Array(8), confidence: new Float32Array(4) };
  const c = Math.cos(0.01);
  const s = Math.sin(0.01);
  const link: Link = {
    kind: 'link',
    pair,
    correspondences,
    matchMs: 1,
    model: 'rigid',
    aFromB: { a: c, b: s, c: -s, d: c, e: 903, f: 1 },
    inlierMask: new Uint8Array(4),
    inliers: 100,
    confidence: 0.8,
    rmsPx: 0.4,
    moments: { weight: 1, meanA: [950, 500], meanB: [50, 500], aa: [0, 0, 0], bb: [0, 0, 0], ab: [0, 0, 0, 0] },
    intensities: null,
  };

  it('measures the shift against the stage where the matches are', () => {
    expect(rotationOf(link.aFromB)).toBeCloseTo(0.01, 12);
    expect(stageShift(link).x).toBeCloseTo(3, 9);
    expect(stageShift(link).y).toBeCloseTo(-4, 9);
    const [first] = linkRows({ results: [link], edges: [], excluded: new Set(), mosaicFromTile: new Map() });
    expect(first.shiftPx).toBeCloseTo(5, 9);
    expect(first).toMatchObject({ nameA: 'a', nameB: 'b', state: 'link', matches: 4, inliers: 100, residualPx: 0.4 });
  });

  it('takes the residual of the solution and the state of the solver and the user', () => {
    const key = pairKey(pair);
    const edges = [{ pairKey: key, residualPx: 9, weight: 0, removed: true }];
    const [removed] = linkRows({ results: [link], edges, excluded: new Set(), mosaicFromTile: new Map() });
    expect(removed).toMatchObject({ state: 'removed', residualPx: 9 });
    const [excluded] = linkRows({ results: [link], edges, excluded: new Set([key]), mosaicFromTile: new Map() });
    expect(excluded.state).toBe('excluded');
  });

  it('says of an excluded link how far the solution is from it, not how well it fits itself', () => {
    const places = new Map([
      [pair.a, { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }],
      [pair.b, { a: 1, b: 0, c: 0, d: 1, e: 900, f: 5 }],
    ]);
    const excluded = new Set([pairKey(pair)]);
    // Both stand for (950, 500) and (50, 500): at the places they are (0, 5) px apart.
    const [only] = linkRows({ results: [link], edges: [], excluded, mosaicFromTile: places });
    expect(only.residualPx).toBeCloseTo(5, 9);
    expect(rowSentence(only)).toBe(
      'a ↔ b: excluded by you. 100 of 4 matches agree; without it the tiles stand 5.00 px off here.',
    );
  });

  it('says why a pair was rejected, in the words of the matcher', () => {
    const why = row('r', { state: 'rejected', reason: 'no-texture', detail: 'b.tif shows an even field.' });
    expect(rowSentence(why)).toBe('r ↔ z: b.tif shows an even field.');
    expect(rowSentence({ ...why, detail: '' })).toBe('r ↔ z: no texture');
  });

  it('has no numbers of a motion for a rejected pair', () => {
    const rejected: RejectedPair = {
      kind: 'rejected',
      pair,
      correspondences,
      matchMs: 1,
      reason: 'no-consensus',
      detail: 'd',
    };
    const [only] = linkRows({ results: [rejected], edges: [], excluded: new Set(), mosaicFromTile: new Map() });
    expect(only).toMatchObject({
      state: 'rejected',
      quality: null,
      inliers: null,
      residualPx: null,
      shiftPx: null,
      matches: 4,
    });
  });
});
