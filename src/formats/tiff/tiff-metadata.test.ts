import { describe, expect, it } from 'vitest';
import type { TiffDirectory } from './tiff-directory.ts';
import { readTiffMetadata } from './tiff-metadata.ts';

/** A directory that answers from a table: numbers and texts by tag. */
function directoryOf(tags: Readonly<Record<number, number | string>>): TiffDirectory {
  return {
    number: async (tag: number, otherwise: number) => {
      const value = tags[tag];
      return typeof value === 'number' ? value : otherwise;
    },
    text: async (tag: number) => {
      const value = tags[tag];
      return typeof value === 'string' ? value : null;
    },
  } as unknown as TiffDirectory;
}

const size = { 256: 101, 257: 11 };
const read = async (...pages: readonly Readonly<Record<number, number | string>>[]) =>
  readTiffMetadata(
    'folder/a.tif',
    pages.map((page) => directoryOf({ ...size, ...page })),
  );
const only = async (tags: Readonly<Record<number, number | string>>) => (await read(tags)).pages[0];

describe('the resolution of a TIFF', () => {
  it('is in dots an inch or a centimetre, and in no other unit', async () => {
    expect((await only({ 282: 2.54e6, 296: 2 })).pixelSizeNm).toBeCloseTo(10, 9);
    expect((await only({ 282: 2.54e6 })).pixelSizeNm).toBeCloseTo(10, 9);
    expect((await only({ 282: 2e6, 296: 3 })).pixelSizeNm).toBeCloseTo(5, 9);
    expect((await only({ 282: 2e6, 296: 1 })).pixelSizeNm).toBeNull();
    expect((await only({ 282: 0, 296: 3 })).pixelSizeNm).toBeNull();
    expect((await only({})).pixelSizeNm).toBeNull();
  });

  it("is a microscope's up to 20 µm a pixel; coarser ones are a printer's", async () => {
    expect((await only({ 282: 500, 296: 3 })).pixelSizeNm).toBe(20_000);
    expect((await only({ 282: 499, 296: 3 })).pixelSizeNm).toBeNull();
    expect((await only({ 282: 300, 296: 2 })).pixelSizeNm).toBeNull();
  });
});

describe('what the tags of a page say', () => {
  const fei = '[Scan]\nPixelWidth=5e-9\n[Stage]\nStageX=1e-6\nStageY=2e-6\n';

  it('is read of the vendors first, each in its own tag', async () => {
    const page = await only({ 34682: fei, 282: 2e6, 296: 3 });
    expect(page.pixelSizeNm).toBeCloseTo(5, 9);
    // 1 µm and 2 µm of 5 nm, from the middle of 101 × 11 px.
    expect(page.stagePx?.x).toBeCloseTo(200 - 50, 6);
    expect(page.stagePx?.y).toBeCloseTo(-400 - 5, 6);
    expect((await only({ 34680: fei })).pixelSizeNm).toBeCloseTo(5, 9);
    const both = await only({ 34682: fei.replace('5e-9', '7e-9'), 34680: fei });
    expect(both.pixelSizeNm).toBeCloseTo(7, 9);
  });

  it('may leave to the next source what it does not say', async () => {
    const page = await only({ 34682: '[Stage]\nStageX=1e-6\n', 282: 2e6, 296: 3 });
    expect(page).toEqual({ pixelSizeNm: 5, stagePx: null, notes: [] });
  });

  it('is its time where the metadata name none', async () => {
    expect((await only({ 306: '2026:11:22 18:03:59' })).acquiredAtMs).toBe(Date.UTC(2026, 10, 22, 18, 3, 59));
    expect(await only({ 306: 'soon' })).toEqual({ pixelSizeNm: null, stagePx: null, notes: [] });
    expect('acquiredAtMs' in (await only({}))).toBe(false);
    const ome =
      '<?xml version="1.0"?><OME><Image><AcquisitionDate>2025-01-02T03:04:05</AcquisitionDate><Pixels PhysicalSizeX="0.004"/></Image></OME>';
    expect(await only({ 270: ome, 306: '2026:11:22 18:03:59', 282: 2e6, 296: 3 })).toEqual({
      pixelSizeNm: 4,
      stagePx: null,
      notes: [],
      acquiredAtMs: Date.UTC(2025, 0, 2, 3, 4, 5),
    });
  });

  it('is the pixel size of any other XML', async () => {
    const xml = (head: string) => `${head}<metadata><pixelSize>x</pixelSize></metadata>`;
    const jeol = '<?xml version="1.0"?><metadata><pixelSize unit="um">0.007</pixelSize></metadata>';
    expect((await only({ 270: jeol, 282: 2e6, 296: 3 })).pixelSizeNm).toBeCloseTo(7, 9);
    expect((await only({ 270: jeol.slice(21), 282: 2e6, 296: 3 })).pixelSizeNm).toBe(5);
    const ome = jeol.replace('<metadata>', '<OME><Image/>').replace('</metadata>', '</OME>');
    expect((await only({ 270: ome, 282: 2e6, 296: 3 })).pixelSizeNm).toBe(5);
    for (const head of ['<?xml version="1.0"?>', ' \n<?xml version="1.0"?>', '']) {
      const page = await only({ 270: xml(head), 282: 2e6, 296: 3 });
      expect(page.pixelSizeNm).toBe(5);
    }
  });
});

describe('OME-XML', () => {
  const image = (file: string, um: number, x: number) =>
    `<Image><Pixels PhysicalSizeX="${um}"><TiffData IFD="0"><UUID FileName="${file}">urn:1</UUID></TiffData>` +
    `<Plane PositionX="${x}" PositionY="${x}"/></Pixels></Image>`;

  it('lies in the first page and speaks for all files that it names', async () => {
    const text = `<OME>${image('a.tif', 0.004, 1)}${image('b.tif', 0.008, 2)}</OME>`;
    const { pages, positions } = await read({ 270: text }, { 270: 'ImageJ=1.53\nunit=nm\n', 282: 0.5 });
    expect(pages.length).toBe(2);
    expect(pages[0].pixelSizeNm).toBeCloseTo(4, 9);
    // 1 µm of 4 nm.
    expect(pages[0].stagePx?.x).toBeCloseTo(250, 9);
    expect(positions.length).toBe(2);
    // One image names no neighbours.
    expect((await read({ 270: `<OME>${image('a.tif', 0.004, 1)}</OME>` })).positions).toEqual([]);
    expect((await read({})).positions).toEqual([]);
  });
});

describe('ImageJ', () => {
  const head = 'ImageJ=1.53t\n';

  it('states pixels per unit in the resolution tags, the unit in the description', async () => {
    expect((await only({ 270: `${head}unit=nm\n`, 282: 0.25, 296: 1 })).pixelSizeNm).toBe(4);
    expect((await only({ 270: `${head}unit=\\u00B5m\n`, 282: 250, 296: 1 })).pixelSizeNm).toBeCloseTo(4, 9);
    expect((await only({ 270: `${head}unit=micron\nmin=0\n`, 282: 250, 296: 1 })).pixelSizeNm).toBeCloseTo(4, 9);
    expect((await only({ 270: `${head}yunit=cm\nunit=nm\n`, 282: 0.25, 296: 1 })).pixelSizeNm).toBe(4);
    expect((await only({ 270: `${head}unit=pixel\n`, 282: 250, 296: 1 })).pixelSizeNm).toBeNull();
    expect((await only({ 270: `${head}unit=nm\n`, 296: 1 })).pixelSizeNm).toBeNull();
    expect((await only({ 270: `${head}min=0\n`, 282: 250, 296: 1 })).pixelSizeNm).toBeNull();
    expect((await only({ 270: 'Image=1\nunit=nm\n', 282: 0.25, 296: 1 })).pixelSizeNm).toBeNull();
  });

  it('hides planes of large stacks behind one directory, which is said once', async () => {
    const note = 'An ImageJ stack of 12 planes: the pages that have a directory of their own are read.';
    const { pages } = await read({ 270: `${head}images=12\nslices=12\n` }, {});
    expect(pages.map(({ notes }) => notes)).toEqual([[note], []]);
    expect((await only({ 270: `${head}images=1\n` })).notes).toEqual([]);
    expect((await only({ 270: head })).notes).toEqual([]);
    expect((await only({ 270: 'images=12\n' })).notes).toEqual([]);
  });
});
