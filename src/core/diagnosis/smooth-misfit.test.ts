import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { emptyMoments } from '../matching/link-moments.ts';
import type { Link, PairResult } from '../matching/link.ts';
import { randomStream } from '../synthesis/random.ts';
import { plainReport } from '../testing/plain-report.ts';
import { pairKey, tileId } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';
import { smoothMisfitPx } from './smooth-misfit.ts';

const idOf = (n: number) => tileId(`t${n}`);

/** A row of tiles 900 px apart. */
function rowOf(count: number): SolveReport {
  return plainReport(new Map(Array.from({ length: count }, (_, n) => [idOf(n), translation(900 * n, 0)])));
}

/** Matches down an overlap 100 px wide and 800 high; `missBy` says by how much one at height y misses, px. */
function linkOf(a: TileId, b: TileId, missBy: (y: number, k: number) => readonly [number, number], count = 80): Link {
  const points: number[][] = [[], []];
  for (let k = 0; k < count; k++) {
    // Drawn from top to bottom and back, so that order says nothing of place.
    const y = (800 * (k % 2 === 0 ? k : count - k)) / count;
    const [dx, dy] = missBy(y, k);
    points[0].push(910 + (k % 7) * 10 + dx, y + dy);
    points[1].push(10 + (k % 7) * 10, y);
  }
  const [ofA, ofB] = points.map((values) => Float32Array.from(values));
  return {
    ...{ kind: 'link', model: 'affine', aFromB: translation(900, 0), matchMs: 0, inliers: count },
    ...{ confidence: 1, rmsPx: 0, moments: emptyMoments, intensities: null },
    pair: { a, b, aFromB: { x: 900, y: 0, thetaRad: 0 }, sigmaPx: 10, expectedOverlap: null },
    correspondences: { a: ofA, b: ofB, confidence: new Float32Array(count).fill(1) },
    inlierMask: new Uint8Array(count).fill(1),
  };
}

const chain = (count: number, missBy: Parameters<typeof linkOf>[2], matches = 80): readonly Link[] =>
  Array.from({ length: count }, (_, n) => linkOf(idOf(n), idOf(n + 1), missBy, matches));

function withEdges(report: SolveReport, links: readonly Link[], removed: ReadonlySet<number> = new Set()): SolveReport {
  const edges = links.map(({ pair }, n) => ({
    pairKey: pairKey(pair),
    residualPx: 1,
    weight: 1,
    removed: removed.has(n),
  }));
  return { ...report, edges };
}

const misfit = (links: readonly Link[], removed?: ReadonlySet<number>) =>
  smoothMisfitPx(links, withEdges(rowOf(links.length + 1), links, removed));

describe('the misfit that is no noise', () => {
  it('is what every match of the links misses alike', () => {
    expect(misfit(chain(3, () => [0.6, -0.8]))).toBeCloseTo(1, 4);
  });

  it('is seen where an overlap bends along its length though its mean fits', () => {
    expect(misfit(chain(4, (y) => [y < 400 ? 1.5 : -1.5, 0]))).toBeCloseTo(1.5, 1);
  });

  it('is nothing where matches scatter', () => {
    const draws = randomStream(5, 1);
    expect(misfit(chain(9, () => [0.7 * draws.normal(), 0.7 * draws.normal()], 400))).toBeLessThan(0.15);
  });

  it('is that of the median link', () => {
    const offs = [0.1, 5, 0.3, 0.2, 7];
    const links = offs.map((off, n) => linkOf(idOf(n), idOf(n + 1), () => [off, 0]));
    expect(misfit(links)).toBeCloseTo(0.3, 4);
    // Without the two that the solver removed, as it says.
    expect(misfit(links, new Set([1, 4]))).toBeCloseTo(0.2, 4);
  });

  it('is not told from fewer than three links, from few matches, nor from outliers', () => {
    expect(misfit(chain(2, () => [1, 0]))).toBeNull();
    expect(misfit(chain(5, () => [1, 0], 28))).toBeNull();
    expect(misfit(chain(5, () => [1, 0], 32))).toBeCloseTo(1, 4);
    const halved = chain(3, (_, k) => [k % 4 === 0 ? 50 : 0, 0]).map((link) => ({
      ...link,
      inlierMask: link.inlierMask.map((_, k) => (k % 4 === 0 ? 0 : 1)),
    }));
    expect(misfit(halved)).toBeCloseTo(0, 4);
  });

  it('takes no notice of pairs without a link and of tiles without a place', () => {
    const links = chain(4, () => [1, 0]);
    const rejected = { kind: 'rejected', pair: links[0].pair } as PairResult;
    const report = withEdges(rowOf(4), links);
    expect(smoothMisfitPx([rejected, ...links], report)).toBeCloseTo(1, 4);
    expect(smoothMisfitPx(links, withEdges(rowOf(3), links))).toBeNull();
  });

  it('asks some of very many links, from the first to the last', () => {
    const links = chain(1000, () => [0, 0]).map((link, n) =>
      n % 10 === 0 ? linkOf(link.pair.a, link.pair.b, () => [2, 0]) : link,
    );
    // Every tenth link is asked: those that miss.
    expect(misfit(links)).toBeCloseTo(2, 4);
  });
});
