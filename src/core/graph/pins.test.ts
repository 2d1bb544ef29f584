import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { transformModels } from '../matching/link.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { tileId } from '../tiles/tile.ts';
import { buildLinkSystem, poseStride } from './link-system.ts';
import { motionOfLink, moveRigidly } from './link-motion.ts';
import { allocateNormalEquations, blockSizeOf } from './normal-equations.ts';
import { addPins, buildPins, moveToPins, noPins, pinnedComponents } from './pins.ts';
import { applyStep } from './pose-step.ts';
import { linkMotions, stagePoses } from './stage.ts';

const { graph } = makeSyntheticGraph({ rows: 2, columns: 2, rotationSigmaRad: 0.02 });
const ids = graph.nodes.map(({ id }) => id);
const pose: Affine2 = { a: 0.98, b: 0.12, c: -0.15, d: 1.01, e: 40, f: -25 };
const other: Affine2 = { a: 1.01, b: -0.05, c: 0.04, d: 0.99, e: 930, f: 11 };
const pins = [
  { tileId: ids[3], pose: other, sigmaPx: 0.5 },
  { tileId: ids[0], pose, sigmaPx: 0.1 },
];

describe('pins', () => {
  const system = buildLinkSystem(graph.nodes, graph.links, 'rigid');

  it('weigh by their sigma and hold the centre of their tile, in the order of the tiles', () => {
    const built = buildPins(system, pins, 0.02);
    expect([...built.nodes]).toEqual([0, 3]);
    expect([...built.weights]).toEqual([expect.closeTo(2, 9), expect.closeTo(0.08, 9)]);
    const { width, height } = graph.nodes[0].size;
    const centre = applyAffine(pose, (width - 1) / 2, (height - 1) / 2);
    expect([...built.targets.slice(0, 6)]).toEqual([
      expect.closeTo(centre.x, 9),
      expect.closeTo(centre.y, 9),
      ...[0.98, 0.12, -0.15, 1.01],
    ]);
    expect(buildPins(system, [], 1)).toBe(noPins);
  });

  it.each([
    ['of no tile', { ...pins[0], tileId: tileId('nowhere') }],
    ['without a sigma', { ...pins[0], sigmaPx: 0 }],
    ['with a sigma that is no number', { ...pins[0], sigmaPx: NaN }],
    ['at no place', { ...pins[0], pose: { ...pose, f: Infinity } }],
  ])('%s are refused by name', (_, pin) => {
    expect(() => buildPins(system, [pin], 1)).toThrow(
      `the pin of ${pin.tileId} is none: no such tile, or numbers that are not finite`,
    );
  });

  it.each(transformModels)('add the gradient and the matrix of their cost to the equations of %s tiles', (model) => {
    const own = buildLinkSystem(graph.nodes, graph.links, model);
    const built = buildPins(own, pins, 1);
    const at = stagePoses(own).poses;
    const n = graph.nodes.length;
    const k = blockSizeOf(model);
    const cost = (moves: readonly (readonly [number, number, number])[]): number => {
      const poses = at.slice();
      const steps = allocateNormalEquations(model, n, 0).gradients;
      for (const [axis, index, delta] of moves) steps[axis][index] -= delta;
      applyStep(model, own, poses, steps);
      let sum = 0;
      for (let p = 0; p < 2; p++) {
        const [o, t] = [poseStride * built.nodes[p], poseStride * p];
        const d = Array.from({ length: 6 }, (_, s) => poses[o + s] - built.targets[t + s]);
        const [cx, cy] = [own.centre[2 * built.nodes[p]], own.centre[2 * built.nodes[p] + 1]];
        let term = d[0] ** 2 + d[1] ** 2;
        if (model === 'rigid') term += cx ** 2 * (d[2] ** 2 + d[3] ** 2) + cy ** 2 * (d[4] ** 2 + d[5] ** 2);
        sum += built.weights[p] * term;
      }
      return sum / 2;
    };
    const equations = allocateNormalEquations(model, n, own.links.length);
    addPins(model, own, built, at, equations);
    const h = 1e-3;
    equations.gradients.forEach((gradient, axis) => {
      const scale = Math.max(...gradient.map(Math.abs));
      gradient.forEach((value, index) => {
        const isHeld = model !== 'similarity' || index % k < 2;
        if (!isHeld || (model === 'affine' && index % k > 0)) return expect(value).toBe(0);
        const numeric = (cost([[axis, index, h]]) - cost([[axis, index, -h]])) / (2 * h);
        expect(Math.abs(numeric - value)).toBeLessThan(1e-5 * scale);
      });
    });
    for (let i = 0; i < n; i++)
      for (let r = 0; r < k; r++)
        for (let c = 0; c < k; c++) {
          const p = [...built.nodes].indexOf(i);
          const weight = p === -1 ? 0 : built.weights[p];
          const isShift = r === 0 || (r === 1 && (model === 'rigid' || model === 'similarity'));
          const lever = own.lever[i];
          const turn = (weight * (own.centre[2 * i] ** 2 + own.centre[2 * i + 1] ** 2)) / lever ** 2;
          const expected = r !== c ? 0 : isShift ? weight : r === 2 && model === 'rigid' ? turn : 0;
          expect(equations.diagonal[(i * k + r) * k + c]).toBeCloseTo(expected, 9);
        }
  });
});

describe('moving to pins', () => {
  const system = buildLinkSystem(graph.nodes, graph.links, 'rigid');
  const label = Int32Array.of(0, 0, 1, 0);
  const motion = affineFromPose({ x: 100, y: -60, thetaRad: 0.3 });
  const start = stagePoses(system).poses;

  /** Pins where a motion of the whole takes tiles 0 and 3. */
  const moved = buildPins(
    system,
    [0, 3].map((i) => {
      const o = poseStride * i;
      const [x, y, a, b, c, d] = start.slice(o, o + 6);
      const [cx, cy] = [system.centre[2 * i], system.centre[2 * i + 1]];
      const tile = { a, b, c, d, e: x - a * cx - c * cy, f: y - b * cx - d * cy };
      return { tileId: ids[i], pose: composeAffine(motion, tile), sigmaPx: i === 0 ? 0.1 : 0.4 };
    }),
    1,
  );

  it('takes a component as a whole to where its pins want it, and leaves the others', () => {
    const poses = start.slice();
    moveToPins(system, moved, label, poses, true);
    for (const i of [0, 1, 3]) {
      const o = poseStride * i;
      const place = applyAffine(motion, start[o], start[o + 1]);
      expect(poses[o]).toBeCloseTo(place.x, 6);
      expect(poses[o + 1]).toBeCloseTo(place.y, 6);
      for (const s of [2, 4]) {
        expect(poses[o + s]).toBeCloseTo(motion.a * start[o + s] + motion.c * start[o + s + 1], 9);
        expect(poses[o + s + 1]).toBeCloseTo(motion.b * start[o + s] + motion.d * start[o + s + 1], 9);
      }
    }
    expect([...poses.slice(12, 18)]).toEqual([...start.slice(12, 18)]);
    expect(pinnedComponents(moved, label)).toEqual(new Set([0]));
  });

  it('shifts by the weighted mean alone where it may not turn', () => {
    const poses = start.slice();
    moveToPins(system, moved, label, poses, false);
    const shift = (axis: 0 | 1) => {
      const [first, last] = [0, 1].map(
        (p) => moved.targets[poseStride * p + axis] - start[poseStride * [0, 3][p] + axis],
      );
      return (100 * first + 6.25 * last) / 106.25;
    };
    for (const i of [0, 1, 3])
      for (const axis of [0, 1] as const)
        expect(poses[poseStride * i + axis] - start[poseStride * i + axis]).toBeCloseTo(shift(axis), 6);
    expect([...poses.slice(2, 6)]).toEqual([...start.slice(2, 6)]);
  });
});

describe('the motion of a link', () => {
  const system = buildLinkSystem(graph.nodes, graph.links, 'rigid');
  const stage = stagePoses(system);
  const motions = linkMotions(system, stage, true);

  it.each([true, false])('takes the tile at one end to where the link wants it, %s', (movesTo) => {
    for (let l = 0; l < graph.links.length; l++) {
      const poses = stage.poses.slice();
      const [i, j] = [poseStride * system.from[l], poseStride * system.to[l]];
      moveRigidly(poses, movesTo ? system.to[l] : system.from[l], motionOfLink(system, motions, poses, l, movesTo));
      const angle = (o: number) => Math.atan2(poses[o + 3], poses[o + 2]);
      expect(angle(j) - angle(i)).toBeCloseTo(motions.theta[l], 9);
      // The centre of b in the frame of a.
      const [dx, dy] = [poses[j] - poses[i], poses[j + 1] - poses[i + 1]];
      const turn = -angle(i);
      expect(Math.cos(turn) * dx - Math.sin(turn) * dy).toBeCloseTo(motions.dx[l], 6);
      expect(Math.sin(turn) * dx + Math.cos(turn) * dy).toBeCloseTo(motions.dy[l], 6);
      const still = movesTo ? i : j;
      expect([...poses.slice(still, still + 6)]).toEqual([...stage.poses.slice(still, still + 6)]);
    }
  });
});
