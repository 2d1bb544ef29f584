import { describe, expect, it } from 'vitest';
import { isOmeXml, omeAcquisition, omePositions, parseOmeXml } from './ome-xml.ts';
import type { OmeImage } from './ome-xml.ts';

const ome = (inside: string) => parseOmeXml(`<?xml version="1.0"?><OME>${inside}</OME>`);

function image(pixelSizeNm: number, ifd: number | null, file: string | null, x: number | null = null): OmeImage {
  return { acquisition: { pixelSizeNm, stagePx: x === null ? null : { x, y: -x } }, ifd, file };
}

describe('an ImageDescription', () => {
  it('is OME-XML where its root says so, with a prefix or without', () => {
    expect(isOmeXml('<?xml version="1.0"?><OME xmlns="x">')).toBe(true);
    expect(isOmeXml('<OME>')).toBe(true);
    expect(isOmeXml('<ome:OME\n>')).toBe(true);
    for (const text of ['', '<OMEGA>', 'OME', '<a:b:OME >', `${' '.repeat(4096)}<OME>`])
      expect(isOmeXml(text)).toBe(false);
  });
});

describe('OME-XML', () => {
  it('gives an image its pixel size in µm unless it names another unit', () => {
    expect(ome('<Image><Pixels PhysicalSizeX="0.004"/></Image>')[0].acquisition.pixelSizeNm).toBeCloseTo(4, 12);
    const nm = ome('<Image><Pixels PhysicalSizeX="4" PhysicalSizeXUnit="nm"/></Image>');
    expect(nm).toEqual([{ acquisition: { pixelSizeNm: 4, stagePx: null }, ifd: null, file: null }]);
    for (const pixels of ['', 'PhysicalSizeX="0"', 'PhysicalSizeX="4" PhysicalSizeXUnit="pixel"'])
      expect(ome(`<Image><Pixels ${pixels}/></Image>`)[0].acquisition.pixelSizeNm).toBeNull();
  });

  it('places an image by its first plane that has a position', () => {
    const planes =
      '<Plane TheC="0"/><Plane PositionX="1"/><Plane PositionX="8" PositionXUnit="nm" PositionY="-0.004" PositionYUnit="µm"/>' +
      '<Plane PositionX="100" PositionY="100"/>';
    const [{ acquisition }] = ome(`<Image><Pixels PhysicalSizeX="0.004"/>${planes}</Image>`);
    expect(acquisition.stagePx?.x).toBeCloseTo(2, 12);
    expect(acquisition.stagePx?.y).toBeCloseTo(-1, 12);
    const other = '<Plane PositionX="0" PositionY="8" PositionYUnit="nm"/>';
    expect(ome(`<Image><Pixels PhysicalSizeX="0.004"/>${other}</Image>`)[0].acquisition.stagePx).toEqual({
      x: 0,
      y: 2,
    });
    const elsewhere = '<StageLabel PositionX="1" PositionY="2"/>';
    expect(ome(`<Image><Pixels PhysicalSizeX="0.004"/>${elsewhere}</Image>`)[0].acquisition.stagePx).toBeNull();
    expect(ome(`<Image>${planes}</Image>`)[0].acquisition.stagePx).toBeNull();
  });

  it('says when an image was acquired, first IFD and file, the first of each', () => {
    const [found] = ome(
      '<Image><AcquisitionDate>2026-11-22T18:03:59</AcquisitionDate>' +
        '<TiffData IFD="3"><UUID FileName="a.tif">urn:1</UUID></TiffData>' +
        '<TiffData IFD="7"><UUID FileName="b.tif">urn:2</UUID></TiffData></Image>',
    );
    expect(found).toEqual({
      acquisition: { pixelSizeNm: null, stagePx: null, acquiredAtMs: Date.UTC(2026, 10, 22, 18, 3, 59) },
      ifd: 3,
      file: 'a.tif',
    });
    expect(ome('<Image><AcquisitionDate>soon</AcquisitionDate></Image>')[0].acquisition).not.toHaveProperty(
      'acquiredAtMs',
    );
  });

  it('takes a UUID that is the name of a TIFF for its file, and no other', () => {
    expect(ome('<Image><TiffData><UUID>x.tif</UUID></TiffData></Image>')[0]).toMatchObject({ ifd: 0, file: 'x.tif' });
    expect(ome('<Image><TiffData><UUID>urn:uuid:1</UUID></TiffData></Image>')[0].file).toBeNull();
    expect(ome('<Image><Description>x.tif</Description></Image>')[0].file).toBeNull();
    expect(ome('<Image><UUID FileName="y.tif">x.tif</UUID></Image>')[0].file).toBe('y.tif');
  });

  it.each(['-1', '1.5', 'x', '1e300'])('counts IFD %j, which is none, as the first', (ifd) => {
    expect(ome(`<Image><TiffData IFD="${ifd}"/></Image>`)[0].ifd).toBe(0);
  });

  it('belongs to the image that it stands in, and to none before the first', () => {
    const found = ome(
      '<Pixels PhysicalSizeX="9"/><Plane PositionX="1" PositionY="1"/>' +
        '<Image><Pixels PhysicalSizeX="0.001"/></Image><Image><Pixels PhysicalSizeX="0.002"/></Image>',
    );
    expect(found.map(({ acquisition }) => acquisition.pixelSizeNm)).toEqual([1, 2]);
  });
});

describe('the acquisition of a page', () => {
  it('is that of the last image that begins at or before it', () => {
    const images = [image(1, 0, null), image(3, 6, null), image(2, 3, null)];
    expect([0, 2, 3, 5, 6, 99].map((ifd) => omeAcquisition(images, 'a.tif', ifd).pixelSizeNm)).toEqual([
      1, 1, 2, 2, 3, 3,
    ]);
  });

  it('is that of its own file, wherever the file lies', () => {
    const images = [image(1, 0, 'a.tif'), image(2, 0, 'b.tif')];
    expect(omeAcquisition(images, 'folder/b.tif', 0).pixelSizeNm).toBe(2);
    expect(omeAcquisition(images, 'a.tif', 4).pixelSizeNm).toBe(1);
    expect(omeAcquisition(images, 'c.tif', 0)).toEqual({ pixelSizeNm: null, stagePx: null });
  });

  it('is that of the only image, for a file that was renamed, and unknown without any', () => {
    expect(omeAcquisition([image(1, 0, 'a.tif')], 'renamed.tif', 0).pixelSizeNm).toBe(1);
    expect(omeAcquisition([image(1, 5, null)], 'a.tif', 2).pixelSizeNm).toBe(1);
    expect(omeAcquisition([], 'a.tif', 0)).toEqual({ pixelSizeNm: null, stagePx: null });
  });

  it('of two images that begin together is the first', () => {
    expect(omeAcquisition([image(1, null, null), image(2, 0, null)], 'a.tif', 0).pixelSizeNm).toBe(1);
  });
});

describe('the places of a multi-file block', () => {
  it('are those of files with a position, each once', () => {
    const images = [
      image(1, 0, 'a', 5),
      image(1, 0, 'b'),
      image(1, 0, null, 7),
      image(1, 1, 'a', 9),
      image(1, 0, 'c', 0),
    ];
    expect(omePositions(images)).toEqual([
      { file: 'a', x: 5, y: -5 },
      { file: 'c', x: 0, y: -0 },
    ]);
  });
});
