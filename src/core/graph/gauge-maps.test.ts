import { describe, expect, it } from 'vitest';
import { transformModels } from '../matching/link.ts';
import { seededRandom } from '../random.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import { fixGauge } from './gauge.ts';
import { buildLinkSystem, poseStride } from './link-system.ts';
import { buildPins } from './pins.ts';
import { stagePoses } from './stage.ts';
import { placeUnlinked } from './unlinked-tiles.ts';

type Row = readonly [number, number, number, number, number, number];
const rowOf = (poses: Float64Array, i: number): Row => [...poses.subarray(6 * i, 6 * i + 6)] as unknown as Row;

/** Six tiles in two columns, of which the layout says that each is turned a little. */
const priors = Array.from({ length: 6 }, (_, i) => [90 * (i % 2), 70 * Math.floor(i / 2), 0.02 * (i - 2)] as const);
const places = priors.map(([x, y]) => rigidAt(x, y, 0));
const graph = pointGraph(places, [[0, 1]], { priors });
const system = buildLinkSystem(graph.nodes, graph.links, 'affine');

/** Poses of a kind, away from the stage as a whole: turned by 0.4 rad, stretched and moved, each a little its own way. */
function posesOf(kind: 'translation' | 'rigid' | 'similarity' | 'affine'): Float64Array {
  const random = seededRandom(4);
  const poses = stagePoses(system).poses.slice();
  for (let i = 0; i < 6; i++) {
    const own = () => 0.04 * (random() - 0.5);
    const [x, y] = poses.subarray(6 * i);
    const turn = kind === 'translation' ? 0 : 0.4 + own();
    const scale = kind === 'similarity' || kind === 'affine' ? 1.1 + own() : 1;
    const bend = kind === 'affine' ? 0.05 : 0;
    const [cos, sin] = [scale * Math.cos(turn), scale * Math.sin(turn)];
    poses.set(
      [
        30 + cos * x - sin * y + 5 * own(),
        -20 + sin * x + cos * y,
        cos + bend + own() * bend,
        sin - own() * bend,
        -sin + bend,
        cos - own() * bend,
      ],
      6 * i,
    );
  }
  return poses;
}

/** The row-major map G of A_i' = G·A_i, from one tile. */
function mapOf(before: Row, after: Row): readonly [number, number, number, number] {
  const [, , a, b, c, d] = before;
  const [, , A, B, C, D] = after;
  const det = a * d - b * c;
  return [(A * d - C * b) / det, (C * a - A * c) / det, (B * d - D * b) / det, (D * a - B * c) / det];
}

const label = new Int32Array(6);

describe.each(transformModels)('the gauge of %s poses', (model) => {
  it('moves them as one to where the layout has them on the mean', () => {
    const stage = stagePoses(system);
    const before = posesOf(model);
    const poses = before.slice();
    fixGauge(model, poses, stage, label, [6]);
    const g = mapOf(rowOf(before, 0), rowOf(poses, 0));
    let [cross, x, y] = [0, 0, 0];
    let [xx, xy, yx, yy] = [0, 0, 0, 0];
    for (let i = 0; i < 6; i++) {
      const [, , a, b, c, d] = rowOf(poses, i);
      mapOf(rowOf(before, i), rowOf(poses, i)).forEach((entry, e) => expect(entry).toBeCloseTo(g[e], 9));
      const [dx, dy] = [before[6 * i] - before[0], before[6 * i + 1] - before[1]];
      expect(poses[6 * i] - poses[0]).toBeCloseTo(g[0] * dx + g[1] * dy, 8);
      expect(poses[6 * i + 1] - poses[1]).toBeCloseTo(g[2] * dx + g[3] * dy, 8);
      x += poses[6 * i] - stage.poses[6 * i];
      y += poses[6 * i + 1] - stage.poses[6 * i + 1];
      // A·Rᵀ: R the stage's rotation.
      const [cos, sin] = [stage.poses[6 * i + 2], stage.poses[6 * i + 3]];
      cross += cos * (b - c) - sin * (a + d);
      const length = Math.hypot(a + d, b - c);
      const [qc, qs] = [(a + d) / length, (b - c) / length];
      // A·Qᵀ with A = [[a, c], [b, d]], Q = [[qc, −qs], [qs, qc]].
      xx += (a * qc - c * qs) / 6;
      xy += (a * qs + c * qc) / 6;
      yx += (b * qc - d * qs) / 6;
      yy += (b * qs + d * qc) / 6;
    }
    expect([x, y]).toEqual([expect.closeTo(0, 8), expect.closeTo(0, 8)]);
    if (model === 'translation')
      expect(g).toEqual([expect.closeTo(1, 12), expect.closeTo(0, 12), expect.closeTo(0, 12), expect.closeTo(1, 12)]);
    else expect(cross).toBeCloseTo(0, 8);
    if (model === 'rigid') {
      expect(Math.hypot(g[0], g[2])).toBeCloseTo(1, 9);
      expect([g[3] - g[0], g[1] + g[2]]).toEqual([expect.closeTo(0, 9), expect.closeTo(0, 9)]);
    }
    if (model === 'similarity' || model === 'affine') {
      expect([xx, yy]).toEqual([expect.closeTo(1, 7), expect.closeTo(1, 7)]);
      expect(xy).toBeCloseTo(yx, 7);
      expect(xy).toBeCloseTo(0, 6);
    }
  });

  it('asks tiles alone that the layout knows, and leaves those that are by themselves', () => {
    const stage = stagePoses(system);
    const known = Uint8Array.of(1, 1, 1, 0, 1, 1);
    const before = posesOf(model);
    const poses = before.slice();
    // Tile 5 is a component of its own.
    fixGauge(model, poses, { ...stage, known }, Int32Array.of(0, 0, 0, 0, 0, 1), [5, 1]);
    expect(rowOf(poses, 5)).toEqual(rowOf(before, 5));
    const off = [0, 1, 2, 4].reduce((sum, i) => sum + poses[6 * i] - stage.poses[6 * i], 0);
    expect(off).toBeCloseTo(0, 8);
    const none = before.slice();
    fixGauge(model, none, { ...stage, known: new Uint8Array(6) }, label, [6]);
    const all = before.slice();
    fixGauge(model, all, stage, label, [6]);
    none.forEach((value, s) => expect(value).toBeCloseTo(all[s], 9));
  });

  it('leaves pinned poses, but for the stretch that a lone pin does not tell', () => {
    const stage = stagePoses(system);
    const before = posesOf(model);
    const pin = (i: number) => ({ tileId: graph.nodes[i].id, pose: rigidAt(40, 50, 0.3), sigmaPx: 1 });
    const two = before.slice();
    fixGauge(model, two, stage, label, [6], buildPins(system, [pin(1), pin(4)], 1));
    expect(two).toEqual(before);
    const one = before.slice();
    fixGauge(model, one, stage, label, [6], buildPins(system, [pin(1)], 1));
    if (model === 'translation' || model === 'rigid') {
      expect(one).toEqual(before);
      return;
    }
    // Tile 1 lies on its pin, turned as it says; on the mean nothing is stretched.
    const [x, y, a, b, c, d] = rowOf(one, 1);
    expect(x).toBeCloseTo(40 + 60 * Math.cos(0.3) - 45 * Math.sin(0.3), 8);
    expect(y).toBeCloseTo(50 + 60 * Math.sin(0.3) + 45 * Math.cos(0.3), 8);
    expect(Math.atan2(b - c, a + d)).toBeCloseTo(0.3, 9);
    let stretch = 0;
    for (let i = 0; i < 6; i++) {
      const [, , p, q, r, s] = rowOf(one, i);
      stretch += Math.hypot(p + s, q - r) / 12;
    }
    expect(stretch).toBeCloseTo(1, 6);
  });
});

describe('tiles without links', () => {
  /** The first four are solved: the stage, mapped, and a little off. */
  function solved(): Float64Array {
    const poses = stagePoses(system).poses.slice();
    const random = seededRandom(8);
    for (let i = 0; i < 4; i++) {
      const [x, y] = poses.subarray(6 * i);
      const turn = 0.03 + 0.01 * random();
      const [cos, sin] = [Math.cos(turn + 0.02 * (i - 2)), Math.sin(turn + 0.02 * (i - 2))];
      poses.set([10 + 1.05 * x - 0.04 * y + random(), 5 + 0.02 * x + 0.97 * y + random(), cos, sin, -sin, cos], 6 * i);
    }
    return poses;
  }

  /** M(s) + Σ v (u − M(s_j)) by the formula; M least squares, held to a shift by a thousandth of the spread. */
  function told(poses: Float64Array, stage: Float64Array, i: number) {
    const nodes = [0, 1, 2, 3];
    const mean = (of: Float64Array, axis: 0 | 1) => nodes.reduce((sum, j) => sum + of[6 * j + axis] / 4, 0);
    const [sx, sy, ux, uy] = [mean(stage, 0), mean(stage, 1), mean(poses, 0), mean(poses, 1)];
    const product = (p: (j: number) => number, q: (j: number) => number) =>
      nodes.reduce((sum, j) => sum + p(j) * q(j), 0);
    const [dx, dy] = [(j: number) => stage[6 * j] - sx, (j: number) => stage[6 * j + 1] - sy];
    const hold = 1e-3 * (product(dx, dx) + product(dy, dy)) + 1e-9;
    const [xx, xy, yy] = [product(dx, dx) + hold, product(dx, dy), product(dy, dy) + hold];
    const det = xx * yy - xy * xy;
    const rowFor = (v: (j: number) => number) => [
      (yy * product(v, dx) - xy * product(v, dy)) / det,
      (xx * product(v, dy) - xy * product(v, dx)) / det,
    ];
    const [a, b] = rowFor((j) => poses[6 * j] - ux - dx(j));
    const [c, d] = rowFor((j) => poses[6 * j + 1] - uy - dy(j));
    const map = (x: number, y: number) => [
      ux + (x - sx) * (1 + a) + (y - sy) * b,
      uy + (x - sx) * c + (y - sy) * (1 + d),
    ];
    const [x, y] = [stage[6 * i], stage[6 * i + 1]];
    let [total, ex, ey, cos, sin] = [0, 0, 0, 0, 0];
    for (const j of nodes) {
      const v = 1 / ((stage[6 * j] - x) ** 2 + (stage[6 * j + 1] - y) ** 2 + system.lever[i] ** 2);
      const [mx, my] = map(stage[6 * j], stage[6 * j + 1]);
      total += v;
      ex += v * (poses[6 * j] - mx);
      ey += v * (poses[6 * j + 1] - my);
      const turn = Math.atan2(poses[6 * j + 3], poses[6 * j + 2]) - Math.atan2(stage[6 * j + 3], stage[6 * j + 2]);
      cos += v * Math.cos(turn);
      sin += v * Math.sin(turn);
    }
    const [mx, my] = map(x, y);
    return { x: mx + ex / total, y: my + ey / total, turn: Math.atan2(sin, cos) };
  }

  it('are placed by the stage beside the solved ones', () => {
    const stage = stagePoses(system);
    const poses = solved();
    const expected = told(poses, stage.poses, 5);
    placeUnlinked(system, poses, stage, Int32Array.of(0, 0, 0, 0, 1, 2), [4, 1, 1]);
    const [x, y, a, b, c, d] = rowOf(poses, 5);
    expect([x, y]).toEqual([expect.closeTo(expected.x, 7), expect.closeTo(expected.y, 7)]);
    expect(Math.atan2(b, a)).toBeCloseTo(0.06 + expected.turn, 9);
    expect([c + b, d - a, Math.hypot(a, b)]).toEqual([
      expect.closeTo(0, 12),
      expect.closeTo(0, 12),
      expect.closeTo(1, 12),
    ]);
  });

  it('move as an island by the mean of what they are told', () => {
    const stage = stagePoses(system);
    const poses = solved();
    const before = poses.slice();
    const [p, q] = [told(poses, stage.poses, 4), told(poses, stage.poses, 5)];
    placeUnlinked(system, poses, stage, Int32Array.of(0, 0, 0, 0, 1, 1), [4, 2]);
    expect(poses[24] + poses[30]).toBeCloseTo(p.x + q.x, 7);
    expect(poses[25] + poses[31]).toBeCloseTo(p.y + q.y, 7);
    const turn = Math.atan2(Math.sin(p.turn) + Math.sin(q.turn), Math.cos(p.turn) + Math.cos(q.turn));
    for (const i of [4, 5]) {
      const g = mapOf(rowOf(before, i), rowOf(poses, i));
      expect([g[0], g[2]]).toEqual([expect.closeTo(Math.cos(turn), 9), expect.closeTo(Math.sin(turn), 9)]);
    }
    const [dx, dy] = [before[30] - before[24], before[31] - before[25]];
    expect(poses[30] - poses[24]).toBeCloseTo(Math.cos(turn) * dx - Math.sin(turn) * dy, 8);
    expect(poses[31] - poses[25]).toBeCloseTo(Math.sin(turn) * dx + Math.cos(turn) * dy, 8);
    expect([...poses.subarray(0, 24)]).toEqual([...before.subarray(0, 24)]);
  });

  it('stay where they are when they are pinned, or the stage knows nothing of them or of the solved ones', () => {
    const stage = stagePoses(system);
    const labels = Int32Array.of(0, 0, 0, 0, 1, 2);
    const place = (known: readonly number[], pinned: readonly number[] = []) => {
      const poses = solved();
      placeUnlinked(system, poses, { ...stage, known: Uint8Array.from(known) }, labels, [4, 1, 1], new Set(pinned));
      const before = solved();
      return [4, 5].map((i) => rowOf(poses, i).every((value, s) => value === before[6 * i + s]));
    };
    expect(place([1, 1, 1, 1, 1, 1])).toEqual([false, false]);
    expect(place([1, 1, 1, 1, 1, 1], [2])).toEqual([false, true]);
    expect(place([1, 1, 1, 1, 0, 1])).toEqual([true, false]);
    expect(place([0, 0, 0, 0, 1, 1])).toEqual([true, true]);
  });

  it('lie where the stage says when nothing is linked at all', () => {
    const stage = stagePoses(system);
    const poses = solved();
    placeUnlinked(system, poses, stage, Int32Array.of(0, 1, 2, 3, 4, 5), [1, 1, 1, 1, 1, 1], new Set([3]));
    for (const i of [0, 1, 2, 4, 5]) expect(rowOf(poses, i)).toEqual(rowOf(stage.poses, i));
    expect(rowOf(poses, 3)).toEqual(rowOf(solved(), 3));
    expect(poseStride).toBe(6);
  });
});
