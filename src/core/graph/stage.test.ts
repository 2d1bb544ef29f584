import { describe, expect, it } from 'vitest';
import { rotationOf } from '../geometry/affine2.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { noEdits } from './graph-edits.ts';
import { affineOfPose, buildLinkSystem } from './link-system.ts';
import { solvePoseGraph } from './solve.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { GraphNode } from './pose-graph.ts';
import { silentContext } from '../progress.ts';
import { initialPoses, linkMotions, stagePoses } from './stage.ts';

const { graph, truth } = makeSyntheticGraph({ rows: 3, columns: 3, rotationSigmaRad: 0.05 });
const unknown = { x: NaN, y: NaN, thetaRad: NaN };

/** The nodes where only those of `known` have a stage position, which is the true one. */
function nodesKnowing(known: readonly number[]): readonly GraphNode[] {
  return graph.nodes.map((node, k) => {
    const place = truth.get(node.id);
    const pose = place && known.includes(k) ? { x: place.e, y: place.f, thetaRad: rotationOf(place) } : unknown;
    return { ...node, prior: { ...node.prior, pose } };
  });
}

describe('tiles that the stage does not know', () => {
  it.each([0, 4, 8])('are placed from tile %d through exact links, whichever way these run', (k) => {
    const system = buildLinkSystem(nodesKnowing([k]), graph.links, 'rigid');
    const stage = stagePoses(system);
    expect([...stage.known]).toEqual(graph.nodes.map((_, n) => (n === k ? 1 : 0)));
    const poses = initialPoses(system, stage, [1, 0, 0, 1], linkMotions(system, stage, true));
    system.nodes.forEach(({ id }, i) => {
      const found = affineOfPose(system, poses, i);
      const place = truth.get(id);
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f'] as const) expect(found[key]).toBeCloseTo(place?.[key] ?? NaN, 4);
    });
  });

  it('are placed about the first tile of a component of which the stage knows nothing', () => {
    const system = buildLinkSystem(nodesKnowing([]), graph.links, 'rigid');
    const stage = stagePoses(system);
    const poses = initialPoses(system, stage, [1, 0, 0, 1], linkMotions(system, stage, true));
    const [p, q] = [affineOfPose(system, poses, 0), affineOfPose(system, poses, 8)];
    const [tp, tq] = [truth.get(system.nodes[0].id), truth.get(system.nodes[8].id)];
    if (!tp || !tq) throw new Error('no truth');
    expect(Math.hypot(p.e - q.e, p.f - q.f)).toBeCloseTo(Math.hypot(tp.e - tq.e, tp.f - tq.f), 3);
    expect(rotationOf(q) - rotationOf(p)).toBeCloseTo(rotationOf(tq) - rotationOf(tp), 6);
  });
});

describe('the stage map', () => {
  it('moves what the stage knows about its mean', () => {
    const system = buildLinkSystem(nodesKnowing([0, 1, 2, 3, 4, 5, 6, 7, 8]), graph.links, 'rigid');
    const stage = stagePoses(system);
    const motions = linkMotions(system, stage, true);
    const poses = initialPoses(system, stage, [2, 0.5, -0.25, 3], motions);
    const mean = (from: Float64Array, axis: number) =>
      system.nodes.reduce((sum, _, i) => sum + from[6 * i + axis], 0) / system.nodes.length;
    const [mx, my] = [mean(stage.poses, 0), mean(stage.poses, 1)];
    expect([mean(poses, 0), mean(poses, 1)]).toEqual([expect.closeTo(mx, 6), expect.closeTo(my, 6)]);
    for (let i = 0; i < system.nodes.length; i++) {
      const [x, y] = [stage.poses[6 * i] - mx, stage.poses[6 * i + 1] - my];
      expect(poses[6 * i]).toBeCloseTo(mx + 2 * x + 0.5 * y, 6);
      expect(poses[6 * i + 1]).toBeCloseTo(my - 0.25 * x + 3 * y, 6);
    }
  });
});

describe('what cannot be solved', () => {
  it('is said: a scale of nothing, and landmarks that are none', async () => {
    for (const robustScalePx of [0, -1, NaN])
      await expect(
        solvePoseGraph(graph, { ...defaultSolveOptions, robustScalePx }, silentContext),
      ).rejects.toMatchObject({
        code: 'bad-options',
        message: `robustScalePx must be above 0, not ${robustScalePx}.`,
      });
    const { pair } = graph.links[0];
    const landmark = { a: [1, 2], b: [3, 4] } as const;
    for (const [landmarks, sigmaPx] of [[[], 1] as const, [[landmark], 0] as const, [[landmark], NaN] as const]) {
      const manualLinks = [{ manual: true, pair, landmarks, sigmaPx } as const];
      const edits = { ...noEdits, manualLinks };
      await expect(solvePoseGraph({ ...graph, edits }, defaultSolveOptions, silentContext)).rejects.toThrow(
        `the landmarks of ${pair.a} – ${pair.b} are none: no point, or no sigma above 0`,
      );
    }
  });
});
