import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StitchError } from '../src/core/errors.ts';
import { cropTiff, emptyFolder, plainTiff, writeGrid } from '../e2e/tiny-grids.ts';
import { CommandError } from './arguments.ts';
import { stitchCommand } from './stitch-command.ts';

let grid: string;
/** What a user reads on stderr. */
let said: string[] = [];

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

function gridCopy(): string {
  const folder = emptyFolder('tiles');
  for (const name of readdirSync(grid)) copyFileSync(join(grid, name), join(folder, name));
  return folder;
}

interface Solution {
  readonly tiles: readonly { readonly file: string; readonly state: string }[];
  readonly links: readonly { readonly state: string }[];
}

/** Stitches with SIFT and gives the states of the tiles by file, of the links, and what was said. */
async function stitch(folder: string, ...more: string[]) {
  const out = emptyFolder('out');
  const args = [folder, '--out', out, '--matcher', 'sift', '--transform', 'translation', ...more];
  await stitchCommand.run(args, new AbortController().signal);
  const { tiles, links } = JSON.parse(readFileSync(join(out, 'solution.json'), 'utf8')) as Solution;
  expect(existsSync(join(out, 'mosaic.tif'))).toBe(true);
  return {
    tiles: Object.fromEntries(tiles.map(({ file, state }) => [file, state])),
    links: links.map(({ state }) => state),
    text: said.join(''),
  };
}

/** The error that ends the command; main.ts prints its message and exits with 2. */
async function failure(folder: string, ...more: string[]): Promise<StitchError | CommandError> {
  try {
    await stitch(folder, ...more);
  } catch (error) {
    if (error instanceof StitchError || error instanceof CommandError) return error;
    throw error;
  }
  throw new Error('the command did not fail');
}

describe('em-stitch stitch, where nothing can be done', () => {
  it('exits with 2 and one sentence on an empty folder', () => {
    const folder = emptyFolder('nothing');
    const args = ['tsx', 'cli/main.ts', 'stitch', folder, '--out', join(folder, 'out')];
    const { status, stderr, stdout } = spawnSync('npx', args, { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`em-stitch: ${folder} is empty; name the folder that holds the tiles.\n`);
    expect(stderr).toContain('no-tiles: Name the folder that holds the tiles: TIFF, PNG, JPEG, BMP or MRC.\n');
    expect(stderr).not.toContain('    at ');
  });

  it('says that a folder does not exist', async () => {
    expect((await failure(join(grid, 'absent'))).message).toContain(
      'absent cannot be read as a folder; check the path.',
    );
  });

  it('names the only tile', async () => {
    const folder = gridCopy();
    for (const name of readdirSync(folder)) if (name !== 'tile_r1_c1.tif') rmSync(join(folder, name));
    const error = await failure(folder);
    expect(error).toMatchObject({ code: 'one-tile' });
    expect(error.message).toBe('"tile_r1_c1.tif" is the only tile; a mosaic needs two. Add its neighbours.');
  });

  it('names the first file when no file is an image', async () => {
    const folder = emptyFolder('notes');
    writeFileSync(join(folder, 'notes.png'), 'notes of the operator\n');
    const error = await failure(folder);
    expect(error).toMatchObject({ code: 'no-tiles' });
    expect(error.message).toContain('notes.png: the file is no image that is known here.');
  });

  it('names two tiles that a pattern puts into one cell, and names that it does not fit', async () => {
    const folder = gridCopy();
    copyFileSync(join(folder, 'tile_r1_c1.tif'), join(folder, 'tile_r1_c01.tif'));
    const taken = await failure(folder, '--pattern', 'tile_r{r}_c{c}.tif');
    expect(taken).toMatchObject({ code: 'cell-taken' });
    expect(taken.message).toContain('tile_r1_c1.tif');
    expect(taken.message).toContain('tile_r1_c01.tif');

    const misfit = await failure(folder, '--pattern', 'img_{r}_{c}.tif');
    expect(misfit).toMatchObject({ code: 'pattern-mismatch' });
    expect(misfit.message).toContain('does not fit "tile_r1_c01.tif" and 4 more of 5 names');
  });

  it('refuses a model that is not the one its manifest describes, before anything is matched', async () => {
    const bundle = emptyFolder('bundle');
    const shipped = 'public/models/loftr-compact';
    for (const name of readdirSync(shipped)) copyFileSync(join(shipped, name), join(bundle, name));
    const manifest = join(bundle, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace(/("sha256":\s*")[0-9a-f]{8}/, '$100000000'));
    const error = await failure(grid, '--matcher', 'loftr', '--model', bundle);
    expect(error).toMatchObject({ code: 'bad-model' });
    expect(error.message).toMatch(/loftr-compact\.onnx is not the file that the manifest describes/);
    expect(said.join('')).not.toContain('match ');

    expect((await failure(grid, '--matcher', 'loftr', '--model', grid)).message).toMatch(
      /manifest\.json; name the folder with its manifest\.json/,
    );
  });

  it('names the option and what is possible', async () => {
    const error = await failure(grid, '--blend', 'sum');
    expect(error).toBeInstanceOf(CommandError);
    expect(error.message).toContain('--blend must be one of overlay, none, average, feather, seam, multiband, not sum');
  });
});

describe('em-stitch stitch, where the rest can be stitched', () => {
  it('names every file that it leaves out and stitches the others', async () => {
    const folder = gridCopy();
    await writeGrid(folder, { columns: 4, seed: 1 });
    writeFileSync(join(folder, 'notes.png'), 'notes of the operator\n');
    writeFileSync(join(folder, '.hidden.tif'), 'hidden');
    writeFileSync(join(folder, 'tile_r2_c1.tif'), '');
    truncateSync(join(folder, 'tile_r2_c2.tif'), 9000);
    writeFileSync(join(folder, 'tile_r2_c3.tif'), plainTiff(320, 1, 1, 1));
    writeFileSync(join(folder, 'tile_r2_c4.tif'), plainTiff(320, 8, 5, 4));
    const { tiles, links, text } = await stitch(folder);
    expect(text).toContain('left out: notes.png: the file is no image that is known here.');
    expect(text).toContain('left out: tile_r2_c1.tif: the file is empty (0 bytes).');
    expect(text).toContain('left out: tile_r2_c2.tif: the file has 9000 bytes and ends before its directory');
    expect(text).toContain('left out: tile_r2_c3.tif: a TIFF with 1-bit samples.');
    expect(text).toContain('left out: tile_r2_c4.tif: a TIFF with CMYK (or other ink) colour pixels.');
    expect(text).not.toContain('hidden');
    expect(tiles).toEqual(Object.fromEntries([1, 2, 3, 4].map((column) => [`tile_r1_c${column}.tif`, 'solved'])));
    expect(links).toEqual(['link', 'link', 'link']);
  });

  it('stitches the larger of two mixed grids and says how many tiles it leaves out', async () => {
    const folder = gridCopy();
    const nameOf = (row: number, column: number) => `other_r${row + 1}_c${column + 1}.tif`;
    await writeGrid(folder, { rows: 1, columns: 3, seed: 9, nameOf });
    const { tiles, text } = await stitch(folder);
    expect(text).toContain('tile_r*_c*.tif; 3 tiles of other names are left out');
    expect(tiles).toMatchObject({ 'tile_r1_c1.tif': 'solved', 'tile_r2_c2.tif': 'solved' });
    expect(tiles['other_r1_c1.tif'] ?? 'unplaced').toBe('unplaced');
  });

  it('links tiles of differing sizes', async () => {
    const folder = emptyFolder('sizes');
    await writeGrid(folder, { rows: 1, columns: 2, seed: 4 });
    await cropTiff(join(folder, 'tile_r1_c2.tif'), 300, 290);
    const { links, tiles } = await stitch(folder);
    expect(links).toEqual(['link']);
    expect(tiles).toEqual({ 'tile_r1_c1.tif': 'solved', 'tile_r1_c2.tif': 'solved' });
  });

  it('says that nothing links when tiles show different places, and shows the layout alone', async () => {
    const folder = emptyFolder('apart');
    for (const column of [1, 2])
      await writeGrid(folder, { rows: 1, columns: 1, seed: 20 + column, nameOf: () => `t_r1_c${column}.tif` });
    const { tiles, links, text } = await stitch(folder);
    expect(links).toEqual(['rejected']);
    expect(tiles).toEqual({ 't_r1_c1.tif': 'prior', 't_r1_c2.tif': 'prior' });
    expect(text).toMatch(/no link t_r1_c1\.tif – t_r1_c2\.tif: .*\d+ .*match/);
    expect(text).toContain('No two tiles could be linked, so the picture shows the layout alone. Check the layout');
  });

  it('names the tile without texture when all tiles are blank', async () => {
    const folder = emptyFolder('blank');
    await writeGrid(folder, { rows: 1, columns: 2, blank: [0, 1].map((column) => ({ row: 0, column })) });
    const { tiles, text } = await stitch(folder);
    expect(tiles).toEqual({ 'tile_r1_c1.tif': 'prior', 'tile_r1_c2.tif': 'prior' });
    expect(text).toContain('tile_r1_c1.tif shows nothing but an even field or noise in the overlap.');
    expect(text).toContain('No two tiles could be linked');
  });
});
