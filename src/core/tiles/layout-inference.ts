import type { RunContext } from '../progress.ts';
import { downsample } from '../raster/resample.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { defaultOverlap, proposeLayouts } from './layout-proposals.ts';
import { isGrid, rankWithEvidence, rankingOf } from './layout-ranking.ts';
import type { GridEvidence, LayoutHypothesis, LayoutRanking } from './layout-ranking.ts';
import {
  axisEvidence,
  measureSurfaces,
  nullSigmas,
  refineOverlap,
  sampleNeighbours,
  samplingOrder,
  surfaceBook,
} from './neighbour-evidence.ts';
import type { SurfaceBook } from './neighbour-evidence.ts';
import type { Layout, Overlap, Tile, TileId } from './tile.ts';

/** Refined overlaps are measured for hypotheses of at least this confidence; the others keep the coarse one. */
const refinedConfidence = 0.05;
/** Neighbours each way that an overlap is measured on. */
const neighboursPerAxis = 20;

/** Overlap that was measured; null along an axis where nothing correlates. */
export interface MeasuredOverlap {
  readonly x: number | null;
  readonly y: number | null;
}

async function overlapOf(book: SurfaceBook, evidence: GridEvidence, ctx: RunContext): Promise<MeasuredOverlap> {
  return { x: await refineOverlap(book, evidence.x, ctx), y: await refineOverlap(book, evidence.y, ctx) };
}

/**
 * The overlap of a grid's neighbours as fractions of the tile's width and height: the median over up to 20 neighbours
 * each way, measured on their thumbnails (see `rankLayouts`); good to about a thumbnail pixel (0.4 %). Null where nothing
 * correlates, and for free positions, which state their overlaps themselves.
 */
export async function estimateOverlap(
  layout: Layout,
  thumbnails: ReadonlyMap<TileId, FloatRaster>,
  ctx: RunContext,
): Promise<MeasuredOverlap> {
  if (!isGrid(layout)) return { x: null, y: null };
  const book = surfaceBook(thumbnails);
  const order = samplingOrder(layout.cells.keys());
  const sample = sampleNeighbours(layout, order, neighboursPerAxis, thumbnails);
  await measureSurfaces(book, [...sample.x, ...sample.y], ctx);
  const evidence: GridEvidence = {
    x: axisEvidence(book, sample.x, sample.countX, nullSigmas(book, 'x')),
    y: axisEvidence(book, sample.y, sample.countY, nullSigmas(book, 'y')),
  };
  return overlapOf(book, evidence, ctx);
}

/**
 * Thumbnails at the scale of the coarsest one, so that tiles of differing size can be compared; tiles of one size are
 * handed through.
 */
export function thumbnailsAtOneScale(
  tiles: readonly Tile[],
  thumbnails: ReadonlyMap<TileId, FloatRaster>,
): ReadonlyMap<TileId, FloatRaster> {
  const scales = new Map<TileId, number>();
  for (const { id, size } of tiles) {
    const thumbnail = thumbnails.get(id);
    if (thumbnail !== undefined) scales.set(id, Math.max(thumbnail.width / size.width, thumbnail.height / size.height));
  }
  const least = Math.min(...new Set(scales.values()));
  const even = new Map<TileId, FloatRaster>();
  for (const [id, scale] of scales) {
    const thumbnail = thumbnails.get(id);
    if (thumbnail === undefined) continue;
    const factor = least / scale;
    // Half a thumbnail pixel over the whole side is rounding of the thumbnail's size, not another scale.
    even.set(id, factor < 1 - 1 / thumbnail.width ? downsample(thumbnail, factor) : thumbnail);
  }
  return even;
}

/**
 * The layouts that fit names and thumbnails, best first, each with its overlap measured where thumbnails correlate under
 * it and `defaultOverlap` elsewhere.
 * @throws StitchError `no-tiles`, `one-tile`, `cell-taken`, see `proposeLayouts`.
 */
export async function inferLayout(
  tiles: readonly Tile[],
  thumbnails: ReadonlyMap<TileId, FloatRaster>,
  ctx: RunContext,
): Promise<LayoutRanking> {
  const book = surfaceBook(thumbnailsAtOneScale(tiles, thumbnails));
  const ranked = await rankWithEvidence(book, proposeLayouts(tiles), ctx);
  const hypotheses: LayoutHypothesis[] = [];
  for (const { hypothesis, evidence } of ranked) {
    const { layout } = hypothesis;
    if (!isGrid(layout) || evidence === null) {
      hypotheses.push(hypothesis);
      continue;
    }
    const measured =
      hypothesis.confidence >= refinedConfidence ? await overlapOf(book, evidence, ctx) : coarseOverlap(book, evidence);
    const overlap: Overlap = { x: measured.x ?? defaultOverlap.x, y: measured.y ?? defaultOverlap.y };
    hypotheses.push({ ...hypothesis, layout: { ...layout, overlap } });
  }
  return rankingOf(hypotheses);
}

function coarseOverlap(book: SurfaceBook, evidence: GridEvidence): MeasuredOverlap {
  const { x, y } = evidence;
  return {
    x: x.overlap === null ? null : x.overlap / book.coarseSize.width,
    y: y.overlap === null ? null : y.overlap / book.coarseSize.height,
  };
}
