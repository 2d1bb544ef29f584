import { describe, expect, it } from 'vitest';
import { determinant, rotationOf } from '../geometry/affine2.ts';
import { placeInMosaic, placeInTile } from '../geometry/displacement-mesh.ts';
import { solvePoseGraph } from '../graph/solve.ts';
import { linkMoments } from '../matching/link-moments.ts';
import type { Link } from '../matching/link.ts';
import { defaultStitchOptions } from '../options.ts';
import { silentContext } from '../progress.ts';
import { defaultRefineOptions, refineOverlap } from '../refine/refine-overlap.ts';
import { resolve } from '../stitch.ts';
import type { StitchResult, StitchSteps } from '../stitch.ts';
import { randomStream } from '../synthesis/random.ts';
import {
  cutGrid,
  defaultSyntheticGrid,
  planSyntheticGrid,
  tileGridOf,
  tilesOf,
  type SyntheticGridOptions,
} from '../synthesis/synthetic-grid.ts';
import { pieceFor, renderPicture } from '../testing/accuracy/synthetic-cases.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { proposePairs } from '../tiles/pairing.ts';
import { solveElasticGraph } from './solve-elastic-graph.ts';
import type { ElasticReport } from './solve-elastic-graph.ts';
import { plainTile } from '../testing/plain-tile.ts';

const side = 512;
const picture = renderPicture(2 * side + 100, 5);

const size = { width: side, height: side };

/** A 2×2 grid with matches as loose as a network's, 0.3 px, and the same distortion as its pixels. */
function gridWith(change: Partial<SyntheticGridOptions>) {
  const plan = planSyntheticGrid({
    ...defaultSyntheticGrid,
    rows: 2,
    columns: 2,
    tileSize: size,
    overlap: { x: 0.2, y: 0.2 },
    seed: 3,
    ...change,
  });
  const grid = cutGrid(pieceFor(picture, plan), plan);
  const tiles = tilesOf(plan);
  const truth = new Map(plan.tiles.map(({ id, mosaicFromTile, mesh }) => [id, { size, mosaicFromTile, mesh }]));
  const draws = randomStream(41, 1);
  const points: {
    readonly pair: Link['pair'];
    readonly p: readonly [number, number];
    readonly q: { x: number; y: number };
  }[] = [];
  const links = proposePairs(tileGridOf(plan), tiles).map((pair): Link => {
    const [a, b]: number[][] = [[], []];
    const [first, second] = [truth.get(pair.a), truth.get(pair.b)];
    if (!first || !second) throw new Error('a pair of unknown tiles');
    for (let y = 8; y < side; y += 16)
      for (let x = 8; x < side; x += 16) {
        const m = placeInMosaic(first, x, y);
        const q = placeInTile(second, m.x, m.y);
        if (q.x < 0 || q.y < 0 || q.x > side - 1 || q.y > side - 1) continue;
        a.push(x, y);
        b.push(q.x + 0.3 * draws.normal(), q.y + 0.3 * draws.normal());
        points.push({ pair, p: [x, y], q });
      }
    const inliers = a.length / 2;
    const confidence = new Float32Array(inliers).fill(1);
    const correspondences = { a: Float32Array.from(a), b: Float32Array.from(b), confidence };
    const inlierMask = new Uint8Array(inliers).fill(1);
    return {
      kind: 'link',
      pair,
      model: 'affine',
      aFromB: { a: 1, b: 0, c: 0, d: 1, e: pair.aFromB.x, f: pair.aFromB.y },
      correspondences,
      inlierMask,
      inliers,
      confidence: 1,
      rmsPx: 0.5,
      moments: linkMoments(correspondences, inlierMask),
      intensities: null,
      matchMs: 0,
    };
  });
  const reader = memoryTileReader(new Map(grid.tiles.map((tile) => [tile.id, [tile.raster]])));
  const sizeOf = () => size;
  let elastic: ElasticReport | null = null;
  const steps: StitchSteps = {
    concurrency: 2,
    matchPair: () => Promise.reject(new Error('every pair is known')),
    onPair: () => undefined,
    solve: (graph, options) => solvePoseGraph(graph, options, silentContext),
    refine: ({ pair, bFromA }) =>
      refineOverlap(pair, bFromA, { a: sizeOf(), b: sizeOf() }, reader, defaultRefineOptions, silentContext.signal),
    solveElastic: async ({ graph, start, refined }) =>
      (elastic = await solveElasticGraph(graph, start, refined, silentContext)),
    solveTones: () => Promise.resolve(new Map()),
  };
  const run = (transform: 'rigid' | 'elastic'): Promise<StitchResult> => {
    const isElastic = transform === 'elastic';
    const solve = {
      ...defaultStitchOptions.solve,
      model: isElastic ? ('affine' as const) : transform,
      refine: true,
      elastic: isElastic,
    };
    const options = { ...defaultStitchOptions, solve };
    const input = { tiles, layout: tileGridOf(plan), options, known: new Map(), excluded: new Set<string>() };
    return resolve(input, links, steps, silentContext);
  };
  /** Median distance in the mosaic of points that coincide in truth, px. */
  const seamPx = ({ report }: StitchResult): number => {
    const shifts = points.map(({ pair, p, q }) => {
      const [a, b] = [pair.a, pair.b].map((id) => {
        const mosaicFromTile = report.mosaicFromTile.get(id);
        if (!mosaicFromTile) throw new Error(`no place for ${id}`);
        return { size, mosaicFromTile, mesh: report.meshes?.get(id) };
      });
      const [u, v] = [placeInMosaic(a, ...p), placeInMosaic(b, q.x, q.y)];
      return Math.hypot(u.x - v.x, u.y - v.y);
    });
    return shifts.sort((s, t) => s - t)[shifts.length >> 1];
  };
  return { run, seamPx, fit: () => elastic?.elastic, links };
}

describe('bending the tiles of a grid', () => {
  it('recovers a smooth distortion of every tile to 0.3 px in the overlaps', async () => {
    const grid = gridWith({ drift: { sigmaPx: 2, nodes: 4 } });
    const rigid = grid.seamPx(await grid.run('rigid'));
    const elastic = grid.seamPx(await grid.run('elastic'));
    expect(rigid).toBeGreaterThan(1);
    expect(elastic).toBeLessThan(0.3);
    expect(grid.fit()?.leastStretch).toBeGreaterThanOrEqual(0.9);
    expect(grid.fit()?.mostStretch).toBeLessThanOrEqual(1.1);
  });

  it('recovers the start of scan lines', async () => {
    const grid = gridWith({ lineStart: { amplitudePx: 6, decayPx: 60 } });
    expect(grid.seamPx(await grid.run('elastic'))).toBeLessThan(0.1);
  });

  it('is no worse than rigid by 0.05 px where nothing is distorted', async () => {
    const grid = gridWith({});
    const rigid = grid.seamPx(await grid.run('rigid'));
    const elastic = grid.seamPx(await grid.run('elastic'));
    expect(elastic).toBeLessThan(rigid + 0.05);
  });

  it('keeps scale, direction and place of the mosaic, and reports every edge with what is left of it', async () => {
    const grid = gridWith({ lineStart: { amplitudePx: 6, decayPx: 60 } });
    const { report, refined, mosaic } = await grid.run('elastic');
    const poses = [...report.mosaicFromTile.values()];
    const logArea = poses.reduce((sum, pose) => sum + Math.log(determinant(pose)), 0) / poses.length;
    expect(Math.abs(logArea)).toBeLessThan(1e-9);
    expect(Math.abs(poses.reduce((sum, pose) => sum + rotationOf(pose), 0) / poses.length)).toBeLessThan(0.02);
    expect(report.meshes?.size).toBe(4);
    expect(mosaic.placements.every(({ mesh }) => mesh !== undefined)).toBe(true);
    expect(report.edges.map(({ removed }) => removed)).toEqual([false, false, false, false]);
    for (const { residualPx } of report.edges) expect(residualPx).toBeLessThan(0.4);
    expect(refined?.length).toBe(4);
  });

  it('says which steps it needs', async () => {
    const grid = gridWith({});
    const options = { ...defaultStitchOptions, solve: { ...defaultStitchOptions.solve, elastic: true } };
    const steps = {
      concurrency: 1,
      matchPair: () => Promise.reject(new Error('every pair is known')),
      onPair: () => undefined,
      solve: (graph: Parameters<StitchSteps['solve']>[0], solve: Parameters<StitchSteps['solve']>[1]) =>
        solvePoseGraph(graph, solve, silentContext),
      solveTones: () => Promise.resolve(new Map()),
    };
    const tiles = grid.links.flatMap(({ pair }) => [pair.a, pair.b]);
    const unique = [...new Set(tiles)].sort();
    const layout = {
      kind: 'positions',
      poses: new Map(unique.map((id, i) => [id, { x: (i % 2) * 400, y: Math.floor(i / 2) * 400, thetaRad: 0 }])),
      sigmaPx: 10,
    } as const;
    const input = {
      tiles: unique.map((id) => plainTile(id, size)),
      layout,
      options,
      known: new Map(),
      excluded: new Set<string>(),
    };
    await expect(resolve(input, grid.links, steps, silentContext)).rejects.toMatchObject({ code: 'bad-options' });
  });
});
