import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { transformModels } from '../matching/link.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { affineOfPose, buildLinkSystem } from './link-system.ts';
import { assemble } from './assemble.ts';
import { allocateNormalEquations, blockSizeOf } from './normal-equations.ts';
import { applyStep, turnLinear } from './pose-step.ts';
import { stagePoses } from './stage.ts';

const priors = [
  [3, -2, 0.3],
  [92, 8, -0.2],
  [-6, 71, 0.25],
  [85, 80, 0.6],
] as const;
const edges = [
  [0, 1],
  [2, 0],
  [1, 3],
  [2, 3],
] as const;

describe.each(transformModels)('the equations of turned tiles, %s', (model) => {
  it('are JᵀWJ and JᵀWr of the matches one by one', () => {
    const places = priors.map(([x, y], i) => rigidAt(x, y, 0.1 * i));
    const graph = pointGraph(places, edges, { noisePx: 3, priors });
    const system = buildLinkSystem(graph.nodes, graph.links, model);
    const poses = stagePoses(system).poses;
    // Links in the order of the system.
    const points = [...graph.points].sort((p, q) => p.from - q.from || p.to - q.to);
    const weights = Float64Array.of(1, 0.5, 2, 0.3);
    const k = blockSizeOf(model);
    const equations = allocateNormalEquations(model, 4, 4);
    assemble(model, system, system.sums, weights, poses, null, equations);
    const axes = equations.gradients.length;
    const residuals = (at: Float64Array) =>
      points.flatMap(({ from, to, points: list }, l) =>
        list.flatMap(({ p, q }) => {
          const [a, b] = [
            applyAffine(affineOfPose(system, at, from), ...p),
            applyAffine(affineOfPose(system, at, to), ...q),
          ];
          const w = Math.sqrt(weights[l]);
          return [w * (a.x - b.x), w * (a.y - b.y)];
        }),
      );
    const here = residuals(poses);
    for (let axis = 0; axis < axes; axis++) {
      const columns = Array.from({ length: 4 * k }, (_, index) => {
        const moved = (h: number) => {
          const at = poses.slice();
          const steps = allocateNormalEquations(model, 4, 0).gradients;
          steps[axis][index] = -h;
          applyStep(model, system, at, steps);
          return residuals(at);
        };
        const [ahead, behind] = [moved(1e-3), moved(-1e-3)];
        return ahead.map((value, r) => (value - behind[r]) / 2e-3);
      });
      const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, r) => sum + value * q[r], 0);
      columns.forEach((column, i) => expect(equations.gradients[axis][i]).toBeCloseTo(dot(column, here), 4));
      for (let i = 0; i < 4; i++)
        for (let r = 0; r < k; r++)
          for (let c = 0; c < k; c++)
            expect(equations.diagonal[(i * k + r) * k + c]).toBeCloseTo(dot(columns[i * k + r], columns[i * k + c]), 4);
      system.from.forEach((i, l) => {
        for (let r = 0; r < k; r++)
          for (let c = 0; c < k; c++)
            expect(equations.offDiagonal[(l * k + r) * k + c]).toBeCloseTo(
              dot(columns[i * k + r], columns[system.to[l] * k + c]),
              4,
            );
      });
    }
    // They are filled anew each time, and links without weight add nothing.
    const twice = allocateNormalEquations(model, 4, 4);
    assemble(model, system, system.sums, weights, poses, null, twice);
    assemble(model, system, system.sums, weights, poses, null, twice);
    expect(twice).toEqual(equations);
    assemble(model, system, system.sums, new Float64Array(4), poses, null, twice);
    expect(
      [...twice.diagonal, ...twice.offDiagonal, ...twice.gradients.flatMap((g) => [...g])].every((v) => v === 0),
    ).toBe(true);
  });

  it('are stepped along by the largest component, which may be no number', () => {
    const graph = pointGraph(
      priors.map(([x, y]) => rigidAt(x, y, 0)),
      edges,
    );
    const system = buildLinkSystem(graph.nodes, graph.links, model);
    const steps = allocateNormalEquations(model, 4, 0).gradients;
    steps[0][1] = -3;
    steps[steps.length - 1][2] = 2;
    const poses = stagePoses(system).poses;
    expect(applyStep(model, system, poses.slice(), steps)).toBe(3);
    steps[0][3] = NaN;
    expect(applyStep(model, system, poses.slice(), steps)).toBeNaN();
  });
});

describe('turning a linear part', () => {
  it('multiplies by the rotation from the left', () => {
    const poses = Float64Array.of(0, 0, 0, 0, 0, 0, 5, 6, 1.1, 0.2, -0.3, 0.9);
    turnLinear(poses, 6, Math.PI / 2);
    [0, 0, 0, 0, 0, 0, 5, 6, -0.2, 1.1, -0.9, -0.3].forEach((value, s) => expect(poses[s]).toBeCloseTo(value, 12));
  });
});
