import type { Rect } from '../geometry/rect.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { TileReader } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion, type ComposedRegion } from './compositor.ts';
import { defaultComposeOptions, type Mosaic, type Placement } from './mosaic.ts';

/** Square cells over a region of the mosaic, row-major; values are NaN in cells that fewer than two tiles cover. */
export interface OverlapAgreement {
  readonly columns: number;
  readonly rows: number;
  /** Correlation of the structure of the two tiles, noise taken out, −1…1; NaN also where there is no structure. */
  readonly correlation: Float32Array;
  /** Mean |a − b| of the toned values, in sample values. */
  readonly difference: Float32Array;
}

/** Region, the scale that it is compared at, and the side of a cell, output px. */
export interface AgreementRequest {
  readonly rect: Rect;
  readonly scale: number;
  readonly cellPx: number;
}

/** Overlaps are compared this much finer than they are shown: a shift that the eye cannot see yet counts already. */
const finerBy = 4;
/** 32² pixels: enough to tell a correlation of 0.5 from none. */
const comparedCellPx = 32;

/** The scale and the cells that an overlap shown at `scale` is compared with. */
export function comparedAt(scale: number): { readonly scale: number; readonly cellPx: number } {
  return { scale: Math.min(1, scale * finerBy), cellPx: comparedCellPx };
}

/** Cells with fewer common pixels than this fraction say nothing. */
const leastCommon = 0.4;
/** Below this share of structure in the variance, a cell is resin and noise: it can agree with anything. */
const leastStructure = 0.3;

/**
 * How well overlapping tiles agree, cell by cell, at their places in the mosaic; where more than two overlap, the pair
 * that agrees least. The correlation is cov(a, b) / √(s_a s_b) with s the covariance of neighbouring pixels of one tile:
 * noise is white from pixel to pixel and falls out, so that faint tissue counts as what it is.
 */
export async function overlapAgreement(
  mosaic: Mosaic,
  request: AgreementRequest,
  reader: TileReader,
  signal: CancelSignal,
): Promise<OverlapAgreement> {
  const { rect, scale, cellPx } = request;
  const columns = Math.max(1, Math.ceil((rect.width * scale) / cellPx));
  const rows = Math.max(1, Math.ceil((rect.height * scale) / cellPx));
  const agreement: OverlapAgreement = {
    columns,
    rows,
    correlation: new Float32Array(columns * rows).fill(NaN),
    difference: new Float32Array(columns * rows).fill(NaN),
  };
  for (const { a, b, common } of overlapsWithin(mosaic.placements, request)) {
    signal.throwIfAborted();
    const [p, q] = await Promise.all([
      compose(mosaic, a, common, scale, reader, signal),
      compose(mosaic, b, common, scale, reader, signal),
    ]);
    const firstColumn = Math.round(((common.x - rect.x) * scale) / cellPx);
    const firstRow = Math.round(((common.y - rect.y) * scale) / cellPx);
    noteCells(agreement, p, q, cellPx, firstColumn, firstRow);
  }
  return agreement;
}

interface CommonRegion {
  readonly a: Placement;
  readonly b: Placement;
  /** Whole cells that hold what both boxes cover of the region, mosaic px. */
  readonly common: Rect;
}

function overlapsWithin(placements: readonly Placement[], request: AgreementRequest): readonly CommonRegion[] {
  const near = placements.flatMap((placement) => {
    const inside = intersectRects(boundsOfPlacements([placement]), request.rect);
    return inside === null ? [] : [{ placement, inside }];
  });
  const overlaps: CommonRegion[] = [];
  for (let i = 0; i < near.length; i++) {
    for (let j = i + 1; j < near.length; j++) {
      const common = intersectRects(near[i].inside, near[j].inside);
      if (common === null) continue;
      overlaps.push({ a: near[i].placement, b: near[j].placement, common: wholeCells(common, request) });
    }
  }
  return overlaps;
}

function wholeCells(part: Rect, { rect, scale, cellPx }: AgreementRequest): Rect {
  const side = cellPx / scale;
  const left = Math.floor((part.x - rect.x) / side) * side;
  const top = Math.floor((part.y - rect.y) / side) * side;
  const right = Math.min(rect.width, Math.ceil((part.x + part.width - rect.x) / side) * side);
  const bottom = Math.min(rect.height, Math.ceil((part.y + part.height - rect.y) / side) * side);
  return { x: rect.x + left, y: rect.y + top, width: right - left, height: bottom - top };
}

function compose(
  mosaic: Mosaic,
  placement: Placement,
  rect: Rect,
  scale: number,
  reader: TileReader,
  signal: CancelSignal,
): Promise<ComposedRegion> {
  const alone = { ...mosaic, placements: [placement] };
  return composeRegion(alone, { rect, scale }, { ...defaultComposeOptions, blend: 'overlay' }, reader, signal);
}

function noteCells(
  into: OverlapAgreement,
  p: ComposedRegion,
  q: ComposedRegion,
  cellPx: number,
  firstColumn: number,
  firstRow: number,
): void {
  const a = lumaOf(p.channels).data;
  const b = lumaOf(q.channels).data;
  const columns = Math.ceil(p.width / cellPx);
  const rows = Math.ceil(p.height / cellPx);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const cell = { x: column * cellPx, y: row * cellPx, side: cellPx };
      const sums = sumsOfCell(a, b, p, q, cell);
      if (sums.n < leastCommon * cellPx * cellPx) continue;
      const at = (firstRow + row) * into.columns + firstColumn + column;
      noteWorst(into, at, correlationOf(sums), sums.d / sums.n);
    }
  }
}

/** The pair that agrees least is kept; a pair without structure only where no other says anything. */
function noteWorst(into: OverlapAgreement, at: number, correlation: number, difference: number): void {
  if (!(into.difference[at] >= difference)) into.difference[at] = difference;
  if (!(into.correlation[at] <= correlation) && correlation === correlation) into.correlation[at] = correlation;
}

interface CellSums {
  n: number;
  a: number;
  b: number;
  aa: number;
  bb: number;
  ab: number;
  /** Pixels with a neighbour to the right and below in the cell, and the products with the one and the other. */
  m: number;
  aRight: number;
  aBelow: number;
  bRight: number;
  bBelow: number;
  d: number;
}

function sumsOfCell(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  p: ComposedRegion,
  q: ComposedRegion,
  cell: { readonly x: number; readonly y: number; readonly side: number },
): CellSums {
  const sums: CellSums = {
    n: 0,
    a: 0,
    b: 0,
    aa: 0,
    bb: 0,
    ab: 0,
    m: 0,
    aRight: 0,
    aBelow: 0,
    bRight: 0,
    bBelow: 0,
    d: 0,
  };
  const { width, height } = p;
  const right = Math.min(width, cell.x + cell.side);
  const bottom = Math.min(height, cell.y + cell.side);
  let [a0, b0] = [0, 0];
  for (let y = cell.y; y < bottom; y++) {
    for (let x = cell.x; x < right; x++) {
      const i = y * width + x;
      if (!isCommon(p, q, i)) continue;
      // Sums about the first pixel: products keep their digits, and what has no neighbour does not move their mean.
      if (sums.n === 0) [a0, b0] = [a[i], b[i]];
      const u = a[i] - a0;
      const v = b[i] - b0;
      sums.n++;
      sums.a += u;
      sums.b += v;
      sums.aa += u * u;
      sums.bb += v * v;
      sums.ab += u * v;
      sums.d += Math.abs(a[i] - b[i]);
      if (x + 1 >= right || y + 1 >= bottom) continue;
      if (!isCommon(p, q, i + 1) || !isCommon(p, q, i + width)) continue;
      sums.m++;
      sums.aRight += u * (a[i + 1] - a0);
      sums.aBelow += u * (a[i + width] - a0);
      sums.bRight += v * (b[i + 1] - b0);
      sums.bBelow += v * (b[i + width] - b0);
    }
  }
  return sums;
}

/** Whether both tiles have the pixel. */
function isCommon(p: ComposedRegion, q: ComposedRegion, i: number): boolean {
  return p.coverage[i] !== 0 && q.coverage[i] !== 0;
}

function correlationOf(sums: CellSums): number {
  const { n, m } = sums;
  const meanA = sums.a / n;
  const meanB = sums.b / n;
  const rightA = sums.aRight / m - meanA * meanA;
  const belowA = sums.aBelow / m - meanA * meanA;
  const rightB = sums.bRight / m - meanB * meanB;
  const belowB = sums.bBelow / m - meanB * meanB;
  // Streaks of the scan or of a knife are alike along one direction only: they are no structure.
  if (!(Math.min(rightA, belowA) > leastStructure * (sums.aa / n - meanA * meanA))) return NaN;
  if (!(Math.min(rightB, belowB) > leastStructure * (sums.bb / n - meanB * meanB))) return NaN;
  const structure = Math.sqrt(((rightA + belowA) / 2) * ((rightB + belowB) / 2));
  return Math.max(-1, Math.min(1, (sums.ab / n - meanA * meanB) / structure));
}
