import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { emptyFolder, plainTiff, writeGrid } from '../e2e/tiny-grids.ts';
import { stitchCommand } from './stitch-command.ts';

/** What a user reads on stderr, line by line. */
let said: string[] = [];
let grid: string;

beforeAll(async () => {
  grid = emptyFolder('grid');
  await writeGrid(grid);
});
beforeEach(() => {
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

/** A copy of the good grid. */
function gridCopy(): string {
  const folder = emptyFolder('tiles');
  for (const name of readdirSync(grid)) copyFileSync(join(grid, name), join(folder, name));
  return folder;
}

interface Solution {
  readonly tiles: readonly { readonly file: string; readonly state: string }[];
  readonly links: readonly { readonly state: string; readonly reason?: string; readonly detail?: string }[];
}

/** Stitches and gives the solution, what was said, and the output folder. */
async function run(folder: string, ...more: string[]) {
  const out = emptyFolder('out');
  const args = [folder, '--out', out, '--matcher', 'phase-correlation', '--transform', 'translation', ...more];
  await stitchCommand.run(args, new AbortController().signal);
  const solution = JSON.parse(readFileSync(join(out, 'solution.json'), 'utf8')) as Solution;
  return { solution, text: said.join(''), out };
}

function statesOf({ tiles }: Solution): Readonly<Record<string, string>> {
  return Object.fromEntries(tiles.map(({ file, state }) => [file, state]));
}

async function failure(...args: Parameters<typeof run>): Promise<string> {
  try {
    await run(...args);
  } catch (error) {
    return error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);
  }
  return `no failure, but: ${said.join('')}`;
}

describe('probe', () => {
  it('prints', async () => {
    const lines: string[] = [];
    const note = (name: string, text: string) => lines.push(`### ${name}\n${text}`);
    const attempt = async (name: string, folder: string, ...more: string[]) => {
      said = [];
      try {
        const { solution, text } = await run(folder, ...more);
        note(
          name,
          text.replace(/^(read|layout|match|solve|photometry|export|compose) \d.*\n/gm, '') +
            JSON.stringify(statesOf(solution)),
        );
      } catch (error) {
        note(name, `${String(error)} ${(error as { code?: string }).code ?? ''}`);
      }
    };
    await attempt('good', grid);
    await attempt('empty', emptyFolder('nothing'));
    const one = emptyFolder('one');
    copyFileSync(join(grid, 'tile_r1_c1.tif'), join(one, 'tile_r1_c1.tif'));
    await attempt('one', one);
    const mixed = gridCopy();
    await writeGrid(mixed, { rows: 2, columns: 2, seed: 9, nameOf: (r, c) => `other_r${r + 1}_c${c + 1}.tif` });
    await attempt('mixed', mixed);
    const trunc = gridCopy();
    truncateSync(join(trunc, 'tile_r1_c2.tif'), 9000);
    await attempt('truncated', trunc);
    const middle = gridCopy();
    const bytes = readFileSync(join(middle, 'tile_r1_c2.tif'));
    bytes.fill(0x55, 2000, 20000);
    writeFileSync(join(middle, 'tile_r1_c2.tif'), bytes);
    await attempt('damaged', middle);
    const zero = gridCopy();
    writeFileSync(join(zero, 'tile_r2_c3.tif'), '');
    await attempt('zero', zero);
    const text = gridCopy();
    writeFileSync(join(text, 'tile_r3_c1.png'), 'notes of the operator\n');
    await attempt('text', text);
    const bits = gridCopy();
    writeFileSync(join(bits, 'tile_r1_c1.tif'), plainTiff(256, 1, 1, 1));
    writeFileSync(join(bits, 'tile_r2_c2.tif'), plainTiff(256, 8, 5, 4));
    await attempt('1-bit cmyk', bits);
    const sizes = gridCopy();
    await writeGrid(sizes, { tileSize: { width: 300, height: 280 }, rows: 1, columns: 1, seed: 5 });
    await attempt('sizes', sizes);
    await attempt(
      'pattern one cell',
      grid,
      '--pattern',
      'tile_r{r}_c*.tif'.replace('{r}', '{r}').replace('*', '{c}').replace('tile_r{r}_c{c}', 'tile_r{r}_c*'),
    );
    await attempt('pattern columns only', grid, '--pattern', 'tile_r*_c{c}.tif');
    await attempt('pattern mismatch', grid, '--pattern', 'img_{r}_{c}.tif');
    const apart = emptyFolder('apart');
    for (let k = 0; k < 4; k++)
      await writeGrid(apart, {
        rows: 1,
        columns: 1,
        seed: 20 + k,
        nameOf: () => `t_r${(k >> 1) + 1}_c${(k & 1) + 1}.tif`,
      });
    await attempt('no overlap', apart);
    const blank = emptyFolder('blank');
    await writeGrid(blank, {
      rows: 2,
      columns: 2,
      blank: [0, 1].flatMap((row) => [0, 1].map((column) => ({ row, column }))),
    });
    await attempt('blank', blank);
    const bundle = emptyFolder('bundle');
    for (const name of readdirSync('public/models/loftr-compact'))
      copyFileSync(join('public/models/loftr-compact', name), join(bundle, name));
    const manifest = join(bundle, 'manifest.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/("sha256":\s*")[0-9a-f]{4}/, '$10000'));
    await attempt('model', grid, '--matcher', 'loftr', '--model', bundle);
    await attempt('no model', grid, '--matcher', 'loftr', '--model', grid);
    writeFileSync('/tmp/qa/probe.txt', lines.join('\n'));
    void [createHash, existsSync, rmSync, execFileSync, spawnSync, failure];
    expect(1).toBe(1);
  });
});
