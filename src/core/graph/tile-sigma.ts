import type { TransformModel } from '../matching/link.ts';
import type { Adjustment } from './adjustment.ts';
import { connectedComponents } from './components.ts';
import { linkCost, poseStride, sumsStride } from './link-system.ts';
import type { Inverse } from './factor-update.ts';

/** Numbers that a relative pose of each model has. */
const freedoms: Readonly<Record<TransformModel, number>> = { translation: 2, rigid: 3, similarity: 4, affine: 6 };

/**
 * One standard deviation per axis of each tile's centre relative to the centroid of its component, px:
 *
 *   σ_i² = s² · mean over axes of [S Σ Sᵀ]_ii,   S = I − G (C G)⁻¹ C,   Σ = H⁻¹
 *
 * with G the moves of the whole component that no link sees (shift; turn; scale; shear), C the functionals that the gauge
 * fixes (mean centre, mean linear part) and s² the variance of a match, the larger of what the matches within links and
 * what the links among each other show. Σ_ii is exact (Takahashi), S removes the arbitrary anchor.
 *
 * @see Baarda 1973, "S-transformations and criterion matrices"
 */
export function tileSigmas(
  adjustment: Adjustment,
  inverse: Inverse,
  poses: Float64Array,
  weights: Float64Array,
  active: Uint8Array,
): Float64Array {
  const { model, system } = adjustment;
  const n = system.nodes.length;
  const { k } = adjustment.equations;
  const { label, sizes } = connectedComponents(n, system.from, system.to, active);
  const { modes, functionals } = gaugeModes(model, adjustment, poses, label, sizes);
  const g = modes.length;
  const responses = functionals.map((functional) => {
    const response = functional.slice();
    inverse.solve(response);
    return response;
  });
  const components = sizes.length;
  const modeMatrix = new Float64Array(components * g * g);
  const spread = new Float64Array(components * g * g);
  for (let i = 0; i < n; i++) {
    const at = label[i] * g * g;
    for (let s = i * k; s < (i + 1) * k; s++)
      for (let p = 0; p < g; p++)
        for (let q = 0; q < g; q++) {
          modeMatrix[at + p * g + q] += functionals[p][s] * modes[q][s];
          spread[at + p * g + q] += functionals[p][s] * responses[q][s];
        }
  }
  for (let c = 0; c < components; c++) invertSmall(modeMatrix, c * g * g, g);

  const variance = matchVariance(model, adjustment, poses, weights, active, n - components);
  const axes = model === 'rigid' || model === 'similarity' ? 2 : 1;
  const sigma = new Float64Array(n);
  const row = new Float64Array(g);
  for (let i = 0; i < n; i++) {
    const at = label[i] * g * g;
    let sum = 0;
    for (let axis = 0; axis < axes; axis++) {
      const s = i * k + axis;
      let value = inverse.diagonal[i * k * k + axis * k + axis];
      for (let q = 0; q < g; q++) {
        row[q] = 0;
        for (let p = 0; p < g; p++) row[q] += modes[p][s] * modeMatrix[at + p * g + q];
        value -= 2 * row[q] * responses[q][s];
      }
      for (let p = 0; p < g; p++) for (let q = 0; q < g; q++) value += row[p] * spread[at + p * g + q] * row[q];
      sum += value / axes;
    }
    sigma[i] = Math.sqrt(Math.max(0, sum * variance));
  }
  return sigma;
}

interface GaugeModes {
  /** g vectors [nodes · k]; the vectors of all components are laid over each other, since no link joins them. */
  readonly modes: readonly Float64Array[];
  readonly functionals: readonly Float64Array[];
}

function gaugeModes(
  model: TransformModel,
  { system, equations }: Adjustment,
  poses: Float64Array,
  label: Int32Array,
  sizes: readonly number[],
): GaugeModes {
  const k = equations.k;
  const n = label.length;
  const count = { translation: 1, rigid: 3, similarity: 4, affine: 3 }[model];
  const modes = Array.from({ length: count }, () => new Float64Array(n * k));
  const functionals = Array.from({ length: count }, () => new Float64Array(n * k));
  const mean = new Float64Array(2 * sizes.length);
  for (let i = 0; i < n; i++) {
    mean[2 * label[i]] += poses[poseStride * i] / sizes[label[i]];
    mean[2 * label[i] + 1] += poses[poseStride * i + 1] / sizes[label[i]];
  }
  for (let i = 0; i < n; i++) {
    const o = poseStride * i;
    const x = poses[o] - mean[2 * label[i]];
    const y = poses[o + 1] - mean[2 * label[i] + 1];
    const h = system.lever[i];
    const share = 1 / sizes[label[i]];
    const s = i * k;
    const [a, b, c, d] = [poses[o + 2], poses[o + 3], poses[o + 4], poses[o + 5]];
    modes[0][s] = 1;
    functionals[0][s] = share;
    switch (model) {
      case 'translation':
        break;
      case 'rigid':
        modes[1][s + 1] = 1;
        functionals[1][s + 1] = share;
        modes[2].set([-y, x, h], s);
        functionals[2][s + 2] = share / h;
        break;
      case 'similarity':
        modes[1][s + 1] = 1;
        functionals[1][s + 1] = share;
        modes[2].set([x, y, a * h, b * h], s);
        functionals[2][s + 2] = share / h;
        modes[3].set([-y, x, -b * h, a * h], s);
        functionals[3][s + 3] = share / h;
        break;
      case 'affine':
        modes[1].set([x, a * h, c * h], s);
        functionals[1][s + 1] = share / h;
        modes[2].set([y, b * h, d * h], s);
        functionals[2][s + 2] = share / h;
        break;
    }
  }
  return { modes, functionals };
}

/** Variance of one match on one axis, px²: from the matches within links or from the links among each other, the larger. */
function matchVariance(
  model: TransformModel,
  { system }: Adjustment,
  poses: Float64Array,
  weights: Float64Array,
  active: Uint8Array,
  freeTiles: number,
): number {
  let within = 0;
  let withinFreedom = 0;
  let between = 0;
  let links = 0;
  for (let l = 0; l < active.length; l++) {
    if (active[l] === 0) continue;
    const w = weights[l];
    within += w * system.floor[l];
    withinFreedom += w * Math.max(0, 2 * system.sums[sumsStride * l] - freedoms[model]);
    between += w * Math.max(0, linkCost(system, poses, l) - system.floor[l]);
    links += w;
  }
  const betweenFreedom = freedoms[model] * (links - freeTiles);
  return Math.max(withinFreedom > 0 ? within / withinFreedom : 0, betweenFreedom >= 1 ? between / betweenFreedom : 0);
}

/** Inverts the g × g matrix at `at` in place (Gauss–Jordan with row pivots); a singular one becomes 0. */
function invertSmall(matrix: Float64Array, at: number, g: number): void {
  const wide = new Float64Array(2 * g * g);
  for (let r = 0; r < g; r++) {
    for (let c = 0; c < g; c++) wide[r * 2 * g + c] = matrix[at + r * g + c];
    wide[r * 2 * g + g + r] = 1;
  }
  for (let c = 0; c < g; c++) {
    let best = c;
    for (let r = c + 1; r < g; r++) if (Math.abs(wide[r * 2 * g + c]) > Math.abs(wide[best * 2 * g + c])) best = r;
    const pivot = wide[best * 2 * g + c];
    if (!(Math.abs(pivot) > 0)) {
      matrix.fill(0, at, at + g * g);
      return;
    }
    for (let m = 0; m < 2 * g; m++) {
      const swap = wide[c * 2 * g + m];
      wide[c * 2 * g + m] = wide[best * 2 * g + m] / pivot;
      if (best !== c) wide[best * 2 * g + m] = swap;
    }
    for (let r = 0; r < g; r++) {
      if (r === c) continue;
      const factor = wide[r * 2 * g + c];
      for (let m = 0; m < 2 * g; m++) wide[r * 2 * g + m] -= factor * wide[c * 2 * g + m];
    }
  }
  for (let r = 0; r < g; r++) for (let c = 0; c < g; c++) matrix[at + r * g + c] = wide[r * 2 * g + g + c];
}
