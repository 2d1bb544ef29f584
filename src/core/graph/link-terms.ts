import type { TransformModel } from '../matching/link.ts';
import { poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { NormalEquations } from './normal-equations.ts';

/** Adds link l's terms at `poses` to `out`, its moments (`sums`, in the layout of the system's) times `factor`. */
type AddLink = (
  system: LinkSystem,
  sums: Float64Array,
  factor: number,
  poses: Float64Array,
  l: number,
  out: NormalEquations,
) => void;

/** Difference of the images of the weighted means, m_a(p̄) − m_b(q̄). */
function meanResidual(system: LinkSystem, sums: Float64Array, poses: Float64Array, l: number, axis: 0 | 1): number {
  const o = sumsStride * l;
  const i = poseStride * system.from[l] + axis;
  const j = poseStride * system.to[l] + axis;
  return (
    poses[i] -
    poses[j] +
    (poses[i + 2] * sums[o + 1] + poses[i + 4] * sums[o + 2]) -
    (poses[j + 2] * sums[o + 3] + poses[j + 4] * sums[o + 4])
  );
}

const addTranslation: AddLink = (system, sums, factor, poses, l, out) => {
  const weight = factor * sums[sumsStride * l];
  const i = system.from[l];
  const j = system.to[l];
  out.diagonal[i] += weight;
  out.diagonal[j] += weight;
  out.offDiagonal[l] -= weight;
  for (const axis of [0, 1] as const) {
    const r = weight * meanResidual(system, sums, poses, l, axis);
    out.gradients[axis][i] += r;
    out.gradients[axis][j] -= r;
  }
};

const addRigid: AddLink = (system, sums, factor, poses, l, out) => {
  const o = sumsStride * l;
  const a = system.from[l];
  const b = system.to[l];
  const i = poseStride * a;
  const j = poseStride * b;
  const w = factor * sums[o];
  const ha = 1 / system.lever[a];
  const hb = 1 / system.lever[b];
  // ∂m/∂(hθ) = J·A·(p − c)/h with J a quarter turn.
  const vax = poses[i + 2] * sums[o + 1] + poses[i + 4] * sums[o + 2];
  const vay = poses[i + 3] * sums[o + 1] + poses[i + 5] * sums[o + 2];
  const vbx = poses[j + 2] * sums[o + 3] + poses[j + 4] * sums[o + 4];
  const vby = poses[j + 3] * sums[o + 3] + poses[j + 5] * sums[o + 4];
  const rx = poses[i] - poses[j] + vax - vbx;
  const ry = poses[i + 1] - poses[j + 1] + vay - vby;
  // Σw (A_a p̃)·(A_b q̃) and Σw (A_a p̃)×(A_b q̃) from Σw p̃q̃ᵀ.
  const c0 = sums[o + 11];
  const c1 = sums[o + 12];
  const c2 = sums[o + 13];
  const c3 = sums[o + 14];
  const xx = poses[i + 2] * c0 + poses[i + 4] * c2;
  const xy = poses[i + 2] * c1 + poses[i + 4] * c3;
  const yx = poses[i + 3] * c0 + poses[i + 5] * c2;
  const yy = poses[i + 3] * c1 + poses[i + 5] * c3;
  const pxqx = factor * (xx * poses[j + 2] + xy * poses[j + 4]);
  const pxqy = factor * (xx * poses[j + 3] + xy * poses[j + 5]);
  const pyqx = factor * (yx * poses[j + 2] + yy * poses[j + 4]);
  const pyqy = factor * (yx * poses[j + 3] + yy * poses[j + 5]);
  const spreadA = factor * (sums[o + 5] + sums[o + 7]) + w * (vax * vax + vay * vay);
  const spreadB = factor * (sums[o + 8] + sums[o + 10]) + w * (vbx * vbx + vby * vby);

  const { diagonal, offDiagonal } = out;
  addRigidDiagonal(diagonal, 9 * a, w, w * vax * ha, w * vay * ha, spreadA * ha * ha);
  addRigidDiagonal(diagonal, 9 * b, w, w * vbx * hb, w * vby * hb, spreadB * hb * hb);
  const f = 9 * l;
  offDiagonal[f] -= w;
  offDiagonal[f + 4] -= w;
  offDiagonal[f + 2] += w * vby * hb;
  offDiagonal[f + 5] -= w * vbx * hb;
  offDiagonal[f + 6] += w * vay * ha;
  offDiagonal[f + 7] -= w * vax * ha;
  offDiagonal[f + 8] -= (pxqx + pyqy + w * (vax * vbx + vay * vby)) * ha * hb;

  const gradient = out.gradients[0];
  const ga = 3 * a;
  const gb = 3 * b;
  gradient[ga] += w * rx;
  gradient[ga + 1] += w * ry;
  gradient[gb] -= w * rx;
  gradient[gb + 1] -= w * ry;
  // Σw (J A p̃)·(A p̃ − B q̃) = Σw (A p̃)×(−B q̃) about the means; p̃ itself drops out.
  const turn = pxqy - pyqx;
  gradient[ga + 2] += (w * (vax * ry - vay * rx) - turn) * ha;
  gradient[gb + 2] += (-w * (vbx * ry - vby * rx) + turn) * hb;
};

function addRigidDiagonal(diagonal: Float64Array, at: number, w: number, vx: number, vy: number, spread: number): void {
  diagonal[at] += w;
  diagonal[at + 4] += w;
  diagonal[at + 2] -= vy;
  diagonal[at + 6] -= vy;
  diagonal[at + 5] += vx;
  diagonal[at + 7] += vx;
  diagonal[at + 8] += spread;
}

const addSimilarity: AddLink = (system, sums, factor, poses, l, out) => {
  const o = sumsStride * l;
  const a = system.from[l];
  const b = system.to[l];
  const w = factor * sums[o];
  const ha = 1 / system.lever[a];
  const hb = 1 / system.lever[b];
  const px = sums[o + 1];
  const py = sums[o + 2];
  const qx = sums[o + 3];
  const qy = sums[o + 4];
  const i = poseStride * a;
  const j = poseStride * b;
  const rx = meanResidual(system, sums, poses, l, 0);
  const ry = meanResidual(system, sums, poses, l, 1);
  const spreadA = factor * (sums[o + 5] + sums[o + 7]);
  const spreadB = factor * (sums[o + 8] + sums[o + 10]);
  // Σw G(p̃)ᵀG(q̃) = [[dot, −cross], [cross, dot]] with G(p) = [[px, −py], [py, px]], cross = Σ(px·qy − py·qx).
  const dot = factor * (sums[o + 11] + sums[o + 14]);
  const cross = factor * (sums[o + 12] - sums[o + 13]);
  addSimilarityDiagonal(out.diagonal, 16 * a, w, px * ha, py * ha, spreadA * ha * ha);
  addSimilarityDiagonal(out.diagonal, 16 * b, w, qx * hb, qy * hb, spreadB * hb * hb);
  const f = 16 * l;
  const block = out.offDiagonal;
  block[f] -= w;
  block[f + 5] -= w;
  block[f + 2] -= w * qx * hb;
  block[f + 3] += w * qy * hb;
  block[f + 6] -= w * qy * hb;
  block[f + 7] -= w * qx * hb;
  block[f + 8] -= w * px * ha;
  block[f + 9] -= w * py * ha;
  block[f + 12] += w * py * ha;
  block[f + 13] -= w * px * ha;
  const fullDot = (dot + w * (px * qx + py * qy)) * ha * hb;
  const fullCross = (cross + w * (px * qy - py * qx)) * ha * hb;
  block[f + 10] -= fullDot;
  block[f + 11] += fullCross;
  block[f + 14] -= fullCross;
  block[f + 15] -= fullDot;

  const gradient = out.gradients[0];
  const alphaA = poses[i + 2];
  const betaA = poses[i + 3];
  const alphaB = poses[j + 2];
  const betaB = poses[j + 3];
  const ga = 4 * a;
  const gb = 4 * b;
  gradient[ga] += w * rx;
  gradient[ga + 1] += w * ry;
  gradient[ga + 2] += (w * (px * rx + py * ry) + spreadA * alphaA - (dot * alphaB - cross * betaB)) * ha;
  gradient[ga + 3] += (w * (px * ry - py * rx) + spreadA * betaA - (cross * alphaB + dot * betaB)) * ha;
  gradient[gb] -= w * rx;
  gradient[gb + 1] -= w * ry;
  gradient[gb + 2] += (-w * (qx * rx + qy * ry) + spreadB * alphaB - (dot * alphaA + cross * betaA)) * hb;
  gradient[gb + 3] += (-w * (qx * ry - qy * rx) + spreadB * betaB - (dot * betaA - cross * alphaA)) * hb;
};

function addSimilarityDiagonal(
  diagonal: Float64Array,
  at: number,
  w: number,
  px: number,
  py: number,
  spread: number,
): void {
  const full = spread + w * (px * px + py * py);
  diagonal[at] += w;
  diagonal[at + 5] += w;
  diagonal[at + 10] += full;
  diagonal[at + 15] += full;
  diagonal[at + 2] += w * px;
  diagonal[at + 8] += w * px;
  diagonal[at + 3] -= w * py;
  diagonal[at + 12] -= w * py;
  diagonal[at + 6] += w * py;
  diagonal[at + 9] += w * py;
  diagonal[at + 7] += w * px;
  diagonal[at + 13] += w * px;
}

const addAffine: AddLink = (system, sums, factor, poses, l, out) => {
  const o = sumsStride * l;
  const a = system.from[l];
  const b = system.to[l];
  const w = factor * sums[o];
  const ha = 1 / system.lever[a];
  const hb = 1 / system.lever[b];
  const px = sums[o + 1] * ha;
  const py = sums[o + 2] * ha;
  const qx = sums[o + 3] * hb;
  const qy = sums[o + 4] * hb;
  const faa = factor * ha * ha;
  const fbb = factor * hb * hb;
  const fab = factor * ha * hb;
  addAffineDiagonal(out.diagonal, 9 * a, w, px, py, faa * sums[o + 5], faa * sums[o + 6], faa * sums[o + 7]);
  addAffineDiagonal(out.diagonal, 9 * b, w, qx, qy, fbb * sums[o + 8], fbb * sums[o + 9], fbb * sums[o + 10]);
  const block = out.offDiagonal;
  const f = 9 * l;
  block[f] -= w;
  block[f + 1] -= w * qx;
  block[f + 2] -= w * qy;
  block[f + 3] -= w * px;
  block[f + 6] -= w * py;
  block[f + 4] -= w * px * qx + fab * sums[o + 11];
  block[f + 5] -= w * px * qy + fab * sums[o + 12];
  block[f + 7] -= w * py * qx + fab * sums[o + 13];
  block[f + 8] -= w * py * qy + fab * sums[o + 14];
  for (const axis of [0, 1] as const) {
    const gradient = out.gradients[axis];
    const r = w * meanResidual(system, sums, poses, l, axis);
    const i = poseStride * a + axis;
    const j = poseStride * b + axis;
    // Rows of A_a and A_b on this axis.
    const ax = poses[i + 2];
    const ay = poses[i + 4];
    const bx = poses[j + 2];
    const by = poses[j + 4];
    const fa = factor * ha;
    const fb = factor * hb;
    gradient[3 * a] += r;
    gradient[3 * a + 1] += r * px + fa * (sums[o + 5] * ax + sums[o + 6] * ay - sums[o + 11] * bx - sums[o + 12] * by);
    gradient[3 * a + 2] += r * py + fa * (sums[o + 6] * ax + sums[o + 7] * ay - sums[o + 13] * bx - sums[o + 14] * by);
    gradient[3 * b] -= r;
    gradient[3 * b + 1] += -r * qx + fb * (sums[o + 8] * bx + sums[o + 9] * by - sums[o + 11] * ax - sums[o + 13] * ay);
    gradient[3 * b + 2] +=
      -r * qy + fb * (sums[o + 9] * bx + sums[o + 10] * by - sums[o + 12] * ax - sums[o + 14] * ay);
  }
};

function addAffineDiagonal(
  diagonal: Float64Array,
  at: number,
  w: number,
  px: number,
  py: number,
  xx: number,
  xy: number,
  yy: number,
): void {
  diagonal[at] += w;
  diagonal[at + 1] += w * px;
  diagonal[at + 3] += w * px;
  diagonal[at + 2] += w * py;
  diagonal[at + 6] += w * py;
  diagonal[at + 4] += w * px * px + xx;
  diagonal[at + 5] += w * px * py + xy;
  diagonal[at + 7] += w * px * py + xy;
  diagonal[at + 8] += w * py * py + yy;
}

/** A link's terms under each model; the unknowns are those of `NormalEquations`. */
export const linkTerms: Readonly<Record<TransformModel, AddLink>> = {
  translation: addTranslation,
  rigid: addRigid,
  similarity: addSimilarity,
  affine: addAffine,
};
