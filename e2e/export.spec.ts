import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { expect, test } from './app.ts';

/** Python with tifffile, numpy and PIL: the readers from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';

test('every format of the export tab is a file that other programs open, with the same pixels', async ({ app }) => {
  await app.openSample();
  await app.chooseMatcher('phase-correlation');
  await app.stitch();

  const omeTiff = await app.download('export-ome-tiff');
  const png = await app.download('export-png');
  const program = `
import sys, subprocess, json, numpy, tifffile
from PIL import Image
ome, png = sys.argv[1:]
with tifffile.TiffFile(ome) as f:
    levels = [list(l.shape) for l in f.series[0].levels]
    isOme = f.is_ome
subprocess.run(['tiffcp', '-c', 'none', '-s', ome, ome + '.plain.tif'], check=True)
same = bool((tifffile.imread(ome + '.plain.tif') == numpy.array(Image.open(png))).all())
print(json.dumps([isOme, levels, same]))`;
  const [isOme, levels, isSame] = JSON.parse(
    execFileSync(python, ['-W', 'ignore', '-c', program, omeTiff, png], { encoding: 'utf8' }),
  ) as [boolean, number[][], boolean];
  expect(isOme).toBe(true);
  expect(levels.length).toBeGreaterThan(2);
  expect(isSame).toBe(true);

  const zarr = unzipSync(readFileSync(await app.download('export-ome-zarr')));
  const array = JSON.parse(new TextDecoder().decode(zarr['0/zarr.json'])) as { shape: number[] };
  expect(array.shape).toEqual(levels[0]);
  const deepZoom = unzipSync(readFileSync(await app.download('export-dzi')));
  expect(new TextDecoder().decode(deepZoom['mosaic.dzi'])).toContain(`Width="${levels[0][1]}"`);
});

test('what is on the screen is exported alone, in the samples that are asked for', async ({ app }) => {
  await app.openSample();
  await app.chooseMatcher('phase-correlation');
  await app.stitch();
  await app.byId('export-tab').click();
  await app.page.getByLabel('Samples').selectOption('16');
  await expect(app.byId('export-dzi')).toBeDisabled();
  await app.page.getByLabel('Part').selectOption('visible');
  const box = await app.byId('mosaic-viewer').boundingBox();
  const sizeNow = async () => {
    const facts = execFileSync('tiffinfo', [await app.download('export-tiff')], { encoding: 'utf8' });
    expect(facts).toContain('Bits/Sample: 16');
    return ['Width', 'Length'].map((side) => Number(new RegExp(`Image ${side}: (\\d+)`).exec(facts)?.[1]));
  };
  // At four times their size 1/4 of the screen's px along each side are pixels of the mosaic, whichever way it is turned.
  await app.byId('mosaic-viewer').focus();
  await app.page.keyboard.press('1');
  for (let k = 0; k < 4; k++) await app.page.keyboard.press('+');
  const [width, height] = await sizeNow();
  expect(Math.abs(width - (box?.width ?? NaN) / 4)).toBeLessThan(3);
  expect(Math.abs(height - (box?.height ?? NaN) / 4)).toBeLessThan(3);
  await app.byId('mosaic-viewer').focus();
  await app.page.keyboard.press('r');
  const [turnedWidth, turnedHeight] = await sizeNow();
  expect(Math.abs(turnedWidth - (box?.height ?? NaN) / 4)).toBeLessThan(3);
  expect(Math.abs(turnedHeight - (box?.width ?? NaN) / 4)).toBeLessThan(3);
});

test('the solution is handed to other programs, with a word on what they cannot carry', async ({ app }) => {
  await app.openSample();
  await app.chooseMatcher('phase-correlation');
  await app.stitch();
  for (const [id, start] of [
    ['bigstitcher', '<?xml'],
    ['ngff', '{'],
    ['feabas', '{ROOT_DIR}'],
    ['mist', 'file: '],
  ] as const) {
    const text = readFileSync(await app.download(`export-${id}`), 'utf8');
    expect(text.startsWith(start)).toBe(true);
    expect(text).toContain('sample_r1_c1.tif');
  }
  await expect(app.page.getByText('Positions are rounded to whole pixels.')).toBeVisible();
});
