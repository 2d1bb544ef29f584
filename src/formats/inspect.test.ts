import { describe, expect, it } from 'vitest';
import { silentContext } from '../core/progress.ts';
import type { Progress } from '../core/progress.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { compareNames } from '../core/tiles/name-fields.ts';
import { inspectFiles } from './inspect.ts';
import { memorySink } from './memory-sink.ts';
import { writeTiledTiff } from './tiff/tiff-writer.ts';

async function tiff(pixelSizeNm: number | null, description?: string): Promise<Uint8Array> {
  const sink = memorySink();
  const size = { width: 20, height: 10 };
  const text = description === undefined ? {} : { description };
  const image = { size, channels: 1, sampleType: 'uint8', pixelSizeNm, software: 'test', ...text } as const;
  await writeTiledTiff(
    sink,
    image,
    async (r) => [{ data: new Uint8Array(r.width * r.height), ...r }],
    {},
    silentContext,
  );
  return sink.bytes();
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const drop = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.entries(files).map(([name, bytes]) => byteSourceFromBytes(name, bytes));

describe('inspecting a drop', () => {
  it('lists tiles in natural order, and each unusable file as a problem that leaves the rest usable', async () => {
    const whole = await tiff(null);
    const reports: Progress[] = [];
    const found = await inspectFiles(
      drop({
        'g/t10.tif': whole,
        'g/t2.tif': whole,
        'g/empty.tif': new Uint8Array(0),
        'g/cut.tif': whole.slice(0, 90),
        'g/log.xyz': text('hi'),
      }),
      { ...silentContext, onProgress: (progress) => reports.push(progress) },
    );
    expect(found.tiles.map(({ id }) => id)).toEqual(['g/t2.tif', 'g/t10.tif']);
    expect(found.problems.map(({ file, code }) => [file, code])).toEqual([
      ['g/cut.tif', 'truncated-file'],
      ['g/empty.tif', 'truncated-file'],
      ['g/log.xyz', 'not-an-image'],
    ]);
    for (const { file, message } of found.problems) expect(message).toContain(file);
    expect(reports.at(-1)).toMatchObject({ stage: 'read', done: 5, total: 5 });
  });

  it('reads a TESCAN header with its image, where the image does not know itself', async () => {
    const header = text('[MAIN]\r\nPixelSizeX=8e-9\r\n[SEM]\r\nStageX=8e-7\r\nStageY=-8e-7\r\n');
    const found = await inspectFiles(
      drop({ 'a.tif': await tiff(null), 'a-tif.hdr': header, 'b.tif': await tiff(5), 'b.HDR': header }),
      silentContext,
    );
    expect(found.problems).toEqual([]);
    const [a, b] = found.tiles;
    expect(a.pixelSizeNm).toBeCloseTo(8, 9);
    expect(a.stage?.x).toBeCloseTo(100 - 9.5, 9);
    expect(a.stage?.y).toBeCloseTo(100 - 4.5, 9);
    expect(b.pixelSizeNm).toBeCloseTo(5, 8);
  });

  it('takes positions from a layout file and from multi-file OME-XML', async () => {
    const image = (n: number): string =>
      `<Image><Pixels PhysicalSizeX="0.01"><TiffData IFD="0"><UUID FileName="t${n}.tif"/></TiffData>` +
      `<Plane PositionX="${n}" PositionY="0"/></Pixels></Image>`;
    const block = `<OME>${image(0)}${image(1)}</OME>`;
    const ome = { 't0.tif': await tiff(null, block), 't1.tif': await tiff(null, block) };
    const found = await inspectFiles(drop({ ...ome, 'p.csv': text('t0.tif,0,0\nt1.tif,7,0\n') }), silentContext);
    expect(found.tiles.map(({ stage }) => stage?.x)).toEqual([0, 100]);
    expect(found.positionTables.map(({ format, positions }) => [format, positions[1].x])).toEqual([
      ['CSV positions', 7],
      ['OME-XML', 100],
    ]);
  });

  it('knows when a tile was imaged, and which are pages of their files', async () => {
    const ome = '<OME><Image><AcquisitionDate>2025-01-02T03:04:05</AcquisitionDate><Pixels/></Image></OME>';
    const found = await inspectFiles(drop({ 'a.tif': await tiff(4, ome), 'b.tif': await tiff(4) }), silentContext);
    expect(found.tiles[0].acquiredAtMs).toBe(Date.UTC(2025, 0, 2, 3, 4, 5));
    expect('acquiredAtMs' in found.tiles[1]).toBe(false);
    expect(found.multiPage).toEqual([]);
  });

  it('takes the page that is chosen, the last where there are fewer', async () => {
    const stack = new Uint8Array(1024 + 3);
    const view = new DataView(stack.buffer);
    for (const [at, value] of [
      [0, 1],
      [4, 1],
      [8, 3],
    ])
      view.setInt32(at, value, true);
    stack.set(text('MAP '), 208);
    const pageOf = async (chosen: ReadonlyMap<string, number>) => {
      const found = await inspectFiles(drop({ 'm.mrc': stack }), silentContext, chosen);
      expect(found.multiPage).toEqual([{ file: 'm.mrc', pages: 3 }]);
      return found.tiles[0].page;
    };
    expect(await pageOf(new Map())).toBe(0);
    expect(await pageOf(new Map([['m.mrc', 1]]))).toBe(1);
    expect(await pageOf(new Map([['m.mrc', 9]]))).toBe(2);
    expect(await pageOf(new Map([['other', 2]]))).toBe(0);
  });

  it('refuses a list of positions above 64 MiB', async () => {
    const tile = await tiff(null);
    const list = (size: number) => ({ name: 'p.csv', size, read: async () => text('a.tif,1,2\n') });
    const inspect = async (size: number) =>
      inspectFiles([list(size), byteSourceFromBytes('a.tif', tile)], silentContext);
    expect((await inspect(2 ** 26)).positionTables.map(({ path }) => path)).toEqual(['p.csv']);
    expect((await inspect(2 ** 26 + 1)).problems).toEqual([
      { file: 'p.csv', code: 'too-large', message: 'p.csv is too large for a list of positions (over 64 MB).' },
    ]);
  });

  it('passes on what is no fault of a file, and stops where it is told to', async () => {
    const broken = new RangeError('a mistake');
    const source = { name: 'a.tif', size: 99, read: () => Promise.reject(broken) };
    await expect(inspectFiles([source], silentContext)).rejects.toBe(broken);
    const controller = new AbortController();
    controller.abort();
    await expect(inspectFiles([source], { ...silentContext, signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('orders names by their numbers', () => {
    expect(['t10', 't9', 't09', 'a', 't9b'].sort(compareNames)).toEqual(['a', 't09', 't9', 't9b', 't10']);
  });
});
