import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tensor } from 'onnxruntime-common';
import { StitchError } from '../src/core/errors.ts';
import type { Matcher } from '../src/core/matching/matcher.ts';
import type { MatcherId } from '../src/core/options.ts';
import { bandFileOf, modelFileFor, openModelBundle, type ModelBundle } from '../src/formats/model-bundle.ts';
import { matchers } from '../src/matchers/index.ts';
import { bandedSession } from '../src/matchers/loftr/banded-session.ts';
import { loftrMatcher, type InferenceSessionLike } from '../src/matchers/loftr/loftr.ts';
import { readBytes, readText } from './disk.ts';
import { createNodeSession, type NodeSession } from './ort-session.ts';

/** A matcher ready to run, and what the report says of it. */
export interface LoadedMatcher {
  readonly matcher: Matcher;
  readonly model: string | null;
  readonly modelSha256: string | null;
  readonly device: string;
}

const embeddedBundle = fileURLToPath(new URL('../public/models/loftr-compact', import.meta.url));

/**
 * Loads a matcher; for `loftr` the bundle at `bundlePath` (a folder or its manifest.json), or the embedded one.
 * @throws StitchError `bad-model` when the bundle is absent or does not match its manifest.
 */
export async function loadMatcher(id: MatcherId, bundlePath: string | undefined): Promise<LoadedMatcher> {
  if (id !== 'loftr')
    return { matcher: await matchers[id].load(), model: null, modelSha256: null, device: 'JavaScript, 1 thread' };
  const path = bundlePath ?? embeddedBundle;
  const manifestPath = path.endsWith('.json') ? path : join(path, 'manifest.json');
  const bundle = openModelBundle({
    manifestText: await bundleFile(manifestPath, readText),
    readFile: async (name) => new Uint8Array(await bundleFile(join(dirname(manifestPath), name), readBytes)),
  });
  const file = modelFileFor(bundle.manifest, 'processor');
  const session = await createNodeSession(await bundle.open(file));
  return {
    matcher: loftrMatcher(
      withBand(session, bundle),
      bundle.contract,
      (data, dims) => new Tensor('float32', data, dims),
    ),
    model: `${bundle.manifest.name} ${bundle.manifest.version}`,
    modelSha256: file.sha256,
    device: session.device,
  };
}

function withBand(session: NodeSession, bundle: ModelBundle): InferenceSessionLike {
  const file = bandFileOf(bundle.manifest);
  const { bandInput } = bundle.contract;
  if (!file || !bandInput) return session;
  return bandedSession(session, bandInput, async () => createNodeSession(await bundle.open(file)));
}

async function bundleFile<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (cause) {
    throw new StitchError(
      'bad-model',
      `The model bundle has no ${path}; name the folder with its manifest.json.`,
      { file: path },
      { cause },
    );
  }
}
