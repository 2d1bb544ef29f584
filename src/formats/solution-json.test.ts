import { describe, expect, it } from 'vitest';
import { affineFromPose } from '../core/geometry/pose2.ts';
import type { SolveReport } from '../core/graph/pose-graph.ts';
import type { Link, PairResult } from '../core/matching/link.ts';
import { buildMosaic } from '../core/mosaic/build-mosaic.ts';
import { defaultStitchOptions } from '../core/options.ts';
import { pairKey, tileId } from '../core/tiles/tile.ts';
import type { Tile, TileGrid, TilePair } from '../core/tiles/tile.ts';
import { csvText, linksCsv } from './links-csv.ts';
import { mosaicFromSolution, parseSolution, solutionFrom, writeSolution } from './solution-json.ts';
import type { Solution, SolvedRun } from './solution-json.ts';

const size = { width: 640, height: 512 };
const names = ['s/=a.tif', 's/b.tif', 's/c.tif', 's/d.tif'];
const tiles: readonly Tile[] = names.map((file, i) => ({
  id: tileId(file),
  file,
  page: 0,
  size,
  channels: 1,
  sampleType: i === 1 ? 'uint16' : 'uint8',
  pixelSizeNm: 4.1,
  stage: null,
}));
const ids = tiles.map(({ id }) => id);
const layout: TileGrid = {
  kind: 'grid',
  rows: 2,
  columns: 2,
  cells: new Map(ids.map((id, i) => [id, { row: i >> 1, column: i & 1 }])),
  overlap: { x: 0.1, y: 0.1 },
};

function pair(a: number, b: number): TilePair {
  const aFromB = { x: 576, y: 0, thetaRad: 0 };
  return { a: ids[a], b: ids[b], aFromB, sigmaPx: 10, expectedOverlap: null };
}

const correspondences = {
  a: new Float32Array(6),
  b: new Float32Array(6),
  confidence: Float32Array.of(0.5, 0.75, 1),
};

function link(a: number, b: number): Link {
  const zero2 = [0, 0] as const;
  const zero3 = [0, 0, 0] as const;
  return {
    kind: 'link',
    pair: pair(a, b),
    correspondences,
    matchMs: 3,
    model: 'rigid',
    aFromB: affineFromPose({ x: 575.123456789, y: -1 / 3, thetaRad: 0.001 }),
    inlierMask: Uint8Array.of(1, 1, 0),
    inliers: 2,
    confidence: 0.625,
    rmsPx: 0.3,
    moments: { weight: 2, meanA: zero2, meanB: zero2, aa: zero3, bb: zero3, ab: [0, 0, 0, 0] },
    intensities: null,
  };
}

const pairs: readonly PairResult[] = [
  link(2, 3),
  link(0, 1),
  link(0, 2),
  {
    kind: 'rejected',
    pair: pair(1, 3),
    correspondences,
    matchMs: 2,
    reason: 'too-few-matches',
    detail: '3 matches, "empty"',
  },
];
const report: SolveReport = {
  mosaicFromTile: new Map(
    ids
      .slice(0, 3)
      .map((id, i) => [id, affineFromPose({ x: 0.1 + 575.3 * i, y: Math.PI * i, thetaRad: 0.001 * (i + 1) })]),
  ),
  state: new Map([
    [ids[0], 'solved'],
    [ids[1], 'solved'],
    [ids[2], 'prior'],
    [ids[3], 'unplaced'],
  ]),
  sigmaPx: new Map([
    [ids[0], 0.125],
    [ids[1], Infinity],
  ]),
  component: new Map([[ids[2], 1]]),
  components: [[ids[0], ids[1]], [ids[2]]],
  edges: [
    { pairKey: pairKey(pair(0, 1)), residualPx: 0.4, weight: 0.9, removed: false },
    { pairKey: pairKey(pair(2, 3)), residualPx: 40, weight: 0, removed: true },
  ],
  termination: 'converged',
  iterations: 3,
  cost: 1,
};
const tones = new Map([[ids[1], { gain: 1.0000000000000002, offset: -0.1 }]]);
const mosaic = buildMosaic(tiles, report, tones, [ids[1], ids[0], ids[2]]);
const run: SolvedRun = {
  tiles,
  layout,
  pairs,
  report,
  mosaic,
  options: defaultStitchOptions,
  model: 'loftr-compact 0.1.0',
  device: 'wasm, 2 threads',
  excluded: new Set([pairKey(pair(0, 2))]),
};

describe('solution.json', () => {
  it('gives back, to the last bit, the mosaic it was written from, in drawing order', () => {
    const text = writeSolution(solutionFrom(run));
    expect(mosaicFromSolution(parseSolution(text), tiles)).toEqual(mosaic);
    expect(writeSolution(parseSolution(text))).toBe(text);
  });

  it('gives back the meshes of bent tiles to the last bit, and refuses one that lacks a node', () => {
    const mesh = {
      columns: 3,
      rows: 2,
      dx: Float64Array.of(0, 0.1234, -2, 0, 0, 1),
      dy: new Float64Array(6).fill(-0.5),
    };
    const bent = buildMosaic(tiles, { ...report, meshes: new Map([[ids[0], mesh]]) }, tones, [ids[1], ids[0], ids[2]]);
    const solution = solutionFrom({ ...run, mosaic: bent });
    expect(mosaicFromSolution(parseSolution(writeSolution(solution)), tiles)).toEqual(bent);
    expect(solution.tiles.map((tile) => tile.mesh?.columns)).toEqual([undefined, 3, undefined, undefined]);
    const short = structuredClone(solution);
    short.tiles[1].mesh?.dx.pop();
    expect(() => parseSolution(JSON.stringify(short))).toThrow(
      expect.objectContaining({ code: 'bad-solution', message: expect.stringContaining('a node') as string }),
    );
  });

  it('gives back the shading that all tiles share, and the number of the section', () => {
    const shading = { columns: 2, rows: 3, values: Float32Array.of(0.91, 1.02, 1, 1.13, 0.97, 1.01) };
    const shaded = { ...mosaic, shading };
    const solution = solutionFrom({ ...run, mosaic: shaded, section: 7 });
    expect(mosaicFromSolution(parseSolution(writeSolution(solution)), tiles)).toEqual(shaded);
    expect(solution.tiles.map(({ section }) => section)).toEqual([7, 7, 7, 7]);
    for (const values of [
      [1, 1],
      [1, 1, 1, 1, 1, 0],
    ]) {
      const broken = { ...solution, shading: { ...shading, values } };
      expect(() => parseSolution(JSON.stringify(broken))).toThrow(expect.objectContaining({ code: 'bad-solution' }));
    }
  });

  it('states every tile with its cell, state, tone, uncertainty and the reason it is not solved', () => {
    const [first, second, third, fourth] = solutionFrom(run).tiles;
    expect(first).toEqual({
      file: 's/b.tif',
      row: 0,
      column: 1,
      width: 640,
      height: 512,
      mosaicFromTile: [Math.cos(0.002), Math.sin(0.002), -Math.sin(0.002), Math.cos(0.002), 0.1 + 575.3, Math.PI],
      state: 'solved',
      gain: 1.0000000000000002,
      offset: -0.1,
      sigmaPx: null,
      component: 0,
    });
    expect(second).toMatchObject({ file: 's/=a.tif', sigmaPx: 0.125 });
    expect(third).toMatchObject({ state: 'prior', component: 1, reason: 'link removed; link excluded' });
    expect(fourth).toMatchObject({ state: 'unplaced', mosaicFromTile: null, gain: 1, offset: 0 });
    expect(fourth.reason).toContain('3 matches');
  });

  it('lists every proposed pair sorted, with its state and reason', () => {
    const links = solutionFrom(run).links.map(({ a, b, state, reason }) => [a, b, state, reason]);
    expect(links).toEqual([
      ['s/=a.tif', 's/b.tif', 'link', undefined],
      ['s/=a.tif', 's/c.tif', 'excluded', 'by-hand'],
      ['s/b.tif', 's/d.tif', 'rejected', 'too-few-matches'],
      ['s/c.tif', 's/d.tif', 'excluded', 'worst-link'],
    ]);
    expect(solutionFrom(run).links[0]).toMatchObject({ matches: 3, inliers: 2, confidence: 0.625, residualPx: 0.4 });
  });

  it('finds its tiles by name when the folder was dropped from another level', () => {
    const moved = tiles.map((tile) => ({ ...tile, id: tileId(tile.file.slice(2)), file: tile.file.slice(2) }));
    const placed = mosaicFromSolution(solutionFrom(run), moved).placements;
    expect(placed.map(({ tile }) => tile)).toEqual(['b.tif', '=a.tif', 'c.tif']);
  });

  it.each<readonly [string, string, (solution: Solution) => unknown]>([
    ['another version', 'version', (s) => ({ ...s, version: 2 })],
    ['a missing bound', 'bounds', (s) => ({ ...s, bounds: s.bounds.slice(0, 3) })],
    ['bounds between pixels', 'bounds.0', (s) => ({ ...s, bounds: [0.5, 0, 10, 10] })],
    [
      'a place that is text',
      'tiles.0.mosaicFromTile',
      (s) => ({ ...s, tiles: [{ ...s.tiles[0], mosaicFromTile: 'x' }] }),
    ],
    ['a solved tile without a place', 'solved', (s) => ({ ...s, tiles: [{ ...s.tiles[0], mosaicFromTile: null }] })],
    ['a tile twice', 'twice', (s) => ({ ...s, tiles: [s.tiles[0], s.tiles[0]] })],
    [
      'an unknown blend',
      'blend',
      (s) => ({ ...s, options: { ...s.options, compose: { ...s.options.compose, blend: '?' } } }),
    ],
  ])('with %s is refused naming it', (_, words, change) => {
    const text = JSON.stringify(change(solutionFrom(run)));
    expect(() => parseSolution(text)).toThrow(
      expect.objectContaining({ code: 'bad-solution', message: expect.stringContaining(words) as string }),
    );
  });

  it('is refused when it is no JSON, and when a tile is missing or has another size', () => {
    const bad = (words: string): unknown =>
      expect.objectContaining({ code: 'bad-solution', message: expect.stringContaining(words) as string });
    expect(() => parseSolution('{')).toThrow(bad('JSON'));
    expect(() => mosaicFromSolution(solutionFrom(run), tiles.slice(1))).toThrow(bad('s/=a.tif'));
    const smaller = tiles.map((tile) => ({ ...tile, size: { width: 600, height: 512 } }));
    expect(() => mosaicFromSolution(solutionFrom(run), smaller)).toThrow(bad('600 × 512'));
  });

  it('cannot be written with a number that JSON does not have', () => {
    const solution = solutionFrom(run);
    expect(() => writeSolution({ ...solution, bounds: [NaN, 0, 1, 1] })).toThrow(
      expect.objectContaining({ code: 'bad-solution' }),
    );
  });
});

describe('links as CSV', () => {
  it('holds one line a pair, quoted, and no formula', () => {
    const solution = solutionFrom({ ...run, tiles, pairs: [pairs[1], pairs[3]] });
    const renamed = { ...solution, links: solution.links.map((each) => ({ ...each, a: each.a.slice(2) })) };
    const lines = linksCsv(renamed).split('\n');
    expect(lines.length).toBe(4);
    expect(lines[0]).toMatch(/^a,b,state,reason,matches,inliers,confidence,rms_px,residual_px,a_from_b_a/);
    expect(lines[1]).toMatch(/^"'=a\.tif",s\/b\.tif,link,,3,2,0\.625,0\.3,0\.4,0\.99/);
    expect(lines[2]).toBe('b.tif,s/d.tif,rejected,"too-few-matches: 3 matches, ""empty""",3,0,,,,,,,,,');
  });

  it.each(['=1+1', '+1', '-1', '@x', '\tx'])('leads %j by an apostrophe', (text) => {
    expect(csvText(text)).toBe(`"'${text}"`);
  });
});
