import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { defaultSolveOptions } from '../graph/pose-graph.ts';
import type { GraphNode } from '../graph/pose-graph.ts';
import { linkMoments } from '../matching/link-moments.ts';
import type { Link } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import type { RefinedOverlap } from '../refine/refined-overlap.ts';
import { randomStream } from '../synthesis/random.ts';
import { tileId } from '../tiles/tile.ts';
import { recommendTransform } from './recommend-transform.ts';
import type { Transform } from './recommend-transform.ts';

const size = { width: 600, height: 600 };
const pitch = 520;
const across = 3;

type Draws = ReturnType<typeof randomStream>;

/** True places of a 3×3 grid: `linear` draws the linear part of a tile, `bend` what it does beyond that, px. */
function truth(linear: (draws: Draws) => readonly [number, number, number, number], bend: number) {
  return Array.from({ length: across ** 2 }, (_, i) => {
    const draws = randomStream(31, i);
    const [a, b, c, d] = linear(draws);
    const x = (i % across) * pitch + 8 * draws.uniform();
    const y = Math.floor(i / across) * pitch + 8 * draws.uniform();
    const half = (size.width - 1) / 2;
    const pose: Affine2 = { a, b, c, d, e: x + half - (a + c) * half, f: y + half - (b + d) * half };
    const phase = 6 * draws.uniform();
    const place = (u: number, v: number) => {
      const p = applyAffine(pose, u, v);
      return { x: p.x + bend * Math.sin(u / 110 + phase), y: p.y + bend * Math.cos(v / 120 + phase) };
    };
    return { pose, place, id: tileId(`t${i}`) };
  });
}

function measure(tiles: ReturnType<typeof truth>) {
  const draws = randomStream(37, 1);
  const refined: RefinedOverlap[] = [];
  const links: Link[] = [];
  tiles.forEach((first, i) => {
    for (const j of [i % across === across - 1 ? -1 : i + 1, i + across]) {
      const second = j < 0 ? undefined : tiles[j];
      if (!second) continue;
      const [a, b]: number[][] = [[], []];
      for (let v = 20; v < 580; v += 20)
        for (let u = 20; u < 580; u += 20) {
          const p = first.place(u, v);
          let q = applyAffine(invertAffine(second.pose), p.x, p.y);
          for (let round = 0; round < 20; round++) {
            const back = second.place(q.x, q.y);
            const step = applyAffine({ ...invertAffine(second.pose), e: 0, f: 0 }, p.x - back.x, p.y - back.y);
            q = { x: q.x + step.x, y: q.y + step.y };
          }
          if (q.x < 20 || q.y < 20 || q.x > 580 || q.y > 580) continue;
          a.push(u, v);
          b.push(q.x + 0.1 * draws.normal(), q.y + 0.1 * draws.normal());
        }
      const count = a.length / 2;
      const pair = {
        a: first.id,
        b: second.id,
        aFromB: { x: j === i + 1 ? pitch : 0, y: j === i + 1 ? 0 : pitch, thetaRad: 0 },
        sigmaPx: 10,
        expectedOverlap: null,
      };
      const points = { a: Float32Array.from(a), b: Float32Array.from(b) };
      const correlation = new Float32Array(count).fill(0.9);
      const covariance = Float32Array.from({ length: 3 * count }, (_, k) => (k % 3 === 1 ? 0 : 0.01));
      const losses = { texture: 0, correlation: 0, backward: 0, neighbours: 0 };
      refined.push({ pair, ...points, covariance, correlation, tried: count, losses });
      const correspondences = { ...points, confidence: new Float32Array(count).fill(1) };
      const inlierMask = new Uint8Array(count).fill(1);
      links.push({
        kind: 'link',
        pair,
        model: 'affine',
        aFromB: { a: 1, b: 0, c: 0, d: 1, e: pair.aFromB.x, f: pair.aFromB.y },
        correspondences,
        inlierMask,
        inliers: count,
        confidence: 1,
        rmsPx: 0.2,
        moments: linkMoments(correspondences, inlierMask),
        intensities: null,
        matchMs: 0,
      });
    }
  });
  const nodes: GraphNode[] = tiles.map(({ id }, i) => ({
    id,
    size,
    prior: {
      pose: { x: (i % across) * pitch, y: Math.floor(i / across) * pitch, thetaRad: 0 },
      sigmaPx: 10,
      sigmaRad: 0.02,
    },
  }));
  return { graph: { nodes, links }, refined };
}

const still = () => [1, 0, 0, 1] as const;
const turned = (draws: Draws) => {
  const angle = 0.02 * (2 * draws.uniform() - 1);
  return [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle)] as const;
};
const sheared = (draws: Draws) => {
  const s = () => 0.015 * (2 * draws.uniform() - 1);
  return [1 + s(), s(), s(), 1 + s()] as const;
};

describe('the recommendation of a transform', () => {
  it.each<readonly [Transform, Parameters<typeof truth>[0], number]>([
    ['translation', still, 0],
    ['rigid', turned, 0],
    ['affine', sheared, 0],
    ['elastic', turned, 2],
  ])('is %s where no simpler one explains the patches', async (transform, linear, bend) => {
    const { graph, refined } = measure(truth(linear, bend));
    const found = await recommendTransform(graph, refined, defaultSolveOptions, silentContext);
    expect(found?.recommended).toBe(transform);
    expect(found?.scores.map((score) => score.transform)).toEqual([
      'translation',
      'rigid',
      'similarity',
      'affine',
      'elastic',
    ]);
    expect(found?.sentence).toContain(`within noise is ${transform}`);
    // Whatever is enough, bending more must not predict worse.
    const scoreOf = (wanted: Transform) => found?.scores.find((score) => score.transform === wanted)?.heldOutPx ?? NaN;
    expect(scoreOf('elastic')).toBeLessThan(1.2 * scoreOf(transform) + 0.05);
  });

  it('says nothing with too few patches', async () => {
    const { graph } = measure(truth(still, 0));
    expect(await recommendTransform(graph, [], defaultSolveOptions, silentContext)).toBeNull();
  });
});
