import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Rect } from '../../src/core/geometry/rect.ts';
import { composeRegion } from '../../src/core/mosaic/compositor.ts';
import { defaultComposeOptions, type Mosaic } from '../../src/core/mosaic/mosaic.ts';
import { placementIndex } from '../../src/core/mosaic/pyramid-stream-placements.ts';
import { silentContext } from '../../src/core/progress.ts';
import type { TileReader } from '../../src/core/tiles/tile.ts';

/** So many windows of a written mosaic are compared with the compositor. */
export const windowCount = 64;
const windowSide = 200;

/** Windows of the mosaic, spread over all of it. */
export function windowsOf({ bounds }: Mosaic): readonly Rect[] {
  const last = bounds.width - windowSide;
  return Array.from({ length: windowCount }, (_, n) => {
    const at = (multiplier: number): number => Math.floor(((n * multiplier) % 1) * last);
    return { x: at(0.618034), y: at(0.754878), width: windowSide, height: windowSide };
  });
}

interface LibtiffReport {
  readonly levels: readonly { readonly tiles: number; readonly read: number; readonly halved: string }[];
  readonly windows: string;
}

/** Has libtiff open every level (bench/export_levels.py) and compare the same windows. */
export async function readByLibtiff(path: string, mosaic: Mosaic, tiles: TileReader): Promise<string> {
  const near = placementIndex(mosaic);
  const compose = { ...defaultComposeOptions, evenTones: false };
  const rects = windowsOf(mosaic);
  const raw: Buffer[] = [];
  for (const rect of rects) {
    const { channels } = await composeRegion(near(rect), { rect, scale: 1 }, compose, tiles, silentContext.signal);
    raw.push(Buffer.from(channels[0].data.buffer));
  }
  await writeFile(`${path}.windows.json`, JSON.stringify(rects));
  await writeFile(`${path}.windows.raw`, Buffer.concat(raw));
  const script = fileURLToPath(new URL('../export_levels.py', import.meta.url));
  const given = [script, path, `${path}.windows.json`, `${path}.windows.raw`];
  const text = execFileSync('/usr/bin/python3', given, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const { levels, windows: equal } = JSON.parse(text) as LibtiffReport;
  const info = execFileSync('bash', ['-c', 'tiffinfo "$1" 2>&1', '-', path], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (/warning|error/i.test(info)) throw new Error(`tiffinfo: ${info}`);
  const read = levels.reduce((sum, level) => sum + level.read, 0);
  const halved = levels.slice(1).map((level) => level.halved);
  return `${levels.length} levels, ${read} tiles read, halved ${halved.join(' ')}, windows ${equal}`;
}
