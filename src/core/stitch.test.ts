import { describe, expect, it } from 'vitest';
import { StitchError } from './errors.ts';
import { identityAffine, translation } from './geometry/affine2.ts';
import { solvePoseGraph } from './graph/solve.ts';
import { linkMoments } from './matching/link-moments.ts';
import type { Link, PairResult, RejectedPair } from './matching/link.ts';
import { defaultStitchOptions } from './options.ts';
import { silentContext } from './progress.ts';
import { stitch, type StitchInput, type StitchSteps } from './stitch.ts';
import { pairKey, tileId, type Tile, type TileGrid, type TilePair } from './tiles/tile.ts';

const size = { width: 100, height: 100 };

function gridOf(rows: number, columns: number): { tiles: Tile[]; layout: TileGrid } {
  const tiles: Tile[] = [];
  const cells = new Map<Tile['id'], { row: number; column: number }>();
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const file = `t_${row}_${column}.tif`;
      const id = tileId(file);
      tiles.push({ id, file, page: 0, size, channels: 1, sampleType: 'uint8', pixelSizeNm: null, stage: null });
      cells.set(id, { row, column });
    }
  return { tiles, layout: { kind: 'grid', rows, columns, cells, overlap: { x: 0.2, y: 0.2 } } };
}

/** A link that says what the layout says, from a lattice of exact points in the overlap. */
function exactLink(pair: TilePair): Link {
  const { x, y } = pair.aFromB;
  const inA: number[] = [];
  for (let j = 5; j < 100; j += 10)
    for (let i = 5; i < 100; i += 10) if (i - x >= 0 && i - x < 100 && j - y >= 0 && j - y < 100) inA.push(i, j);
  const a = Float32Array.from(inA);
  const b = a.map((value, k) => value - (k % 2 === 0 ? x : y));
  const inliers = a.length / 2;
  const correspondences = { a, b, confidence: new Float32Array(inliers).fill(1) };
  const inlierMask = new Uint8Array(inliers).fill(1);
  const moments = linkMoments(correspondences, inlierMask);
  if (!moments) throw new Error('no points in the overlap');
  return {
    kind: 'link',
    pair,
    model: 'rigid',
    aFromB: translation(x, y),
    correspondences,
    inlierMask,
    inliers,
    confidence: 1,
    rmsPx: 0,
    moments,
    intensities: null,
    matchMs: 1,
  };
}

function rejected(pair: TilePair): RejectedPair {
  const correspondences = { a: new Float32Array(0), b: new Float32Array(0), confidence: new Float32Array(0) };
  return { kind: 'rejected', pair, reason: 'no-texture', detail: 'blank', correspondences, matchMs: 1 };
}

function stepsWith(matchPair: StitchSteps['matchPair'], concurrency = 1): StitchSteps & { finished: PairResult[] } {
  const finished: PairResult[] = [];
  return {
    finished,
    matchPair,
    concurrency,
    onPair: (result) => void finished.push(result),
    solve: (graph, options) => solvePoseGraph(graph, options, silentContext),
    solveTones: () => Promise.resolve(new Map()),
  };
}

function inputOf(rows: number, columns: number): StitchInput {
  const options = { ...defaultStitchOptions, solve: { ...defaultStitchOptions.solve, model: 'rigid' as const } };
  return { ...gridOf(rows, columns), options, known: new Map(), excluded: new Set() };
}

describe('stitch', () => {
  it('places every tile where exact links put it', async () => {
    const result = await stitch(
      inputOf(2, 3),
      stepsWith(async (pair) => exactLink(pair)),
      silentContext,
    );
    expect(result.pairs).toHaveLength(7);
    expect(result.mosaic.bounds).toMatchObject({ width: 260, height: 180 });
    const [first] = result.mosaic.placements;
    expect(first.mosaicFromTile.a).toBeCloseTo(identityAffine.a, 9);
    expect(result.warnings).toEqual([]);
  });

  it('gives the same solution whatever the order of completion', async () => {
    const slowFirst = (() => {
      let turn = 0;
      return async (pair: TilePair) => {
        for (let wait = 10 - turn++; wait > 0; wait--) await Promise.resolve();
        return exactLink(pair);
      };
    })();
    const one = await stitch(
      inputOf(3, 3),
      stepsWith(async (pair) => exactLink(pair), 1),
      silentContext,
    );
    const four = await stitch(inputOf(3, 3), stepsWith(slowFirst, 4), silentContext);
    expect(four.pairs.map(({ pair }) => pairKey(pair))).toEqual(one.pairs.map(({ pair }) => pairKey(pair)));
    expect([...four.report.mosaicFromTile]).toEqual([...one.report.mosaicFromTile]);
  });

  it('matches no pair that is known already', async () => {
    const first = stepsWith(async (pair) => exactLink(pair));
    const before = await stitch(inputOf(2, 2), first, silentContext);
    const known = new Map(before.pairs.map((result) => [pairKey(result.pair), result]));
    const second = stepsWith(() => Promise.reject(new Error('matched again')));
    const after = await stitch({ ...inputOf(2, 2), known }, second, silentContext);
    expect(second.finished).toEqual([]);
    expect(after.mosaic).toEqual(before.mosaic);
  });

  it('keeps the pairs that finished before a failure, and hands out no more', async () => {
    let calls = 0;
    const steps = stepsWith(async (pair) => {
      if (++calls === 3) throw new StitchError('inference-failed', 'the device is gone');
      return exactLink(pair);
    });
    await expect(stitch(inputOf(3, 3), steps, silentContext)).rejects.toMatchObject({ code: 'inference-failed' });
    expect([steps.finished.length, calls]).toEqual([2, 3]);
  });

  it('stands the tiles where the layout says when nothing can be linked, and says so', async () => {
    const result = await stitch(
      inputOf(2, 2),
      stepsWith(async (pair) => rejected(pair)),
      silentContext,
    );
    expect([...result.report.state.values()]).toEqual(['prior', 'prior', 'prior', 'prior']);
    expect(result.mosaic.bounds).toMatchObject({ width: 180, height: 180 });
    expect(result.warnings.join()).toContain('No two tiles could be linked');
  });

  it('refuses a single tile', async () => {
    const steps = stepsWith(async (pair) => exactLink(pair));
    await expect(stitch(inputOf(1, 1), steps, silentContext)).rejects.toMatchObject({ code: 'one-tile' });
  });
});
