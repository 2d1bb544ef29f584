import type { Affine2 } from '../geometry/affine2.ts';
import type { LinkMoments } from './link.ts';
import type { Correspondences } from './matcher.ts';

/**
 * Weighted sums of the selected correspondences, centred on their weighted means (two passes: raw sums lose the
 * digits), full-resolution px.
 *
 * @param mask    [N] 1 = take, 0 = leave; null takes all.
 * @param weights [N] weight of a match, ≥ 0; every match weighs 1 when absent.
 * @returns moments of weight 0 (all sums 0) when nothing is selected.
 */
export function linkMoments(
  correspondences: Correspondences,
  mask: Uint8Array | null,
  weights?: Float32Array | Float64Array,
): LinkMoments {
  const indices = new Uint32Array(correspondences.confidence.length);
  let count = 0;
  for (let i = 0; i < indices.length; i++) if (mask === null || mask[i] !== 0) indices[count++] = i;
  return sampleMoments(correspondences, indices.subarray(0, count), weights);
}

/** [2N] x, y of each match in a and in b, single or double precision. */
export interface MatchedPoints {
  readonly a: Float32Array | Float64Array;
  readonly b: Float32Array | Float64Array;
}

/** `linkMoments` of the matches named by `indices` (a minimal sample of RANSAC, say). */
export function sampleMoments(
  correspondences: MatchedPoints,
  indices: ArrayLike<number>,
  weights?: Float32Array | Float64Array,
): LinkMoments {
  const { a, b } = correspondences;
  const n = indices.length;
  let weight = 0;
  let ax = 0;
  let ay = 0;
  let bx = 0;
  let by = 0;
  for (let k = 0; k < n; k++) {
    const i = indices[k];
    const w = weights === undefined ? 1 : weights[i];
    weight += w;
    ax += w * a[2 * i];
    ay += w * a[2 * i + 1];
    bx += w * b[2 * i];
    by += w * b[2 * i + 1];
  }
  if (!(weight > 0)) return emptyMoments;
  ax /= weight;
  ay /= weight;
  bx /= weight;
  by /= weight;
  let aaXx = 0;
  let aaXy = 0;
  let aaYy = 0;
  let bbXx = 0;
  let bbXy = 0;
  let bbYy = 0;
  let abXx = 0;
  let abXy = 0;
  let abYx = 0;
  let abYy = 0;
  for (let k = 0; k < n; k++) {
    const i = indices[k];
    const w = weights === undefined ? 1 : weights[i];
    const px = a[2 * i] - ax;
    const py = a[2 * i + 1] - ay;
    const qx = b[2 * i] - bx;
    const qy = b[2 * i + 1] - by;
    aaXx += w * px * px;
    aaXy += w * px * py;
    aaYy += w * py * py;
    bbXx += w * qx * qx;
    bbXy += w * qx * qy;
    bbYy += w * qy * qy;
    abXx += w * px * qx;
    abXy += w * px * qy;
    abYx += w * py * qx;
    abYy += w * py * qy;
  }
  return {
    weight,
    meanA: [ax, ay],
    meanB: [bx, by],
    aa: [aaXx, aaXy, aaYy],
    bb: [bbXx, bbXy, bbYy],
    ab: [abXx, abXy, abYx, abYy],
  };
}

/** Moments of no match at all. */
export const emptyMoments: LinkMoments = {
  weight: 0,
  meanA: [0, 0],
  meanB: [0, 0],
  aa: [0, 0, 0],
  bb: [0, 0, 0],
  ab: [0, 0, 0, 0],
};

/** The same moments with every weight multiplied by `factor`. */
export function scaleMoments(moments: LinkMoments, factor: number): LinkMoments {
  const { weight, meanA, meanB, aa, bb, ab } = moments;
  return {
    weight: factor * weight,
    meanA,
    meanB,
    aa: [factor * aa[0], factor * aa[1], factor * aa[2]],
    bb: [factor * bb[0], factor * bb[1], factor * bb[2]],
    ab: [factor * ab[0], factor * ab[1], factor * ab[2], factor * ab[3]],
  };
}

/**
 * Σw |cFromA(p) − cFromB(q)|² over the link's inliers, px², from the moments alone:
 *
 *   W |A p̄ + t − B q̄ − s|² + tr(A Saa Aᵀ) − 2 tr(A Sab Bᵀ) + tr(B Sbb Bᵀ)
 */
export function squaredResidual(moments: LinkMoments, cFromA: Affine2, cFromB: Affine2): number {
  const { weight, meanA, meanB, aa, bb, ab } = moments;
  const A = cFromA;
  const B = cFromB;
  const dx = A.a * meanA[0] + A.c * meanA[1] + A.e - B.a * meanB[0] - B.c * meanB[1] - B.e;
  const dy = A.b * meanA[0] + A.d * meanA[1] + A.f - B.b * meanB[0] - B.d * meanB[1] - B.f;
  const spreadA =
    (A.a * A.a + A.b * A.b) * aa[0] + 2 * (A.a * A.c + A.b * A.d) * aa[1] + (A.c * A.c + A.d * A.d) * aa[2];
  const spreadB =
    (B.a * B.a + B.b * B.b) * bb[0] + 2 * (B.a * B.c + B.b * B.d) * bb[1] + (B.c * B.c + B.d * B.d) * bb[2];
  const cross =
    (A.a * B.a + A.b * B.b) * ab[0] +
    (A.a * B.c + A.b * B.d) * ab[1] +
    (A.c * B.a + A.d * B.b) * ab[2] +
    (A.c * B.c + A.d * B.d) * ab[3];
  const sum = weight * (dx * dx + dy * dy) + spreadA - 2 * cross + spreadB;
  // Rounding may leave a perfect fit a hair below zero; NaN is passed on.
  return sum < 0 ? 0 : sum;
}
