import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2, Point } from '../geometry/affine2.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import { medianOf } from '../graph/robust-loss.ts';
import type { CancelSignal } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { blurGaussian, downsample, fullFromSmall, smallFromFull, toFloatRaster } from '../raster/resample.ts';
import type { TilePair, TileReader } from '../tiles/tile.ts';
import { evaluateField, fitOverlapField, noField } from './overlap-field.ts';
import type { OverlapField } from './overlap-field.ts';
import { alignTemplate, cutTemplate, emptyTemplate } from './patch-alignment.ts';
import type { PatchFrame, Template } from './patch-alignment.ts';
import type { RefinedOverlap } from './refined-overlap.ts';

/** What is aligned and how; lengths in full-resolution px. */
export interface RefineOptions {
  /** Patches are squares of 2·radius + 1: several membranes wide, small against the bending of a scan line. */
  readonly patchRadius: number;
  readonly spacing: number;
  /** Spacing grows where an overlap would have more patches than this. */
  readonly maxPatches: number;
  /** How far the solved poses may be from the truth. */
  readonly searchRadiusPx: number;
  /** Least correlation of two aligned patches. */
  readonly minCorrelation: number;
}

export const defaultRefineOptions: RefineOptions = {
  patchRadius: 12,
  spacing: 24,
  maxPatches: 700,
  searchRadiusPx: 8,
  minCorrelation: 0.5,
};

/** Blur before alignment, px of the level that is aligned: detector noise goes, structure of two pixels stays. */
const blurSigmaPx = 1;
/** The first, coarse alignment runs at half resolution on patches of twice this radius, full px. */
const coarseScale = 0.5;
const coarseRadius = 16;
/** Fine alignments start from the field of the coarse ones and must stay this near, px. */
const fineDriftPx = 2.5;
/** Least curvature of a patch in any direction, a pixel and relative to its variance. */
const minCurvature = 0.004;
/** Alignments there and back must agree to this, px. */
const backwardPx = 0.5;
/** A patch may differ from the median of its neighbours by this many robust standard deviations of all … */
const neighbourSigmas = 4;
/** … and by this in any case, px. */
const neighbourPx = 0.6;
/** A blurred pixel's noise is shared by about 4πσ² others: so much more uncertain is a patch than if it were white. */
const sharedNoise = 4 * Math.PI * blurSigmaPx ** 2;
/** Nothing is known better than this, px: sampling, interpolation, deformation within the patch. */
const leastSigmaPx = 0.05;

/** Two prepared strips: blurred pixels and where they start in their tiles. */
interface Strips {
  readonly imageA: FloatRaster;
  readonly imageB: FloatRaster;
  readonly regionA: Rect;
  readonly regionB: Rect;
}

/** The map b(p) = bFromA(p) + field(p) by which alignments start. */
interface LocalMap {
  readonly bFromA: Affine2;
  readonly field: OverlapField;
}

/** Why a patch of the grid has no answer. */
type Loss = 'outside' | 'texture' | 'correlation' | 'backward';

/** A patch aligned both ways: its centre in a and in b, px of the tiles. */
interface Patch {
  readonly inA: Point;
  readonly inB: Point;
  /** [xx, xy, yy], px². */
  readonly covariance: readonly [number, number, number];
  readonly correlation: number;
}

/** The grid of patches, row by row. */
interface PatchGrid {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly spacing: number;
  readonly cells: (Patch | Loss)[];
}

/**
 * Aligns patches on a regular grid over the overlap of two placed tiles at full resolution. Coarse patches at half
 * resolution find the smooth displacement between the solved poses and the pixels; fine patches start from it, are
 * aligned from a to b and from b to a, and both answers are averaged. Null when the tiles do not overlap enough for a patch.
 *
 * @param bFromA the solved relative pose, right to within `options.searchRadiusPx`.
 * @throws what the reader throws; an abort is rethrown.
 */
export async function refineOverlap(
  pair: TilePair,
  bFromA: Affine2,
  sizes: { readonly a: Size; readonly b: Size },
  reader: TileReader,
  options: RefineOptions,
  signal: CancelSignal,
): Promise<RefinedOverlap | null> {
  const margin = Math.ceil(options.searchRadiusPx) + 4;
  const aFromB = invertAffine(bFromA);
  const overlap = boundsIn(sizes.a, aFromB, { x: 0, y: 0, ...sizes.b }, 0);
  if (overlap === null) return null;
  const regionB = boundsIn(sizes.b, bFromA, overlap, margin);
  if (regionB === null) return null;
  const thickness = Math.min(overlap.width, overlap.height);
  const patchRadius = Math.min(options.patchRadius, Math.floor((thickness - 2 * margin) / 3));
  if (patchRadius < 6) return null;
  const [channelsA, channelsB] = await Promise.all([
    reader.read(pair.a, { level: 0, region: overlap, signal }),
    reader.read(pair.b, { level: 0, region: regionB, signal }),
  ]);
  signal.throwIfAborted();
  const rasterA = toFloatRaster(lumaOf(channelsA));
  const rasterB = toFloatRaster(lumaOf(channelsB));
  const coarse = coarseField(
    {
      imageA: blurGaussian(downsample(rasterA, coarseScale), blurSigmaPx),
      imageB: blurGaussian(downsample(rasterB, coarseScale), blurSigmaPx),
      regionA: overlap,
      regionB,
    },
    bFromA,
    options,
  );
  const strips = {
    imageA: blurGaussian(rasterA, blurSigmaPx),
    imageB: blurGaussian(rasterB, blurSigmaPx),
    regionA: overlap,
    regionB,
  };
  return finePatches(pair, strips, { bFromA, field: coarse }, { ...options, patchRadius });
}

/** Bounding box, whole px within `size`, of the image of a rectangle of pixel centres, grown by `margin`. */
function boundsIn(size: Size, targetFromSource: Affine2, rect: Rect, margin: number): Rect | null {
  const right = rect.x + rect.width - 1;
  const bottom = rect.y + rect.height - 1;
  const corners = [
    applyAffine(targetFromSource, rect.x, rect.y),
    applyAffine(targetFromSource, right, rect.y),
    applyAffine(targetFromSource, rect.x, bottom),
    applyAffine(targetFromSource, right, bottom),
  ];
  const x = Math.floor(Math.min(...corners.map((corner) => corner.x))) - margin;
  const y = Math.floor(Math.min(...corners.map((corner) => corner.y))) - margin;
  const width = Math.ceil(Math.max(...corners.map((corner) => corner.x))) + margin - x + 1;
  const height = Math.ceil(Math.max(...corners.map((corner) => corner.y))) + margin - y + 1;
  return intersectRects({ x, y, width, height }, { x: 0, y: 0, width: size.width, height: size.height });
}

/** Positions 'spacing' apart, centred between the first and the last allowed. */
function positions(first: number, last: number, spacing: number): readonly number[] {
  if (last < first) return [];
  const count = Math.floor((last - first) / spacing) + 1;
  const start = Math.round((first + last - (count - 1) * spacing) / 2);
  return Array.from({ length: count }, (_, k) => start + k * spacing);
}

/** The smooth displacement of b(p) = bFromA(p) + field(p) that patches at half resolution agree on. */
function coarseField(strips: Strips, bFromA: Affine2, options: RefineOptions): OverlapField {
  const { imageA, imageB, regionA, regionB } = strips;
  const thickness = Math.min(imageA.width, imageA.height);
  const radius = Math.min(coarseRadius, Math.floor((thickness - 4) / 3));
  if (radius < 5) return noField(regionA);
  const template = emptyTemplate(radius);
  const reach = radius + 1;
  const area = imageA.width * imageA.height;
  const spacing = Math.max(radius + (radius >> 1), Math.ceil(Math.sqrt(area / 150)));
  const points: number[] = [];
  const displacements: number[] = [];
  for (const y of positions(reach, imageA.height - 1 - reach, spacing)) {
    for (const x of positions(reach, imageA.width - 1 - reach, spacing)) {
      if (!cutTemplate(imageA, x, y, template, minCurvature)) continue;
      const inA = {
        x: fullFromSmall(x, coarseScale, regionA.x),
        y: fullFromSmall(y, coarseScale, regionA.y),
      };
      const inB = applyAffine(bFromA, inA.x, inA.y);
      const start = {
        ...bFromA,
        x: smallFromFull(inB.x, coarseScale, regionB.x),
        y: smallFromFull(inB.y, coarseScale, regionB.y),
      };
      const found = alignTemplate(template, imageB, start, options.searchRadiusPx * coarseScale);
      if (found === null || found.correlation < options.minCorrelation) continue;
      points.push(inA.x, inA.y);
      displacements.push((found.x - start.x) / coarseScale, (found.y - start.y) / coarseScale);
    }
  }
  return fitOverlapField(Float64Array.from(points), Float64Array.from(displacements), regionA);
}

function finePatches(pair: TilePair, strips: Strips, map: LocalMap, options: RefineOptions): RefinedOverlap {
  const { imageA } = strips;
  const radius = options.patchRadius;
  const template = emptyTemplate(radius);
  const reach = radius + 2;
  const area = imageA.width * imageA.height;
  const spacing = Math.max(options.spacing, Math.ceil(Math.sqrt(area / options.maxPatches)));
  const xs = positions(reach, imageA.width - 1 - reach, spacing);
  const ys = positions(reach, imageA.height - 1 - reach, spacing);
  const grid: PatchGrid = { xs, ys, spacing, cells: [] };
  for (const y of ys)
    for (const x of xs) grid.cells.push(alignBothWays(x, y, strips, map, noOffset, template, options.minCorrelation));
  growFromNeighbours(grid, strips, map, template, options.minCorrelation);
  return judgeByNeighbours(pair, grid, map);
}

const noOffset: Point = { x: 0, y: 0 };
/** Rounds in which patches that failed start anew from neighbours that did not: so many patches far does an answer reach. */
const growingRounds = 4;

/** Aligns patches that found no answer once more, from where their neighbours found one. */
function growFromNeighbours(
  { xs, ys, cells }: PatchGrid,
  strips: Strips,
  map: LocalMap,
  template: Template,
  minCorrelation: number,
): void {
  const tries = new Uint8Array(cells.length);
  for (let round = 0; round < growingRounds; round++) {
    const found: { readonly at: number; readonly patch: Patch }[] = [];
    for (let at = 0; at < cells.length; at++) {
      if (cells[at] !== 'correlation' || tries[at] > 1) continue;
      const offset = offsetOfNeighbours(at, xs.length, cells, map);
      if (offset === null) continue;
      tries[at]++;
      const [x, y] = [xs[at % xs.length], ys[Math.floor(at / xs.length)]];
      const patch = alignBothWays(x, y, strips, map, offset, template, minCorrelation);
      if (typeof patch !== 'string') found.push({ at, patch });
    }
    if (found.length === 0) return;
    for (const { at, patch } of found) cells[at] = patch;
  }
}

/** Mean distance of the aligned neighbours from where the map has them; null where there are none. */
function offsetOfNeighbours(
  at: number,
  columns: number,
  cells: readonly (Patch | Loss)[],
  map: LocalMap,
): Point | null {
  let [x, y, count] = [0, 0, 0];
  const column = at % columns;
  for (let dj = -1; dj <= 1; dj++)
    for (let di = -1; di <= 1; di++) {
      const isInRow = column + di >= 0 && column + di < columns;
      const near = isInRow ? cells[at + dj * columns + di] : undefined;
      if (near === undefined || typeof near === 'string') continue;
      const mapped = mapPoint(map, near.inA);
      x += near.inB.x - mapped.x;
      y += near.inB.y - mapped.y;
      count++;
    }
  return count === 0 ? null : { x: x / count, y: y / count };
}

/** Where the map has a point of a in b, and how the axes of a lie there. */
function mapPoint({ bFromA, field }: LocalMap, { x, y }: Point): PatchFrame {
  const inB = applyAffine(bFromA, x, y);
  const at = new Float64Array(6);
  evaluateField(field, x, y, at);
  return {
    x: inB.x + at[0],
    y: inB.y + at[1],
    a: bFromA.a + at[2],
    b: bFromA.b + at[3],
    c: bFromA.c + at[4],
    d: bFromA.d + at[5],
  };
}

/**
 * Aligns the patch of a round (x, y), strip px, with b, then b's patch there with a, and takes their mean. The first
 * starts `offset` from where the map has it.
 */
function alignBothWays(
  x: number,
  y: number,
  { imageA, imageB, regionA, regionB }: Strips,
  map: LocalMap,
  offset: Point,
  template: Template,
  minCorrelation: number,
): Patch | Loss {
  const inA = { x: x + regionA.x, y: y + regionA.y };
  const mapped = mapPoint(map, inA);
  const start = { ...mapped, x: mapped.x + offset.x - regionB.x, y: mapped.y + offset.y - regionB.y };
  const { radius } = template;
  if (!(start.x > radius && start.y > radius && start.x < imageB.width - radius && start.y < imageB.height - radius))
    return 'outside';
  if (!cutTemplate(imageA, x, y, template, minCurvature)) return 'texture';
  const [xx, xy, yy] = template.normal;
  const forward = alignTemplate(template, imageB, start, fineDriftPx);
  if (forward === null || forward.correlation < minCorrelation) return 'correlation';
  const pixel = { x: Math.round(forward.x), y: Math.round(forward.y) };
  if (!cutTemplate(imageB, pixel.x, pixel.y, template, minCurvature)) return 'texture';
  const det = start.a * start.d - start.b * start.c;
  const back = { a: start.d / det, b: -start.b / det, c: -start.c / det, d: start.a / det };
  const [ex, ey] = [pixel.x - forward.x, pixel.y - forward.y];
  const backStart = { ...back, x: x + back.a * ex + back.c * ey, y: y + back.b * ex + back.d * ey };
  const backward = alignTemplate(template, imageA, backStart, fineDriftPx);
  if (backward === null || backward.correlation < minCorrelation) return 'correlation';
  // Both say where x lies in b: the second to first order round its own pixel.
  const [ux, uy] = [x - backward.x, y - backward.y];
  const secondX = pixel.x + start.a * ux + start.c * uy;
  const secondY = pixel.y + start.b * ux + start.d * uy;
  if (Math.hypot(secondX - forward.x, secondY - forward.y) > backwardPx) return 'backward';
  const correlation = (forward.correlation + backward.correlation) / 2;
  // Noise of variance 2(1 − ρ) between two standardised patches, through the inverse of the Gauss–Newton matrix.
  const variance = (2 * Math.max(0.01, 1 - correlation) * sharedNoise) / (xx * yy - xy * xy);
  const floor = leastSigmaPx ** 2;
  return {
    inA,
    inB: { x: (forward.x + secondX) / 2 + regionB.x, y: (forward.y + secondY) / 2 + regionB.y },
    covariance: [variance * yy + floor, -variance * xy, variance * xx + floor],
    correlation,
  };
}

/** Drops patches whose displacement from the smooth field is not that of their neighbours. */
function judgeByNeighbours(pair: TilePair, { cells, spacing }: PatchGrid, { bFromA, field }: LocalMap): RefinedOverlap {
  const patches = cells.filter((cell) => typeof cell !== 'string');
  const points = Float64Array.from(patches.flatMap(({ inA }) => [inA.x, inA.y]));
  const moved = Float64Array.from(
    patches.flatMap(({ inA, inB }) => {
      const mapped = applyAffine(bFromA, inA.x, inA.y);
      return [inB.x - mapped.x, inB.y - mapped.y];
    }),
  );
  const smooth = fitOverlapField(points, moved, field.domain);
  const at = new Float64Array(6);
  for (let k = 0; k < patches.length; k++) {
    evaluateField(smooth, points[2 * k], points[2 * k + 1], at);
    moved[2 * k] -= at[0];
    moved[2 * k + 1] -= at[1];
  }
  const strangeness = strangenessOf(points, moved, 1.6 * spacing);
  const limit = Math.max(neighbourPx, neighbourSigmas * 1.4826 * medianOf(strangeness));
  const kept = patches.filter((_, k) => strangeness[k] <= limit);
  const count = (loss: Loss) => cells.reduce((sum, cell) => sum + (cell === loss ? 1 : 0), 0);
  return {
    pair,
    a: Float32Array.from(kept.flatMap(({ inA }) => [inA.x, inA.y])),
    b: Float32Array.from(kept.flatMap(({ inB }) => [inB.x, inB.y])),
    covariance: Float32Array.from(kept.flatMap(({ covariance }) => covariance)),
    correlation: Float32Array.from(kept, ({ correlation }) => correlation),
    tried: cells.length - count('outside'),
    losses: {
      texture: count('texture'),
      correlation: count('correlation'),
      backward: count('backward'),
      neighbours: patches.length - kept.length,
    },
  };
}

/** How far each residual is from the median of those nearby (of zero where there are fewer than three), px. */
function strangenessOf(points: Float64Array, residuals: Float64Array, reach: number): Float64Array {
  const count = points.length / 2;
  const result = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    const near: number[] = [];
    for (let n = 0; n < count; n++) {
      const isNear =
        Math.abs(points[2 * n] - points[2 * k]) <= reach && Math.abs(points[2 * n + 1] - points[2 * k + 1]) <= reach;
      if (isNear && n !== k) near.push(n);
    }
    const middle = (axis: number) =>
      near.length < 3 ? 0 : medianOf(Float64Array.from(near, (n) => residuals[2 * n + axis]));
    result[k] = Math.hypot(residuals[2 * k] - middle(0), residuals[2 * k + 1] - middle(1));
  }
  return result;
}
