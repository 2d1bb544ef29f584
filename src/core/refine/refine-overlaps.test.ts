import { describe, expect, it } from 'vitest';
import { composeAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import type { Progress, RunContext } from '../progress.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import type { RefinedOverlap } from './refined-overlap.ts';
import { refineOverlaps } from './refine-overlaps.ts';

const { graph, truth } = makeSyntheticGraph({ rows: 2, columns: 2, matchSigmaPx: 0.4, matches: 20 });
const report = { mosaicFromTile: truth } as unknown as SolveReport;
const keys = graph.links.map(({ pair }) => pairKey(pair));

function overlapOf(pair: TilePair): RefinedOverlap {
  const none = new Float32Array(0);
  const losses = { texture: 0, correlation: 0, backward: 0, neighbours: 0 };
  return { pair, a: none, b: none, covariance: none, correlation: none, tried: 1, losses };
}

function contextOf(signal: RunContext['signal'] = { aborted: false, throwIfAborted: () => undefined }) {
  const heard: Progress[] = [];
  return {
    heard,
    context: { signal, onProgress: (one: Progress) => heard.push(one), yieldNow: () => Promise.resolve() },
  };
}

describe('refining the overlaps of all links', () => {
  it('answers in the order of the links, whichever ends first, and leaves out those without an answer', async () => {
    const { context } = contextOf();
    const found = await refineOverlaps(
      graph.links,
      report,
      async ({ pair }) => {
        const at = keys.indexOf(pairKey(pair));
        for (let turn = 0; turn < 10 - 2 * at; turn++) await Promise.resolve();
        return at === 1 ? null : overlapOf(pair);
      },
      new Map(),
      4,
      context,
    );
    expect(found.map(({ pair }) => pairKey(pair))).toEqual([keys[0], keys[2], keys[3]]);
  });

  it('asks for each overlap from where the solved poses put it', async () => {
    const asked: unknown[] = [];
    const { context } = contextOf();
    await refineOverlaps(
      graph.links,
      report,
      async (request) => {
        asked.push(request);
        return null;
      },
      new Map(),
      1,
      context,
    );
    expect(asked).toEqual(
      graph.links.map(({ pair }) => {
        const [a, b] = [truth.get(pair.a) ?? translation(NaN, 0), truth.get(pair.b) ?? translation(NaN, 0)];
        return { pair, bFromA: composeAffine(invertAffine(b), a) };
      }),
    );
  });

  it('counts what is known as done, and does not ask for it again', async () => {
    const { heard, context } = contextOf();
    const known = new Map([[keys[2], overlapOf(graph.links[2].pair)]]);
    const asked: string[] = [];
    const found = await refineOverlaps(
      graph.links,
      report,
      async ({ pair }) => {
        asked.push(pairKey(pair));
        return overlapOf(pair);
      },
      known,
      1,
      context,
    );
    expect(asked).toEqual([keys[0], keys[1], keys[3]]);
    expect(found.map(({ pair }) => pairKey(pair))).toEqual(keys);
    expect(heard.map(({ stage, done, total }) => [stage, done, total])).toEqual(
      [1, 2, 3, 4].map((done) => ['refine', done, 4]),
    );
    expect(heard[0].note).toBeUndefined();
    expect(heard[1].note).toBe(`${graph.links[0].pair.a} – ${graph.links[0].pair.b}`);
  });

  it.each([
    [1, 1],
    [3, 3],
    [99, 4],
    [0, 1],
  ])('with a concurrency of %d looks at %d at a time', async (concurrency, most) => {
    let [open, highest] = [0, 0];
    const { context } = contextOf();
    await refineOverlaps(
      graph.links,
      report,
      async ({ pair }) => {
        highest = Math.max(highest, ++open);
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        open--;
        return overlapOf(pair);
      },
      new Map(),
      concurrency,
      context,
    );
    expect(highest).toBe(most);
  });

  it('passes over links of tiles without a place', async () => {
    const some = new Map([...truth].filter(([id]) => id !== graph.links[0].pair.a));
    const { heard, context } = contextOf();
    const placed = { mosaicFromTile: some } as unknown as SolveReport;
    const found = await refineOverlaps(graph.links, placed, async ({ pair }) => overlapOf(pair), new Map(), 2, context);
    expect(found.length).toBe(2);
    expect(heard.at(-1)).toMatchObject({ done: 2, total: 2 });
  });

  it('ends at the first failure: nobody takes another overlap', async () => {
    let asked = 0;
    const { context } = contextOf();
    const failing = refineOverlaps(
      graph.links,
      report,
      async () => {
        asked++;
        throw new Error('the disk is gone');
      },
      new Map(),
      1,
      context,
    );
    await expect(failing).rejects.toThrow('the disk is gone');
    await Promise.resolve();
    expect(asked).toBe(1);
  });

  it('hears an abort before each overlap and at the end', async () => {
    const aborter = new AbortController();
    let asked = 0;
    const run = (links: typeof graph.links) =>
      refineOverlaps(
        links,
        report,
        async ({ pair }) => {
          asked++;
          aborter.abort();
          return overlapOf(pair);
        },
        new Map(),
        1,
        contextOf(aborter.signal).context,
      );
    await expect(run(graph.links)).rejects.toMatchObject({ name: 'AbortError' });
    expect(asked).toBe(1);
    await expect(run([])).rejects.toMatchObject({ name: 'AbortError' });
  });
});
