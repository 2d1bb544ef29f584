import type { TransformModel } from '../matching/link.ts';
import { poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { linkTerms } from './link-terms.ts';
import type { NormalEquations } from './normal-equations.ts';

/** Prior on the linear part: Σ_i information · |A_i − target_i|² (Frobenius), `target` in the layout of poses. */
export interface LinearPrior {
  readonly information: number;
  readonly target: Float64Array;
}

/** Fills `out` with the terms at `poses`; `weights` [links] multiply the links' moments. */
export function assemble(
  model: TransformModel,
  system: LinkSystem,
  sums: Float64Array,
  weights: Float64Array,
  poses: Float64Array,
  prior: LinearPrior | null,
  out: NormalEquations,
): void {
  out.diagonal.fill(0);
  out.offDiagonal.fill(0);
  for (const gradient of out.gradients) gradient.fill(0);
  const add = linkTerms[model];
  for (let l = 0; l < weights.length; l++) {
    if (!(weights[l] * sums[sumsStride * l] > 0)) continue;
    add(system, sums, weights[l], poses, l, out);
  }
  if (prior !== null) addLinearPrior(model, system, poses, prior, out);
}

function addLinearPrior(
  model: TransformModel,
  system: LinkSystem,
  poses: Float64Array,
  { information, target }: LinearPrior,
  out: NormalEquations,
): void {
  if (model === 'translation' || model === 'rigid') return;
  for (let i = 0; i < system.nodes.length; i++) {
    const h = 1 / system.lever[i];
    const o = poseStride * i;
    const onA = information * (poses[o + 2] - target[o + 2]) * h;
    const onB = information * (poses[o + 3] - target[o + 3]) * h;
    const onC = information * (poses[o + 4] - target[o + 4]) * h;
    const onD = information * (poses[o + 5] - target[o + 5]) * h;
    if (model === 'similarity') {
      out.diagonal[16 * i + 10] += 2 * information * h * h;
      out.diagonal[16 * i + 15] += 2 * information * h * h;
      out.gradients[0][4 * i + 2] += onA + onD;
      out.gradients[0][4 * i + 3] += onB - onC;
    } else {
      out.diagonal[9 * i + 4] += information * h * h;
      out.diagonal[9 * i + 8] += information * h * h;
      out.gradients[0][3 * i + 1] += onA;
      out.gradients[0][3 * i + 2] += onC;
      out.gradients[1][3 * i + 1] += onB;
      out.gradients[1][3 * i + 2] += onD;
    }
  }
}
