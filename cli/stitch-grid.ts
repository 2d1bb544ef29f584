import { solveElasticGraph } from '../src/core/elastic/solve-elastic-graph.ts';
import { recommendTransform } from '../src/core/diagnosis/recommend-transform.ts';
import { findOddTiles } from '../src/core/diagnosis/tile-orientation.ts';
import { StitchError } from '../src/core/errors.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import { matchPair } from '../src/core/matching/match-pair.ts';
import { pairCacheKey } from '../src/core/matching/pair-cache-key.ts';
import type { StitchOptions } from '../src/core/options.ts';
import { estimateShading } from '../src/core/photometry/estimate-shading.ts';
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
import { resultCodeHash } from './dev/result-code.ts';
import type { LoadedMatcher } from './matcher.ts';
import { openPairStore, type PairStore } from './pair-store.ts';

/** One grid with everything that stitching it takes. */
export interface GridRun {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly options: StitchOptions;
  readonly sources: readonly ByteSource[];
  readonly reader: TileReader;
  readonly loaded: LoadedMatcher;
}

/** Stitches one grid with plain calls; finished pairs are kept in the file `storePath` and not matched again. */
export async function stitchGrid(run: GridRun, storePath: string, context: RunContext): Promise<StitchResult> {
  const store = await openPairStore(storePath, resultCodeHash());
  const keyOf = await cacheKeys(run);
  const { tiles, layout, options } = run;
  const known = knownPairs(proposePairs(layout, tiles), keyOf, store);
  try {
    const input = { tiles, layout, options, known, excluded: new Set<string>() };
    return await stitch(input, localSteps(run, keyOf, store, context), context);
  } finally {
    const loss = await store.settle();
    if (loss !== null) process.stderr.write(`${storePath}: ${loss}\n`);
  }
}

type KeyOf = (pair: TilePair) => string;

async function cacheKeys({ tiles, sources, options, loaded }: GridRun): Promise<KeyOf> {
  const files = new Set(tiles.map((tile) => tile.file));
  const identities = new Map<string, string>();
  for (const source of sources) if (files.has(source.name)) identities.set(source.name, await identityOrNone(source));
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

/** A tile that cannot be read now is named with its pairs; what another run knows of it is not taken for this one's. */
async function identityOrNone(source: ByteSource): Promise<string> {
  return fileIdentity(source).catch((error: unknown) => {
    if (error instanceof StitchError) return `${error.code} ${source.name}`;
    throw error;
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

function localSteps(run: GridRun, keyOf: KeyOf, store: PairStore, context: RunContext): StitchSteps {
  const { tiles, reader, options } = run;
  const byId = new Map(tiles.map((tile) => [tile.id, tile]));
  const tileOf = (id: TileId): Tile => {
    const tile = byId.get(id);
    if (!tile) throw new RangeError(`no tile ${id}`);
    return tile;
  };
  const steps = { reader, matcher: run.loaded.matcher, now: () => performance.now() };
  return {
    concurrency: 1,
    matchPair: async (pair) => {
      await context.yieldNow();
      return matchPair(pair, tileOf(pair.a), tileOf(pair.b), steps, options.pair, context);
    },
    // A pair whose file could not be read is tried again at the next run: the disk may be back.
    onPair: (result) => {
      if (result.kind === 'rejected' && result.reason === 'read-failed') return;
      store.keep(keyOf(result.pair), result);
    },
    findOddTiles: (pairs) => findOddTiles(pairs, tiles, reader, context),
    solve: (graph, solveOptions) => solvePoseGraph(graph, solveOptions, context),
    refine: async ({ pair, bFromA }) => {
      await context.yieldNow();
      const sizes = { a: tileOf(pair.a).size, b: tileOf(pair.b).size };
      return refineOverlap(pair, bFromA, sizes, reader, defaultRefineOptions, context.signal);
    },
    solveElastic: ({ graph, start, refined }) => solveElasticGraph(graph, start, refined, context),
    recommend: ({ graph, refined, options: solveOptions }) => recommendTransform(graph, refined, solveOptions, context),
    estimateShading: (request) => estimateShading(request, reader, context),
    solveTones: async (links) =>
      solveTones(
        links,
        tiles.map((tile) => tile.id),
      ),
  };
}
