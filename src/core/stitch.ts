import type { GainOffset } from './photometry/gain-offset.ts';
import { graphEdits } from './edits/apply-edits.ts';
import { effectOf, withExtraPairs } from './edits/edit-effect.ts';
import type { EditList } from './edits/edit.ts';
import { editedMosaic } from './edits/edited-mosaic.ts';
import { StitchError } from './errors.ts';
import { bendWarnings, stiffnessWarnings } from './diagnosis/bend-sentences.ts';
import { oddTileSentence, type OddTile, type PairOutcome } from './diagnosis/tile-orientation.ts';
import { smoothMisfitPx } from './diagnosis/smooth-misfit.ts';
import type { Recommendation } from './diagnosis/recommend-transform.ts';
import type { ElasticFit, ElasticReport } from './elastic/solve-elastic-graph.ts';
import type { PoseGraph, SolveOptions, SolveReport } from './graph/pose-graph.ts';
import type { Link, PairResult } from './matching/link.ts';
import type { Mosaic } from './mosaic/mosaic.ts';
import type { StitchOptions } from './options.ts';
import type { ShadingEstimate, ShadingRequest } from './photometry/estimate-shading.ts';
import { unshadedLinks } from './photometry/unshaded-links.ts';
import type { RunContext } from './progress.ts';
import type { RefinedOverlap } from './refine/refined-overlap.ts';
import { refinedLinks } from './refine/refined-links.ts';
import { refineOverlaps } from './refine/refine-overlaps.ts';
import type { OverlapRequest } from './refine/refine-overlaps.ts';
import { warningsOf } from './solution-warnings.ts';
import { nominalPriors } from './tiles/nominal-poses.ts';
import { proposePairs } from './tiles/pairing.ts';
import { pairKey, type Layout, type Tile, type TileId, type TilePair } from './tiles/tile.ts';

export interface StitchInput {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly options: StitchOptions;
  /** Pair results of earlier runs under the same options, by `pairKey`: these pairs are not matched again. */
  readonly known: ReadonlyMap<string, PairResult>;
  /** Patches of an earlier run over the same pixels, by `pairKey`: these overlaps are not refined again. */
  readonly knownRefined?: ReadonlyMap<string, RefinedOverlap>;
  /** Shading of an earlier run over the same pixels: it is not estimated again. */
  readonly knownShading?: ShadingEstimate;
  /** Keys of the links that the user excluded. */
  readonly excluded: ReadonlySet<string>;
  /** What else the user corrected by hand. */
  readonly edits?: EditList;
}

/** The heavy steps: remote calls to workers in the browser, direct calls in Node and in a test. */
export interface StitchSteps {
  matchPair(pair: TilePair): Promise<PairResult>;
  solve(graph: PoseGraph, options: SolveOptions): Promise<SolveReport>;
  /** Aligns the patches of one overlap; needed when `options.solve.refine` or `.elastic` is set. */
  refine?(request: OverlapRequest): Promise<RefinedOverlap | null>;
  /** Bends the tiles from a solved graph; needed when `options.solve.elastic` is set. */
  solveElastic?(request: ElasticRequest): Promise<ElasticReport>;
  /** Which transform would do, from refined overlaps; the result says nothing of it when absent. */
  recommend?(request: RecommendRequest): Promise<Recommendation | null>;
  /** Estimates the shading that all tiles share; needed when `options.shading` is `estimate`. */
  estimateShading?(request: ShadingRequest): Promise<ShadingEstimate>;
  solveTones(links: readonly Link[]): Promise<ReadonlyMap<TileId, GainOffset>>;
  /** Tiles that seem to be mirrored, turned or reversed, from pairs that found no motion; nothing is said of it when absent. */
  findOddTiles?(pairs: readonly PairOutcome[]): Promise<readonly OddTile[]>;
  /** How many pairs may be in flight at once. */
  readonly concurrency: number;
  /** Called as each pair finishes, so that a caller can keep it. */
  onPair(result: PairResult): void;
}

/** All that bends tiles: the graph, its affine solution and the patches of its overlaps. */
export interface ElasticRequest {
  readonly graph: PoseGraph;
  readonly start: SolveReport;
  readonly refined: readonly RefinedOverlap[];
}

/** All that tells transforms apart. */
export interface RecommendRequest {
  readonly graph: PoseGraph;
  readonly refined: readonly RefinedOverlap[];
  readonly options: SolveOptions;
}

/** Every transform is solved for a recommendation: of more tiles than this it would keep the user waiting. */
const mostTilesToCompare = 150;

export interface StitchResult {
  /** Every proposed pair, sorted by key. */
  readonly pairs: readonly PairResult[];
  /** Patches of the linked overlaps, when the run refined them. */
  readonly refined?: readonly RefinedOverlap[];
  /** The simplest transform that explains the patches, with the numbers of all; never chosen silently. */
  readonly recommendation?: Recommendation;
  readonly report: SolveReport;
  /** How well the bent tiles meet and how much they bend, when the run bent them. */
  readonly bend?: ElasticFit;
  readonly tones: ReadonlyMap<TileId, GainOffset>;
  /** What was found of the shading, when the options ask for it. */
  readonly shading?: ShadingEstimate;
  readonly mosaic: Mosaic;
  /** Whole sentences for the user. */
  readonly warnings: readonly string[];
}

/**
 * The pipeline: pairs → links → poses → tones → mosaic. No raster ever reaches the thread this runs on.
 * The same pair results give the same solution whatever the order of completion.
 * @throws StitchError `one-tile` with fewer than two tiles; what a step throws; an abort is rethrown.
 */
export async function stitch(input: StitchInput, steps: StitchSteps, context: RunContext): Promise<StitchResult> {
  if (input.tiles.length < 2)
    throw new StitchError('one-tile', 'A mosaic needs at least two tiles; add the neighbours of this one.');
  const { extraPairs } = effectOf(input.edits ?? []);
  const proposed = withExtraPairs(proposePairs(input.layout, input.tiles), knownTiles(extraPairs, input.tiles));
  const pairs = await matchPairs(proposed, input.known, steps, context);
  return resolve(input, pairs, steps, context);
}

function knownTiles(pairs: readonly TilePair[], tiles: readonly Tile[]): readonly TilePair[] {
  const known = new Set(tiles.map(({ id }) => id));
  return pairs.filter(({ a, b }) => known.has(a) && known.has(b));
}

/** The pipeline from finished pairs on: what an exclusion, a new transform or a new layout prior needs. */
export async function resolve(
  input: StitchInput,
  pairs: readonly PairResult[],
  steps: StitchSteps,
  context: RunContext,
): Promise<StitchResult> {
  const { tiles, layout, options } = input;
  const effect = effectOf(input.edits ?? []);
  const edited = poseGraphOf(input, pairs);
  const { report, refined, bend } = await solveGraph(edited, input, steps, context);
  const graph = withoutExcluded(edited);
  context.signal.throwIfAborted();
  const recommendation =
    refined && steps.recommend && graph.nodes.length <= mostTilesToCompare
      ? await steps.recommend({ graph, refined, options: options.solve })
      : null;

  const odd = (await steps.findOddTiles?.(pairs)) ?? [];

  context.onProgress({ stage: 'photometry', done: 0, total: 1 });
  const trusted = trustedLinks(graph.links, report);
  const shading = await shadingOf(input, trusted, report, steps);
  const tones = await steps.solveTones(unshadedLinks(trusted, tiles, shading?.field));
  context.onProgress({ stage: 'photometry', done: 1, total: 1 });

  const { topmost } = options.compose;
  const evened = editedMosaic({ tiles, layout, topmost, effect }, report, tones);
  const mosaic = shading?.field ? { ...evened, shading: shading.field } : evened;
  return {
    pairs,
    ...(refined ? { refined } : {}),
    ...(recommendation ? { recommendation } : {}),
    report,
    ...(bend ? { bend } : {}),
    tones,
    ...(shading ? { shading } : {}),
    mosaic,
    warnings: [...odd.map(oddTileSentence), ...warningsOf(pairs, report), ...flexureWarnings(pairs, report, bend)],
  };
}

/** What to know of tiles that were bent, or that would have to be. */
function flexureWarnings(
  pairs: readonly PairResult[],
  report: SolveReport,
  bend: ElasticFit | undefined,
): readonly string[] {
  return bend ? bendWarnings(bend) : stiffnessWarnings(smoothMisfitPx(pairs, report));
}

/** The graph of finished pairs: every tile of the layout, every link, and what the user says of them. */
export function poseGraphOf(
  { tiles, layout, excluded, edits }: Pick<StitchInput, 'tiles' | 'layout' | 'excluded' | 'edits'>,
  pairs: readonly PairResult[],
): PoseGraph {
  const links = pairs.filter((result): result is Link => result.kind === 'link');
  const priors = nominalPriors(layout, tiles);
  const nodes = tiles.flatMap((tile) => {
    const prior = priors.get(tile.id);
    return prior ? [{ id: tile.id, size: tile.size, prior }] : [];
  });
  const effect = effectOf(edits ?? []);
  if (excluded.size === 0 && (edits ?? []).length === 0) return { nodes, links };
  const all = { ...effect, excluded: new Set([...effect.excluded, ...excluded]) };
  return { nodes, links, edits: graphEdits({ nodes, links }, all) };
}

/** The graph without the links that the edits leave out: for the steps that know of no edits. */
function withoutExcluded({ nodes, links, edits }: PoseGraph): PoseGraph {
  if (!edits) return { nodes, links };
  return { nodes, links: links.filter(({ pair }) => !edits.excludedLinks.has(pairKey(pair))) };
}

/** The first solve from the matches, and the second from patches aligned about the first, where the options ask for it. */
async function solveGraph(
  graph: PoseGraph,
  { options: { solve: options }, knownRefined }: StitchInput,
  steps: StitchSteps,
  context: RunContext,
): Promise<Pick<StitchResult, 'report' | 'refined' | 'bend'>> {
  const isElastic = options.elastic === true;
  const first = withoutExcludedEdges(await steps.solve(graph, isElastic ? { ...options, model: 'affine' } : options));
  if (!isElastic && options.refine !== true) return { report: first };
  if (!steps.refine || !steps.solveElastic)
    throw new StitchError('bad-options', 'Refinement and the elastic transform are not available here.');
  const refine = steps.refine.bind(steps);
  const known = knownRefined ?? new Map<string, RefinedOverlap>();
  const { nodes, links } = withoutExcluded(graph);
  const refined =
    options.refine === false ? [] : await refineOverlaps(links, first, refine, known, steps.concurrency, context);
  if (!isElastic) {
    const again = await steps.solve({ ...graph, links: refinedLinks(graph.links, refined) }, options);
    return { report: withoutExcludedEdges(again), refined };
  }
  const { elastic, ...bent } = await steps.solveElastic({ graph: { nodes, links }, start: first, refined });
  return { report: withoutExcludedEdges(bent), refined, bend: elastic };
}

/** An excluded link is no part of the solution: only what was asked of the solver is reported. */
function withoutExcludedEdges<R extends SolveReport>(report: R): R {
  return { ...report, edges: report.edges.filter(({ excluded }) => excluded !== true) };
}

/** Matches what is not known yet, `steps.concurrency` pairs at a time, and returns all results sorted by key. */
async function matchPairs(
  proposed: readonly TilePair[],
  known: ReadonlyMap<string, PairResult>,
  steps: StitchSteps,
  { signal, onProgress }: RunContext,
): Promise<readonly PairResult[]> {
  const results = new Map<string, PairResult>();
  const queue: TilePair[] = [];
  for (const pair of proposed) {
    const result = known.get(pairKey(pair));
    if (result) results.set(pairKey(pair), result);
    else queue.push(pair);
  }
  const report = (note?: string) =>
    onProgress({ stage: 'match', done: results.size, total: proposed.length, ...(note ? { note } : {}) });
  report();
  let next = 0;
  const drain = async () => {
    while (next < queue.length) {
      signal.throwIfAborted();
      const pair = queue[next++];
      const result = await steps.matchPair(pair).catch((error: unknown) => {
        next = queue.length; // the run has failed: nobody takes another pair
        throw error;
      });
      results.set(pairKey(pair), result);
      steps.onPair(result);
      report(`${pair.a} – ${pair.b}`);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(steps.concurrency, queue.length)) }, drain));
  signal.throwIfAborted();
  return [...results].sort(([p], [q]) => (p < q ? -1 : 1)).map(([, result]) => result);
}

/** The shading that the options ask for; null for none. */
async function shadingOf(
  { tiles, options, knownShading }: StitchInput,
  links: readonly Link[],
  report: SolveReport,
  steps: StitchSteps,
): Promise<ShadingEstimate | null> {
  if (options.shading !== 'estimate') return null;
  if (knownShading) return knownShading;
  if (!steps.estimateShading) throw new StitchError('bad-options', 'Shading cannot be estimated here; switch it off.');
  return steps.estimateShading({ tiles, links, report });
}

/** Links that the solver kept: a removed link says nothing about brightness either. */
function trustedLinks(links: readonly Link[], report: SolveReport): readonly Link[] {
  const removed = new Set(report.edges.filter((edge) => edge.removed).map((edge) => edge.pairKey));
  return links.filter((link) => !removed.has(pairKey(link.pair)));
}
