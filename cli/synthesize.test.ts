import { mkdtempSync, existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openImage } from '../src/formats/index.ts';
import { silentContext } from '../src/core/progress.ts';
import { CommandError } from './arguments.ts';
import { fileSource } from './node-files.ts';
import { synthesizeCommand } from './synthesize-command.ts';
import { readTruthSet } from './synthesize-truth.ts';

const folder = mkdtempSync(join(tmpdir(), 'synthesize-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command; the answer is what it wrote to stderr. */
async function synthesize(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    await synthesizeCommand.run(args, new AbortController().signal);
  } finally {
    spy.mockRestore();
  }
  return lines.join('');
}

async function contents(path: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of (await readdir(path)).sort()) files.set(name, await readFile(join(path, name), 'latin1'));
  return files;
}

const small = ['--preset', 'pair-15-noise30', '--grids', '4', '--seed', '9', '--tile', '128'] as const;

describe('synthesize', () => {
  it('makes the same files whatever the number of jobs, and completes what is missing without touching the rest', async () => {
    const one = join(folder, 'one');
    await synthesize(...small, '--out', one, '--jobs', '1');
    const whole = await contents(one);
    expect([...whole.keys()]).toHaveLength(9);
    const two = join(folder, 'two');
    await synthesize(...small, '--out', two, '--jobs', '2');
    expect(await contents(two)).toEqual(whole);

    await rm(join(one, 'pair-15-noise30_g00002_t00001_s00000.tif'));
    await rm(join(one, 'truth.json'));
    await writeFile(join(one, 'pair-15-noise30_g00001_t00000_s00000.tif'), 'cut short');
    await writeFile(join(one, 'pair-15-noise30_g00003_t00000_s00000.tif.partial'), 'cut short');
    expect(await synthesize(...small, '--out', one, '--jobs', '1')).toContain('6 of 8 tiles are there already');
    await rm(join(one, 'pair-15-noise30_g00003_t00000_s00000.tif.partial'));
    expect(await contents(one)).toEqual(whole);
  });

  it('writes tiles that our reader opens, and the truth beside them', async () => {
    const out = join(folder, 'em424');
    await synthesize('--preset', 'em424', '--grids', '1', '--rows', '1', '--columns', '2', '--tile', '256', '--out', out, '--jobs', '1', '--keep-sources'); // prettier-ignore
    const truth = await readTruthSet(out);
    expect(truth.grids).toHaveLength(1);
    const [{ tiles, sourceSize, name }] = truth.grids;
    expect(tiles.map(({ file }) => file)).toEqual(['em424_g00000_t00000_s00000.tif', 'em424_g00000_t00001_s00000.tif']);
    for (const { file } of tiles) {
      const image = await openImage(await fileSource(join(out, file), file));
      expect([image.format, image.pages[0].size, image.pages[0].sampleType]).toEqual(['tiff', { width: 256, height: 256 }, 'uint8']); // prettier-ignore
    }
    const kept = await openImage(await fileSource(join(out, 'sources', `${name}.tif`), 'source'));
    expect(kept.pages[0].size).toEqual(sourceSize);
    const [tile] = await (await openImage(await fileSource(join(out, tiles[0].file), 'tile'))).readRegion(0, undefined, silentContext.signal); // prettier-ignore
    const [source] = await kept.readRegion(0, undefined, silentContext.signal);
    const [, , , , e, f] = tiles[0].mosaicFromTile; // the first tile is not turned
    let squares = 0;
    const { gain, offset } = tiles[0].imaging;
    for (let j = 0; j < 256; j++)
      for (let i = 0; i < 256; i++) {
        const specimen = source.data[(j + f) * source.width + i + e];
        squares += (tile.data[j * 256 + i] + 0.5 - gain * specimen - offset) ** 2;
      }
    expect(Math.sqrt(squares / 65536) / gain).toBeCloseTo(5, 0);
  });

  it('refuses a folder that holds another set, and says so of an unfinished one', async () => {
    const out = join(folder, 'taken');
    await synthesize(...small, '--out', out, '--jobs', '1');
    await expect(synthesize(...small, '--noise', '3', '--out', out, '--jobs', '1')).rejects.toThrow(
      /truth.json is of another set \(.*name an empty folder or remove it/,
    );
    await rm(join(out, 'truth.json'));
    await expect(readTruthSet(out)).rejects.toThrow('is missing; make the set with the synthesize command');
    await writeFile(join(out, 'truth.json.partial'), await readFile(join(folder, 'one', 'truth.json')));
    await expect(readTruthSet(out)).rejects.toThrow('run the same synthesize command again');
  });

  it('names what cannot be used: arguments, paths, empty folders, damaged images', async () => {
    const out = join(folder, 'never');
    for (const [args, message] of [
      [['--preset', 'noisy'], '--out is missing'],
      [['--out', out], '--preset is missing; it is one of em424'],
      [['--out', out, '--preset', 'foggy'], '--preset must be one of em424'],
      [['--out', out, '--preset', 'noisy', '--grids', '2', '--tiles', '9'], 'not both'],
      [['--out', out, '--preset', 'noisy', '--grids', '2.5'], '--grids must be a whole number'],
      [['--out', out, '--preset', 'noisy', '--noise', '50-15'], '--noise must be A or A-B'],
      [['--out', out, '--preset', 'em424', '--noise', '30'], 'em424 is a fixed recipe'],
      [['--out', out, '--preset', 'noisy', '--split', 'train'], 'for testing only'],
    ] as const) {
      await expect(synthesize(...args)).rejects.toThrow(CommandError);
      await expect(synthesize(...args)).rejects.toThrow(message);
    }
    const ask = ['--preset', 'noisy', '--grids', '1', '--out', out, '--jobs', '1'] as const;
    await expect(synthesize(join(folder, 'nowhere'), ...ask)).rejects.toThrow('nowhere is not there');
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(synthesize(empty, ...ask)).rejects.toThrow('empty holds no image that can be read');
    expect(existsSync(out)).toBe(false);
  });

  it('leaves out a damaged source image by name and goes on with the others', async () => {
    const sources = join(folder, 'sources');
    await synthesize('--preset', 'pair-15-clean', '--tile', '512', '--grids', '1', '--out', join(folder, 'made'), '--jobs', '1', '--noise', '0'); // prettier-ignore
    const tile = 'pair-15-clean_g00000_t00000_s00000.tif';
    await mkdir(sources);
    await cp(join(folder, 'made', tile), join(sources, 'good.tif'));
    const bytes = await readFile(join(folder, 'made', tile));
    await writeFile(join(sources, 'cut.tif'), bytes.subarray(0, 5000));
    await writeFile(join(sources, 'notes.txt'), 'not an image');
    const said = await synthesize(sources, ...small, '--out', join(folder, 'from-images'), '--jobs', '1');
    expect(said).toMatch(/left out: cut.tif/);
    const { grids } = await readTruthSet(join(folder, 'from-images'));
    expect(grids.map(({ source }) => source)).toEqual(['good.tif', 'good.tif', 'good.tif', 'good.tif']);
  });

  it.skipIf(!existsSync('../shared/data/mussel-165'))(
    'cuts pairs from real tiles where they show texture [needs ../shared/data]',
    async () => {
      const out = join(folder, 'mussel');
      await synthesize('../shared/data/mussel-165', '--preset', 'pair-15-clean', '--grids', '9', '--out', out, '--jobs', '1'); // prettier-ignore
      const { grids } = await readTruthSet(out);
      expect(grids).toHaveLength(9);
      expect(grids.every(({ source }) => /^165_\d_\d\.tif$/.test(source))).toBe(true);
      expect(grids.some(({ source }) => source === '165_3_3.tif')).toBe(false); // almost empty
    },
  );
});
