import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { transformModels } from '../matching/link.ts';
import type { TransformModel } from '../matching/link.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { createAdjustment, linearise } from './adjustment.ts';
import { analysePattern } from './cholesky-pattern.ts';
import { buildLinkSystem, linkCost, poseStride } from './link-system.ts';
import { tileSigmas } from './tile-sigma.ts';

/** The inverse by Gauss–Jordan with row pivots. */
function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let r = c; r < n; r++) if (Math.abs(rows[r][c]) > Math.abs(rows[best][c])) best = r;
    [rows[c], rows[best]] = [rows[best], rows[c]];
    const pivot = rows[c][c];
    rows[c] = rows[c].map((value) => value / pivot);
    for (let r = 0; r < n; r++) {
      const factor = rows[r][c];
      if (r !== c && factor !== 0) rows[r] = rows[r].map((value, m) => value - factor * rows[c][m]);
    }
  }
  return rows.map((row) => row.slice(n));
}

const places = [
  rigidAt(0, 0, 0.02),
  rigidAt(90, 4, -0.03),
  rigidAt(-3, 66, 0.05),
  rigidAt(87, 70, 0),
  rigidAt(300, 300, 0.1),
  rigidAt(390, 310, 0),
];
/** Four tiles in a ring and two beside them. */
const edges = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 3],
  [4, 5],
] as const;

function setUp(model: TransformModel, anchors: readonly number[]) {
  const maps = model === 'translation' ? places.map(({ e, f }) => rigidAt(e, f, 0)) : places;
  const graph = pointGraph(maps, edges, { matches: 8 });
  const system = buildLinkSystem(graph.nodes, graph.links, model);
  const poses = new Float64Array(6 * poseStride);
  maps.forEach((map, i) => {
    const middle = applyAffine(map, system.centre[2 * i], system.centre[2 * i + 1]);
    poses.set([middle.x, middle.y, map.a, map.b, map.c, map.d], poseStride * i);
  });
  const [x, y] = [0, 1].map((axis) => Float64Array.from({ length: 6 }, (_, i) => poses[poseStride * i + axis]));
  const adjustment = createAdjustment(model, system, analysePattern(system.from, system.to, x, y), anchors, null);
  const weights = Float64Array.of(1, 0.5, 0.8, 0.3, 0.9);
  linearise(adjustment, weights, poses);
  const { k, diagonal, offDiagonal } = adjustment.equations;
  const matrix = Array.from({ length: 6 * k }, () => new Array<number>(6 * k).fill(0));
  for (let i = 0; i < 6; i++)
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) matrix[i * k + r][i * k + c] = diagonal[(i * k + r) * k + c];
  system.from.forEach((i, l) => {
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) {
        matrix[i * k + r][system.to[l] * k + c] += offDiagonal[(l * k + r) * k + c];
        matrix[system.to[l] * k + c][i * k + r] += offDiagonal[(l * k + r) * k + c];
      }
  });
  return { system, poses, adjustment, weights, matrix, k };
}

describe.each(transformModels)('the error of a tile, %s', (model) => {
  /** Numbers of a pose, and of its gauge an axis. */
  const freedom = { translation: 2, rigid: 3, similarity: 4, affine: 6 }[model];

  /** The covariance of least squares under the constraints that no mean centre and no mean linear part moves. */
  function constrained({ matrix, k, system }: ReturnType<typeof setUp>): number[][] {
    const n = 6 * k;
    const constraints = [
      [0, 1, 2, 3],
      [4, 5],
    ].flatMap((members) =>
      Array.from({ length: k }, (_, part) => {
        const row = new Array<number>(n).fill(0);
        // What is not a shift is h times an entry of the linear part, of which the mean is held.
        const isShift = part === 0 || (part === 1 && (model === 'rigid' || model === 'similarity'));
        for (const i of members) row[i * k + part] = isShift ? 1 : 1 / system.lever[i];
        return row;
      }),
    );
    const size = n + constraints.length;
    const bordered = Array.from({ length: size }, (_, r) =>
      Array.from({ length: size }, (__, c) => {
        if (r < n && c < n) return matrix[r][c];
        if (r >= n && c >= n) return 0;
        // Scaled, so that pivots are of one size.
        return 100 * (r < n ? constraints[c - n][r] : constraints[r - n][c]);
      }),
    );
    return inverse(bordered);
  }

  it.each([[[0, 4]], [[3, 5]]])('is that under fixed means, wherever it was anchored (%j)', (anchors) => {
    const given = setUp(model, anchors);
    const { system, poses, adjustment, weights, matrix, k } = given;
    const held = matrix.map((row) => [...row]);
    for (const i of anchors) for (let r = 0; r < k; r++) held[i * k + r][i * k + r] += 5;
    const full = inverse(held);
    const dense = {
      solve: (rhs: Float64Array) => {
        const before = rhs.slice();
        full.forEach((row, r) => (rhs[r] = row.reduce((sum, value, c) => sum + value * before[c], 0)));
      },
      diagonal: Float64Array.from({ length: 6 * k * k }, (_, s) => {
        const [i, r, c] = [Math.floor(s / (k * k)), Math.floor(s / k) % k, s % k];
        return full[i * k + r][i * k + c];
      }),
    };
    const active = new Uint8Array(5).fill(1);
    // Floors as if matches missed their links' own best poses so; between the links there is no misfit.
    const floored = { ...system, floor: Float64Array.of(3, 5, 2, 4, 6) };
    const sigma = tileSigmas({ ...adjustment, system: floored }, dense, poses, weights, active);
    const within = weights.reduce((sum, w, l) => sum + w * floored.floor[l], 0);
    const free = weights.reduce((sum, w) => sum + w * (16 - freedom), 0);
    const covariance = constrained(given);
    const axes = model === 'rigid' || model === 'similarity' ? [0, 1] : [0];
    for (let i = 0; i < 6; i++) {
      const variance = axes.reduce((sum, axis) => sum + covariance[i * k + axis][i * k + axis], 0) / axes.length;
      expect(sigma[i] / Math.sqrt((variance * within) / free)).toBeCloseTo(1, 4);
    }
    // What links miss each other by counts where it is more than what matches miss them by: one link is to spare.
    const missed = poses.map((value, s) => (s === poseStride * 3 ? value + 40 : value));
    const ones = new Float64Array(5).fill(1);
    const costs = Float64Array.from(ones, (_, l) => linkCost(system, missed, l));
    const sigmaOf = (floor: Float64Array) =>
      tileSigmas({ ...adjustment, system: { ...system, floor } }, dense, missed, ones, active);
    const between = costs.reduce((sum, cost, l) => sum + Math.max(0, cost - floored.floor[l]), 0) / freedom;
    const inside = costs.reduce((sum, cost) => sum + cost + 1, 0) / (5 * (16 - freedom));
    const ratio = sigmaOf(floored.floor)[0] / sigmaOf(costs.map((cost) => cost + 1))[0];
    expect(ratio ** 2 / (between / inside)).toBeCloseTo(1, 6);
    // A link that is not active says nothing: the ring without it has none to spare.
    const linear = weights.reduce((sum, w, l) => sum + (l === 3 ? 0 : w * floored.floor[l]), 0);
    const rest = weights.reduce((sum, w, l) => sum + (l === 3 ? 0 : w * (16 - freedom)), 0);
    const fewer = tileSigmas({ ...adjustment, system: floored }, dense, poses, weights, Uint8Array.of(1, 1, 1, 0, 1));
    expect((fewer[0] / sigma[0]) ** 2).toBeCloseTo(linear / rest / (within / free), 6);
  });
});
