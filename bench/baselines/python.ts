import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Raster } from '../../src/core/raster/raster.ts';

const execute = promisify(execFile);

/** Writes pictures to a temporary folder and runs a Python program of this folder on them; what it printed as JSON. */
export async function runPython(
  program: 'opencv_sift.py' | 'skimage_phase.py',
  pairs: readonly { readonly a: Raster<Uint8Array>; readonly b: Raster<Uint8Array> }[],
  ...options: readonly string[]
): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'baselines-'));
  try {
    for (const [k, { a, b }] of pairs.entries()) {
      await writeFile(join(folder, `${k}-a`), a.data);
      await writeFile(join(folder, `${k}-b`), b.data);
    }
    const table = pairs.map(({ a: { width, height } }, k) => ({ width, height, a: `${k}-a`, b: `${k}-b` }));
    await writeFile(join(folder, 'pairs.json'), JSON.stringify(table));
    const script = fileURLToPath(new URL(program, import.meta.url));
    const { stdout } = await execute('/usr/bin/python3', [script, folder, ...options], { maxBuffer: 2 ** 30 });
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
