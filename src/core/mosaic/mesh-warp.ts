import { invertAffine } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { farthestPx, toFixed, toFixedStep } from './fixed-point.ts';
import { meshPaths } from './mesh-path.ts';
import type { MeshPath } from './mesh-path.ts';
import type { Placement } from './mosaic.ts';
import { hullSlackPx, pieceLength } from './tile-warp.ts';
import type { MosaicSpan, RowGrid, TileWarp, WarpBounds } from './tile-warp.ts';

/** A bent edge may leave a row and come back; what it does beyond so many times is fewer pixels than anyone sees. */
const rangeCount = 4;
/** Columns of a fixed-point piece at most: right at its middle, with rounded steps it is off by 0.002 px at its ends. */
const mostPieceColumns = 256;

/** A path in px of a level, and where its last search of a column began. */
interface LevelPath {
  readonly path: MeshPath;
  /** level = k · tile + half. */
  readonly k: number;
  readonly half: number;
}

/**
 * The warp of a bent tile for the points of a span: straight along each row from edge to edge of the mesh's cells, where it
 * is exact, and within 0.01 px of the mesh's inverse between them. Beyond its border a mesh displaces as at it.
 */
export function meshWarp(placement: Placement, mesh: DisplacementMesh, level: number, span: MosaicSpan): TileWarp {
  const k = 2 ** -level;
  const width = placement.size.width * k;
  const height = placement.size.height * k;
  const paths = meshPaths(placement, mesh);
  const reach = reachOf(placement);
  const level0: LevelPath = { path: paths.path, k, half: (k - 1) / 2 };
  let row = { y: NaN, isWide: false };
  // One row after the other is covered and cut, or mapped: its path is found once, beyond the tile only to be mapped.
  const pathOf = (y: number, isWide: boolean): LevelPath => {
    if (row.y === y && (row.isWide || !isWide)) return level0;
    if (isWide) paths.find(y, span.x0, span.x1 + 1);
    else paths.find(y, Math.max(span.x0, reach.x0), Math.min(span.x1 + 1, reach.x1));
    row = { y, isWide };
    return level0;
  };
  return {
    width,
    height,
    shift: null,
    rangeCount,
    mapRow: (xs, y, from, to, us, vs) => mapPath(pathOf(y, true), xs, from, to, us, vs),
    pieces: (grid, y, from, to, out) => fixedPieces(pathOf(y, false), grid, from, to, out),
    coverRow(xs, y, from, to, out, at) {
      out.fill(to, at, at + 2 * rangeCount);
      if (from >= to || y < reach.y0 || y > reach.y1 || xs[from] > reach.x1 || xs[to - 1] < reach.x0) return;
      coverPath(pathOf(y, false), width, height, xs, from, to, out, at);
    },
    boundsOf: (x0, y0, x1, y1) => boundsByAffine(placement, mesh, k, x0, y0, x1, y1),
  };
}

/** Where a bent tile can have pixels: its outline, grown by more than the half pixel that it covers beyond. */
function reachOf(placement: Placement): MosaicSpan {
  const { a, b, c, d } = placement.mosaicFromTile;
  const { x, y, width, height } = boundsOfPlacements([placement]);
  const across = Math.abs(a) + Math.abs(c);
  const down = Math.abs(b) + Math.abs(d);
  return { x0: x - across, x1: x + width + across, y0: y - down, y1: y + height + down };
}

/** Bounds by the affine alone, grown by the largest displacement. */
function boundsByAffine(
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

/** The piece that holds x: the last whose first point is not beyond it. */
function pieceAt({ xs, count }: MeshPath, x: number): number {
  let low = 0;
  let high = count - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

function mapPath(
  { path, k, half }: LevelPath,
  xs: Float64Array,
  from: number,
  to: number,
  us: Float64Array,
  vs: Float64Array,
): void {
  if (path.count < 2 || from >= to) return;
  for (let i = from, n = pieceAt(path, xs[from]); i < to; n++) {
    const left = path.xs[n];
    const right = n + 2 < path.count ? path.xs[n + 1] : Infinity;
    const run = path.xs[n + 1] - left || 1;
    const du = (k * (path.us[n + 1] - path.us[n])) / run;
    const dv = (k * (path.vs[n + 1] - path.vs[n])) / run;
    const u0 = k * path.us[n] + half;
    const v0 = k * path.vs[n] + half;
    for (; i < to && xs[i] < right; i++) {
      const s = xs[i] - left;
      us[i] = u0 + s * du;
      vs[i] = v0 + s * dv;
    }
  }
}

/** The row's straight pieces in fixed point, each right at its own middle column. */
function fixedPieces(
  { path, k, half }: LevelPath,
  { xs, first, step }: RowGrid,
  from: number,
  to: number,
  out: Int32Array,
): number {
  if (path.count < 2 || from >= to) return 0;
  let count = 0;
  const perStep = 1 / step; // exact: a power of two
  for (let i = from, n = pieceAt(path, xs[from]); i < to; n++) {
    const left = path.xs[n];
    const isLast = n + 2 >= path.count;
    const right = i + Math.max(0, Math.ceil((path.xs[n + 1] - xs[i]) * perStep));
    const end = isLast ? to : Math.min(to, right);
    if (end === i) continue;
    const perPx = k / (path.xs[n + 1] - left || 1);
    const su = perPx * (path.us[n + 1] - path.us[n]);
    const sv = perPx * (path.vs[n + 1] - path.vs[n]);
    const du = toFixedStep(su * step);
    const dv = toFixedStep(sv * step);
    for (; i < end;) {
      // A piece lies between two points of the path, and between two places of the output where long pieces begin anew.
      const since = (first + i) & (mostPieceColumns - 1);
      const begin = i - Math.min(since, Math.floor((xs[i] - left) * perStep));
      const anew = i + mostPieceColumns - since;
      const middle = (begin + Math.min(anew, right)) >> 1;
      const ahead = xs[i] + (middle - i) * step - left;
      const u = k * path.us[n] + half + ahead * su;
      const v = k * path.vs[n] + half + ahead * sv;
      if (!(Math.abs(u) < farthestPx && Math.abs(v) < farthestPx)) return 0;
      const next = Math.min(end, anew);
      const at = count++ * pieceLength;
      out[at] = next;
      out[at + 1] = toFixed(u) + (i - middle) * du;
      out[at + 2] = toFixed(v) + (i - middle) * dv;
      out[at + 3] = du;
      out[at + 4] = dv;
      i = next;
    }
  }
  return count;
}

/** The covered parts of the row's pieces, joined where they touch. */
function coverPath(
  { path, k, half }: LevelPath,
  width: number,
  height: number,
  xs: Float64Array,
  from: number,
  to: number,
  out: Int32Array,
  at: number,
): void {
  if (path.count < 2) return;
  const low = -0.5 - hullSlackPx;
  const highU = width - 0.5 + hullSlackPx;
  const highV = height - 0.5 + hullSlackPx;
  const last = xs[to - 1];
  let range = -1;
  /** First column of the range that goes on at the end of the piece before; −1 when none does. */
  let open = -1;
  let begin = from;
  const firstPiece = pieceAt(path, xs[from]);
  let u1 = k * path.us[firstPiece] + half;
  let v1 = k * path.vs[firstPiece] + half;
  for (let n = firstPiece; n + 1 < path.count && path.xs[n] <= last; n++) {
    const u0 = u1;
    const v0 = v1;
    u1 = k * path.us[n + 1] + half;
    v1 = k * path.vs[n + 1] + half;
    // The part enter ≤ s ≤ leave of the piece 0 ≤ s ≤ 1 where both coordinates lie within the tile.
    const enter = Math.max(entering(u0, u1, low, highU), entering(v0, v1, low, highV));
    const leave = Math.min(1 - entering(u1, u0, low, highU), 1 - entering(v1, v0, low, highV));
    const isIn = enter <= leave;
    const run = path.xs[n + 1] - path.xs[n];
    if (isIn && open < 0) open = firstNotBelow(xs, path.xs[n] + enter * run, begin, to);
    const goesOn = isIn && leave === 1 && n + 2 < path.count && path.xs[n + 1] <= last;
    if (!isIn || goesOn) continue;
    begin = firstNotBelow(xs, path.xs[n] + leave * run, open, to);
    if (begin > open && range + 1 < rangeCount) {
      range++;
      out[at + 2 * range] = open;
      out[at + 2 * range + 1] = begin;
    }
    open = -1;
  }
}

/** First index in from … to whose x is not below `limit`; it is looked for near by first. */
function firstNotBelow(xs: Float64Array, limit: number, from: number, to: number): number {
  let low = from;
  let high = from;
  for (let reach = 32; high < to && xs[high] < limit; reach *= 2) {
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

/** Where the straight line from p (at 0) to q (at 1) comes to lie within low … high: 0 when p does, 2 when neither does. */
function entering(p: number, q: number, low: number, high: number): number {
  if (p < low) return q < low ? 2 : (low - p) / (q - p);
  if (p > high) return q > high ? 2 : (high - p) / (q - p);
  return 0;
}
