/** Sessions of the app in a bare page, for `npm run bench -- match` alone: loaded by its browser, imported by nobody. */
import { Tensor } from 'onnxruntime-common';
import { openModelBundle } from '../src/formats/model-bundle.ts';
import { createOrtSession, type OrtSession } from './ort-session.ts';
import type { Rung } from './protocol.ts';

const sessions = new Map<string, OrtSession>();

/** Creates the session of a slot on a rung with at most two threads; what it runs on, null where the rung is not to be had. */
export async function load(slot: string, rung: Rung, bundleUrl: string): Promise<string | null> {
  const read = (path: string) => fetch(new URL(path, bundleUrl));
  const bundle = openModelBundle({
    manifestText: await (await read('manifest.json')).text(),
    readFile: async (path) => new Uint8Array(await (await read(path)).arrayBuffer()),
  });
  const session = await createOrtSession(bundle, { startAt: rung, allowFallbackAdapter: false, maxThreads: 2 });
  if (session.rung !== rung) return null;
  sessions.set(slot, session);
  return session.device;
}

/** Milliseconds of one run, the download of the matches included; images as base64 of little-endian float32. */
export async function run(slot: string, images: readonly string[], dims: readonly number[]): Promise<number> {
  const session = sessions.get(slot);
  if (!session) throw new RangeError(`nothing was loaded into ${slot}`);
  const [image0, image1] = images.map((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Tensor('float32', new Float32Array(bytes.buffer), dims);
  });
  const start = performance.now();
  const { matches } = await session.run({ image0, image1 });
  await matches.getData();
  return performance.now() - start;
}
