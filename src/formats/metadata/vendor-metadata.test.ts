import { describe, expect, it } from 'vitest';
import { parseIni, iniNumber } from './ini-sections.ts';
import {
  parseFeiMetadata,
  parseFibicsMetadata,
  parseTescanHeader,
  parseXmlPixelSize,
  parseZeissMetadata,
} from './vendor-metadata.ts';

const size = { width: 101, height: 11 };
const unknown = { pixelSizeNm: null, stagePx: null };

describe('INI text', () => {
  it('is keys by section, the later one of a name, blanks trimmed', () => {
    const ini = parseIni(
      'first=0\r\n [A] \n x = 1 \rno entry\n=nothing\nx=  2=3\n z =  4 \n[B]\nx=5\n[A]\ny=\n[open\n',
    );
    expect([...ini.keys()]).toEqual(['', 'A', 'B']);
    expect([...(ini.get('') ?? [])]).toEqual([['first', '0']]);
    expect([...(ini.get('A') ?? [])]).toEqual([
      ['x', '2=3'],
      ['z', '4'],
      ['y', ''],
    ]);
    expect([...(ini.get('B') ?? [])]).toEqual([['x', '5']]);
  });

  it('has a number where one is written', () => {
    const ini = parseIni('[A]\nx=1.5e-3\ny=\nz=word');
    expect(iniNumber(ini, 'A', 'x')).toBe(0.0015);
    for (const [section, key] of [
      ['A', 'y'],
      ['A', 'z'],
      ['A', 'w'],
      ['B', 'x'],
    ])
      expect(iniNumber(ini, section, key)).toBeNaN();
  });

  it('is read up to 100,000 lines', () => {
    expect(iniNumber(parseIni(`${'\n'.repeat(99_999)}x=1`), '', 'x')).toBe(1);
    expect(iniNumber(parseIni(`${'\n'.repeat(100_000)}x=1`), '', 'x')).toBeNaN();
  });
});

describe('FEI and TESCAN headers', () => {
  it('prefer the scan that the image is of', () => {
    const text = '[Scan]\nPixelWidth=5e-9\n[EScan]\nPixelWidth=7e-9\n';
    expect(parseFeiMetadata(text, size).pixelSizeNm).toBeCloseTo(5, 12);
    expect(parseFeiMetadata(text.replace('[Scan]', '[IScan]'), size).pixelSizeNm).toBeCloseTo(7, 12);
  });

  it('without a position or a pixel size place nothing', () => {
    expect(parseFeiMetadata('[Scan]\nPixelWidth=5e-9\n[Stage]\nStageX=1\n', size).stagePx).toBeNull();
    expect(parseFeiMetadata('[Stage]\nStageX=1\nStageY=1\n', size)).toEqual(unknown);
    expect(parseTescanHeader('[MAIN]\nPixelSizeX=-1\n[SEM]\nStageX=1\nStageY=1\n', size)).toEqual(unknown);
    expect(parseTescanHeader('[SEM]\nPixelSizeX=1\n', size)).toEqual(unknown);
  });
});

describe('a Zeiss block', () => {
  const block = (more: string, unnamed = '1e-9') => `\r\n0\r\n0\r\n${unnamed}\r\n0\r\n${more}`;

  it('has its values on the line after their key, with a unit', () => {
    const text = block(
      ' AP_IMAGE_PIXEL_SIZE \nImage Pixel Size =  7.5 nm\rAP_STAGE_AT_X\r\nStage at X = -1.5e-3 mm\nAP_STAGE_AT_Y\nY = .75  µm',
    );
    const { pixelSizeNm, stagePx } = parseZeissMetadata(text, size);
    expect(pixelSizeNm).toBeCloseTo(7.5, 12);
    expect(stagePx?.x).toBeCloseTo(-200 - 50, 9);
    expect(stagePx?.y).toBeCloseTo(-100 - 5, 9);
  });

  it('falls back on the unnamed size, which is that of 1024 columns', () => {
    expect(parseZeissMetadata(block('AP_IMAGE_PIXEL_SIZE\nImage Pixel Size = 3 volts'), size).pixelSizeNm).toBeCloseTo(
      1024 / 101,
      12,
    );
    expect(parseZeissMetadata(block('', 'x'), size)).toEqual(unknown);
    expect(parseZeissMetadata('', size)).toEqual(unknown);
    expect(parseZeissMetadata('AP_IMAGE_PIXEL_SIZE', size)).toEqual(unknown);
  });

  it('does not take its first line for the value of a key that is absent', () => {
    const text = 'Stage = 5 nm\r\n0\r\n0\r\n1e-9\r\n';
    expect(parseZeissMetadata(text, size).pixelSizeNm).toBeCloseTo(1024 / 101, 12);
    expect(parseZeissMetadata(text, size).stagePx).toBeNull();
    const first = 'AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 3 nm\r\n0\r\n1e-9\r\n';
    expect(parseZeissMetadata(first, size).pixelSizeNm).toBe(3);
  });
});

describe('Fibics and JEOL XML', () => {
  it('take the first value of an element below its own parent', () => {
    const text =
      '<Fibics><Ux>9</Ux><Other><Ux>8</Ux></Other><Scan><Ux>0.004</Ux><Uy>-0.003</Uy><Ux>5</Ux></Scan>' +
      '<Stage><X>1</X><Y>2</Y></Stage></Fibics>';
    const { pixelSizeNm, stagePx } = parseFibicsMetadata(text, size);
    expect(pixelSizeNm).toBeCloseTo(5, 12);
    expect(stagePx?.x).toBeCloseTo(200 - 50, 9);
    expect(stagePx?.y).toBeCloseTo(-400 - 5, 9);
    expect(parseFibicsMetadata('<Ux>1</Ux><Scan><Uy>1</Uy><Ux></Ux></Scan>', size)).toEqual(unknown);
  });

  it('find a pixel size by its name, in nm unless it has a unit', () => {
    expect(parseXmlPixelSize('<a><PixelSize>4</PixelSize></a>')).toEqual({ pixelSizeNm: 4, stagePx: null });
    expect(parseXmlPixelSize('<pixel_size_x unit="um">0.5</pixel_size_x>').pixelSizeNm).toBe(500);
    expect(parseXmlPixelSize('<PIXELSIZEX>2</PIXELSIZEX>').pixelSizeNm).toBe(2);
    expect(parseXmlPixelSize('<PixelSize/><PixelSize>0</PixelSize><PixelSize>3</PixelSize>').pixelSizeNm).toBe(3);
    for (const text of [
      '<PixelSizes>4</PixelSizes>',
      '<MyPixelSize>4</MyPixelSize>',
      '<PixelSize unit="V">4</PixelSize>',
      '',
    ])
      expect(parseXmlPixelSize(text)).toEqual(unknown);
  });
});
