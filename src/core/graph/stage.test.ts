import { describe, expect, it } from 'vitest';
import { rotationOf } from '../geometry/affine2.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { noEdits } from './graph-edits.ts';
import { affineOfPose, buildLinkSystem, poseStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { solvePoseGraph } from './solve.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { GraphNode } from './pose-graph.ts';
import { silentContext } from '../progress.ts';
import { fitStageMap, initialPoses, linkMotions, stagePoses } from './stage.ts';
import type { StagePoses } from './stage.ts';

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

describe('the fit of the stage map', () => {
  /** A grid of tiles 100 px apart, turned by `turn`, whose links measure D·n, in the frames of their tiles. */
  function sceneOf(rows: number, columns: number, map: readonly number[], turn = 0) {
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const poses = new Float64Array(poseStride * rows * columns);
    const known = new Uint8Array(rows * columns).fill(1);
    const links: (readonly [number, number])[] = [];
    for (let k = 0; k < rows * columns; k++) {
      const [row, column] = [Math.floor(k / columns), k % columns];
      poses.set([100 * column, 100 * row, cos, sin, -sin, cos], poseStride * k);
      if (column + 1 < columns) links.push([k, k + 1]);
      if (row + 1 < rows) links.push([k, k + columns]);
    }
    const moved = links.map(([i, j]) => {
      const [nx, ny] = [0, 1].map((axis) => poses[poseStride * j + axis] - poses[poseStride * i + axis]);
      const [vx, vy] = [map[0] * nx + map[1] * ny, map[2] * nx + map[3] * ny];
      return [cos * vx + sin * vy, -sin * vx + cos * vy];
    });
    const stage: StagePoses = { poses, known };
    const motions = {
      theta: new Float64Array(links.length),
      dx: Float64Array.from(moved, ([x]) => x),
      dy: Float64Array.from(moved, ([, y]) => y),
    };
    const system = {
      from: Int32Array.from(links, ([i]) => i),
      to: Int32Array.from(links, ([, j]) => j),
    } as unknown as LinkSystem;
    return { system, stage, motions };
  }
  const fit = ({ system, stage, motions }: ReturnType<typeof sceneOf>) => fitStageMap(system, stage, motions);
  const map = [1.02, 0.03, -0.05, 0.97];
  // Six links along x and six along y, held to the identity by a thousandth of the spread of all of them.
  const held = 6 / (6 + 0.012);

  it.each([0, 0.3, -2])('is that of exact links, held to the identity, tiles turned by %d', (turn) => {
    const found = fit(sceneOf(3, 3, map, turn));
    [1 + 0.02 * held, 0.03 * held, -0.05 * held, 1 - 0.03 * held].forEach((entry, e) =>
      expect(found[e]).toBeCloseTo(entry, 6),
    );
  });

  it('is not moved by links that are far off, alike or not', () => {
    const clean = fit(sceneOf(4, 4, map));
    const scene = sceneOf(4, 4, map);
    for (const l of [3, 8, 13, 18]) scene.motions.dx[l] += 60;
    scene.motions.dy[20] -= 500;
    const found = fit(scene);
    found.forEach((entry, e) => expect(Math.abs(entry - clean[e])).toBeLessThan(2e-4));
  });

  it('is the identity along what no link says', () => {
    const row = fit(sceneOf(1, 4, map));
    const share = 1 / 1.001;
    [1 + 0.02 * share, 0, -0.05 * share, 1].forEach((entry, e) => expect(row[e]).toBeCloseTo(entry, 6));
    const column = fit(sceneOf(4, 1, map));
    [1, 0.03 * share, 0, 1 - 0.03 * share].forEach((entry, e) => expect(column[e]).toBeCloseTo(entry, 6));
    expect(fit(sceneOf(1, 1, map))).toEqual([1, 0, 0, 1]);
    const scene = sceneOf(3, 3, map);
    expect(fit({ ...scene, stage: { ...scene.stage, known: new Uint8Array(9) } })).toEqual([1, 0, 0, 1]);
  });

  it('leaves out tiles that the stage does not know', () => {
    const scene = sceneOf(3, 3, map);
    scene.stage.known[4] = 0;
    scene.stage.poses.fill(NaN, 4 * poseStride, 4 * poseStride + 2);
    const found = fit(scene);
    const left = 4 / (4 + 0.008);
    [1 + 0.02 * left, 0.03 * left, -0.05 * left, 1 - 0.03 * left].forEach((entry, e) =>
      expect(found[e]).toBeCloseTo(entry, 6),
    );
  });

  it.each([
    [[1.9, 0, 0, 1.9], true],
    [[2.1, 0, 0, 2.1], false],
    [[0.55, 0, 0, 0.55], true],
    [[0.45, 0, 0, 0.45], false],
    [[1, 0, 0, -1], true],
    [[0, -1, 1, 0], true],
    [[1, 1.6, 0, 1], false],
    [[1.2, 0, 0, 0.4], false],
  ])('takes %j for a map: %s', (entries, isPlausible) => {
    const found = fit(sceneOf(3, 3, entries));
    if (isPlausible) found.forEach((entry, e) => expect(Math.abs(entry - entries[e])).toBeLessThan(6e-3));
    else expect(found).toEqual([1, 0, 0, 1]);
  });
});

describe('the motion of a link', () => {
  it('is what its matches say, or a translation with the turn of the stage', () => {
    const nodes = nodesKnowing([0, 1, 2, 3, 4, 5, 6, 7, 8]).map((node, k) => ({
      ...node,
      prior: { ...node.prior, pose: { ...node.prior.pose, thetaRad: 0.01 * k } },
    }));
    const system = buildLinkSystem(nodes, graph.links, 'rigid');
    const stage = stagePoses(system);
    const [turned, straight] = [linkMotions(system, stage, true), linkMotions(system, stage, false)];
    system.links.forEach(({ pair }, l) => {
      const [a, b] = [truth.get(pair.a), truth.get(pair.b)];
      if (!a || !b) throw new Error('no truth');
      expect(turned.theta[l]).toBeCloseTo(rotationOf(b) - rotationOf(a), 5);
      expect(straight.theta[l]).toBeCloseTo(0.01 * (system.to[l] - system.from[l]), 9);
      const [i, j] = [system.from[l], system.to[l]];
      const centreOf = (t: typeof a, k: number) => [
        t.a * system.centre[2 * k] + t.c * system.centre[2 * k + 1] + t.e,
        t.b * system.centre[2 * k] + t.d * system.centre[2 * k + 1] + t.f,
      ];
      const [p, q] = [centreOf(a, i), centreOf(b, j)];
      const [x, y] = [q[0] - p[0], q[1] - p[1]];
      expect(turned.dx[l]).toBeCloseTo(a.a * x + a.b * y, 3);
      expect(turned.dy[l]).toBeCloseTo(a.c * x + a.d * y, 3);
    });
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
