import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { emptyFolder, writeGrid } from '../e2e/tiny-grids.ts';
import { CommandError } from './arguments.ts';
import { stitchCommand } from './stitch-command.ts';

/** Three sections of 2 × 2 tiles in one folder, told apart by a slice index behind row and column. */
let flat: string;
let said: string[] = [];

const slice = (s: number) => (row: number, column: number) => `tile_r${row + 1}_c${column + 1}_s0000${s}.tif`;

beforeAll(async () => {
  flat = emptyFolder('flat');
  for (const s of [3, 4, 5]) await writeGrid(flat, { seed: s, nameOf: slice(s) });
}, 120_000);
beforeEach(() => {
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const sift = ['--matcher', 'sift', '--transform', 'translation'];

function stitch(folder: string, out: string, ...more: string[]): Promise<number> {
  said = [];
  return stitchCommand.run([folder, '--out', out, '--stack', ...sift, ...more], new AbortController().signal);
}

interface Summary {
  readonly counts: Readonly<Record<string, number>>;
  readonly sections: readonly {
    readonly name: string;
    readonly state: string;
    readonly prior?: string | null;
    readonly quality?: { readonly solved: number; readonly links: number };
    readonly error?: { readonly message: string };
    readonly flags?: readonly { readonly measure: string }[];
  }[];
}

const summaryIn = (out: string) => JSON.parse(readFileSync(join(out, 'stack.json'), 'utf8')) as Summary;
const statesIn = (out: string) => summaryIn(out).sections.map(({ name, state }) => `${name} ${state}`);

interface Solution {
  readonly tiles: readonly { readonly file: string; readonly section: number; readonly mosaicFromTile: number[] }[];
}

const solutionIn = (out: string, section: string) =>
  JSON.parse(readFileSync(join(out, section, 'solution.json'), 'utf8')) as Solution;

describe('em-stitch stitch --stack', () => {
  it('stitches every section into a folder of its own and sums them up', async () => {
    const out = emptyFolder('out');
    expect(await stitch(flat, out, '--format', 'png')).toBe(0);
    expect(statesIn(out)).toEqual(['s00003 done', 's00004 done', 's00005 done']);
    for (const section of ['s00003', 's00004', 's00005'])
      expect(readdirSync(join(out, section)).sort()).toEqual([
        'TileConfiguration.registered.txt',
        'links.csv',
        'mosaic.png',
        'pairs.cache',
        'section.json',
        'solution.json',
      ]);
    expect(summaryIn(out).sections[1].quality).toMatchObject({ tiles: 4, solved: 4, pairs: 4, links: 4 });
    const { tiles } = solutionIn(out, 's00004');
    expect(new Set(tiles.map(({ section }) => section))).toEqual(new Set([4]));
    expect(said.join('')).toContain('as in section s00003');
  });

  it('passes over what is finished, and makes again what was changed, lost or asked for otherwise', async () => {
    const folder = emptyFolder('stack');
    cpSync(flat, folder, { recursive: true });
    const out = emptyFolder('out');
    await stitch(folder, out);
    const made = () => said.join('').match(/section \S+ is finished already/g)?.length ?? 0;
    await stitch(folder, out);
    expect(made()).toBe(3);
    rmSync(join(out, 's00004', 'mosaic.tif'));
    writeFileSync(join(out, 's00005', 'solution.json'), '{}');
    await stitch(folder, out);
    expect(made()).toBe(1);
    await writeGrid(folder, { seed: 14, nameOf: slice(4) });
    await stitch(folder, out);
    expect(made()).toBe(2);
    await stitch(folder, out, '--refine');
    expect(made()).toBe(0);
    expect(statesIn(out)).toEqual(['s00003 done', 's00004 done', 's00005 done']);
  });

  it('lets processes share the sections, whichever comes first', async () => {
    const out = emptyFolder('out');
    expect(await stitch(flat, out, '--sections', '5')).toBe(0);
    expect(statesIn(out)).toEqual(['s00003 waiting', 's00004 waiting', 's00005 done']);
    expect(await stitch(flat, out, '--sections', '3-4')).toBe(0);
    expect(statesIn(out)).toEqual(['s00003 done', 's00004 done', 's00005 done']);
    const whole = emptyFolder('whole');
    await stitch(flat, whole);
    for (const section of ['s00003', 's00004', 's00005'])
      for (const file of ['solution.json', 'mosaic.tif', 'section.json'])
        expect(readFileSync(join(out, section, file)).equals(readFileSync(join(whole, section, file)))).toBe(true);
    expect(readFileSync(join(out, 'stack.json'), 'utf8')).toBe(readFileSync(join(whole, 'stack.json'), 'utf8'));
  });

  it('names a section that fails, goes on with the others, and ends with 1', async () => {
    const folder = emptyFolder('folders');
    for (const s of [1, 2, 3]) {
      mkdirSync(join(folder, `sec${s}`));
      await writeGrid(join(folder, `sec${s}`), { seed: s });
    }
    for (const name of readdirSync(join(folder, 'sec2')).slice(1)) rmSync(join(folder, 'sec2', name));
    truncateSync(join(folder, 'sec3', 'tile_r2_c2.tif'), 9000);
    const out = join(folder, 'results');
    const args = ['tsx', 'cli/main.ts', 'stitch', folder, '--out', out, '--stack', ...sift];
    const { status, stderr } = spawnSync('npx', args, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/section sec2 failed: "sec2\/tile_r1_c1.tif" is the only tile/);
    expect(stderr).toContain('left out: sec3/tile_r2_c2.tif');
    expect(statesIn(out)).toEqual(['sec1 done', 'sec2 failed', 'sec3 done']);
    expect(summaryIn(out).sections[1].error?.message).toContain('a mosaic needs two');
    expect(summaryIn(out).sections[2].quality?.solved).toBe(3);
    // Once the tiles are there, only that section is made.
    rmSync(join(folder, 'sec2'), { recursive: true });
    mkdirSync(join(folder, 'sec2'));
    await writeGrid(join(folder, 'sec2'), { seed: 2 });
    expect(await stitch(folder, out)).toBe(0);
    expect(said.join('').match(/is finished already/g)?.length).toBe(2);
  });

  it('starts a section from the places of the one before, where that is asked for', async () => {
    const folder = emptyFolder('prior');
    const poses = { seed: 8, maxShiftPx: 6 };
    const truth = await writeGrid(folder, { ...poses, nameOf: slice(1) });
    await writeGrid(folder, { ...poses, nameOf: slice(2), blank: [{ row: 1, column: 1 }] });
    /** How far the blank tile of section 2, which nothing links, is from where the stage really was, px. */
    const blankError = (out: string) => {
      const placed = new Map(solutionIn(out, 's00002').tiles.map(({ file, mosaicFromTile }) => [file, mosaicFromTile]));
      const differences = truth.tiles.map(({ file, mosaicFromTile }) => {
        const found = placed.get(file.replace('s00001', 's00002')) ?? [];
        const true6 = mosaicFromTile ?? [];
        return { file, dx: found[4] - true6[4], dy: found[5] - true6[5] };
      });
      const [anchor] = differences.filter(({ file }) => file.startsWith('tile_r1_c1'));
      const [blank] = differences.filter(({ file }) => file.startsWith('tile_r2_c2'));
      return Math.hypot(blank.dx - anchor.dx, blank.dy - anchor.dy);
    };
    const out = emptyFolder('out');
    const turned = ['--transform', 'rigid'];
    await stitch(folder, out, ...turned);
    const without = blankError(out);
    await stitch(folder, out, '--prior', 'previous', ...turned);
    expect(summaryIn(out).sections.map(({ prior }) => prior)).toEqual([null, 's00001']);
    expect(without).toBeGreaterThan(3);
    expect(blankError(out)).toBeLessThan(1);
  });

  it('says what stands out', async () => {
    const folder = emptyFolder('jump');
    for (const s of [1, 2, 3, 4]) await writeGrid(folder, { seed: s, rows: 2, columns: 3, nameOf: slice(s) });
    await writeGrid(folder, { seed: 3, rows: 2, columns: 3, nameOf: slice(3), blank: [{ row: 0, column: 2 }] });
    const out = emptyFolder('out');
    await stitch(folder, out, '--no-mosaic');
    expect(said.join('')).toMatch(/section s00003 stands out: Only \d+ % of its tiles are held by links/);
    const flags = summaryIn(out).sections.map((section) => section.flags?.map(({ measure }) => measure).join());
    expect(flags).toEqual(['', '', 'links,solved', '']);
    expect(statSync(join(out, 's00001', 'section.json')).size).toBeGreaterThan(0);
  });

  it('lists the sections for a scheduler', async () => {
    const args = ['tsx', 'cli/main.ts', 'stitch', flat, '--stack', '--list', '--sections', 's00003,5-9'];
    const { status, stdout } = spawnSync('npx', args, { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toBe('3\ts00003\t4\n5\ts00005\t4\n');
  });

  it.each([
    [['--sections', '9'], /--sections: there is no section 9; the stack has 3, 3 \(s00003\) to 5 \(s00005\)/],
    [['--sections', 'abc'], /there is no section abc/],
    [['--prior', 'next'], /--prior must be one of layout, previous, not next/],
    [['--positions', 'a.txt'], /with --stack the positions file of each section/],
  ])('refuses %j', async (more, sentence) => {
    const failure = stitch(flat, emptyFolder('out'), ...more);
    await expect(failure).rejects.toThrow(CommandError);
    await expect(failure).rejects.toThrow(sentence);
  });

  it('says that one grid is no stack, and that options of a stack need one', async () => {
    const grid = emptyFolder('grid');
    await writeGrid(grid);
    await expect(stitch(grid, emptyFolder('out'))).rejects.toThrow(
      /show no stack: it needs two folders of tiles or more/,
    );
    const args = [grid, '--out', emptyFolder('out'), '--sections', '1'];
    await expect(stitchCommand.run(args, new AbortController().signal)).rejects.toThrow(/--sections is about a stack/);
  });
});
