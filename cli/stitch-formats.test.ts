import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentContext } from '../src/core/progress.ts';
import type { Raster } from '../src/core/raster/raster.ts';
import { byteSourceFromBytes } from '../src/formats/byte-source.ts';
import { openImage } from '../src/formats/index.ts';
import { emptyFolder, writeGrid } from '../e2e/tiny-grids.ts';
import { CommandError } from './arguments.ts';
import { stitchCommand } from './stitch-command.ts';

let grid: string;
let said: string[] = [];

beforeAll(async () => {
  grid = emptyFolder('grid');
  await writeGrid(grid);
}, 120_000);
beforeEach(() => {
  said = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function stitch(out: string, ...more: string[]): Promise<void> {
  const args = [grid, '--out', out, '--matcher', 'sift', '--transform', 'translation', ...more];
  await stitchCommand.run(args, new AbortController().signal);
}

async function pixelsOf(path: string): Promise<Raster> {
  const image = await openImage(byteSourceFromBytes(path, readFileSync(path)));
  return (await image.readRegion(0, undefined, silentContext.signal))[0];
}

describe('the picture that em-stitch stitch writes', () => {
  it.each([
    ['tiff', 'mosaic.tif'],
    ['ome-tiff', 'mosaic.ome.tif'],
    ['png', 'mosaic.png'],
    ['ome-zarr', 'mosaic.ome.zarr/zarr.json'],
    ['dzi', 'mosaic-dzi/mosaic.dzi'],
  ])('is %s as %s, and a second run puts a new one in its place', async (format, file) => {
    const out = emptyFolder('out');
    await stitch(out, '--format', format);
    await stitch(out, '--format', format);
    expect(existsSync(join(out, file))).toBe(true);
    expect(readdirSync(out).filter((name) => /\.(partial|old)$/.test(name))).toEqual([]);
  });

  it('is the part of the whole that --region names, pixel for pixel', async () => {
    const out = emptyFolder('out');
    await stitch(out);
    const whole = await pixelsOf(join(out, 'mosaic.tif'));
    const { bounds } = JSON.parse(readFileSync(join(out, 'solution.json'), 'utf8')) as { bounds: number[] };
    const [x, y] = [bounds[0] + 200, bounds[1] + 150];
    await stitch(out, '--format', 'ome-tiff', '--region', `${x},${y},120,90`);
    const part = await pixelsOf(join(out, 'mosaic.ome.tif'));
    expect([part.width, part.height]).toEqual([120, 90]);
    for (let j = 0; j < 90; j++) {
      const start = (150 + j) * whole.width + 200;
      expect(part.data.subarray(120 * j, 120 * (j + 1))).toEqual(whole.data.subarray(start, start + 120));
    }
  });

  it('goes with bent tiles, and with patches at full resolution', async () => {
    const out = emptyFolder('out');
    await stitch(out, '--transform', 'elastic', '--format', 'ome-tiff', '--region', '10,10,100,80', '--bits', '16');
    const part = await pixelsOf(join(out, 'mosaic.ome.tif'));
    expect([part.width, part.height, part.data.constructor.name]).toEqual([100, 80, 'Uint16Array']);
    const solution = readFileSync(join(out, 'solution.json'), 'utf8');
    expect(solution).toContain('"mesh"');
    expect(existsSync(join(out, 'acquisition.json'))).toBe(true);
    await stitch(out, '--refine', '--format', 'png');
    expect(readFileSync(join(out, 'solution.json'), 'utf8')).not.toContain('"mesh"');
  });

  it('keeps the solution when the region lies outside the mosaic, and says where the mosaic is', async () => {
    const out = emptyFolder('out');
    await expect(stitch(out, '--region', '0,0,9000,9000')).rejects.toMatchObject({
      code: 'bad-options',
      message: expect.stringMatching(/does not lie within the mosaic, which is/) as string,
    });
    expect(existsSync(join(out, 'solution.json'))).toBe(true);
    expect(existsSync(join(out, 'mosaic.tif'))).toBe(false);
  });

  it.each([
    [['--format', 'jpeg'], '--format must be one of tiff, ome-tiff, ome-zarr, dzi, png, not jpeg'],
    [['--region', '1,2,3'], '--region must be X,Y,WIDTH,HEIGHT in mosaic pixels, not 1,2,3'],
    [['--region', '1,2,x,4'], '--region must be X,Y,WIDTH,HEIGHT in mosaic pixels, not 1,2,x,4'],
    [['--region', '0,0,0,5'], '--region must be whole pixels, at least one wide and high, not 0,0,0,5'],
    [['--region', '0.5,0,10,5'], '--region must be whole pixels, at least one wide and high, not 0.5,0,10,5'],
    [['--bits', '12'], '--bits must be one of 8, 16, 32f, not 12'],
    [['--no-mosaic', '--format', 'png'], '--format has nothing to say with --no-mosaic'],
  ])('is refused before anything is read: %j', async (more, sentence) => {
    const out = emptyFolder('out');
    const failure = stitch(out, ...more);
    await expect(failure).rejects.toThrow(CommandError);
    await expect(failure).rejects.toThrow(sentence);
    expect(readdirSync(out)).toEqual([]);
    expect(said.join('')).not.toContain('read ');
  });
});
