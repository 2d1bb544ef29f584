import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { medianOf } from '../graph/robust-loss.ts';
import type { Link, PairResult } from '../matching/link.ts';
import { pairKey } from '../tiles/tile.ts';

/** Links that are looked at, evenly spread: this runs after every edit, on the thread that draws. */
const mostLinks = 100;
/** Fewer links say nothing of the tiles. */
const leastLinks = 3;
/** Cells that an overlap is cut into along its length. */
const cells = 4;
/** Matches that a cell needs. */
const leastMatches = 8;
/** Neighbouring matches share their error: ten count as one. */
const independentShare = 0.1;

/**
 * What the links miss of the solution that is no noise of their matches: the median over the links of the root mean
 * square, over cells along the overlap, of the mean residual, less what the scatter in the cell explains; px of the mosaic.
 * Bent tiles show here, and tiles that move in more ways than the model lets them. Null where too few links tell.
 */
export function smoothMisfitPx(pairs: readonly PairResult[], report: SolveReport): number | null {
  const kept = new Set(report.edges.filter(({ removed }) => !removed).map((edge) => edge.pairKey));
  const links = pairs.filter((pair): pair is Link => pair.kind === 'link' && kept.has(pairKey(pair.pair)));
  const step = Math.max(1, Math.ceil(links.length / mostLinks));
  const misfits: number[] = [];
  for (let l = 0; l < links.length; l += step) {
    const { a, b } = links[l].pair;
    const [placeA, placeB] = [report.mosaicFromTile.get(a), report.mosaicFromTile.get(b)];
    const misfit = placeA && placeB ? smoothMisfitOf(links[l], placeA, placeB) : null;
    if (misfit !== null) misfits.push(misfit);
  }
  return misfits.length < leastLinks ? null : medianOf(Float64Array.from(misfits));
}

/** Of one link, px; null when it has too few matches. */
function smoothMisfitOf({ correspondences, inlierMask }: Link, placeA: Affine2, placeB: Affine2): number | null {
  const { a, b } = correspondences;
  const inliers = [...inlierMask.keys()].filter((k) => inlierMask[k] === 1);
  const axis = extentOf(a, inliers, 0) >= extentOf(a, inliers, 1) ? 0 : 1;
  inliers.sort((p, q) => a[2 * p + axis] - a[2 * q + axis]);
  let square = 0;
  let told = 0;
  for (let cell = 0; cell < cells; cell++) {
    const own = inliers.slice(
      Math.floor((cell * inliers.length) / cells),
      Math.floor(((cell + 1) * inliers.length) / cells),
    );
    if (own.length < leastMatches) continue;
    square += squareOfMean(placeA, placeB, a, b, own);
    told++;
  }
  return told === 0 ? null : Math.sqrt(Math.max(0, square / told));
}

function extentOf(points: Float32Array, indices: readonly number[], axis: 0 | 1): number {
  let [low, high] = [Infinity, -Infinity];
  for (const k of indices) {
    low = Math.min(low, points[2 * k + axis]);
    high = Math.max(high, points[2 * k + axis]);
  }
  return high - low;
}

/** Squared length of the mean residual of some matches, without bias by their scatter. */
function squareOfMean(
  placeA: Affine2,
  placeB: Affine2,
  a: Float32Array,
  b: Float32Array,
  matches: readonly number[],
): number {
  const n = matches.length;
  let x = 0;
  let y = 0;
  let squares = 0;
  for (const k of matches) {
    const p = applyAffine(placeA, a[2 * k], a[2 * k + 1]);
    const q = applyAffine(placeB, b[2 * k], b[2 * k + 1]);
    x += (p.x - q.x) / n;
    y += (p.y - q.y) / n;
    squares += (p.x - q.x) ** 2 + (p.y - q.y) ** 2;
  }
  const scatter = (squares - n * (x * x + y * y)) / (n - 1);
  return x * x + y * y - scatter / (independentShare * n);
}
