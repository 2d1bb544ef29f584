import { describe, expect, it } from 'vitest';
import type { Progress } from '../core/progress.ts';
import { silentContext } from '../core/progress.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { openImage } from './index.ts';
import { makeSampleGrid, sampleOptions } from './sample-grid.ts';

const small = { ...sampleOptions, rows: 1, columns: 2, tileSize: { width: 96, height: 80 } };

describe('the built-in sample', () => {
  it('is tiles by row and column with a pixel size, and the truth about each', async () => {
    const heard: Progress[] = [];
    const { files, truth } = await makeSampleGrid(7, { ...silentContext, onProgress: (one) => heard.push(one) }, small);
    expect(files.map(({ name }) => name)).toEqual(['sample_r1_c1.tif', 'sample_r1_c2.tif']);
    expect(JSON.stringify(truth)).toContain('procedural tissue, seed 7');
    for (const { name, bytes } of files) {
      const image = await openImage(byteSourceFromBytes(name, bytes));
      expect(image.pages).toMatchObject([
        { size: { width: 96, height: 80 }, channels: 1, sampleType: 'uint8', pixelSizeNm: 8 },
      ]);
      const [{ data }] = await image.readRegion(0, undefined, silentContext.signal);
      expect(new Set(data).size).toBeGreaterThan(20);
    }
    const total = heard.at(-1)?.total ?? 0;
    expect(heard.map(({ done }) => done)).toEqual(Array.from({ length: total }, (_, k) => k + 1));
    expect(heard.slice(-2).map(({ note }) => note)).toEqual(files.map(({ name }) => name));
    expect(new Set(heard.slice(0, -2).map(({ stage, note }) => `${stage} ${note}`))).toEqual(new Set(['read tissue']));
  });

  it('is the same for the same seed and another for another', async () => {
    const [first, again, other] = await Promise.all(
      [3, 3, 4].map((seed) => makeSampleGrid(seed, silentContext, small)),
    );
    expect(again.files).toEqual(first.files);
    expect(other.files[0].bytes).not.toEqual(first.files[0].bytes);
  });

  it('can be cancelled', async () => {
    const context = { ...silentContext, signal: AbortSignal.abort() };
    await expect(makeSampleGrid(1, context, small)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
