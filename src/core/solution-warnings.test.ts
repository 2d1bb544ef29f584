import { describe, expect, it } from 'vitest';
import { errorEntry, errorTable } from './error-table.ts';
import { isAbort, StitchError } from './errors.ts';
import { translation } from './geometry/affine2.ts';
import type { SolveReport, TileState } from './graph/pose-graph.ts';
import type { PairResult } from './matching/link.ts';
import { warningsOf } from './solution-warnings.ts';
import { plainReport } from './testing/plain-report.ts';
import { tileId } from './tiles/tile.ts';

const ids = ['a', 'b', 'c', 'd'].map((name) => tileId(name));

function reportOf(states: readonly TileState[], more: Partial<SolveReport> = {}): SolveReport {
  return plainReport(new Map(), { state: new Map(states.map((state, k) => [ids[k], state])), components: [], ...more });
}

const link = { kind: 'link' } as PairResult;
const rejected = (reason: string) => ({ kind: 'rejected', reason }) as PairResult;
const edges = (removed: number) =>
  [true, true, true].map((_, k) => ({ pairKey: String(k), residualPx: 0, weight: 1, removed: k < removed }));

describe('what is said of a solution', () => {
  it('is nothing where all is well', () => {
    const sound = { components: [ids], mosaicFromTile: new Map([[ids[0], translation(3, 4)]]), edges: edges(0) };
    expect(warningsOf([link], reportOf(['solved', 'solved'], sound))).toEqual([]);
  });

  it.each<[string, readonly PairResult[], SolveReport]>([
    ['1 pair could not be read; the link table names the files.', [link, rejected('read-failed')], reportOf([])],
    [
      '2 pairs could not be read; the link table names the files.',
      [link, rejected('read-failed'), rejected('read-failed')],
      reportOf([]),
    ],
    [
      'No two tiles could be linked, so the picture shows the layout alone. Check the layout and the overlap, or try another matcher.',
      [rejected('no-consensus'), rejected('no-texture')],
      reportOf(['prior', 'prior']),
    ],
    ['The layout says that no two tiles overlap. Raise the overlap, or correct the layout.', [], reportOf([])],
    [
      '1 tile found no neighbour to hold on to and stands where the layout puts it.',
      [link],
      reportOf(['solved', 'prior', 'solved']),
    ],
    [
      '2 tiles found no neighbour to hold on to and stand where the layout puts them.',
      [link],
      reportOf(['prior', 'prior', 'solved']),
    ],
    ['1 tile could not be placed and is left out of the mosaic.', [link], reportOf(['solved', 'unplaced'])],
    ['2 tiles could not be placed and are left out of the mosaic.', [link], reportOf(['unplaced', 'unplaced'])],
    [
      'The links form 2 separate groups; the layout holds the groups together.',
      [link],
      reportOf([], { components: [ids.slice(0, 2), ids.slice(2), [ids[0]]] }),
    ],
    ['1 link contradicted the others and was left out of the solution.', [link], reportOf([], { edges: edges(1) })],
    ['2 links contradicted the others and were left out of the solution.', [link], reportOf([], { edges: edges(2) })],
  ])('%s', (sentence, pairs, report) => {
    expect(warningsOf(pairs, report)).toEqual([sentence]);
  });

  it('names the worst stretch beyond two percent, of either sign', () => {
    const stretched = (a: number, d: number) =>
      warningsOf([link], reportOf([], { mosaicFromTile: new Map([[ids[0], { ...translation(0, 0), a, d }]]) }));
    const sentence = (percent: string) => [
      `Tiles are stretched by up to ${percent} % to make their edges meet: scan lines that start slowly look like stretch. For measurements of length use the rigid transform.`,
    ];
    expect(stretched(1.0199, 0.9801)).toEqual([]);
    expect(stretched(1.021, 1)).toEqual(sentence('2.1'));
    expect(stretched(1.03, 0.96)).toEqual(sentence('4.0'));
  });

  it('comes in the order of pairs, tiles and links', () => {
    const report = reportOf(['solved', 'prior', 'unplaced'], {
      components: [ids.slice(0, 2), ids.slice(2)],
      edges: edges(3),
    });
    const said = warningsOf([link, rejected('read-failed')], report);
    expect(said.map((sentence) => sentence.split(' ').slice(0, 4).join(' '))).toEqual([
      '1 pair could not',
      '1 tile found no',
      '1 tile could not',
      'The links form 2',
      '3 links contradicted the',
    ]);
  });
});

describe('an error', () => {
  it('has a code, its detail and its cause', () => {
    const cause = new Error('why');
    const error = new StitchError('bad-options', 'Not so.', { file: 'a.tif' }, { cause });
    expect(error).toMatchObject({
      name: 'StitchError',
      code: 'bad-options',
      message: 'Not so.',
      detail: { file: 'a.tif' },
    });
    expect(error.cause).toBe(cause);
    expect(new StitchError('no-tiles', 'None.').detail).toEqual({});
  });

  it('is a cancellation by its name alone', () => {
    expect(isAbort(Object.assign(new Error(), { name: 'AbortError' }))).toBe(true);
    expect([isAbort(new Error('AbortError')), isAbort({ name: 'AbortError' }), isAbort(undefined)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('that nobody foresaw is unexpected, whatever a code is called', () => {
    expect(errorEntry('bad-options')).toBe(errorTable['bad-options']);
    expect(errorEntry('no such code')).toBe(errorTable.unexpected);
    expect(errorEntry('toString')).toBe(errorTable.unexpected);
  });
});
