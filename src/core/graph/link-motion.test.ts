import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { motionOfLink, moveRigidly } from './link-motion.ts';
import { affineOfPose, buildLinkSystem } from './link-system.ts';
import { linkMotions, stagePoses } from './stage.ts';

const places = [rigidAt(0, 0, 0.1), rigidAt(85, 10, -0.25)];
const priors = [
  [4, -3, 0.3],
  [70, 30, 0.5],
] as const;

describe('the motion that a link asks for', () => {
  it('takes either tile to where it fits the other', () => {
    const graph = pointGraph(places, [[0, 1]], { priors });
    const system = buildLinkSystem(graph.nodes, graph.links, 'rigid');
    const stage = stagePoses(system);
    const motions = linkMotions(system, stage, true);
    const measured = composeAffine(invertAffine(places[0]), places[1]);
    const near = (found: Affine2, expected: Affine2) => {
      for (const [x, y] of [
        [0, 0],
        [100, 5],
        [20, 90],
      ]) {
        const [p, q] = [applyAffine(found, x, y), applyAffine(expected, x, y)];
        expect([p.x, p.y]).toEqual([expect.closeTo(q.x, 6), expect.closeTo(q.y, 6)]);
      }
    };
    for (const movesTo of [true, false]) {
      const poses = stage.poses.slice();
      const [a, b] = [affineOfPose(system, poses, 0), affineOfPose(system, poses, 1)];
      const motion = motionOfLink(system, motions, poses, 0, movesTo);
      moveRigidly(poses, movesTo ? 1 : 0, motion);
      expect(Math.hypot(motion.cos, motion.sin)).toBeCloseTo(1, 12);
      const [c, d] = [affineOfPose(system, poses, 0), affineOfPose(system, poses, 1)];
      near(composeAffine(invertAffine(c), d), measured);
      near(movesTo ? c : d, movesTo ? a : b);
    }
  });

  it('moves a pose as a rigid motion of the mosaic does', () => {
    const poses = Float64Array.of(0, 0, 0, 0, 0, 0, 7, -3, 1.1, 0.2, -0.1, 0.9, 1, 1, 1, 1, 1, 1);
    const before = poses.slice();
    moveRigidly(poses, 1, { cos: 0.6, sin: 0.8, dx: 10, dy: -20 });
    [0.6 * 7 + 0.8 * 3 + 10, 0.8 * 7 - 0.6 * 3 - 20, 0.66 - 0.16, 0.88 + 0.12, -0.06 - 0.72, -0.08 + 0.54].forEach(
      (value, s) => expect(poses[6 + s]).toBeCloseTo(value, 12),
    );
    expect([...poses.subarray(0, 6), ...poses.subarray(12)]).toEqual([
      ...before.subarray(0, 6),
      ...before.subarray(12),
    ]);
  });
});
