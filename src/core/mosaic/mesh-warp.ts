import { invertAffine } from '../geometry/affine2.ts';
import { displaceInto } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Placement } from './mosaic.ts';
import { farthestPx, toFixed, toFixedStep } from './fixed-point.ts';
import { hullSlackPx, pieceLength } from './tile-warp.ts';
import type { MosaicSpan, RowGrid, TileWarp, WarpBounds } from './tile-warp.ts';

/**
 * Spacing of the nodes at which a mesh is inverted, in px of the level: between them the inverse is bilinear. A mesh bends
 * by less than 1 % from cell to cell; of that 16 px leave 0.01 px.
 */
const nodeSpacing = 16;
/** A bent edge may leave a row and come back; what it does beyond so many times is fewer pixels than anyone sees. */
const rangeCount = 4;
/** Fixed-point steps at most, and the step in tile px from which the inverse stands. */
const maxInversions = 30;
const settledPx = 1e-9;

/** The inverse of a bent tile at nodes of absolute mosaic places: x = (firstX + i)·step, y = (firstY + j)·step. */
interface InverseLattice {
  readonly step: number;
  readonly firstX: number;
  readonly firstY: number;
  readonly columns: number;
  readonly rows: number;
  /** Tile coordinates of the nodes, level px. */
  readonly us: Float64Array;
  readonly vs: Float64Array;
}

/**
 * The warp of a bent tile for the points of a span: exact at the nodes of a lattice that is fixed in the mosaic, bilinear
 * between them, so that a point's value does not depend on the span. Beyond its border a mesh displaces as at it.
 */
export function meshWarp(placement: Placement, mesh: DisplacementMesh, level: number, span: MosaicSpan): TileWarp {
  const k = 2 ** -level;
  const width = placement.size.width * k;
  const height = placement.size.height * k;
  let lattice: InverseLattice | null = null;
  const inverse = () => (lattice ??= invertOver(placement, mesh, level, span));
  return {
    width,
    height,
    shift: null,
    rangeCount,
    mapRow: (xs, y, from, to, us, vs) => mapLatticeRow(inverse(), xs, y, from, to, us, vs),
    pieces: (grid, y, from, to, out) => latticePieces(inverse(), grid, y, from, to, out),
    coverRow: (xs, y, from, to, out, at) => coverLatticeRow(inverse(), width, height, xs, y, from, to, out, at),
    boundsOf(x0, y0, x1, y1) {
      const rough = roughBounds(placement, mesh, k, x0, y0, x1, y1);
      const isNear = rough.maxU >= -1 && rough.minU <= width && rough.maxV >= -1 && rough.minV <= height;
      return isNear ? latticeBounds(inverse(), x0, y0, x1, y1) : rough;
    },
  };
}

/** Bounds by the affine alone, grown by the largest displacement. */
function roughBounds(
  { mosaicFromTile }: Placement,
  { dx, dy }: DisplacementMesh,
  k: number,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): WarpBounds {
  let [mostX, mostY] = [0, 0];
  for (let n = 0; n < dx.length; n++) {
    mostX = Math.max(mostX, Math.abs(dx[n]));
    mostY = Math.max(mostY, Math.abs(dy[n]));
  }
  const { a, b, c, d, e, f } = invertAffine(mosaicFromTile);
  const half = (k - 1) / 2;
  const us = [a * x0 + c * y0, a * x1 + c * y0, a * x0 + c * y1, a * x1 + c * y1].map((u) => k * (u + e) + half);
  const vs = [b * x0 + d * y0, b * x1 + d * y0, b * x0 + d * y1, b * x1 + d * y1].map((v) => k * (v + f) + half);
  const [slackU, slackV] = [
    k * (Math.abs(a) * mostX + Math.abs(c) * mostY),
    k * (Math.abs(b) * mostX + Math.abs(d) * mostY),
  ];
  return {
    minU: Math.min(...us) - slackU,
    maxU: Math.max(...us) + slackU,
    minV: Math.min(...vs) - slackV,
    maxV: Math.max(...vs) + slackV,
  };
}

/**
 * Inverts the mesh at the nodes that the points of a span need: t = A⁻¹·(x − D(t)), by fixed-point iteration from the
 * neighbouring node's answer; D changes by far less than one pixel a pixel, so that it contracts.
 */
function invertOver(
  { mosaicFromTile, size }: Placement,
  mesh: DisplacementMesh,
  level: number,
  { x0, x1, y0, y1 }: MosaicSpan,
): InverseLattice {
  const k = 2 ** -level;
  const step = nodeSpacing / k;
  const firstX = Math.floor(x0 / step);
  const firstY = Math.floor(y0 / step);
  const columns = Math.floor(x1 / step) - firstX + 2;
  const rows = Math.floor(y1 / step) - firstY + 2;
  const us = new Float64Array(columns * rows);
  const vs = new Float64Array(columns * rows);
  const { a, b, c, d, e, f } = invertAffine(mosaicFromTile);
  const half = (k - 1) / 2;
  const displaced = new Float64Array(2);
  for (let j = 0; j < rows; j++) {
    const y = (firstY + j) * step;
    displaced.fill(0);
    for (let i = 0; i < columns; i++) {
      const x = (firstX + i) * step;
      let u = NaN;
      let v = NaN;
      for (let round = 0; round < maxInversions; round++) {
        const px = x - displaced[0];
        const py = y - displaced[1];
        const nextU = a * px + c * py + e;
        const nextV = b * px + d * py + f;
        const isSettled = Math.abs(nextU - u) + Math.abs(nextV - v) < settledPx;
        u = nextU;
        v = nextV;
        if (isSettled) break;
        displaceInto(mesh, size, u, v, displaced);
      }
      us[j * columns + i] = k * u + half;
      vs[j * columns + i] = k * v + half;
    }
  }
  return { step, firstX, firstY, columns, rows, us, vs };
}

function latticeBounds(
  { step, firstX, firstY, columns, us, vs }: InverseLattice,
  ...span: readonly number[]
): WarpBounds {
  const [x0, y0, x1, y1] = span;
  let [minU, maxU, minV, maxV] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let j = Math.floor(y0 / step) - firstY; j <= Math.floor(y1 / step) - firstY + 1; j++)
    for (let i = Math.floor(x0 / step) - firstX; i <= Math.floor(x1 / step) - firstX + 1; i++) {
      const at = j * columns + i;
      minU = Math.min(minU, us[at]);
      maxU = Math.max(maxU, us[at]);
      minV = Math.min(minV, vs[at]);
      maxV = Math.max(maxV, vs[at]);
    }
  return { minU, maxU, minV, maxV };
}

/** First index in from … to whose x is not below `limit`; it is looked for near by first. */
function firstNotBelow(xs: Float64Array, limit: number, from: number, to: number): number {
  let low = from;
  let high = from;
  for (let reach = 2 * nodeSpacing; high < to && xs[high] < limit; reach *= 2) {
    low = high;
    high = Math.min(to, high + reach);
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] >= limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Linear pieces of a row, one a lattice cell: the inner loop costs as much as an affine one. */
function mapLatticeRow(
  { step, firstX, firstY, columns, us: nodesU, vs: nodesV }: InverseLattice,
  xs: Float64Array,
  y: number,
  from: number,
  to: number,
  us: Float64Array,
  vs: Float64Array,
): void {
  const row = Math.floor(y / step);
  const fy = y / step - row;
  const upper = (row - firstY) * columns - firstX;
  for (let i = from; i < to;) {
    const column = Math.floor(xs[i] / step);
    const left = column * step;
    const at = upper + column;
    const u0 = nodesU[at] + fy * (nodesU[at + columns] - nodesU[at]);
    const v0 = nodesV[at] + fy * (nodesV[at + columns] - nodesV[at]);
    const u1 = nodesU[at + 1] + fy * (nodesU[at + 1 + columns] - nodesU[at + 1]);
    const v1 = nodesV[at + 1] + fy * (nodesV[at + 1 + columns] - nodesV[at + 1]);
    const du = (u1 - u0) / step;
    const dv = (v1 - v0) / step;
    const right = left + step;
    for (; i < to && xs[i] < right; i++) {
      const s = xs[i] - left;
      us[i] = u0 + s * du;
      vs[i] = v0 + s * dv;
    }
  }
}

/** The row's linear pieces in fixed point, from the first column of each lattice cell on. */
function latticePieces(
  { step, firstX, firstY, columns, us, vs }: InverseLattice,
  { xs, step: columnPx }: RowGrid,
  y: number,
  from: number,
  to: number,
  out: Int32Array,
): number {
  const row = Math.floor(y / step);
  const fy = y / step - row;
  const upper = (row - firstY) * columns - firstX;
  let count = 0;
  for (let i = from; i < to;) {
    const column = Math.floor(xs[i] / step);
    const left = column * step;
    const node = upper + column;
    const u0 = us[node] + fy * (us[node + columns] - us[node]);
    const v0 = vs[node] + fy * (vs[node + columns] - vs[node]);
    const u1 = us[node + 1] + fy * (us[node + 1 + columns] - us[node + 1]);
    const v1 = vs[node + 1] + fy * (vs[node + 1 + columns] - vs[node + 1]);
    const su = (u1 - u0) / step;
    const sv = (v1 - v0) / step;
    const since = Math.floor((xs[i] - left) / columnPx);
    const ahead = xs[i] - left - since * columnPx;
    const u = u0 + ahead * su;
    const v = v0 + ahead * sv;
    if (!(Math.abs(u) < farthestPx && Math.abs(v) < farthestPx)) return 0;
    const du = toFixedStep(su * columnPx);
    const dv = toFixedStep(sv * columnPx);
    i = Math.min(to, i - since + Math.ceil((step - ahead) / columnPx));
    const at = count++ * pieceLength;
    out[at] = i;
    out[at + 1] = toFixed(u) + since * du;
    out[at + 2] = toFixed(v) + since * dv;
    out[at + 3] = du;
    out[at + 4] = dv;
  }
  return count;
}

/** The covered parts of the row's linear pieces, joined where they touch. */
function coverLatticeRow(
  { step, firstX, firstY, columns, us, vs }: InverseLattice,
  width: number,
  height: number,
  xs: Float64Array,
  y: number,
  from: number,
  to: number,
  out: Int32Array,
  at: number,
): void {
  out.fill(to, at, at + 2 * rangeCount);
  if (from >= to) return;
  const row = Math.floor(y / step);
  const fy = y / step - row;
  const upper = (row - firstY) * columns - firstX;
  const low = -0.5 - hullSlackPx;
  const highU = width - 0.5 + hullSlackPx;
  const highV = height - 0.5 + hullSlackPx;
  const last = Math.floor(xs[to - 1] / step);
  let range = -1;
  let node = upper + Math.floor(xs[from] / step);
  let u1 = us[node] + fy * (us[node + columns] - us[node]);
  let v1 = vs[node] + fy * (vs[node + columns] - vs[node]);
  /** First point of the piece, once it is known. */
  let begin = from;
  for (let column = Math.floor(xs[from] / step); column <= last; column++) {
    const u0 = u1;
    const v0 = v1;
    node = upper + column + 1;
    u1 = us[node] + fy * (us[node + columns] - us[node]);
    v1 = vs[node] + fy * (vs[node + columns] - vs[node]);
    // The part enter ≤ s ≤ leave of the piece 0 ≤ s ≤ 1 where both coordinates lie within the tile.
    const enter = Math.max(entering(u0, u1, low, highU), entering(v0, v1, low, highV));
    const leave = Math.min(1 - entering(u1, u0, low, highU), 1 - entering(v1, v0, low, highV));
    if (!(enter <= leave)) continue;
    const start = firstNotBelow(xs, (column + enter) * step, begin, to);
    const stop = firstNotBelow(xs, (column + leave) * step, start, to);
    begin = stop;
    if (start === stop) continue;
    if (range >= 0 && out[at + 2 * range + 1] === start) out[at + 2 * range + 1] = stop;
    else if (range + 1 < rangeCount) {
      range++;
      out[at + 2 * range] = start;
      out[at + 2 * range + 1] = stop;
    }
  }
}

/** Where the straight line from p (at 0) to q (at 1) comes to lie within low … high: 0 when p does, 2 when neither does. */
function entering(p: number, q: number, low: number, high: number): number {
  if (p < low) return q < low ? 2 : (low - p) / (q - p);
  if (p > high) return q > high ? 2 : (high - p) / (q - p);
  return 0;
}
