import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import { pointGraph, rigidAt } from '../testing/point-graph.ts';
import {
  chooseAnchors,
  createAdjustment,
  factorise,
  linearise,
  meanLinkWeight,
  takeStep,
  takeStepBy,
} from './adjustment.ts';
import { analysePattern } from './cholesky-pattern.ts';
import { buildLinkSystem, linkCost } from './link-system.ts';
import { stagePoses } from './stage.ts';

const places = [rigidAt(0, 0, 0.02), rigidAt(90, 4, -0.03), rigidAt(-3, 66, 0.05)];
const edges = [
  [0, 1],
  [0, 2],
] as const;

function setUp(matches = 6) {
  const graph = pointGraph(places, edges, { matches, priors: places.map(({ e, f }) => [e + 3, f - 2, 0] as const) });
  const system = buildLinkSystem(graph.nodes, graph.links, 'rigid');
  const poses = stagePoses(system).poses;
  const [x, y] = [0, 1].map((axis) => Float64Array.from({ length: 3 }, (_, i) => poses[6 * i + axis]));
  const pattern = analysePattern(system.from, system.to, x, y);
  return { system, poses, adjustment: createAdjustment('rigid', system, pattern, [0], null) };
}

describe('an adjustment', () => {
  it('measures damping in the mean weight of its links', () => {
    const { system } = setUp();
    expect(meanLinkWeight(system)).toBe(6);
    const uneven = { ...system, sums: system.sums.map((value, s) => (s === 0 ? 2 : value)) };
    expect(meanLinkWeight(uneven)).toBe(4);
    expect(meanLinkWeight({ ...system, links: [] })).toBe(1);
  });

  it('comes to rest where the links agree, its anchor where it was', async () => {
    const { system, poses, adjustment } = setUp();
    const before = [...poses.subarray(0, 2)];
    let size = Infinity;
    for (let step = 0; step < 12 && size > 1e-9; step++) {
      linearise(adjustment, Float64Array.of(1, 1), poses);
      size = takeStep(adjustment, await factorise(adjustment, silentContext), poses);
    }
    expect(size).toBeLessThan(1e-6);
    for (const l of [0, 1]) expect(linkCost(system, poses, l)).toBeLessThan(1e-6);
    // Rigid motions of the whole are open but for the anchor: it moves less than the rest of a px.
    expect(Math.hypot(poses[0] - before[0], poses[1] - before[1])).toBeLessThan(3);
  });

  it('names the tile at which it has no numbers', async () => {
    const { poses, adjustment } = setUp();
    linearise(adjustment, Float64Array.of(1, 1), poses);
    const message =
      'The place of t2 could not be computed: its links are not finite or contradict each other numerically. Exclude its links and solve again.';
    expect(() => takeStepBy(adjustment, (rhs) => void (rhs[7] = NaN), poses)).toThrow(
      expect.objectContaining({ message, code: 'numerical-failure', detail: { file: 't2' } }) as Error,
    );
    adjustment.equations.diagonal.fill(NaN);
    await expect(factorise(adjustment, silentContext)).rejects.toMatchObject({ code: 'numerical-failure' });
  });
});

describe('anchors', () => {
  it('are one a component, the tile nearest to the middle of its component', () => {
    const poses = new Float64Array(6 * 6);
    [0, 10, 20, 100, 130, 220].forEach((x, i) => poses.set([x, i], 6 * i));
    const anchors = chooseAnchors(Int32Array.of(0, 0, 0, 1, 1, 1), 2, poses);
    expect([...anchors]).toEqual([1, 4]);
    expect(chooseAnchors(new Int32Array(0), 0, new Float64Array(0))).toEqual([]);
  });
});
