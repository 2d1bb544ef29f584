import type { OddTile, PairOutcome } from '../../core/diagnosis/tile-orientation.ts';
import { effectOf, withExtraPairs, type TileMasks } from '../../core/edits/edit-effect.ts';
import { masksOfPair } from '../../core/edits/pair-masks.ts';
import { measuredPairs, solutionError } from '../../core/edits/solution-error.ts';
import { isAbort, StitchError } from '../../core/errors.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import type { PairResult } from '../../core/matching/link.ts';
import { pairCacheKey } from '../../core/matching/pair-cache-key.ts';
import type { StitchOptions } from '../../core/options.ts';
import type { RunContext } from '../../core/progress.ts';
import {
  poseGraphOf,
  resolve,
  stitch,
  type StitchInput,
  type StitchResult,
  type StitchSteps,
} from '../../core/stitch.ts';
import { proposePairs } from '../../core/tiles/pairing.ts';
import { pairKey, type TileId, type TilePair } from '../../core/tiles/tile.ts';
import type { MatcherStatus, ModelSource, StitchClient } from '../../../workers/protocol.ts';
import { countText } from '../../core/count-text.ts';
import { relativeToDrop } from '../state/dropped-files.ts';
import { withError } from '../state/job.ts';
import type { ProjectState } from '../state/project.ts';
import { stalenessOf, type RunChange, type StitchRun } from '../state/result.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import { tileName } from '../viewer/tile-name.ts';
import type { Foreground, JobContext } from './foreground.ts';
import type { FileIdentities } from './file-identities.ts';
import type { PairCache } from './pair-cache.ts';
import { lightGraph, lightLinks, warmSolver, type GraphSubject } from './warm-solver.ts';

export interface StitchRunDeps {
  readonly store: AppStore;
  readonly client: StitchClient;
  readonly foreground: Foreground;
  readonly cache: PairCache;
  readonly identities: FileIdentities;
  /** The bundle that comes with the app. */
  readonly embeddedModel: ModelSource;
  readonly now: () => number;
}

/** Runs and what follows an edit of a finished one. */
export interface StitchRuns {
  readonly stitch: () => Promise<void>;
  /** Brings a finished run up to the project's decisions with the least work: nothing, a render, a solve. */
  readonly reconcile: () => Promise<void>;
  /** Sets the contrast from the values seen in `rect`. */
  readonly autoDisplay: (rect: Rect, scale: number) => Promise<void>;
}

/** Long side of the overview that the first contrast is taken from, px. */
const overviewSide = 512;

export function stitchRuns({
  store,
  client,
  foreground,
  cache,
  identities,
  embeddedModel,
  now,
}: StitchRunDeps): StitchRuns {
  let loaded: { readonly matcher: string; readonly model: ModelSource | null; readonly status: MatcherStatus } | null =
    null;

  const loadMatcher = async ({ edits, ownModel }: ProjectState, { signal, onProgress }: JobContext) => {
    const { matcher } = edits.options;
    const model = matcher === 'loftr' ? (ownModel ?? embeddedModel) : null;
    if (loaded?.matcher === matcher && loaded.model === model) return loaded.status;
    loaded = null;
    const status = await onLiveWorker(signal, () => client.loadMatcher({ matcher, model }, signal, onProgress));
    signal.throwIfAborted();
    loaded = { matcher, model, status };
    updateSlice(store, 'job', (job) => ({ ...job, matcher: status }));
    return status;
  };

  /** What the matcher runs on now: a lost device steps it down in the middle of a run. */
  const showMatcher = () => {
    const { matcherStatus } = client;
    if (matcherStatus && store.getState().job.matcher !== matcherStatus)
      updateSlice(store, 'job', (job) => ({ ...job, matcher: matcherStatus }));
  };

  const solver = warmSolver(client);
  let oddTiles: readonly OddTile[] = [];

  /** Steps of `stitch()` as calls to the workers; `keep` receives every finished pair. */
  const stepsOf = (
    { masksOf, subject, options }: StepSubject,
    context: JobContext,
    keep: StitchSteps['onPair'],
  ): StitchSteps => ({
    matchPair: async (pair) => {
      const masks = masksOf(pair) ?? undefined;
      const result = await onLiveWorker(context.signal, () =>
        client.matchPair(pair, options.pair, context.signal, masks),
      );
      return masks ? namingMasks(result, masks) : result;
    },
    solve: firstThen(
      (graph, solveOptions) => solver.solve(subject, graph, solveOptions, context),
      (graph, solveOptions) => client.solve(lightGraph(graph), solveOptions, context.signal, context.onProgress),
    ),
    refine: (request) => onLiveWorker(context.signal, () => client.refine(request, context.signal)),
    solveElastic: (request) => client.solveElastic(request, context.signal, context.onProgress),
    // An edit moves tiles, their files stay as they are.
    findOddTiles: async (pairs) => {
      if (!subject) oddTiles = await client.findOddTiles(pairs.map(outcomeOf), context.signal);
      return oddTiles;
    },
    recommend: (request) => client.recommend(request, context.signal),
    estimateShading: (request) =>
      client.estimateShading({ ...request, links: lightLinks(request.links) }, context.signal, context.onProgress),
    solveTones: (links) => client.solveTones(lightLinks(links), context.signal),
    concurrency: client.matchConcurrency,
    onPair: keep,
  });

  /** Shows a finished run: workers first, then the store, so that no one asks for chunks of the old mosaic. */
  const show = async (run: StitchRun, context: JobContext, isFirst: boolean) => {
    const { mosaic } = run.outcome;
    context.onProgress({ stage: 'compose', done: 0, total: 1 });
    await client.showMosaic(mosaic, run.options.compose);
    context.signal.throwIfAborted();
    const shown = () => updateSlice(store, 'result', ({ revision }) => ({ run, revision: revision + 1 }));
    try {
      if (isFirst) await readDisplay(mosaic.bounds, overviewScale(mosaic.bounds), context.signal);
    } catch (error) {
      // A tile that cannot be read for the picture is told by its name: what was found is there all the same.
      if (isUnreadable(error) && !context.signal.aborted) shown();
      throw error;
    }
    shown();
  };

  const readDisplay = async (rect: Rect, scale: number, signal: AbortSignal) => {
    if (rect.width < 1 || rect.height < 1) return;
    const { low, high } = await client.statistics(rect, scale, signal);
    signal.throwIfAborted();
    updateSlice(store, 'view', (view) => ({
      ...view,
      display: { ...view.display, low, high: high > low ? high : low + 1 },
    }));
  };

  const stitchProject = async (project: ProjectState, context: JobContext, former: StitchRun | null = null) => {
    const startedAt = now();
    const { tiles, ownModel } = project;
    const { layout, options, excluded, corrections } = project.edits;
    if (!layout)
      throw new StitchError(
        'layout-unknown',
        'The layout is not known yet. Give a name pattern, or rows, columns and the scan order, then press Stitch again.',
      );
    const matcher = await loadMatcher(project, context);
    const masksOf = masksByPair(project);
    const keyOf = cacheKeys(project, matcher, masksOf, await identityByPath(project, context.signal));
    const proposed = withExtraPairs(proposePairs(layout, tiles), effectOf(corrections).extraPairs);
    const results = await cache.get(proposed.map(keyOf));
    context.signal.throwIfAborted();
    const known = new Map(results.flatMap((result) => (result ? [[pairKey(result.pair), result] as const] : [])));
    const input: StitchInput = { tiles, layout, options, known, excluded, edits: corrections };
    let matchedPairs = 0;
    const steps = stepsOf({ masksOf, subject: null, options }, context, (result) => {
      matchedPairs++;
      context.keepPair();
      showMatcher();
      // A file that could not be read may be readable next time.
      if (result.kind === 'link' || result.reason !== 'read-failed') cache.put(keyOf(result.pair), result);
    });
    const outcome = await stitch(input, steps, runContext(context));
    solver.adopt({ pairs: outcome.pairs, tiles, layout });
    const elapsedMs = now() - startedAt;
    // A lost device steps the matcher down in the middle of a run: say what it ran on in the end.
    const ranOn = client.matcherStatus ?? matcher;
    showMatcher();
    const change = former && changeOf(former, outcome, input, project.lastStep, elapsedMs);
    const counts = { matchedPairs, knownPairs: outcome.pairs.length - matchedPairs, elapsedMs };
    const decisions = { tiles, layout, ownModel, options, excluded, corrections };
    await show({ ...decisions, change, matcher: ranOn, outcome, ...counts }, context, former === null);
    return noteOf(outcome, counts.knownPairs);
  };

  const identityByPath = async (project: ProjectState, signal: AbortSignal) => {
    const files = relativeToDrop(project.files);
    const found = await identities.of(files, signal);
    signal.throwIfAborted();
    return new Map(files.map(({ path }, k) => [path, found[k]]));
  };

  const resolveRun = async (run: StitchRun, project: ProjectState, context: JobContext) => {
    const startedAt = now();
    const { tiles, layout } = run;
    const { pairs } = run.outcome;
    const { options, excluded, corrections } = project.edits;
    const knownRefined = new Map(run.outcome.refined?.map((overlap) => [pairKey(overlap.pair), overlap]));
    const input: StitchInput = {
      tiles,
      layout,
      options,
      known: new Map(),
      knownRefined,
      ...(run.outcome.shading ? { knownShading: run.outcome.shading } : {}),
      excluded,
      edits: corrections,
    };
    const subject = { pairs, tiles, layout };
    const steps = stepsOf({ masksOf: () => null, subject, options }, context, () => undefined);
    const outcome = await resolve(input, pairs, steps, runContext(context));
    const change = changeOf(run, outcome, input, project.lastStep, now() - startedAt);
    await show({ ...run, options, excluded, corrections, change, outcome }, context, false);
    return noteOf(outcome, 0);
  };

  const recompose = async (run: StitchRun, { edits }: ProjectState) => {
    try {
      await client.showMosaic(run.outcome.mosaic, edits.options.compose);
      updateSlice(store, 'result', (result) =>
        result.run === run
          ? { run: { ...run, options: edits.options }, revision: result.revision + 1 }
          : { ...result, revision: result.revision + 1 },
      );
    } catch (error) {
      updateSlice(store, 'job', (job) => withError(job, error));
    }
  };

  const reconcile = async () => {
    const { project, result, job } = store.getState();
    const { current } = job;
    // A re-solve is replaced by a newer one; anything else that runs is followed by a reconcile.
    if (!result.run || (current.kind === 'running' && current.task !== 'resolve')) return;
    const run = result.run;
    switch (stalenessOf(run, project)) {
      case 'solve':
        if (await foreground.run('resolve', (context) => resolveRun(run, project, context))) await reconcile();
        return;
      case 'rematch':
        if (await foreground.run('stitch', (context) => stitchProject(project, context, run))) await reconcile();
        return;
      case 'compose':
        return recompose(run, project);
      case 'current':
        // The edit that a running re-solve was for has been taken back.
        if (current.kind === 'running') foreground.reset();
        return;
      case 'match':
        return;
    }
  };

  return {
    async stitch() {
      const { project } = store.getState();
      await foreground.run('stitch', (context) => stitchProject(project, context));
      await reconcile();
    },
    reconcile,
    async autoDisplay(rect, scale) {
      try {
        await readDisplay(rect, scale, new AbortController().signal);
      } catch (error) {
        updateSlice(store, 'job', (job) => withError(job, error));
      }
    },
  };
}

/**
 * A worker that is still deaf from a cancelled run is replaced while the next run already waits for it: that run's call
 * ends as aborted though nobody aborted it, and is made again on the fresh worker.
 */
async function onLiveWorker<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isAbort(error) || signal.aborted) throw error;
    return call();
  }
}

/** A pair without its matches: all that another thread needs to know of it. */
function outcomeOf({ kind, pair, reason }: PairOutcome): PairOutcome {
  return { kind, pair, ...(reason ? { reason } : {}) };
}

/** A pair that was rejected under masks says so: what is not seen may be what was painted over, not an empty tile. */
function namingMasks(result: PairResult, masks: TileMasks): PairResult {
  if (result.kind === 'link' || result.reason === 'read-failed') return result;
  const names = [...masks.keys()].map(tileName).join(' and ');
  const detail =
    `Under the mask of ${names}: ${result.detail} ` +
    'Make the mask smaller or switch it off in the corrections, or set landmarks on this pair.';
  return { ...result, detail };
}

function isUnreadable(error: unknown): boolean {
  return error instanceof StitchError && error.code === 'unreadable-file';
}

/** What the steps of a run depend on besides their arguments. */
interface StepSubject {
  readonly options: StitchOptions;
  /** Masks that a pair is matched under; null for none. */
  readonly masksOf: (pair: TilePair) => TileMasks | null;
  /** What the graph is made from; null while its pairs are not known. */
  readonly subject: GraphSubject | null;
}

/** `first` for the first call and `then` for the later ones: only the graph as it was matched is kept open for edits. */
function firstThen<A extends readonly unknown[], R>(first: (...args: A) => R, then: (...args: A) => R) {
  let isFirst = true;
  return (...args: A): R => {
    const call = isFirst ? first : then;
    isFirst = false;
    return call(...args);
  };
}

/** The cache key of a pair in this project under this matcher. */
function cacheKeys(
  project: ProjectState,
  matcher: MatcherStatus,
  masksOf: (pair: TilePair) => TileMasks | null,
  identityOfFile: ReadonlyMap<string, string>,
): (pair: TilePair) => string {
  const identityOfTile = new Map(project.tiles.map((tile) => [tile.id, identityOfFile.get(tile.file) ?? tile.file]));
  return (pair) => {
    const masks = masksOf(pair);
    const identityOf = (tile: TileId) => {
      const identity = identityOfTile.get(tile) ?? tile;
      const mask = masks?.get(tile);
      // Other pixels are seen through another mask.
      return mask ? `${identity}|masked ${JSON.stringify(mask)}` : identity;
    };
    return pairCacheKey({
      pair,
      files: [identityOf(pair.a), identityOf(pair.b)],
      matcher: matcher.matcher,
      modelSha256: matcher.modelSha256,
      options: project.edits.options.pair,
    });
  };
}

/** The masks that each pair is matched under. */
function masksByPair({ tiles, edits }: ProjectState): (pair: TilePair) => TileMasks | null {
  const { matchingMasks } = effectOf(edits.corrections);
  if (matchingMasks.size === 0) return () => null;
  const sizes = new Map(tiles.map(({ id, size }) => [id, size]));
  return (pair) => masksOfPair(pair, matchingMasks, (tile) => sizes.get(tile), edits.options.pair.marginFraction);
}

/** The error of the former and of the new poses over the measurements that count now. */
function changeOf(
  former: StitchRun,
  { pairs, report }: StitchResult,
  input: StitchInput,
  label: string,
  solveMs: number,
): RunChange {
  const measured = measuredPairs(poseGraphOf(input, pairs), report);
  return {
    label,
    before: solutionError(measured, former.outcome.report.mosaicFromTile),
    after: solutionError(measured, report.mosaicFromTile),
    solveMs,
  };
}

function runContext({ signal, onProgress }: JobContext): RunContext {
  return { signal, onProgress, yieldNow: () => new Promise((done) => setTimeout(done)) };
}

function overviewScale({ width, height }: Rect): number {
  return Math.min(1, overviewSide / Math.max(1, width, height));
}

/** One line for the user: what holds the mosaic together, and what did not need to be matched. */
function noteOf({ pairs, report }: StitchResult, knownPairs: number): string {
  const links = report.edges.filter(({ removed }) => !removed).length;
  const solved = [...report.state.values()].filter((state) => state === 'solved').length;
  const known = knownPairs > 0 ? `, ${knownPairs} known already` : '';
  const [joined, asked] = [countText(links, 'link'), countText(pairs.length, 'pair')];
  return `${joined} of ${asked}${known}; ${solved} of ${report.state.size} tiles solved`;
}
