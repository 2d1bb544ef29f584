import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import { diagnoseAcquisition } from '../src/core/diagnosis/diagnose-acquisition.ts';
import { recommendTransform } from '../src/core/diagnosis/recommend-transform.ts';
import { solveElasticGraph } from '../src/core/elastic/solve-elastic-graph.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import { transformModels } from '../src/core/matching/link.ts';
import { matchPair } from '../src/core/matching/match-pair.ts';
import { pairCacheKey } from '../src/core/matching/pair-cache-key.ts';
import { blendModes } from '../src/core/mosaic/mosaic.ts';
import { defaultStitchOptions, matcherIds, type StitchOptions } from '../src/core/options.ts';
import { solveTones } from '../src/core/photometry/solve-tones.ts';
import type { RunContext } from '../src/core/progress.ts';
import { defaultRefineOptions, refineOverlap } from '../src/core/refine/refine-overlap.ts';
import { stitch, type StitchResult, type StitchSteps } from '../src/core/stitch.ts';
import { proposePairs } from '../src/core/tiles/pairing.ts';
import {
  pairKey,
  type Layout,
  type Tile,
  type TileId,
  type TilePair,
  type TileReader,
} from '../src/core/tiles/tile.ts';
import { fileIdentity } from '../src/formats/file-identity.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { linksCsv } from '../src/formats/links-csv.ts';
import { solutionFrom, writeSolution } from '../src/formats/solution-json.ts';
import { writeTileConfiguration } from '../src/formats/tile-configuration.ts';
import { CommandError, numberIn, oneOf, parseArguments, textOf } from './arguments.ts';
import { exportMosaic } from './export-mosaic.ts';
import { resultCodeHash } from './dev/result-code.ts';
import { chooseLayout, layoutOptions } from './layout-options.ts';
import { loadMatcher, type LoadedMatcher } from './matcher.ts';
import { openFolder } from './open-folder.ts';
import { openPairStore, type PairStore } from './pair-store.ts';
import { terminalContext } from './terminal.ts';

const spec = {
  ...layoutOptions,
  out: { type: 'string' },
  matcher: { type: 'string' },
  model: { type: 'string' },
  transform: { type: 'string' },
  blend: { type: 'string' },
  'min-confidence': { type: 'string' },
  'no-align': { type: 'boolean' },
  refine: { type: 'boolean' },
  'no-mosaic': { type: 'boolean' },
} as const;

type Given = Readonly<Partial<Record<keyof typeof spec, string | boolean>>>;

export const stitchCommand = {
  summary:
    'stitches the tiles of a folder: OUT/mosaic.tif, OUT/solution.json, OUT/links.csv; with --refine or ' +
    '--transform elastic OUT/acquisition.json, too',
  usage:
    'stitch DIR --out OUT [--matcher loftr|sift|phase-correlation] [--model BUNDLE] ' +
    '[--transform translation|rigid|similarity|affine|elastic] [--refine] [--overlap 0.1[,0.1]] [--pattern TEXT [--order ORDER] ' +
    '[--rows N] [--columns N]] [--positions FILE] [--blend overlay|none|average|feather] [--min-confidence 0…1] ' +
    '[--no-align] [--no-mosaic]',
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options: given } = parseArguments(args, spec, ['DIR']);
    const out = textOf(given.out);
    if (!out) throw new CommandError('--out is missing');
    const options = stitchOptions(given);
    const context = terminalContext(signal);
    const { inspection, sources, reader } = await openFolder(operands[0], context);
    for (const { message } of inspection.problems) process.stderr.write(`left out: ${message}\n`);

    const { layout, description } = await chooseLayout(inspection, reader, given, context);
    process.stderr.write(`layout: ${description}\n`);
    await mkdir(out, { recursive: true });
    const loaded = await loadMatcher(options.matcher, textOf(given.model));
    const tiles = inspection.tiles;
    const store = await openPairStore(join(out, 'pairs.cache'), resultCodeHash());
    const keyOf = await cacheKeys(sources, options, loaded);
    const steps = localSteps(tiles, reader, loaded, options, keyOf, store, context);
    const known = knownPairs(proposePairs(layout, tiles), keyOf, store);
    const result = await stitch({ tiles, layout, options, known, excluded: new Set() }, steps, context);
    await loaded.matcher.dispose();

    await writeResults(out, { tiles, layout, options, result, loaded });
    if (result.refined) await writeAcquisition(out, { tiles, layout, result });
    if (!given['no-mosaic'])
      await exportMosaic(join(out, 'mosaic.tif'), result.mosaic, options.compose, reader, context);
    report(result);
  },
};

function stitchOptions(given: Given): StitchOptions {
  const base = defaultStitchOptions;
  const transform = oneOf('--transform', given.transform, [...transformModels, 'elastic'] as const, base.solve.model);
  const isElastic = transform === 'elastic';
  const model = isElastic ? 'affine' : transform;
  return {
    matcher: oneOf('--matcher', given.matcher, matcherIds, base.matcher),
    pair: {
      ...base.pair,
      model,
      minConfidence: numberIn('--min-confidence', given['min-confidence'], 0, 1) ?? null,
      align: !given['no-align'],
    },
    solve: {
      ...base.solve,
      model,
      ...(isElastic ? { elastic: true } : {}),
      ...(isElastic || given.refine ? { refine: true } : {}),
    },
    compose: { ...base.compose, blend: oneOf('--blend', given.blend, blendModes, base.compose.blend) },
  };
}

type KeyOf = (pair: TilePair) => string;

async function cacheKeys(
  sources: readonly ByteSource[],
  options: StitchOptions,
  loaded: LoadedMatcher,
): Promise<KeyOf> {
  const identities = new Map<string, string>();
  for (const source of sources) identities.set(source.name, await fileIdentity(source));
  const identityOf = (id: TileId) => identities.get(id.split('#')[0]) ?? id;
  return (pair) =>
    pairCacheKey({
      pair,
      files: [identityOf(pair.a), identityOf(pair.b)],
      matcher: options.matcher,
      modelSha256: loaded.modelSha256,
      options: options.pair,
    });
}

function knownPairs(pairs: readonly TilePair[], keyOf: KeyOf, store: PairStore) {
  const known = new Map<string, NonNullable<ReturnType<PairStore['known']['get']>>>();
  for (const pair of pairs) {
    const result = store.known.get(keyOf(pair));
    if (result) known.set(pairKey(pair), result);
  }
  return known;
}

function localSteps(
  tiles: readonly Tile[],
  reader: TileReader,
  { matcher }: LoadedMatcher,
  options: StitchOptions,
  keyOf: KeyOf,
  store: PairStore,
  context: RunContext,
): StitchSteps {
  const byId = new Map(tiles.map((tile) => [tile.id, tile]));
  const tileOf = (id: TileId): Tile => {
    const tile = byId.get(id);
    if (!tile) throw new RangeError(`no tile ${id}`);
    return tile;
  };
  const steps = { reader, matcher, now: () => performance.now() };
  return {
    concurrency: 1,
    matchPair: async (pair) => {
      await context.yieldNow();
      return matchPair(pair, tileOf(pair.a), tileOf(pair.b), steps, options.pair, context);
    },
    // A pair whose file could not be read is tried again at the next run: the disk may be back.
    onPair: (result) => {
      if (result.kind === 'rejected' && result.reason === 'read-failed') return;
      void store.keep(keyOf(result.pair), result);
    },
    solve: (graph, solveOptions) => solvePoseGraph(graph, solveOptions, context),
    refine: async ({ pair, bFromA }) => {
      await context.yieldNow();
      const sizes = { a: tileOf(pair.a).size, b: tileOf(pair.b).size };
      return refineOverlap(pair, bFromA, sizes, reader, defaultRefineOptions, context.signal);
    },
    solveElastic: ({ graph, start, refined }) => solveElasticGraph(graph, start, refined, context),
    recommend: ({ graph, refined, options: solveOptions }) => recommendTransform(graph, refined, solveOptions, context),
    solveTones: async (links) =>
      solveTones(
        links,
        tiles.map((tile) => tile.id),
      ),
  };
}

interface Finished {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly options: StitchOptions;
  readonly result: StitchResult;
  readonly loaded: LoadedMatcher;
}

async function writeResults(out: string, { tiles, layout, options, result, loaded }: Finished): Promise<void> {
  const { pairs, report, mosaic } = result;
  const { model, device } = loaded;
  const solution = solutionFrom({ tiles, layout, pairs, report, mosaic, options, model, device, excluded: new Set() });
  await writeText(join(out, 'solution.json'), writeSolution(solution));
  await writeText(join(out, 'links.csv'), linksCsv(solution));
  const { text, warnings } = writeTileConfiguration(mosaic);
  await writeText(join(out, 'TileConfiguration.registered.txt'), text);
  for (const warning of warnings) process.stderr.write(`TileConfiguration.registered.txt: ${warning}\n`);
}

/** What the solution says of the microscope, and which transform would do: OUT/acquisition.json, and the gist of it here. */
async function writeAcquisition(
  out: string,
  { tiles, layout, result }: Pick<Finished, 'tiles' | 'layout' | 'result'>,
): Promise<void> {
  const recommendation = result.recommendation ?? null;
  const diagnosis = diagnoseAcquisition(tiles, layout, result.report);
  const line = diagnosis.scan && {
    x: Array.from(diagnosis.scan.line.x),
    stretch: Array.from(diagnosis.scan.line.stretch),
  };
  const elastic = 'elastic' in result.report ? result.report.elastic : null;
  const scan = diagnosis.scan && { ...diagnosis.scan, line };
  const text = JSON.stringify({ recommendation, elastic, findings: diagnosis.findings, scan }, null, 1);
  await writeText(join(out, 'acquisition.json'), `${text}\n`);
  if (recommendation) process.stderr.write(`${recommendation.sentence}\n`);
  for (const { sentence, advice } of diagnosis.worthFixing) process.stderr.write(`${sentence} ${advice ?? ''}\n`);
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError('write-failed', `${path} could not be written: ${why}`, { file: path }, { cause });
  }
}

function report({ pairs, report: solved, mosaic, warnings }: StitchResult): void {
  const links = pairs.filter((pair) => pair.kind === 'link');
  for (const pair of pairs)
    if (pair.kind === 'rejected') process.stderr.write(`no link ${pair.pair.a} – ${pair.pair.b}: ${pair.detail}\n`);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  const residuals = solved.edges.filter((edge) => !edge.removed).map((edge) => edge.residualPx);
  const mean = residuals.reduce((sum, px) => sum + px, 0) / Math.max(1, residuals.length);
  process.stderr.write(
    `${links.length} of ${pairs.length} pairs linked, ${residuals.length > 0 ? `mean residual ${mean.toFixed(2)} px, ` : ''}` +
      `mosaic ${mosaic.bounds.width} × ${mosaic.bounds.height} px\n`,
  );
}
