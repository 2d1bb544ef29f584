import { apartPairs, deviceTestPlan, judgeDeviceTest, type DeviceTest } from '../../core/evaluation/device-test.ts';
import type { PairResult } from '../../core/matching/link.ts';
import { defaultStitchOptions, type StitchOptions } from '../../core/options.ts';
import type { OnProgress } from '../../core/progress.ts';
import { stitch, type StitchResult, type StitchSteps } from '../../core/stitch.ts';
import { tileGridOf, type SyntheticGridPlan } from '../../core/synthesis/synthetic-grid.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import type { MatcherChoice, MatcherStatus, StitchClient } from '../../../workers/protocol.ts';
import type { CheckedDevice } from '../state/job.ts';
import type { Foreground, JobContext } from './foreground.ts';
import { lightGraph, lightLinks } from './warm-solver.ts';

/** Output px of the picture per px of the mosaic. */
const pictureScale = 0.25;

export interface DeviceCheckDeps {
  readonly foreground: Foreground;
  /** Workers of the check's own: those of the project keep their files, their matcher and their mosaic. */
  readonly spareClient: () => StitchClient;
  /** Milliseconds of a clock that only grows. */
  readonly now: () => number;
}

/**
 * Stitches a small grid with known truth on this device, from files to the picture, in workers that are ended after it.
 * Nothing of it is kept but what it found: no pair goes to the cache, no project is stored.
 */
export async function checkDevice(
  { foreground, spareClient, now }: DeviceCheckDeps,
  choice: MatcherChoice,
  keep: (found: CheckedDevice) => void,
): Promise<void> {
  await foreground.run('evaluate', async (context) => {
    const client = spareClient();
    try {
      const found = await stitchTestGrid(client, choice, now, context);
      context.signal.throwIfAborted();
      keep(found);
      return `Checked on ${found.report.tiles} tiles and ${found.report.pairs + found.report.apartPairs} pairs`;
    } finally {
      client.dispose();
    }
  });
}

async function stitchTestGrid(
  client: StitchClient,
  choice: MatcherChoice,
  now: () => number,
  context: JobContext,
): Promise<CheckedDevice> {
  const { signal, onProgress } = context;
  const startedAt = now();
  const plan = deviceTestPlan();
  // On threads of their own; the bar counts the tiles.
  const [tiles, loaded] = await Promise.all([
    openGrid(client, context),
    client.loadMatcher(choice, signal, () => undefined),
  ]);
  const options = { ...defaultStitchOptions, matcher: choice.matcher };
  // First, and one after the other: they also warm up what compiles at the first pair.
  const apart = await matchApart(client, plan, options, context);
  const timed = timedSteps(client, options, now, context);
  const outcome = await stitch(
    { tiles, layout: tileGridOf(plan), options, known: new Map(), excluded: new Set() },
    timed.steps,
    {
      signal,
      onProgress: behind(apart.length, onProgress),
      yieldNow: () => new Promise((done) => setTimeout(done)),
    },
  );
  const picture = await pictureOf(client, outcome, options, context);
  const measured = { matchMs: timed.matchMs() / outcome.pairs.length, elapsedMs: now() - startedAt };
  const report: DeviceTest = judgeDeviceTest(plan, {
    pairs: outcome.pairs,
    report: outcome.report,
    apart,
    ...measured,
  });
  // A lost device steps the matcher down in the middle of the check: say what it ran on in the end.
  const matcher: MatcherStatus = client.matcherStatus ?? loaded;
  return { report, matcher, picture };
}

/** Makes the files of the grid and opens them as any dropped folder is opened. */
async function openGrid(client: StitchClient, { signal, onProgress }: JobContext): Promise<readonly Tile[]> {
  const { files } = await client.makeTestGrid(signal, onProgress);
  const { tiles } = await client.inspect(files, signal, () => undefined);
  const fileOf = new Map(files.map(({ path, file }) => [path, file]));
  const sources = tiles.flatMap((tile) => {
    const file = fileOf.get(tile.file);
    return file ? [{ tile, file }] : [];
  });
  signal.throwIfAborted();
  onProgress({ stage: 'match', done: 0, total: 1, note: 'Loading the matcher' });
  await client.openProject(sources);
  return tiles;
}

async function matchApart(
  client: StitchClient,
  plan: SyntheticGridPlan,
  { pair: options }: StitchOptions,
  { signal, onProgress }: JobContext,
): Promise<readonly PairResult[]> {
  const pairs = apartPairs(plan);
  const total = pairs.length + tileGridPairs(plan);
  const results: PairResult[] = [];
  for (const pair of pairs) {
    onProgress({ stage: 'match', done: results.length, total, note: 'tiles that share nothing' });
    results.push(await client.matchPair(pair, options, signal));
  }
  return results;
}

/** Neighbours of a full grid. */
function tileGridPairs({ rows, columns }: SyntheticGridPlan): number {
  return rows * (columns - 1) + columns * (rows - 1);
}

/** Progress of matching that comes after `before` other pairs. */
function behind(before: number, onProgress: OnProgress): OnProgress {
  return (progress) =>
    onProgress(
      progress.stage === 'match'
        ? { ...progress, done: progress.done + before, total: progress.total + before }
        : progress,
    );
}

/** Steps of `stitch()` as calls to the workers, and the wall time from the first pair's start to the last one's end. */
function timedSteps(
  client: StitchClient,
  options: StitchOptions,
  now: () => number,
  { signal, onProgress }: JobContext,
): { readonly steps: StitchSteps; readonly matchMs: () => number } {
  let [first, last] = [Infinity, -Infinity];
  const steps: StitchSteps = {
    async matchPair(pair) {
      first = Math.min(first, now());
      const result = await client.matchPair(pair, options.pair, signal);
      last = Math.max(last, now());
      return result;
    },
    solve: (graph, solveOptions) => client.solve(lightGraph(graph), solveOptions, signal, onProgress),
    solveTones: (links) => client.solveTones(lightLinks(links), signal),
    concurrency: client.matchConcurrency,
    onPair: () => undefined,
  };
  return { steps, matchMs: () => last - first };
}

/** The mosaic, small. */
async function pictureOf(
  client: StitchClient,
  { mosaic }: StitchResult,
  { compose }: StitchOptions,
  { signal, onProgress }: JobContext,
): Promise<ImageBitmap> {
  onProgress({ stage: 'compose', done: 0, total: 1 });
  await client.showMosaic(mosaic, compose);
  const { low, high } = await client.statistics(mosaic.bounds, pictureScale, signal);
  const display = { low, high: high > low ? high : low + 1, gamma: 1, invert: false };
  return client.renderChunk({ rect: mosaic.bounds, scale: pictureScale, display }, signal);
}
