import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { OfflineBuild, OfflineFile, OfflineNeed } from '../../src/formats/offline-build.ts';

/** The service worker's file, which is not kept by itself. */
export const serviceWorkerFile = 'service-worker.js';

/** What the app never asks for: the bill of materials, and the network as it was before the last training. */
const notKept = [serviceWorkerFile, 'sbom.json', 'models/loftr-compact-pretrained/'];

/** Lists a build's files with their hashes. */
export function listOfflineBuild(folder: string): OfflineBuild {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => statSync(join(folder, path)).isFile() && !notKept.some((name) => path.startsWith(name)))
    .sort();
  const files = paths.map((path): OfflineFile => {
    const content = readFileSync(join(folder, path));
    return {
      path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      need: needOf(path),
    };
  });
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  return { version, files };
}

/** Writes the list of a build's files into its service worker, as the first line; one that is there is replaced. */
export function writeOfflineBuild(folder: string): void {
  const file = join(folder, serviceWorkerFile);
  const code = readFileSync(file, 'utf8').replace(/^self\.offlineBuild=.*\n/, '');
  writeFileSync(file, `self.offlineBuild=${JSON.stringify(listOfflineBuild(folder))};\n${code}`);
}

function needOf(path: string): OfflineNeed {
  if (/\.webgpu|\.asyncify/.test(path)) return 'gpu';
  return /\.wasm$|^models\//.test(path) ? 'run' : 'start';
}
