import { composeAffine, determinant, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { solvePoseGraph } from '../graph/solve.ts';
import { linkMoments } from '../matching/link-moments.ts';
import type { Link, PairResult, TransformModel } from '../matching/link.ts';
import { matchPair } from '../matching/match-pair.ts';
import type { Correspondences, Matcher } from '../matching/matcher.ts';
import type { Strip } from '../matching/overlap-intensities.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import { defaultStitchOptions } from '../options.ts';
import type { StitchOptions } from '../options.ts';
import { solveTones } from '../photometry/solve-tones.ts';
import type { RunContext } from '../progress.ts';
import { lumaOf } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import { stitch } from '../stitch.ts';
import { nominalPriors } from '../tiles/nominal-poses.ts';
import { overlapStrips } from '../tiles/overlap-strips.ts';
import { proposePairs } from '../tiles/pairing.ts';
import { pairKey } from '../tiles/tile.ts';
import type { Layout, Tile, TileId, TilePair, TileReader } from '../tiles/tile.ts';
import { cornerDistances } from './corner-errors.ts';
import { evaluatePair, referenceConsensus, roundedCorners } from './evaluate-pair.ts';
import type { EvaluatedTile } from './evaluate-pair.ts';
import { mosaicLikeness, sourceLikeness } from './mosaic-likeness.ts';
import type { MosaicParts, Poses } from './mosaic-likeness.ts';
import type { ImageQuality, PairRecord } from './pair-record.ts';
import { truePair } from './true-pair.ts';

/** Refines aFromB by the pixels of two strips alone: what `floor` rows start at the truth; null when it fails. */
export type DirectAlignment = (a: Strip, b: Strip, aFromB: Affine2, model: TransformModel) => Affine2 | null;

/** A motion that shrinks a tile's area below this folds it. */
const leastDeterminant = 0.25;

/** Pairs of a grid whose own mosaics are compared, evenly spread: more would cost more than matching. */
const largestPairMosaics = 4;

/** One grid with its truth, and how much is measured on it. */
export interface GridSubject {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly truth: ReadonlyMap<TileId, EvaluatedTile>;
  /** Model of the motions: pairs are verified and solved with it. */
  readonly model: TransformModel;
  /** False when neighbours by the layout show nothing in common. */
  readonly hasOverlap: boolean;
  readonly reader: TileReader;
  /** The picture that the tiles were cut from, in the frame of the true poses; null when it is not at hand. */
  readonly source: Raster | null;
}

export interface EvaluationChoice {
  /** Align at full resolution what a matcher below it found; the product's default. */
  readonly align: boolean;
  readonly solve: boolean;
  /** Compose mosaics of the grid and of its pairs and compare them with those of the true poses. */
  readonly mosaics: boolean;
  /** Align every pair directly from the truth. */
  readonly floor: boolean;
}

export interface EvaluationSteps {
  readonly matcher: Matcher;
  /** Clock, ms. */
  readonly now: () => number;
  /** Processor time of the process so far, ms; null when pairs of other grids run in it too. */
  readonly cpuNow: (() => number) | null;
  readonly alignDirectly: DirectAlignment;
}

/** One grid under one matcher; plain data. */
export interface GridRecord {
  readonly pairs: readonly PairRecord[];
  readonly tiles: number;
  /** Tiles carried by links after the solve; null without one. */
  readonly solvedTiles: number | null;
  /** Mosaic from the solved poses against the one from the true poses; null when not measured. */
  readonly quality: ImageQuality | null;
  /** The same from the reference's mapping of the same matches. */
  readonly referenceQuality: ImageQuality | null;
  /** Mosaic from the solved poses against the picture that the tiles were cut from. */
  readonly sourceQuality: ImageQuality | null;
}

/**
 * Runs the product's own path on a grid whose truth is known and measures every pair: `matchPair` on the strips that
 * the nominal layout proposes, the solve of `stitch` under the truth's model, and mosaics. Each pair is verified twice,
 * once as in the product and once without the alignment at full resolution, from the same matcher output.
 * @throws StitchError what a step throws; an abort is rethrown.
 */
export async function evaluateGrid(
  subject: GridSubject,
  choice: EvaluationChoice,
  steps: EvaluationSteps,
  context: RunContext,
): Promise<GridRecord> {
  const { tiles, layout } = subject;
  // decoding is the reader's; after this it is not in any pair's time
  for (const tile of tiles) await subject.reader.read(tile.id, { level: 0, signal: context.signal });
  const options = optionsFor(subject.model, choice.align);
  const outcomes: Matched[] = [];
  for (const pair of proposePairs(layout, tiles)) {
    await context.yieldNow();
    context.signal.throwIfAborted();
    outcomes.push(await matchOne(pair, subject, { options, wantsFloor: choice.floor }, steps, context));
  }
  const solved = choice.solve && subject.hasOverlap ? await solveGrid(subject, options, outcomes, context) : null;
  const records = outcomes.map(({ record, result }) =>
    solved ? { ...record, solved: solvedCorners(result.pair, subject, solved.report.mosaicFromTile) } : record,
  );
  const base = { tiles: tiles.length, solvedTiles: solved ? countSolved(solved.report) : null };
  // the affine poses of tiles with meshes are not their places
  const isStiff = [...subject.truth.values()].every((tile) => tile.mesh === null);
  if (!solved || !choice.mosaics || !isStiff)
    return { ...base, pairs: records, quality: null, referenceQuality: null, sourceQuality: null };
  return { ...base, ...(await measureMosaics(subject, options, outcomes, records, solved, context)) };
}

function optionsFor(model: TransformModel, align: boolean): StitchOptions {
  const base = defaultStitchOptions;
  return { ...base, pair: { ...base.pair, model, align }, solve: { ...base.solve, model } };
}

interface Matched {
  readonly result: PairResult;
  readonly own: Correspondences;
  readonly record: PairRecord;
}

async function matchOne(
  pair: TilePair,
  subject: GridSubject,
  { options, wantsFloor }: { readonly options: StitchOptions; readonly wantsFloor: boolean },
  steps: EvaluationSteps,
  context: RunContext,
): Promise<Matched> {
  const { reader, model, hasOverlap } = subject;
  const [tileA, tileB] = [tileOf(subject, pair.a), tileOf(subject, pair.b)];
  const recorder = recordingMatcher(steps.matcher);
  const run = (matcher: Matcher, pairOptions: StitchOptions['pair']) =>
    matchPair(pair, tileA, tileB, { reader, matcher, now: steps.now }, pairOptions, context);
  // the matcher's own matches: the overlap as a whole is neither aligned nor asked
  const alone = { ...options.pair, align: false, weigh: false };
  const [start, cpuStart] = [steps.now(), steps.cpuNow?.()];
  const result = await run(recorder.recording, options.pair);
  const matchMs = steps.now() - start;
  const cpuMs = steps.cpuNow && cpuStart !== undefined ? steps.cpuNow() - cpuStart : null;
  const unaligned = await run(recorder.replaying, alone);
  const truth = { a: truthOf(subject, pair.a), b: truthOf(subject, pair.b), model, hasOverlap };
  const floor = wantsFloor && hasOverlap ? await floorOf(pair, subject, steps.alignDirectly, options, context) : null;
  const record = evaluatePair({ result, unaligned, matchMs, cpuMs, floor }, truth);
  return { result, own: unaligned.correspondences, record };
}

/** Remembers what a matcher answered, and gives the same answers again to the same questions in the same order. */
function recordingMatcher(matcher: Matcher): { readonly recording: Matcher; readonly replaying: Matcher } {
  const answers: { readonly key: string; readonly found: Correspondences }[] = [];
  const keyOf = (...[a, b, { aFromB }]: Parameters<Matcher['match']>) =>
    [a.width, a.height, b.width, b.height, aFromB.a, aFromB.b, aFromB.e, aFromB.f].join(' ');
  let next = 0;
  return {
    recording: {
      ...matcher,
      async match(a, b, context) {
        const found = await matcher.match(a, b, context);
        answers.push({ key: keyOf(a, b, context), found });
        return found;
      },
    },
    replaying: {
      ...matcher,
      async match(a, b, context) {
        const answer = answers.at(next++);
        return answer?.key === keyOf(a, b, context) ? answer.found : matcher.match(a, b, context);
      },
    },
  };
}

/** Direct alignment of the strips that the product reads, started at the truth. */
async function floorOf(
  pair: TilePair,
  subject: GridSubject,
  alignDirectly: DirectAlignment,
  options: StitchOptions,
  { signal }: RunContext,
): Promise<Affine2 | 'failed'> {
  const [a, b] = [truthOf(subject, pair.a), truthOf(subject, pair.b)];
  const truth = truePair(a, b, subject.model).aFromB;
  const strips = overlapStrips(pair, a.size, b.size, options.pair.marginFraction);
  if (!truth || !strips) return 'failed';
  const read = async (id: TileId, region: Strip['region']): Promise<Strip> => ({
    raster: lumaOf(await subject.reader.read(id, { level: 0, region, signal })),
    region,
  });
  const [stripA, stripB] = [await read(pair.a, strips.regionA), await read(pair.b, strips.regionB)];
  return alignDirectly(stripA, stripB, truth, subject.model) ?? 'failed';
}

interface Solved {
  readonly report: SolveReport;
  readonly tones: ReadonlyMap<TileId, GainOffset>;
}

/** `stitch` with the pairs already matched. */
async function solveGrid(
  { tiles, layout }: GridSubject,
  options: StitchOptions,
  outcomes: readonly Matched[],
  context: RunContext,
): Promise<Solved> {
  const known = new Map(outcomes.map(({ result }) => [pairKey(result.pair), result]));
  const quiet: RunContext = { ...context, onProgress: () => undefined };
  return stitch(
    { tiles, layout, options, known, excluded: new Set() },
    {
      concurrency: 1,
      matchPair: () => Promise.reject(new RangeError('every pair is known')),
      onPair: () => undefined,
      solve: (graph, solveOptions) => solvePoseGraph(graph, solveOptions, quiet),
      solveTones: async (links) =>
        solveTones(
          links,
          tiles.map((tile) => tile.id),
        ),
    },
    quiet,
  );
}

function solvedCorners(pair: TilePair, subject: GridSubject, poses: Poses) {
  const [poseA, poseB] = [poses.get(pair.a), poses.get(pair.b)];
  const [a, b] = [truthOf(subject, pair.a), truthOf(subject, pair.b)];
  const truth = truePair(a, b, subject.model).aFromB;
  if (!poseA || !poseB || !truth) return null;
  return roundedCorners(cornerDistances(composeAffine(invertAffine(poseA), poseB), truth, b.size));
}

function countSolved({ state }: SolveReport): number {
  return [...state.values()].filter((each) => each === 'solved').length;
}

async function measureMosaics(
  subject: GridSubject,
  options: StitchOptions,
  outcomes: readonly Matched[],
  records: readonly PairRecord[],
  solved: Solved,
  context: RunContext,
): Promise<Pick<GridRecord, 'pairs' | 'quality' | 'referenceQuality' | 'sourceQuality'>> {
  const { tiles, truth } = subject;
  const { signal } = context;
  const truePoses: Poses = new Map([...truth].map(([id, tile]) => [id, tile.mosaicFromTile]));
  const parts: MosaicParts = { tiles, reader: subject.reader, tones: solved.tones, compose: options.compose };
  const referenceLinks = outcomes.flatMap((outcome) => referenceLinkOf(outcome, subject));
  const referencePoses = await solveReference(subject, referenceLinks, context);
  const quality = await mosaicLikeness(parts, solved.report.mosaicFromTile, truePoses, signal);
  const referenceQuality = await mosaicLikeness(parts, referencePoses, truePoses, signal);
  const sourceQuality = subject.source
    ? await sourceLikeness(parts, solved.report.mosaicFromTile, truePoses, subject.source, signal)
    : null;
  const referenceByPair = new Map(referenceLinks.map((link) => [pairKey(link.pair), link.aFromB]));
  const pairs: PairRecord[] = [];
  const step = Math.ceil(outcomes.length / largestPairMosaics);
  for (const [k, { result }] of outcomes.entries()) {
    if (k % step !== 0) {
      pairs.push(records[k]);
      continue;
    }
    const { pair } = result;
    const two: MosaicParts = { ...parts, tiles: [tileOf(subject, pair.a), tileOf(subject, pair.b)] };
    // without a link the product leaves b where the layout put it
    const nominal = affineFromPose(pair.aFromB);
    const likeness = (aFromB: Affine2) => mosaicLikeness(two, posesOfPair(pair, truePoses, aFromB), truePoses, signal);
    pairs.push({
      ...records[k],
      quality: await likeness(result.kind === 'link' ? result.aFromB : nominal),
      referenceQuality: await likeness(referenceByPair.get(pairKey(pair)) ?? nominal),
    });
  }
  return { pairs, quality, referenceQuality, sourceQuality };
}

function posesOfPair({ a, b }: TilePair, truth: Poses, aFromB: Affine2): Poses {
  const poseA = truth.get(a);
  if (!poseA) throw new RangeError(`no pose for ${a}`);
  return new Map([
    [a, poseA],
    [b, composeAffine(poseA, aFromB)],
  ]);
}

function referenceLinkOf({ result, own }: Matched, subject: GridSubject): readonly Link[] {
  if (result.kind !== 'link') return [];
  const truth = { a: truthOf(subject, result.pair.a), b: truthOf(subject, result.pair.b) };
  const { matches, consensus } = referenceConsensus(result, own, truth);
  // an affine through matches on a line folds the tile: no mosaic can be made of it
  if (!consensus || !(determinant(consensus.aFromB) > leastDeterminant)) return [];
  const { aFromB, inlierMask, inliers } = consensus;
  return [
    { ...result, aFromB, correspondences: matches, inlierMask, inliers, moments: linkMoments(matches, inlierMask) },
  ];
}

/** Rigid poses from the reference's links, as its later default solves them. */
async function solveReference(
  { tiles, layout }: GridSubject,
  links: readonly Link[],
  context: RunContext,
): Promise<Poses> {
  const priors = nominalPriors(layout, tiles);
  const nodes = tiles.flatMap(({ id, size }) => {
    const prior = priors.get(id);
    return prior ? [{ id, size, prior }] : [];
  });
  const quiet: RunContext = { ...context, onProgress: () => undefined };
  const options = { ...defaultStitchOptions.solve, model: 'rigid' as const };
  return (await solvePoseGraph({ nodes, links }, options, quiet)).mosaicFromTile;
}

function tileOf({ tiles }: GridSubject, id: TileId): Tile {
  const tile = tiles.find((each) => each.id === id);
  if (!tile) throw new RangeError(`no tile ${id}`);
  return tile;
}

function truthOf({ truth }: GridSubject, id: TileId): EvaluatedTile {
  const tile = truth.get(id);
  if (!tile) throw new RangeError(`no truth of ${id}`);
  return tile;
}
