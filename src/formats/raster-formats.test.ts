import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../core/progress.ts';
import { cropRaster } from '../core/raster/raster.ts';
import type { Raster, SampleType } from '../core/raster/raster.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { openImage } from './index.ts';

/** Python with numpy, PIL and cv2 (Debian: python3-pil, python3-opencv), the oracle from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';
const folder = mkdtempSync(join(tmpdir(), 'raster-formats-'));
const { signal } = silentContext;

interface Sample {
  readonly file: string;
  readonly raw: string;
  readonly dtype: SampleType;
  readonly channels: number;
  readonly tolerance: number;
}

/** Files of 83 × 61 pixels with the pixels that must be read from them. */
const program = `
import json, struct, sys, numpy
from PIL import Image
import cv2
folder = sys.argv[1]
h, w = 61, 83
random = numpy.random.default_rng(3)
y, x = numpy.mgrid[0:h, 0:w]
wave = (numpy.sin(x / 9) * numpy.cos(y / 7) + 1) / 2
grey = (wave * 255).astype('uint8'); grey[0, :2] = 0, 255
deep = (wave * 65535).astype('uint16')
rgb = numpy.stack([grey, 255 - grey, (grey // 2)], axis=2)
samples = []
def record(file, pixels, tolerance=0):
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    raw = file + '.raw'
    numpy.ascontiguousarray(pixels.transpose(2, 0, 1)).tofile(folder + '/' + raw)
    samples.append(dict(file=file, raw=raw, dtype=str(pixels.dtype), channels=pixels.shape[2], tolerance=tolerance))
def pil(file, array, expected=None, tolerance=0, mode=None, **options):
    image = array if isinstance(array, Image.Image) else Image.fromarray(array, mode)
    image.save(folder + '/' + file, **options)
    record(file, array if expected is None else expected, tolerance)
pil('grey.png', grey); pil('rgb.png', rgb)
cv2.imwrite(folder + '/deep.png', deep); record('deep.png', deep)
deep3 = numpy.stack([deep, 65535 - deep, deep // 2], axis=2)
cv2.imwrite(folder + '/deep-rgb.png', deep3); record('deep-rgb.png', deep3[..., ::-1])
pil('rgba.png', numpy.dstack([rgb, grey]), rgb)
pil('la.png', numpy.dstack([grey, 255 - grey]), grey, mode='LA')
pil('dpi.png', grey, dpi=(96, 96))
colours = Image.fromarray(rgb).quantize(200)
pil('palette.png', colours, numpy.asarray(colours.convert('RGB')))
few = Image.fromarray(rgb).quantize(11)
pil('palette4.png', few, numpy.asarray(few.convert('RGB')), bits=4)
greys = Image.fromarray(255 - grey, 'P'); greys.putpalette([v for i in range(256) for v in (255 - i,) * 3])
pil('grey-palette.png', greys, grey)
pil('grey-palette.bmp', greys, grey)
pil('bits.png', Image.fromarray(grey > 127), ((grey > 127) * 255).astype('uint8'))
pil('grey.bmp', grey); pil('rgb.bmp', rgb); pil('palette.bmp', colours, numpy.asarray(colours.convert('RGB')))
pil('rgba.bmp', numpy.dstack([rgb, grey]), rgb)
def top_down(data):
    data = bytearray(data); struct.pack_into('<i', data, 22, -h)
    return data[:54] + bytes(data[54:54 + 0]) + data[54:]
bmp = open(folder + '/rgb.bmp', 'rb').read()
row = (w * 3 + 3) // 4 * 4
body = b''.join(bmp[54 + j * row:54 + (j + 1) * row] for j in reversed(range(h)))
open(folder + '/top-down.bmp', 'wb').write(bytes(top_down(bmp)[:54]) + body); record('top-down.bmp', rgb)
Image.fromarray(grey).save(folder + '/grey.jpg', quality=92)
record('grey.jpg', numpy.asarray(Image.open(folder + '/grey.jpg')), 2)
Image.fromarray(rgb).save(folder + '/rgb.jpg', quality=95, subsampling=0)
record('rgb.jpg', numpy.asarray(Image.open(folder + '/rgb.jpg')), 3)
Image.fromarray(grey).save(folder + '/progressive.jpg', quality=92, progressive=True)
record('progressive.jpg', numpy.asarray(Image.open(folder + '/progressive.jpg')), 2)
def mrc(file, pixels, mode, order, extended=0, imod=None, sections=1):
    head = bytearray(1024)
    struct.pack_into(order + '4i', head, 0, w, h, sections, mode)
    struct.pack_into(order + '3i3f', head, 28, w, h, 1, w * 12.5, h * 12.5, 12.5)
    struct.pack_into(order + '3i', head, 64, 1, 2, 3)
    struct.pack_into(order + 'i', head, 92, extended)
    if imod is not None: struct.pack_into(order + '2i', head, 152, 1146047817, imod)
    head[208:212] = b'MAP '
    stored = pixels[::-1].astype(pixels.dtype.newbyteorder(order))
    open(folder + '/' + file, 'wb').write(bytes(head) + b'x' * extended + stored.tobytes() * sections)
for order, name in (('<', 'little'), ('>', 'big')):
    mrc('byte-%s.mrc' % name, grey, 0, order); record('byte-%s.mrc' % name, grey)
    mrc('int16-%s.mrc' % name, (deep.astype('int32') - 32768).astype('int16'), 1, order, 4096)
    record('int16-%s.mrc' % name, (deep.astype('int32') - 32768).astype('int16'))
    mrc('float-%s.mrc' % name, (wave * 100 - 7).astype('float32'), 2, order); record('float-%s.mrc' % name, (wave * 100 - 7).astype('float32'))
    mrc('uint16-%s.mrc' % name, deep, 6, order, sections=3); record('uint16-%s.mrc' % name, deep)
mrc('signed.mrc', (grey.astype('int16') - 128).astype('int8'), 0, '<', imod=1); record('signed.mrc', grey.astype('int16') - 128)
mrc('complex.mrc', deep.astype('float32'), 4, '<')
Image.fromarray(rgb).convert('CMYK').save(folder + '/cmyk.jpg')
Image.fromarray(grey > 127).save(folder + '/bits.bmp')
print(json.dumps(samples))`;
const samples = JSON.parse(
  execFileSync(python, ['-W', 'ignore', '-c', program, folder], { encoding: 'utf8' }),
) as readonly Sample[];
const size = { width: 83, height: 61 };
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, file)));
const open = (file: string) => openImage(byteSourceFromBytes(file, bytesOf(file)));

function expected(sample: Sample, channel: number): Raster {
  const { buffer } = bytesOf(sample.raw);
  const types = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array, float32: Float32Array } as const;
  const count = size.width * size.height;
  return {
    data: new types[sample.dtype](buffer as ArrayBuffer).slice(channel * count, (channel + 1) * count),
    ...size,
  };
}

function worstDifference(a: Raster, b: Raster): number {
  expect(a.data.constructor).toBe(b.data.constructor);
  expect(a.data.length).toBe(b.data.length);
  let worst = 0;
  for (let i = 0; i < a.data.length; i++) worst = Math.max(worst, Math.abs(a.data[i] - b.data[i]));
  return worst;
}

describe('reading PNG, JPEG, BMP and MRC', () => {
  it.each(samples)('$file: the whole image and a region of it', async (sample) => {
    const image = await open(sample.file);
    expect(image.pages[0]).toMatchObject({ size, channels: sample.channels, sampleType: sample.dtype });
    const region = { x: 17, y: 11, width: 30, height: 40 };
    const whole = await image.readRegion(0, undefined, signal);
    const part = await image.readRegion(0, region, signal);
    expect([whole.length, part.length]).toEqual([sample.channels, sample.channels]);
    for (let c = 0; c < sample.channels; c++) {
      const want = expected(sample, c);
      expect(worstDifference(whole[c], want)).toBeLessThanOrEqual(sample.tolerance);
      expect(worstDifference(part[c], cropRaster(want, region))).toBeLessThanOrEqual(sample.tolerance);
    }
  });

  it('tells of alpha, palettes and widened samples', async () => {
    const notes = async (file: string) => (await open(file)).pages[0].notes.join(' ');
    expect(await notes('rgba.png')).toBe('The alpha channel is ignored.');
    expect(await notes('palette.png')).toBe('Colour palette: expanded to RGB.');
    expect(await notes('bits.png')).toBe('1-bit grey: scaled to 0…255.');
    expect(await notes('signed.mrc')).toBe('8-bit signed samples are kept as 16-bit signed.');
    expect(await notes('grey.bmp')).toBe('');
  });

  it('reads the pixel size and the sections of an MRC', async () => {
    const image = await open('uint16-big.mrc');
    expect(image.pages.length).toBe(3);
    expect(image.pages[2].pixelSizeNm).toBeCloseTo(1.25, 6);
    const [last] = await image.readRegion(2, undefined, signal);
    expect(last.data).toEqual(expected(samples.find(({ file }) => file === 'uint16-big.mrc') as Sample, 0).data);
  });

  it('takes no pixel size from the 96 dpi of a PNG', async () => {
    expect((await open('dpi.png')).pages[0].pixelSizeNm).toBeNull();
  });
});

describe('refusing what cannot be read right', () => {
  it.each([
    ['cmyk.jpg', 'CMYK'],
    ['bits.bmp', '1-bit'],
    ['complex.mrc', 'complex'],
  ])('%s is refused as %s', async (file, words) => {
    await expect(open(file)).rejects.toMatchObject({
      code: 'unsupported-image',
      detail: { file },
      message: expect.stringContaining(words) as string,
    });
  });

  it.each(['grey.png', 'grey.bmp', 'float-little.mrc', 'rgb.jpg', 'progressive.jpg'])(
    '%s is truncated wherever it is cut',
    async (file) => {
      const bytes = bytesOf(file);
      const step = Math.ceil(bytes.length / 40);
      for (let length = 1040; length < bytes.length - 2; length += step) {
        const attempt = async () => {
          const image = await openImage(byteSourceFromBytes(file, bytes.slice(0, length)));
          await image.readRegion(0, undefined, signal);
        };
        await expect(attempt(), `cut at ${length}`).rejects.toMatchObject({ code: 'truncated-file', detail: { file } });
      }
    },
  );
});

describe('real tiles', () => {
  const tiles = [
    '../shared/data/cremi-shift-C1/C1_1_1.bmp',
    '../shared/data/mussel-1/1_2_3.png',
    '../shared/data/rock-stitch2d/stitch2d_ex[Grid@1 2].jpg',
  ];
  it.skipIf(!tiles.every((tile) => existsSync(tile)))('read as PIL reads them [needs ../shared/data]', async () => {
    const sums =
      'import sys,numpy;from PIL import Image\nfor p in sys.argv[1:]: a=numpy.asarray(Image.open(p)).astype("int64");print(a.shape[1],a.shape[0],a.sum(),(a*(numpy.arange(a.size)%251).reshape(a.shape)).sum())';
    const lines = execFileSync(python, ['-c', sums, ...tiles], { encoding: 'utf8' })
      .trim()
      .split('\n');
    for (const [i, tile] of tiles.entries()) {
      const image = await openImage(byteSourceFromBytes(tile, new Uint8Array(readFileSync(tile))));
      const [raster] = await image.readRegion(0, undefined, signal);
      let [sum, weighted] = [0, 0];
      for (let k = 0; k < raster.data.length; k++) {
        sum += raster.data[k];
        weighted += raster.data[k] * (k % 251);
      }
      const [width, height, wantSum, wantWeighted] = lines[i].split(' ').map(Number);
      expect(image.pages[0]).toMatchObject({ size: { width, height }, channels: 1, sampleType: 'uint8' });
      // JPEG decoders differ by a grey level here and there; the others are exact.
      const slack = tile.endsWith('.jpg') ? 1e-3 : 0;
      expect(Math.abs(sum - wantSum)).toBeLessThanOrEqual(slack * wantSum);
      expect(Math.abs(weighted - wantWeighted)).toBeLessThanOrEqual(slack * wantWeighted);
    }
  });
});
