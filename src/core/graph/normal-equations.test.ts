import { describe, expect, it } from 'vitest';
import { transformModels } from '../matching/link.ts';
import type { TransformModel } from '../matching/link.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { buildLinkSystem, linkCost, poseStride } from './link-system.ts';
import { assemble } from './assemble.ts';
import { allocateNormalEquations, blockSizeOf } from './normal-equations.ts';
import { applyStep } from './pose-step.ts';
import { stagePoses } from './stage.ts';

/** Four tiles, the terms of their links at the stage, and half the cost after steps. */
function setUp(model: TransformModel) {
  const { graph } = makeSyntheticGraph({ model, rows: 2, columns: 2, matchSigmaPx: 1, rotationSigmaRad: 0.02 });
  const system = buildLinkSystem(graph.nodes, graph.links, model);
  const n = graph.nodes.length;
  const k = blockSizeOf(model);
  const weights = Float64Array.of(1, 0.5, 2, 0.1);
  const at = stagePoses(system).poses;
  const target = at.map((value, s) => value + (s % poseStride >= 2 ? 0.01 : 0));
  const prior = model === 'similarity' || model === 'affine' ? { information: 3000, target } : null;

  /** Half the cost after the step −delta along unknown (axis, index). */
  const halfCost = (moves: readonly (readonly [number, number, number])[]): number => {
    const poses = at.slice();
    const steps = allocateNormalEquations(model, n, 0).gradients;
    for (const [axis, index, delta] of moves) steps[axis][index] -= delta;
    applyStep(model, system, poses, steps);
    let sum = 0;
    for (let l = 0; l < weights.length; l++) sum += weights[l] * linkCost(system, poses, l);
    if (prior !== null)
      for (let s = 0; s < poses.length; s++)
        if (s % poseStride >= 2) sum += prior.information * (poses[s] - target[s]) ** 2;
    return sum / 2;
  };
  const equations = allocateNormalEquations(model, n, weights.length);
  assemble(model, system, system.sums, weights, at, prior, equations);
  return { system, n, k, halfCost, equations };
}

describe.each(transformModels)('normal equations of %s tiles', (model) => {
  it('have the gradient of the cost, by central differences', () => {
    const { equations, halfCost } = setUp(model);
    const h = 1e-3;
    equations.gradients.forEach((gradient, axis) => {
      const scale = Math.max(...gradient.map(Math.abs));
      gradient.forEach((value, index) => {
        const numeric = (halfCost([[axis, index, h]]) - halfCost([[axis, index, -h]])) / (2 * h);
        expect(Math.abs(numeric - value)).toBeLessThan(1e-6 * scale);
      });
    });
  });

  // Second differences of a linear model are its Gauss–Newton matrix; a rigid one has second-order terms besides.
  if (model === 'rigid') return;
  it('have the matrix of the cost, by second differences', () => {
    const { system, n, k, equations, halfCost } = setUp(model);
    const h = 1;
    const block = (i: number, j: number): ((r: number, c: number) => number) => {
      if (i === j) return (r, c) => equations.diagonal[(i * k + r) * k + c];
      const l = system.from.findIndex((a, e) => a === i && system.to[e] === j);
      return (r, c) => (l === -1 ? 0 : equations.offDiagonal[(l * k + r) * k + c]);
    };
    const scale = Math.max(...equations.diagonal.map(Math.abs));
    for (let axis = 0; axis < equations.gradients.length; axis++)
      for (let i = 0; i < n; i++)
        for (let j = i; j < n; j++)
          for (let r = 0; r < k; r++)
            for (let c = 0; c < k; c++) {
              const [p, q] = [i * k + r, j * k + c];
              const both = (s: number, t: number) =>
                halfCost([
                  [axis, p, s * h],
                  [axis, q, t * h],
                ]);
              const numeric = (both(1, 1) - both(1, -1) - both(-1, 1) + both(-1, -1)) / (4 * h * h);
              expect(Math.abs(numeric - block(i, j)(r, c))).toBeLessThan(1e-6 * scale);
            }
  });
});
