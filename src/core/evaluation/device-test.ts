import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { TransformModel } from '../matching/link.ts';
import { matchPair } from '../matching/match-pair.ts';
import type { Matcher } from '../matching/matcher.ts';
import type { PairOptions } from '../options.ts';
import type { RunContext } from '../progress.ts';
import { cropRaster } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import { cutTile, defaultSyntheticGrid, planSyntheticGrid, tilesOf } from '../synthesis/synthetic-grid.ts';
import type { SyntheticGridPlan } from '../synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../synthesis/texture.ts';
import { proposePairs } from '../tiles/pairing.ts';
import type { Layout, Tile, TileId, TilePair, TileReader } from '../tiles/tile.ts';
import { cornerErrors, failedCorners } from './corner-errors.ts';
import type { CornerErrors } from './corner-errors.ts';
import { medianOf } from './statistics.ts';

/** How large a test of a matcher on the user's own device is. */
export interface DeviceTestOptions {
  /** Neighbouring pairs with 12 % overlap. */
  readonly pairs: number;
  /** Pairs that the layout calls neighbours though they show different places. */
  readonly disjointPairs: number;
  readonly tileSide: number;
  readonly seed: number;
}

export const defaultDeviceTest: DeviceTestOptions = { pairs: 12, disjointPairs: 4, tileSide: 512, seed: 1 };

/** What a small test says of a matcher on this device. */
export interface DeviceTest extends DeviceTestOptions {
  /** Median wall time of a pair, ms, the first (which warms up) left out. */
  readonly matchMs: number;
  /** Neighbours whose link is within 3 px at all four corners. */
  readonly rightLinks: number;
  /** Median over all neighbours of the mean corner error, px; infinite when half of them have no link. */
  readonly cornerErrorPx: number;
  /** Links that are off by more than 5 px, and links between tiles that share nothing. */
  readonly falseLinks: number;
}

export const deviceTestOverlap = 0.12;
export const deviceTestNoise = 15;
/** The tiles are cut without stretching. */
const model: TransformModel = 'rigid';
const [rightPx, falsePx] = [3, 5];
/** Tiles this many places apart share nothing. */
const distance = 4;
/** Rows of the tissue that are rendered between two chances to cancel. */
const bandHeight = 32;

/**
 * Tests a matcher on a row of synthetic tiles with known poses (turned by up to 1°, shifted by up to 8 px, noise of 15
 * grey levels in each): time, links found, accuracy, and false links between tiles that share nothing.
 * @throws StitchError what the matcher throws; an abort is rethrown.
 */
export async function runDeviceTest(
  matcher: Matcher,
  options: DeviceTestOptions,
  pairOptions: PairOptions,
  now: () => number,
  context: RunContext,
): Promise<DeviceTest> {
  const plan = planRow(options);
  const total = options.pairs + options.disjointPairs;
  context.onProgress({ stage: 'match', done: 0, total, note: 'making the tiles' });
  const row = await cutRow(plan, context);
  const steps = { reader: row, matcher, now };
  const times: number[] = [];
  const errors: number[] = [];
  let [rightLinks, falseLinks] = [0, 0];
  for (let n = 0; n < total; n++) {
    const hasOverlap = n < options.pairs;
    const [first, second] = hasOverlap ? [n, n + 1] : [n - options.pairs, n - options.pairs + distance];
    const { pair, a, b } = neighbours(plan, first, second);
    await context.yieldNow();
    context.signal.throwIfAborted();
    const start = now();
    const result = await matchPair(pair, a, b, steps, { ...pairOptions, model }, context);
    times.push(now() - start);
    context.onProgress({ stage: 'match', done: n + 1, total });
    if (result.kind === 'rejected') {
      if (hasOverlap) errors.push(Infinity);
      continue;
    }
    const { mean, max } = hasOverlap ? linkErrors(plan, pair, result.aFromB) : failedCorners;
    if (hasOverlap) errors.push(mean);
    if (max < rightPx) rightLinks++;
    if (max > falsePx) falseLinks++;
  }
  const warm = times.length > 1 ? times.slice(1) : times;
  return { ...options, matchMs: medianOf(warm), rightLinks, cornerErrorPx: medianOf(errors), falseLinks };
}

function planRow({ pairs, disjointPairs, tileSide, seed }: DeviceTestOptions): SyntheticGridPlan {
  return planSyntheticGrid({
    ...defaultSyntheticGrid,
    rows: 1,
    columns: Math.max(pairs + 1, disjointPairs + distance),
    tileSize: { width: tileSide, height: tileSide },
    overlap: { x: deviceTestOverlap, y: deviceTestOverlap },
    maxRotationRad: Math.PI / 180,
    noiseSigma: deviceTestNoise,
    seed,
  });
}

/** Renders the tissue and cuts the tiles; what is returned reads them from memory. */
async function cutRow(plan: SyntheticGridPlan, { signal, yieldNow }: RunContext): Promise<TileReader> {
  const { width, height } = plan.sourceSize;
  const texture = emTexture({ ...defaultTexture, seed: plan.seed });
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y += bandHeight) {
    await yieldNow();
    signal.throwIfAborted();
    const band = { x: 0, y, width, height: Math.min(bandHeight, height - y) };
    data.set(renderTexture(texture, band).data, y * width);
  }
  const rasters = new Map<TileId, Raster>();
  for (const tile of plan.tiles) {
    await yieldNow();
    signal.throwIfAborted();
    rasters.set(tile.id, cutTile({ data, width, height }, tile).raster);
  }
  return {
    async read(id, { region }) {
      const raster = rasters.get(id);
      if (!raster) throw new RangeError(`no tile ${id} in the test`);
      return [region ? cropRaster(raster, region) : raster];
    },
  };
}

/** The pair that a layout of these two tiles side by side proposes. */
function neighbours(
  plan: SyntheticGridPlan,
  first: number,
  second: number,
): { readonly pair: TilePair; readonly a: Tile; readonly b: Tile } {
  const all = tilesOf(plan);
  const two = [all[first], all[second]];
  const cells = new Map(two.map((tile, column) => [tile.id, { row: 0, column }]));
  const layout: Layout = { kind: 'grid', rows: 1, columns: 2, cells, overlap: plan.overlap };
  const [pair] = proposePairs(layout, two);
  const [a, b] = pair.a === two[0].id ? two : [two[1], two[0]];
  return { pair, a, b };
}

function linkErrors({ tiles }: SyntheticGridPlan, pair: TilePair, aFromB: Affine2): CornerErrors {
  const [a, b] = [pair.a, pair.b].map((id) => tiles.find((tile) => tile.id === id));
  if (!a || !b) throw new RangeError(`no tile ${pair.a} or ${pair.b} in the test`);
  return cornerErrors(aFromB, composeAffine(invertAffine(a.mosaicFromTile), b.mosaicFromTile), b.size);
}
