import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { translation } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { seededRandom } from '../random.ts';
import type { Link } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import type { Progress } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { plainReport } from '../testing/plain-report.ts';
import { plainTile } from '../testing/plain-tile.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { estimateShading } from './estimate-shading.ts';
import { shadingAt } from './shading-field.ts';

const side = 24;
const idOf = (n: number) => tileId(`t${String(n).padStart(4, '0')}`);
type Draw = (n: number, i: number, j: number) => number;

/** A row of tiles, each 18 px right of the last, linked to the next; `draw` says their pixels. */
function rowOf(count: number, draw: Draw, changes: (report: SolveReport) => Partial<SolveReport> = () => ({})) {
  const ids = Array.from({ length: count }, (_, n) => idOf(n));
  const asked: TileId[] = [];
  const reader: TileReader = {
    read(tile) {
      asked.push(tile);
      const n = ids.indexOf(tile);
      const data = Float32Array.from({ length: side * side }, (_, k) => draw(n, k % side, Math.floor(k / side)));
      const raster: Raster = { data, width: side, height: side };
      return Promise.resolve([raster]);
    },
  };
  const base = plainReport(new Map(ids.map((id, n) => [id, translation(18 * n, 0)])));
  const links = ids.slice(1).map((b, n) => ({ pair: { a: ids[n], b } }) as unknown as Link);
  const tiles = ids.map((id) => plainTile(id, { width: side, height: side }, { sampleType: 'float32' })).reverse();
  return { request: { tiles, links, report: { ...base, ...changes(base) } }, reader, asked };
}

const random = (n: number, i: number, j: number) => seededRandom(1 + i + 31 * j + 997 * n)();
/** Even tissue seen through a slope across and a bowl down, with little noise. */
const shading = (i: number, j: number) => 1 + 0.2 * ((i + 0.5) / side - 0.5) - 0.3 * ((j + 0.5) / side - 0.5) ** 2;
const shaded: Draw = (n, i, j) => 100 * shading(i, j) * (1 + 0.004 * random(n, i, j));

describe('estimating a shading', () => {
  it('gives the field of mean 1, its span and its error, and says so', async () => {
    const { request, reader, asked } = rowOf(8, shaded);
    const notes: Progress[] = [];
    let yields = 0;
    const context = {
      ...silentContext,
      onProgress: (progress: Progress) => void notes.push(progress),
      yieldNow: () => {
        yields++;
        return Promise.resolve();
      },
    };
    const { field, tiles, least, most, sigma, sentence } = await estimateShading(request, reader, context);
    const ids = Array.from({ length: 8 }, (_, n) => idOf(n));
    expect(asked).toEqual(ids);
    expect(notes).toEqual(ids.map((id, done) => ({ stage: 'photometry', done, total: 8, note: id })));
    expect([tiles, yields]).toEqual([8, 8]);
    let mean = 0;
    for (let k = 0; k < side * side; k++) mean += shading(k % side, Math.floor(k / side)) / side ** 2;
    let worst = 0;
    for (let j = 0; j < side; j++)
      for (let i = 0; i < side; i++) {
        const found = field ? shadingAt(field, i / (side - 1), j / (side - 1)) : NaN;
        worst = Math.max(worst, Math.abs(found / (shading(i, j) / mean) - 1));
      }
    expect(worst).toBeLessThan(0.01);
    const values = [...(field?.values ?? [])];
    expect([least, most]).toEqual([Math.min(...values), Math.max(...values)]);
    expect(sigma).toBeGreaterThan(0);
    expect(sigma).toBeLessThan(0.003);
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    expect(sentence).toBe(
      `All tiles share a shading from ${percent(least)} to ${percent(most)} of their mean, known to ${percent(sigma)} from 8 tiles; it is taken out.`,
    );
  });

  it('has no field, and says why, where tiles share none, or are too few or too dark', async () => {
    const none = { field: null, least: 1, most: 1, sigma: 0 };
    const even = rowOf(7, (n, i, j) => 100 + 0.4 * random(n, i, j));
    expect(await estimateShading(even.request, even.reader, silentContext)).toEqual({
      ...none,
      tiles: 7,
      sentence: 'The 7 tiles share no shading that stands out of what they show.',
    });
    const few = rowOf(5, shaded);
    expect(await estimateShading(few.request, few.reader, silentContext)).toEqual({
      ...none,
      tiles: 5,
      sentence: 'Shading needs 6 solved tiles or more to be told from what they show.',
    });
    expect(few.asked).toEqual([]);
    const dark = rowOf(7, (n, i, j) => (n < 2 ? -1 : shaded(n, i, j)));
    expect(await estimateShading(dark.request, dark.reader, silentContext)).toEqual({
      ...none,
      tiles: 5,
      sentence: 'Too few tiles are bright and unclipped enough to see a shading.',
    });
    // Six are enough.
    const six = rowOf(6, shaded);
    expect((await estimateShading(six.request, six.reader, silentContext)).field).not.toBeNull();
  });

  it('goes by solved tiles that can be read, and have a pose', async () => {
    const { request, reader, asked } = rowOf(11, shaded, ({ state, mosaicFromTile }) => ({
      state: new Map([...state, [idOf(2), 'unplaced' as const], [idOf(4), 'stage' as never]]),
      mosaicFromTile: new Map([...mosaicFromTile].filter(([id]) => id !== idOf(7))),
    }));
    const failing = (error: Error): TileReader => ({
      read: (tile, asking) => (tile === idOf(9) ? Promise.reject(error) : reader.read(tile, asking)),
    });
    const damaged = failing(new StitchError('truncated-file', 'cut off'));
    expect((await estimateShading(request, damaged, silentContext)).tiles).toBe(7);
    expect(asked).toEqual([0, 1, 3, 5, 6, 8, 10].map(idOf));
    await expect(estimateShading(request, failing(new RangeError('gone')), silentContext)).rejects.toThrow('gone');
    const stopped = { ...silentContext, signal: AbortSignal.abort() };
    await expect(estimateShading(request, reader, stopped)).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('takes a finer surface from twenty tiles on', async () => {
    // A ripple of the fourth degree that a surface of the second cannot follow.
    const ripple: Draw = (n, i, j) => {
      const x = (2 * (i + 0.5)) / side - 1;
      return 100 * (1 + 0.1 * ((35 * x ** 4 - 30 * x * x + 3) / 8)) * (1 + 0.004 * random(n, i, j));
    };
    const spanOf = async (count: number) => {
      const { request, reader } = rowOf(count, ripple);
      const { least, most } = await estimateShading(request, reader, silentContext);
      return most - least;
    };
    expect(await spanOf(20)).toBeGreaterThan(0.1);
    expect(await spanOf(19)).toBeLessThan(0.05);
  });

  it('reads of many tiles eight patches of fifty neighbours', async () => {
    const { request, reader, asked } = rowOf(480, (n, i, j) => 100 + 0.4 * random(n, i, j));
    await estimateShading(request, reader, silentContext);
    // Patches begin at 30, 90, … of 480; neighbours in turn on both sides: 25 before and 24 behind.
    const meant = Array.from({ length: 8 }, (_, p) =>
      Array.from({ length: 50 }, (__, k) => idOf(30 + 60 * p - 25 + k)),
    ).flat();
    expect(asked).toEqual(meant);
    const { request: all, reader: whole, asked: read } = rowOf(400, (n, i, j) => 100 + 0.4 * random(n, i, j));
    await estimateShading(all, whole, silentContext);
    expect(read).toHaveLength(400);
  });
});
