import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { byteSourceFromBytes } from '../byte-source.ts';
import type { ImageFile } from '../image-file.ts';
import { openImage } from '../index.ts';
import { parseOmeXml } from './ome-xml.ts';
import { parseTescanHeader } from './vendor-metadata.ts';
import { xmlElements } from './xml-elements.ts';

const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';
const folder = mkdtempSync(join(tmpdir(), 'metadata-'));

/** 64 × 48 pixel TIFFs with the metadata of OME, ImageJ, FEI, Zeiss, Fibics and of plain resolution tags. */
const program = `
import sys, numpy, tifffile
folder = sys.argv[1]
a = numpy.zeros((48, 64), 'uint8')
def write(name, **options):
    tifffile.imwrite(folder + '/' + name, options.pop('data', a), photometric='minisblack', **options)
def tag(code, text):
    data = text.encode('cp1252')
    return [(code, 2, len(data) + 1, data + b'\\0', True)]
write('ome.ome.tif', data=numpy.stack([a, a]), metadata=dict(axes='ZYX', PhysicalSizeX=4.5, PhysicalSizeXUnit='nm',
      PhysicalSizeY=4.5, PhysicalSizeYUnit='nm',
      Plane=dict(PositionX=[9.0, 9.0], PositionXUnit=['µm'] * 2, PositionY=[-4.5] * 2, PositionYUnit=['µm'] * 2)))
write('imagej.tif', imagej=True, resolution=(200, 200), metadata=dict(unit='um'))
fei = '[User]\\r\\nUser=supervisor\\r\\n[Scan]\\r\\nPixelWidth=5e-009\\r\\n[Stage]\\r\\nStageX=0.00002\\r\\nStageY=-1e-005\\r\\n'
write('fei.tif', metadata=None, extratags=tag(34682, fei))
write('sfeg.tif', metadata=None, extratags=tag(34680, fei.replace('[Scan]', '[EScan]')))
zeiss = '\\r\\n0\\r\\n0\\r\\n1e-9\\r\\n0\\r\\nAP_STAGE_AT_X\\r\\nStage at X = 0.032 mm\\r\\nAP_STAGE_AT_Y\\r\\nStage at Y = 8 µm\\r\\n'
write('zeiss.tif', metadata=None, extratags=tag(34118, zeiss))
write('zeiss-named.tif', metadata=None, extratags=tag(34118, zeiss + 'AP_IMAGE_PIXEL_SIZE\\r\\nImage Pixel Size = 7.5 nm\\r\\n'))
fibics = '<?xml version="1.0"?><Fibics><Scan><Ux units="um">0.004</Ux><Uy>0.003</Uy></Scan><Stage><X>1</X><Y>2</Y></Stage></Fibics>'
write('fibics.tif', metadata=None, extratags=tag(51023, fibics))
write('cm.tif', metadata=None, resolution=(2.5e6, 2.5e6), resolutionunit='CENTIMETER')
write('inch.tif', metadata=None, resolution=(2.54e6, 2.54e6), resolutionunit='INCH')
for dpi in (72, 96, 300):
    write('dpi%d.tif' % dpi, metadata=None, resolution=(dpi, dpi), resolutionunit='INCH')
`;

async function open(name: string): Promise<ImageFile> {
  return openImage(byteSourceFromBytes(name, new Uint8Array(readFileSync(join(folder, name)))));
}

describe('metadata of TIFF files', () => {
  beforeAll(() => {
    execFileSync(python, ['-W', 'ignore', '-c', program, folder]);
  });

  it('reads pixel size and stage position from OME-XML, in any unit, for every page', async () => {
    const { pages } = await open('ome.ome.tif');
    expect(pages.length).toBe(2);
    for (const page of pages) {
      expect(page.pixelSizeNm).toBeCloseTo(4.5, 9);
      expect(page.stagePx?.x).toBeCloseTo(2000, 6);
      expect(page.stagePx?.y).toBeCloseTo(-1000, 6);
    }
  });

  it('reads the pixel size of ImageJ from its unit and resolution', async () => {
    expect((await open('imagej.tif')).pages[0].pixelSizeNm).toBeCloseTo(5, 6);
  });

  it.each(['fei.tif', 'sfeg.tif'])('reads FEI pixel size and stage from %s', async (name) => {
    const [page] = (await open(name)).pages;
    expect(page.pixelSizeNm).toBeCloseTo(5, 9);
    // 20 µm right and 10 µm down of the stage's origin at 5 nm, from the centre (31.5, 23.5) of the image.
    expect(page.stagePx?.x).toBeCloseTo(4000 - 31.5, 6);
    expect(page.stagePx?.y).toBeCloseTo(2000 - 23.5, 6);
  });

  it('reads the Zeiss pixel size from the unnamed value at 1024 columns, and the named one first', async () => {
    const [page] = (await open('zeiss.tif')).pages;
    expect(page.pixelSizeNm).toBeCloseTo((1 * 1024) / 64, 9);
    expect(page.stagePx?.x).toBeCloseTo(2000 - 31.5, 6);
    expect(page.stagePx?.y).toBeCloseTo(-500 - 23.5, 6);
    expect((await open('zeiss-named.tif')).pages[0].pixelSizeNm).toBeCloseTo(7.5, 9);
  });

  it('reads the Fibics pixel size as the length of its step', async () => {
    expect((await open('fibics.tif')).pages[0].pixelSizeNm).toBeCloseTo(5, 9);
  });

  it('reads the resolution tags with their unit, but not the defaults of screens and printers', async () => {
    const sizes = await Promise.all(
      ['cm.tif', 'inch.tif', 'dpi72.tif', 'dpi96.tif', 'dpi300.tif'].map(async (name) => {
        const { pages } = await open(name);
        return pages[0].pixelSizeNm;
      }),
    );
    expect(sizes[0]).toBeCloseTo(4, 6);
    expect(sizes[1]).toBeCloseTo(10, 6);
    expect(sizes.slice(2)).toEqual([null, null, null]);
  });
});

describe('text metadata', () => {
  it('reads a TESCAN header', () => {
    const text = '[MAIN]\nPixelSizeX=1e-8\n[SEM]\nStageX=1e-6\nStageY=0\n';
    const { pixelSizeNm, stagePx } = parseTescanHeader(text, { width: 101, height: 11 });
    expect(pixelSizeNm).toBeCloseTo(10, 9);
    expect(stagePx?.x).toBeCloseTo(50, 9);
    expect(stagePx?.y).toBeCloseTo(-5, 9);
  });

  it('reads the files and places of a multi-file OME-XML', () => {
    const image = (n: number): string =>
      `<Image ID="Image:${n}"><Pixels PhysicalSizeX="0.01"><TiffData IFD="0"><UUID FileName="t${n}.ome.tif">urn:uuid:${n}` +
      `</UUID></TiffData><Plane TheC="0" PositionX="${n}" PositionY="2"/></Pixels></Image>`;
    const images = parseOmeXml(`<?xml version="1.0"?><!-- <Image/> --><OME>${image(0)}${image(1)}</OME>`);
    expect(images.map(({ file }) => file)).toEqual(['t0.ome.tif', 't1.ome.tif']);
    expect(images[1].acquisition.pixelSizeNm).toBeCloseTo(10, 9);
    expect(images[1].acquisition.stagePx?.x).toBeCloseTo(100, 9);
  });

  it('expands no entity but the five of XML and numbers', () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x v="&b;&lt;&#65;&#x42;">&b;&amp;</x>';
    const found = [...xmlElements(bomb)].find(({ name }) => name === 'x');
    expect(found?.attributes.get('v')).toBe('&b;<AB');
    expect(found?.text).toBe('&b;&');
  });

  it('stops at damage and at unbounded depth', () => {
    expect([...xmlElements('<a><b c="')].map(({ name }) => name)).toEqual(['a']);
    expect([...xmlElements('<a>'.repeat(100_000))].length).toBeLessThan(300);
  });
});
