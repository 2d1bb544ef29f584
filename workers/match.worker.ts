/** The matching thread: read the strips, crop, normalise, match, verify. A finished link leaves it, never a pixel. */
import { Tensor } from 'onnxruntime-common';
import { StitchError } from '../src/core/errors.ts';
import { maskedTileReader } from '../src/core/edits/tile-mask.ts';
import { matchPair } from '../src/core/matching/match-pair.ts';
import type { Matcher } from '../src/core/matching/matcher.ts';
import { cachedTileReader } from '../src/core/mosaic/tile-cache.ts';
import { defaultRefineOptions, refineOverlap } from '../src/core/refine/refine-overlap.ts';
import type { Tile, TileId, TileReader } from '../src/core/tiles/tile.ts';
import { byteSourceFromBlob } from '../src/formats/byte-source.ts';
import { openModelBundle, type ModelBundle } from '../src/formats/model-bundle.ts';
import { projectTileReader } from '../src/formats/project-reader.ts';
import { matchers } from '../src/matchers/index.ts';
import type { MatchApi } from './api.ts';
import { stopAtTraps } from './fatal-traps.ts';
import { createOrtSession, type OrtSession } from './ort-session.ts';
import { cacheBudget } from './memory-budget.ts';
import { allowOwnScripts } from './own-scripts.ts';
import type { MatcherChoice, MatcherStatus, ModelSource } from './protocol.ts';
import { serveCalls } from './remote-calls.ts';
import { workerReads } from './worker-reads.ts';

/** Decoded tiles kept between the (up to four) pairs that a tile is in. */
const tileCacheBytes = cacheBudget(256 * 2 ** 20);

const patient = workerReads(self);
let reader: TileReader | null = null;
let tiles: ReadonlyMap<TileId, Tile> = new Map();
let matcher: Matcher | null = null;

/** Lets the loaded matcher go; a runtime that has trapped cannot release anything, and is in nobody's way. */
async function disposeFormer(): Promise<void> {
  const former = matcher;
  matcher = null;
  try {
    await former?.dispose();
  } catch (error) {
    console.info('the former matcher was not released', error);
  }
}

const api: MatchApi = {
  async open(sources) {
    const files = sources.map(({ tile, file }) => ({ tile, source: patient(byteSourceFromBlob(tile.file, file)) }));
    reader = cachedTileReader(projectTileReader(files), tileCacheBytes);
    tiles = new Map(sources.map(({ tile }) => [tile.id, tile]));
  },

  async loadMatcher(choice, { onProgress }) {
    await disposeFormer();
    if (choice.matcher !== 'loftr') {
      matcher = await matchers[choice.matcher].load();
      const device = 'one worker a core';
      return { matcher: choice.matcher, rung: 'js', model: null, modelSha256: null, device };
    }
    const bundle = await readBundle(choice.model);
    const tell = (note: string) => {
      onProgress({ stage: 'match', done: 0, total: 1, note });
    };
    tell('Loading the network');
    const session = await createOrtSession(bundle, {
      allowFallbackAdapter: choice.allowFallbackAdapter ?? false,
      startAt: choice.startAt ?? 'webgpu',
    });
    if (session.rung === 'webgpu') {
      tell(`Preparing ${session.device} for the network`);
      await session.warmUp();
    }
    const loftrMatcher = await matchers.loftr.load();
    matcher = loftrMatcher(session, bundle.contract, (data, dims) => new Tensor('float32', data, dims));
    return statusOf(choice, session, bundle);
  },

  async matchPair({ pair, options, masks }, { signal }) {
    const a = tiles.get(pair.a);
    const b = tiles.get(pair.b);
    if (!reader || !matcher || !a || !b)
      throw new StitchError('worker-lost', 'The matching worker has no project or matcher; start the run again.', {
        pair: [pair.a, pair.b],
      });
    const seen = masks ? maskedTileReader(reader, masks) : reader;
    return matchPair(pair, a, b, { reader: seen, matcher, now: () => performance.now() }, options, { signal });
  },

  async refine({ pair, bFromA }, { signal }) {
    const a = tiles.get(pair.a);
    const b = tiles.get(pair.b);
    if (!reader || !a || !b)
      throw new StitchError('worker-lost', 'The matching worker has no project; start the run again.', {
        pair: [pair.a, pair.b],
      });
    return refineOverlap(pair, bFromA, { a: a.size, b: b.size }, reader, defaultRefineOptions, signal);
  },
};

function statusOf(choice: MatcherChoice, session: OrtSession, bundle: ModelBundle): MatcherStatus {
  const { rung, device, file, agreement, distrusted } = session;
  const fallback = distrusted && `The network runs on ${device.split(';')[0]}, which takes longer (${distrusted}).`;
  const model = `${bundle.manifest.name} ${bundle.manifest.version}`;
  return { matcher: choice.matcher, rung, model, modelSha256: file.sha256, device, agreement, fallback };
}

/** Reads and verifies a model bundle from our own origin or from the user's disk. */
async function readBundle(source: ModelSource | null): Promise<ModelBundle> {
  if (!source) throw new StitchError('bad-model', 'LoFTR needs a model bundle; choose one or use the embedded model.');
  if (source.kind === 'url') {
    const manifestText = await (await fetched(source.manifestUrl)).text();
    return openModelBundle({
      manifestText,
      readFile: async (path) =>
        new Uint8Array(await (await fetched(new URL(path, source.manifestUrl).href)).arrayBuffer()),
    });
  }
  const byName = new Map(source.files.map((file) => [file.name, file]));
  const manifest = byName.get('manifest.json');
  if (!manifest)
    throw new StitchError('bad-model', 'The model bundle has no manifest.json; choose it together with its ONNX file.');
  return openModelBundle({
    manifestText: await manifest.text(),
    readFile: async (path) => {
      const file = byName.get(path.split('/').at(-1) ?? path);
      if (!file)
        throw new StitchError('bad-model', `The manifest names ${path}, which was not chosen; choose both files.`, {
          file: path,
        });
      return new Uint8Array(await file.arrayBuffer());
    },
  });
}

/** A response that is one: a 404 page would otherwise surface as "protobuf parsing failed". */
async function fetched(url: string): Promise<Response> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new StitchError(
      'bad-model',
      `${url} could not be loaded; reload the page when you are online.`,
      {},
      { cause },
    );
  });
  if (!response.ok)
    throw new StitchError('bad-model', `${url} answered ${response.status}; the app's model is not installed there.`);
  return response;
}

allowOwnScripts(self); // the network's threads are scripts too
stopAtTraps(self);
serveCalls<MatchApi>(api, self);
