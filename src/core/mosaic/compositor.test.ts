import { unitGain } from '../photometry/gain-offset.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StitchError, type ErrorCode } from '../errors.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { silentContext } from '../progress.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { Raster, SampleType } from '../raster/raster.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import { blendModes, defaultComposeOptions } from './mosaic.ts';
import type { ComposeOptions, Mosaic, Placement } from './mosaic.ts';

interface PlacedRaster {
  readonly channels: readonly Raster[];
  readonly mosaicFromTile: Affine2;
  readonly tone?: GainOffset;
}

function mosaicOf(tiles: readonly PlacedRaster[], sampleType: SampleType = 'uint8', channels: 1 | 3 = 1) {
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = tiles.map((tile, index): Placement => {
    const id = tileId(`tile-${index}`);
    rasters.set(id, tile.channels);
    const size = { width: tile.channels[0].width, height: tile.channels[0].height };
    return {
      tile: id,
      size,
      mosaicFromTile: tile.mosaicFromTile,
      state: 'solved',
      component: 0,
      tone: tile.tone ?? unitGain,
    };
  });
  const mosaic: Mosaic = {
    bounds: boundsOfPlacements(placements),
    placements,
    channels,
    sampleType,
    pixelSizeNm: null,
  };
  return { mosaic, reader: memoryTileReader(rasters) };
}

function compose(
  subject: ReturnType<typeof mosaicOf>,
  options: Partial<ComposeOptions> = {},
  region = { rect: subject.mosaic.bounds, scale: 1 },
) {
  return composeRegion(
    subject.mosaic,
    region,
    { ...defaultComposeOptions, ...options },
    subject.reader,
    silentContext.signal,
  );
}

function raster(type: SampleType, width: number, height: number, value: (x: number, y: number) => number): Raster {
  const data = allocateSamples(type, width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = value(x, y);
  return { data, width, height };
}

const flat = (value: number, width = 16, height = 16, type: SampleType = 'uint8') =>
  raster(type, width, height, () => value);
/** Smooth enough (period ≥ 50 px) that bicubic interpolation is good to 1e-4 of its amplitude, bilinear to 0.002. */
const wave = (x: number, y: number) =>
  100 + 40 * Math.sin((2 * Math.PI * x) / 60 + 0.3) + 40 * Math.cos((2 * Math.PI * y) / 50 - 0.8);
/** Deterministic texture without structure. */
const hash = (x: number, y: number) => (Math.imul(x * 73856093 + 11, y * 19349663 + 7) >>> 13) & 255;

describe('composeRegion', () => {
  it('gives a lone tile at whole pixels back unchanged, in every blend, interpolation and sample type', async () => {
    for (const type of ['uint8', 'uint16', 'int16', 'float32'] as const) {
      const tile = raster(type, 33, 21, (x, y) => hash(x, y) * (type === 'uint8' ? 1 : 127));
      const subject = mosaicOf([{ channels: [tile], mosaicFromTile: translation(-7, 12) }], type);
      expect(subject.mosaic.bounds).toEqual({ x: -7, y: 12, width: 33, height: 21 });
      for (const blend of blendModes)
        for (const interpolation of ['bilinear', 'bicubic'] as const) {
          const composed = await compose(subject, { blend, interpolation });
          expect(composed.channels[0].data).toEqual(tile.data);
          expect(composed.coverage.every((value) => value === 255)).toBe(true);
        }
    }
  });

  it('reproduces a shift of (0.5, 0.25) px: the phase of a wave is right to 0.01 px', async () => {
    const shift = { x: 0.5, y: 0.25 };
    const tile = raster('float32', 120, 100, (x, y) => wave(x + shift.x, y + shift.y));
    const subject = mosaicOf([{ channels: [tile], mosaicFromTile: translation(shift.x, shift.y) }], 'float32');
    // Inside, bilinear damps this wave by at most (π/60)²/2 = 0.14 % and bicubic by 3.5e-5, without any phase.
    for (const [interpolation, tolerance] of [
      ['bilinear', 0.12],
      ['bicubic', 0.002],
    ] as const) {
      const { channels, width } = await compose(subject, { interpolation });
      let worst = 0;
      for (let y = 3; y < 97; y++)
        for (let x = 3; x < 117; x++) worst = Math.max(worst, Math.abs(channels[0].data[y * width + x] - wave(x, y)));
      expect(worst).toBeLessThan(tolerance);
      expect(Math.abs(phaseShiftPx(channels[0], 60))).toBeLessThan(1e-3);
    }
  });

  it('moves the centroid of a blob by exactly the shift', async () => {
    const blob = (x: number, y: number) => 200 * Math.exp(-((x - 30) ** 2 + (y - 28) ** 2) / 32);
    const tile = raster('float32', 64, 64, blob);
    const subject = mosaicOf([{ channels: [tile], mosaicFromTile: translation(0.5, 0.25) }], 'float32');
    for (const interpolation of ['bilinear', 'bicubic'] as const) {
      const { channels } = await compose(subject, { interpolation });
      const { x, y } = centroid(channels[0]);
      expect(x + subject.mosaic.bounds.x).toBeCloseTo(30.5, 4);
      expect(y + subject.mosaic.bounds.y).toBeCloseTo(28.25, 4);
    }
  });

  it('reproduces a rotation about the tile centre', async () => {
    const turn = affineFromPose({ x: 40.3, y: 13.7, thetaRad: 0.07 });
    const tile = raster('float32', 128, 128, (x, y) => {
      return wave(turn.a * x + turn.c * y + turn.e, turn.b * x + turn.d * y + turn.f);
    });
    const subject = mosaicOf([{ channels: [tile], mosaicFromTile: turn }], 'float32');
    const { channels } = await compose(
      subject,
      { interpolation: 'bicubic' },
      { rect: { x: 50, y: 40, width: 80, height: 60 }, scale: 1 },
    );
    channels[0].data.forEach((value, at) =>
      expect(value).toBeCloseTo(wave(50 + (at % 80), 40 + Math.floor(at / 80)), 2),
    );
  });

  it('covers exactly the hull of the pixel centres grown by half a pixel', async () => {
    const subject = mosaicOf([
      { channels: [flat(7, 10, 8)], mosaicFromTile: translation(0.25, -0.5) },
      { channels: [flat(9, 10, 8)], mosaicFromTile: translation(20, 10) },
    ]);
    const { coverage, width, height, channels } = await compose(subject, { fill: 255 });
    expect(subject.mosaic.bounds).toEqual({ x: 0, y: -1, width: 30, height: 19 });
    const expected = new Uint8Array(width * height);
    for (let j = 0; j < height; j++)
      for (let i = 0; i < width; i++) {
        const [x, y] = [i, j - 1];
        const inFirst = x - 0.25 >= -0.5 && x - 0.25 <= 9.5 && y + 0.5 >= -0.5 && y + 0.5 <= 7.5;
        const inSecond = x >= 20 && x <= 29 && y >= 10 && y <= 17;
        if (inFirst || inSecond) expected[j * width + i] = 255;
      }
    expect(coverage).toEqual(expected);
    expect(
      channels[0].data.every((value, at) => (coverage[at] === 0 ? value === 255 : value === 7 || value === 9)),
    ).toBe(true);
  });

  it('treats black pixels as pixels, not as emptiness', async () => {
    const subject = mosaicOf([
      { channels: [flat(0)], mosaicFromTile: translation(0, 0) },
      { channels: [flat(200)], mosaicFromTile: translation(8, 0) },
    ]);
    const overlay = await compose(subject, { blend: 'overlay', fill: 99 });
    expect(overlay.channels[0].data[15]).toBe(0);
    const average = await compose(subject, { blend: 'average', fill: 99 });
    expect(Array.from(average.channels[0].data.subarray(0, 24))).toEqual([
      ...new Array<number>(8).fill(0),
      ...new Array<number>(8).fill(100),
      ...new Array<number>(8).fill(200),
    ]);
  });

  it('leaves no line between abutting tiles, whatever the blend, the sub-pixel position, the turn and the scale', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -3000, max: 3000 }).map((n) => n / 1000),
        fc.integer({ min: -10_000, max: 10_000 }).map((n) => n / 1e5),
        fc.constantFrom(...blendModes),
        fc.constantFrom('bilinear' as const, 'bicubic' as const),
        fc.constantFrom(1, 0.5, 0.25, 0.7, 2),
        async (offset, thetaRad, blend, interpolation, scale) => {
          const left = affineFromPose({ x: offset, y: offset / 2, thetaRad });
          const right: Affine2 = { ...left, e: left.e + left.a * 64, f: left.f + left.b * 64 };
          const subject = mosaicOf([
            { channels: [flat(100, 64, 64)], mosaicFromTile: left },
            { channels: [flat(100, 64, 64)], mosaicFromTile: right },
          ]);
          const rect = { x: 12, y: 18, width: 104, height: 28 }; // inside both tiles for every turn up to 0.1 rad
          const { channels, coverage } = await compose(subject, { blend, interpolation }, { rect, scale });
          expect(coverage.every((value) => value === 255)).toBe(true);
          expect(channels[0].data.every((value) => value === 100)).toBe(true);
        },
      ),
      { numRuns: 150, seed: 1 },
    );
  });

  it('gives the same bytes for a rectangle and for a part of it, on the grid of the output or not', async () => {
    const subject = mosaicOf([
      {
        channels: [raster('uint8', 640, 40, hash)],
        mosaicFromTile: affineFromPose({ x: 3.37, y: -20.81, thetaRad: 0.06 }),
        tone: { gain: 1.05, offset: -3 },
      },
    ]);
    for (const [start, scale] of [
      [0, 1],
      [0.25, 1],
      [-8, 0.5],
      [0.5, 2],
    ]) {
      const rect = { x: start, y: start, width: 600, height: 24 };
      const part = { x: start + 296, y: start + 8, width: 200, height: 10 };
      const whole = await compose(subject, {}, { rect, scale });
      const chunk = await compose(subject, {}, { rect: part, scale });
      const row = (region: typeof whole, j: number, from: number) => {
        const at = j * region.width + from;
        return [region.channels[0].data, region.coverage].map((data) => [...data.subarray(at, at + chunk.width)]);
      };
      for (let j = 0; j < chunk.height; j++) expect(row(chunk, j, 0)).toEqual(row(whole, j + 8 * scale, 296 * scale));
    }
  });

  it('shows the same picture at scales 1, 1/2 and 1/4: a linear ramp keeps its values at the pixel centres', async () => {
    const ramp = raster('float32', 256, 256, (x, y) => 2 * x + 3 * y);
    for (const shift of [0, 0.5, 1, 3]) {
      const subject = mosaicOf([{ channels: [ramp], mosaicFromTile: translation(shift, 0) }], 'float32');
      for (const scale of [1, 0.5, 0.25, 0.125, 0.6, 2]) {
        const rect = { x: 40, y: 40, width: 160, height: 160 };
        const { channels, width } = await compose(subject, { interpolation: 'bilinear' }, { rect, scale });
        let worst = 0;
        channels[0].data.forEach((value, at) => {
          const x = 40 + ((at % width) + 0.5) / scale - 0.5;
          const y = 40 + (Math.floor(at / width) + 0.5) / scale - 0.5;
          worst = Math.max(worst, Math.abs(value - (2 * (x - shift) + 3 * y)));
        });
        expect(worst).toBeLessThan(1e-3);
      }
    }
  });

  it('interpolates whole numbers as it is told to, by lines or by cubics', async () => {
    // A peak of one pixel, half a pixel aside: its neighbours get a half each by lines, 9/16 by Catmull–Rom.
    const peak = raster('uint8', 16, 3, (x) => (x === 8 ? 160 : 0));
    const subject = mosaicOf([{ channels: [peak], mosaicFromTile: translation(0.5, 0) }]);
    const row = async (interpolation: ComposeOptions['interpolation']) =>
      Array.from((await compose(subject, { interpolation })).channels[0].data.subarray(7, 11));
    expect(await row('bilinear')).toEqual([0, 80, 80, 0]);
    expect(await row('bicubic')).toEqual([0, 90, 90, 0]);
  });

  it('applies tones, but never under none and never when switched off', async () => {
    const subject = mosaicOf([
      { channels: [flat(100)], mosaicFromTile: translation(0, 0), tone: { gain: 1.25, offset: -3 } },
    ]);
    for (const blend of ['overlay', 'average', 'feather'] as const) {
      expect((await compose(subject, { blend })).channels[0].data[5]).toBe(122);
      expect((await compose(subject, { blend, evenTones: false })).channels[0].data[5]).toBe(100);
    }
    expect((await compose(subject, { blend: 'none' })).channels[0].data[5]).toBe(100);
  });

  it('rounds half away from zero and clamps to the type', async () => {
    const cases = [
      ['uint8', 101, 0.5, 0, 51],
      ['uint8', 200, 2, 0, 255],
      ['uint8', 10, 1, -20, 0],
      ['int16', -101, 0.5, 0, -51],
      ['int16', 101, 0.5, 0, 51],
      ['int16', -30000, 2, 0, -32768],
      ['uint16', 60001, 0.5, 0, 30001],
      ['float32', 101, 0.5, 0.25, 50.75],
    ] as const;
    for (const [type, value, gain, offset, expected] of cases) {
      const subject = mosaicOf(
        [{ channels: [flat(value, 4, 4, type)], mosaicFromTile: translation(0, 0), tone: { gain, offset } }],
        type,
      );
      expect((await compose(subject)).channels[0].data[3]).toBe(expected);
    }
  });

  it('keeps all 16 bits through interpolation and blending', async () => {
    const tile = raster('uint16', 40, 40, (x, y) => 257 * x + 13 * y + 20001);
    const subject = mosaicOf(
      [
        { channels: [tile], mosaicFromTile: translation(0, 0) },
        {
          channels: [raster('uint16', 40, 40, (x, y) => 257 * (x + 20.5) + 13 * y + 20001)],
          mosaicFromTile: translation(20.5, 0),
        },
      ],
      'uint16',
    );
    const { channels, width } = await compose(subject, { blend: 'feather' });
    for (let x = 0; x < 59; x++)
      expect(Math.abs(channels[0].data[5 * width + x] - (257 * x + 65 + 20001))).toBeLessThanOrEqual(1);
  });

  it('puts the first placement on top under overlay and cuts half-way between the centres under none', async () => {
    const subject = mosaicOf([
      { channels: [flat(10)], mosaicFromTile: translation(0, 0) },
      { channels: [flat(20)], mosaicFromTile: translation(10, 0) },
    ]);
    const row = async (blend: 'overlay' | 'none') =>
      Array.from((await compose(subject, { blend })).channels[0].data.subarray(0, 26));
    const expected = (cut: number) => Array.from({ length: 26 }, (_, x) => (x < cut ? 10 : 20));
    expect(await row('overlay')).toEqual(expected(16));
    expect(await row('none')).toEqual(expected(13)); // centres 7.5 and 17.5
  });

  it('fades linearly across an overlap under feather', async () => {
    const subject = mosaicOf([
      { channels: [flat(0, 40, 20)], mosaicFromTile: translation(0, 0) },
      { channels: [flat(200, 40, 20)], mosaicFromTile: translation(30, 0) },
    ]);
    const { channels } = await compose(subject);
    for (let x = 30; x < 40; x++) expect(channels[0].data[x]).toBe(20 * (x - 29.5));
  });

  it('composes colour under the same weights and shows a grey tile in all three channels', async () => {
    const subject = mosaicOf(
      [
        { channels: [flat(10), flat(20), flat(30)], mosaicFromTile: translation(0, 0) },
        { channels: [flat(50)], mosaicFromTile: translation(16, 0) },
      ],
      'uint8',
      3,
    );
    const { channels } = await compose(subject);
    expect(channels.map((channel) => [channel.data[3], channel.data[20]])).toEqual([
      [10, 50],
      [20, 50],
      [30, 50],
    ]);
  });

  it('counts a NaN of a float tile as not covered by it', async () => {
    const holed = raster('float32', 16, 16, (x, y) => (x === 8 && y === 8 ? NaN : 5));
    for (const blend of blendModes) {
      const alone = await compose(mosaicOf([{ channels: [holed], mosaicFromTile: translation(0, 0) }], 'float32'), {
        blend,
        fill: -1,
      });
      expect(alone.channels[0].data[8 * 16 + 8]).toBe(-1);
      expect(alone.coverage[8 * 16 + 8]).toBe(0);
      const backed = [holed, flat(9, 16, 16, 'float32')].map((tile) => ({
        channels: [tile],
        mosaicFromTile: translation(0, 0),
      }));
      const both = await compose(mosaicOf(backed, 'float32'), { blend, fill: -1 });
      expect(both.channels[0].data[8 * 16 + 8]).toBe(9);
      expect(both.coverage.every((value) => value === 255)).toBe(true);
    }
  });

  it('leaves a damaged tile out and names it, but fails on a read that may succeed next time', async () => {
    const { mosaic, reader } = mosaicOf([
      { channels: [flat(10)], mosaicFromTile: translation(0, 0) },
      { channels: [flat(20)], mosaicFromTile: translation(16, 0) },
    ]);
    const failing = (code: ErrorCode): TileReader => ({
      read: (tile, request) =>
        tile === tileId('tile-0') ? Promise.reject(new StitchError(code, 'tile-0')) : reader.read(tile, request),
    });
    const rect = { x: 0, y: 0, width: 32, height: 16 };
    const read = (code: ErrorCode) =>
      composeRegion(
        mosaic,
        { rect, scale: 1 },
        { ...defaultComposeOptions, fill: 3 },
        failing(code),
        silentContext.signal,
      );
    const { channels, coverage, damaged } = await read('truncated-file');
    expect(damaged).toEqual([tileId('tile-0')]);
    expect([channels[0].data[0], coverage[0], channels[0].data[31], coverage[31]]).toEqual([3, 0, 20, 255]);
    await expect(read('unreadable-file')).rejects.toMatchObject({ code: 'unreadable-file' });
  });

  it('reads only the tiles and rows that a region needs', async () => {
    const subject = mosaicOf(
      [0, 1, 2].map((n) => ({ channels: [flat(n, 100, 100)], mosaicFromTile: translation(90.5 * n, 0) })),
    );
    const asked: unknown[] = [];
    const reader = {
      read: (...request: Parameters<typeof subject.reader.read>) => {
        asked.push([request[0], request[1].level, request[1].region]);
        return subject.reader.read(...request);
      },
    };
    const rect = { x: 20, y: 30, width: 40, height: 10 };
    await composeRegion(subject.mosaic, { rect, scale: 1 }, defaultComposeOptions, reader, silentContext.signal);
    // Rows from end to end: a cache hands them out without a copy. What lies above, below and beside is not read.
    expect(asked).toEqual([['tile-0', 0, { x: 0, y: 29, width: 100, height: 12 }]]);
  });

  it('reads no tile that lies above or below a region, nor beside it', async () => {
    const places = [
      [0, -31],
      [0, 51],
      [-41, 0],
      [61, 0],
      [0, 0],
    ] as const;
    const subject = mosaicOf(
      places.map(([x, y]) => ({ channels: [flat(1, 40, 30)], mosaicFromTile: translation(x, y) })),
    );
    const asked: string[] = [];
    const reader: TileReader = {
      read: (tile, request) => {
        asked.push(tile);
        return subject.reader.read(tile, request);
      },
    };
    const compose = (x: number, y: number, width: number, height: number) => {
      const rect = { x, y, width, height };
      return composeRegion(subject.mosaic, { rect, scale: 1 }, defaultComposeOptions, reader, silentContext.signal);
    };
    await compose(0, 0, 60, 50);
    expect(asked.splice(0)).toEqual(['tile-4']);
    // One row more on each side touches the tiles there, half a pixel beyond their centres.
    await compose(0, -2, 60, 54);
    expect(asked.splice(0)).toEqual(['tile-0', 'tile-1', 'tile-4']);
    await compose(-2, 0, 64, 50);
    expect(asked).toEqual(['tile-2', 'tile-3', 'tile-4']);
  });

  it('refuses a scale that is not positive, a fill that does not fit, and hears an abort', async () => {
    const subject = mosaicOf([{ channels: [flat(1)], mosaicFromTile: translation(0, 0) }]);
    const rect = subject.mosaic.bounds;
    await expect(compose(subject, {}, { rect, scale: 0 })).rejects.toMatchObject({ code: 'bad-options' });
    await expect(compose(subject, { fill: 256 })).rejects.toMatchObject({ code: 'bad-options' });
    const signal = AbortSignal.abort();
    await expect(
      composeRegion(subject.mosaic, { rect, scale: 1 }, defaultComposeOptions, subject.reader, signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});

/** Shift in px along x of a wave of the given period against `wave`, from its Fourier coefficient over the middle. */
function phaseShiftPx(image: Raster, period: number): number {
  let [measured, expected] = [0, 0].map(() => ({ re: 0, im: 0 }));
  for (let x = 30; x < 90; x++) {
    const angle = (2 * Math.PI * x) / period;
    const value = image.data[50 * image.width + x];
    measured = { re: measured.re + value * Math.cos(angle), im: measured.im - value * Math.sin(angle) };
    expected = { re: expected.re + wave(x, 50) * Math.cos(angle), im: expected.im - wave(x, 50) * Math.sin(angle) };
  }
  return ((Math.atan2(measured.im, measured.re) - Math.atan2(expected.im, expected.re)) * period) / (2 * Math.PI);
}

function centroid(image: Raster) {
  let [sum, x, y] = [0, 0, 0];
  image.data.forEach((value, at) => {
    sum += value;
    x += value * (at % image.width);
    y += value * Math.floor(at / image.width);
  });
  return { x: x / sum, y: y / sum };
}
