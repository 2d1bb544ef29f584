import type { Rect, Size } from '../geometry/rect.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { RunContext } from '../progress.ts';
import { levelSize } from '../raster/pyramid.ts';
import { allocateSamples, cropRaster, sampleTypeOf } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import { halveCovered } from './pyramid-stream-halving.ts';
import type { CoveredImage } from './pyramid-stream-halving.ts';

export type { CoveredImage } from './pyramid-stream-halving.ts';

/** The levels of an image, each cut into square tiles; level n has ⌈size / 2ⁿ⌉ pixels a side. */
export interface PyramidPlan {
  readonly size: Size;
  /** Side of a tile, even; tiles at the right and lower edge are smaller. */
  readonly tileSize: number;
  readonly levels: readonly Size[];
}

/** One tile of one level; `rect` is in pixels of its level. Its arrays are nobody else's. */
export interface PyramidTile extends CoveredImage {
  readonly level: number;
  readonly column: number;
  readonly row: number;
  readonly rect: Rect;
}

/** Pixels of a rectangle of the full-resolution image (0 ≤ x < size.width). */
export type ComposeUnit = (rect: Rect) => Promise<CoveredImage>;

/** Full-resolution pixels are composed in squares of at least this side: the compositor's own blocks. */
const unitSidePx = 1024;

/**
 * The levels of an image down to the first that has at most `smallestSide` pixels a side; `smallestSide` = Infinity
 * gives full resolution alone.
 * @throws RangeError for a tile size that is not even and positive, or an image without pixels
 */
export function planPyramid(size: Size, tileSize: number, smallestSide: number): PyramidPlan {
  if (!Number.isInteger(tileSize) || tileSize < 2 || tileSize % 2 !== 0)
    throw new RangeError(`a tile side of ${tileSize} px is not even and positive`);
  if (!(size.width >= 1) || !(size.height >= 1)) throw new RangeError('an image without pixels has no pyramid');
  const levels: Size[] = [{ width: size.width, height: size.height }];
  for (;;) {
    const { width, height } = levels[levels.length - 1];
    if (Math.max(width, height) <= Math.max(1, smallestSide)) return { size, tileSize, levels };
    levels.push(levelSize(size, levels.length));
  }
}

/** Columns and rows of tiles of a level. */
export function tileCounts({ levels, tileSize }: PyramidPlan, level: number): Size {
  const { width, height } = levels[level];
  return { width: Math.ceil(width / tileSize), height: Math.ceil(height / tileSize) };
}

/** Tiles of all levels together. */
export function tileTotal(plan: PyramidPlan): number {
  return plan.levels.reduce((sum, _, level) => {
    const { width, height } = tileCounts(plan, level);
    return sum + width * height;
  }, 0);
}

/**
 * Composes an image once and hands out the tiles of all its levels, each exactly once, a tile of level n + 1 after the
 * four of level n that it is made of. The image is walked as a quadtree, depth first: beside one composed square of
 * U = max(1024, tileSize) px (grown to a power of two of tiles) only one unfinished tile a level is held, so that the
 * memory is U²·b + L·tileSize²·b for L levels and b bytes a pixel (channels · bytes a sample + 1 of coverage),
 * whatever the size of the image; L grows by one when the image's side doubles.
 *
 * Level n is what `halveRaster` makes of the whole level n − 1, except at the rim of the mosaic, where only covered
 * pixels are averaged: canvas without tiles never darkens a pixel that has one.
 */
export async function streamPyramid(
  plan: PyramidPlan,
  compose: ComposeUnit,
  emit: (tile: PyramidTile) => Promise<void>,
  context: RunContext,
): Promise<void> {
  const { tileSize, levels, size } = plan;
  const unitLevel = Math.max(0, Math.ceil(Math.log2(unitSidePx / tileSize)));
  const most = tileCounts(plan, 0);
  // Where full resolution alone is wanted, the walk still needs a root above all tiles.
  const rootLevel = Math.max(levels.length - 1, unitLevel, Math.ceil(Math.log2(Math.max(most.width, most.height))));
  let unit: { readonly image: CoveredImage; readonly rect: Rect } | null = null;

  const visit = async (level: number, column: number, row: number): Promise<CoveredImage | null> => {
    const side = tileSize * 2 ** level;
    const rect = intersectRects(
      { x: column * side, y: row * side, width: side, height: side },
      { x: 0, y: 0, width: size.width, height: size.height },
    );
    if (rect === null) return null;
    if (level === unitLevel) {
      context.signal.throwIfAborted();
      await context.yieldNow();
      unit = { image: await compose(rect), rect };
    }
    const image = level === 0 ? cropCovered(unit, rect) : await gather(level, column, row);
    if (image === null || level >= levels.length) return null;
    const [x, y] = [column * tileSize, row * tileSize];
    const own = { level, column, row, rect: { x, y, width: image.width, height: image.height } };
    const halved = level + 1 < levels.length ? halveCovered(image) : null;
    await emit({ ...image, ...own });
    return halved;
  };

  /** The tile of a level from the halved tiles below it; null above the coarsest level, where there is nothing to make. */
  const gather = async (level: number, column: number, row: number): Promise<CoveredImage | null> => {
    const quarters: (CoveredImage | null)[] = [];
    for (const [i, j] of quadrants) quarters.push(await visit(level - 1, 2 * column + i, 2 * row + j));
    return level < levels.length ? joinQuarters(quarters, tileSize) : null;
  };

  await visit(rootLevel, 0, 0);
}

const quadrants = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

function cropCovered(unit: { readonly image: CoveredImage; readonly rect: Rect } | null, rect: Rect): CoveredImage {
  if (unit === null) throw new RangeError('a tile was asked for before its square was composed');
  const region = { ...rect, x: rect.x - unit.rect.x, y: rect.y - unit.rect.y };
  const { image } = unit;
  const coverage = { data: image.coverage, width: image.width, height: image.height };
  return {
    channels: image.channels.map((channel) => cropRaster(channel, region)),
    coverage: cropRaster(coverage, region).data,
    width: rect.width,
    height: rect.height,
  };
}

/** Upper left, upper right, lower left, lower right; those beyond the image's edge are null. */
function joinQuarters(quarters: readonly (CoveredImage | null)[], tileSize: number): CoveredImage | null {
  const [first, right, below] = quarters;
  if (first === null) return null;
  const width = first.width + (right?.width ?? 0);
  const height = first.height + (below?.height ?? 0);
  const channels = first.channels.map(({ data }) => allocateSamples(sampleTypeOf(data), width * height));
  const coverage = new Uint8Array(width * height);
  quarters.forEach((quarter, n) => {
    if (quarter === null) return;
    const at = (quadrants[n][0] * tileSize) / 2 + ((quadrants[n][1] * tileSize) / 2) * width;
    quarter.channels.forEach((channel, c) => paste(channel, channels[c], at, width));
    paste({ data: quarter.coverage, width: quarter.width, height: quarter.height }, coverage, at, width);
  });
  return { channels: channels.map((data) => ({ data, width, height })), coverage, width, height };
}

function paste(source: Raster, target: Raster['data'], at: number, targetWidth: number): void {
  const { data, width, height } = source;
  for (let j = 0; j < height; j++) target.set(data.subarray(j * width, (j + 1) * width), at + j * targetWidth);
}
