import { describe, expect, it } from 'vitest';
import { sampleMoments } from '../matching/link-moments.ts';
import { gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import type { ManualLink } from './graph-edits.ts';
import { withLandmarks } from './landmarks.ts';
import { buildLinkSystem, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { linkMotions, stagePoses } from './stage.ts';

const { graph } = makeSyntheticGraph({ rows: 3, columns: 3, matchSigmaPx: 0.2 });
const at = gridTileId;
type Point = readonly [number, number];

function manualOf(pair: ManualLink['pair'], sigmaPx: number, points: readonly (readonly [Point, Point])[]): ManualLink {
  return { manual: true, pair, landmarks: points.map(([a, b]) => ({ a, b })), sigmaPx };
}

const points: readonly (readonly [Point, Point])[] = [
  [
    [900, 100],
    [30, 98],
  ],
  [
    [930, 700],
    [61, 699],
  ],
  [
    [990, 420],
    [119, 418],
  ],
];
/** Of a linked pair twice, of another the wrong way round, and of one that has no measured link. */
const manuals: readonly ManualLink[] = [
  manualOf({ a: at(1, 1), b: at(1, 2) }, 2, points),
  manualOf({ a: at(2, 0), b: at(0, 0) }, 0.25, points.slice(0, 2)),
  manualOf({ a: at(2, 2), b: at(2, 1) }, 3, points.slice(1)),
  manualOf({ a: at(1, 1), b: at(1, 2) }, 0.5, points.slice(0, 1)),
];

describe.each(['translation', 'rigid', 'affine'] as const)('landmarks among measured links, %s', (model) => {
  const system = buildLinkSystem(graph.nodes, graph.links, model);
  const stage = stagePoses(system);
  const motions = linkMotions(system, stage, model !== 'translation');
  const active = Uint8Array.from(system.links, (_, l) => l % 2);
  const found = withLandmarks({ system, motions, active }, stage, manuals);
  const keys = system.links.map(({ pair }) => pairKey(pair));

  it('stand behind the measured link of their pair, the surer first', () => {
    expect(found.sourceOf.length).toBe(keys.length + 4);
    const order = [...found.sourceOf];
    // Every measured link once, in its order.
    expect(order.filter((s) => s >= 0)).toEqual(keys.map((_, l) => l));
    // −1 − k for the landmarks, by the keys of their pairs.
    expect(order.filter((s) => s < 0)).toEqual([-1, -2, -3, -4]);
    const placeOf = (k: number) => order.indexOf(-1 - k);
    expect(found.system.links.map(({ pair }) => pairKey(pair))).toEqual(
      found.system.links.map(({ pair }) => pairKey(pair)).sort(),
    );
    expect(order[placeOf(1) - 1]).toBe(keys.indexOf(pairKey({ a: at(1, 1), b: at(1, 2) })));
    expect(placeOf(2)).toBe(placeOf(1) + 1);
    expect(order[placeOf(3) - 1]).toBe(keys.indexOf(pairKey({ a: at(2, 1), b: at(2, 2) })));
    expect(order.map((s) => (s < 0 ? 1 : 0))).toEqual([...found.system.manual]);
    expect([...found.active]).toEqual(order.map((s) => (s < 0 ? 1 : s % 2)));
    expect([...found.system.excluded]).toEqual(order.map((s) => (s < 0 ? 0 : system.excluded[s])));
  });

  it('weigh by their sigma, and leave the others as they are', () => {
    const [twice, across, last, once] = manuals;
    const sorted = [across, once, twice, last];
    const ordered = ({ pair, landmarks }: ManualLink) => {
      const isSwapped = pair.a > pair.b;
      const flat = (end: 'a' | 'b') => Float64Array.from(landmarks.flatMap((landmark) => [...landmark[end]]));
      return {
        pair: isSwapped ? { a: pair.b, b: pair.a } : pair,
        moments: sampleMoments(
          isSwapped ? { a: flat('b'), b: flat('a') } : { a: flat('a'), b: flat('b') },
          landmarks.map((_, k) => k),
        ),
      };
    };
    const sumsOf = ({ sums }: LinkSystem, l: number) => [...sums.subarray(sumsStride * l, sumsStride * (l + 1))];
    found.sourceOf.forEach((s, l) => {
      if (s >= 0) {
        expect(found.system.links[l]).toBe(system.links[s]);
        expect(sumsOf(found.system, l)).toEqual(sumsOf(system, s));
        for (const key of ['from', 'to', 'floor', 'stiffFloor'] as const)
          expect(found.system[key][l]).toBe(system[key][s]);
        for (const key of ['theta', 'dx', 'dy'] as const) expect(found.motions[key][l]).toBe(motions[key][s]);
        return;
      }
      const manual = sorted[-1 - s];
      const alone = buildLinkSystem(graph.nodes, [ordered(manual)], model);
      const factor = system.unitVariance / manual.sigmaPx ** 2;
      expect(sumsOf(found.system, l)).toEqual(
        sumsOf(alone, 0).map((value, m): unknown => (m === 0 || m >= 5 ? expect.closeTo(value * factor, 9) : value)),
      );
      expect(found.system.floor[l]).toBeCloseTo(alone.floor[0] * factor, 9);
      expect(found.system.stiffFloor[l]).toBeCloseTo(alone.stiffFloor[0] * factor, 9);
      expect([found.system.from[l], found.system.to[l]]).toEqual([alone.from[0], alone.to[0]]);
      const own = linkMotions(alone, stage, model !== 'translation');
      for (const key of ['theta', 'dx', 'dy'] as const) expect(found.motions[key][l]).toBe(own[key][0]);
    });
  });

  it('change nothing where there are none', () => {
    const same = withLandmarks({ system, motions, active }, stage, []);
    expect(same.system).toEqual(system);
    expect(same.motions).toEqual(motions);
    expect(same.active).toEqual(active);
    expect([...same.sourceOf]).toEqual(keys.map((_, l) => l));
  });
});
