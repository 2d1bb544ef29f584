import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { allocateSamples, cropRaster } from '../raster/raster.ts';
import type { Raster, SampleType } from '../raster/raster.ts';
import { sampleBicubic, sampleBilinear } from '../raster/sample.ts';
import { tileId } from '../tiles/tile.ts';
import { blendInterval, rangeOf, storeIntegers } from './blend.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import type { BlendMode, Placement } from './mosaic.ts';
import { rowWork } from './row-work.ts';
import type { PlacedSource, RowWork } from './row-work.ts';
import { warpOf } from './warp.ts';

const hash = (n: number) => (Math.imul(n + 5, 2654435761) >>> 11) & 255;

interface Shown {
  readonly pose: Affine2;
  readonly channels: readonly Raster[];
  readonly tone?: GainOffset;
  /** The part of the tile that was read: all of it where absent. */
  readonly read?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

function rasterOf(type: SampleType, width: number, height: number, value: (k: number) => number): Raster {
  const data = allocateSamples(type, width * height);
  for (let k = 0; k < data.length; k++) data[k] = value(k);
  return { data, width, height };
}

const noise = (type: SampleType, seed: number, width = 24, height = 18) =>
  rasterOf(type, width, height, (k) => (type === 'uint8' ? 1 : 100) * hash(k + 1000 * seed));

function sourceOf({ pose, channels, tone = unitGain, read }: Shown, index: number): PlacedSource {
  const [{ width, height }] = channels;
  const size = { width, height };
  const placement: Placement = {
    tile: tileId(`t${index}`),
    size,
    mosaicFromTile: pose,
    state: 'solved',
    component: 0,
    tone,
  };
  const centre = applyAffine(pose, (width - 1) / 2, (height - 1) / 2);
  const type =
    channels[0].data instanceof Uint8Array
      ? 'uint8'
      : channels[0].data instanceof Uint16Array
        ? 'uint16'
        : channels[0].data instanceof Int16Array
          ? 'int16'
          : 'float32';
  return {
    warp: warpOf(placement, 0, { x0: -100, x1: 400, y0: -100, y1: 100 }),
    windows: channels.map((raster) =>
      read === undefined
        ? { raster, x: 0, y: 0, size }
        : { raster: cropRaster(raster, read), x: read.x, y: read.y, size },
    ),
    sampleType: type,
    tone,
    index,
    centreX: centre.x,
    centreY: centre.y,
  };
}

const canvas = 77;
/** Two rows of 30 columns at x = first + i; row 1 is written. */
function work(
  blend: BlendMode,
  type: SampleType,
  channels: number,
  { first = 250, hasGrid = true, isUnitStep = true, columns = 30, sample = sampleBilinear, step = 1 } = {},
): RowWork {
  const xs = Float64Array.from({ length: columns }, (_, i) => (first + i + 0.5) * step - 0.5);
  const out = Array.from({ length: channels }, () => allocateSamples(type, 2 * columns).fill(canvas));
  const grid = hasGrid ? { xs, first, step } : null;
  return rowWork({ blend, sample, isUnitStep, grid }, xs, out, new Uint8Array(2 * columns));
}

/** The toned value of a tile at a mosaic point by definition: bilinear, its border repeated. */
function valueAt({ pose, channels, tone = unitGain }: Shown, c: number, x: number, y: number): number {
  const { width, height, data } = channels[c];
  const p = applyAffine(invertAffine(pose), x, y);
  const u = Math.min(Math.max(p.x, 0), width - 1);
  const v = Math.min(Math.max(p.y, 0), height - 1);
  const [i, j] = [Math.min(Math.floor(u), width - 2), Math.min(Math.floor(v), height - 2)];
  const at = (di: number, dj: number) => data[(j + dj) * width + i + di];
  const upper = at(0, 0) * (1 - (u - i)) + at(1, 0) * (u - i);
  const lower = at(0, 1) * (1 - (u - i)) + at(1, 1) * (u - i);
  return tone.gain * (upper * (1 - (v - j)) + lower * (v - j)) + tone.offset;
}

/** Nothing but from ≤ i < to of the second row was written. */
function expectUntouched({ channels, coverage, xs }: RowWork, from: number, to: number) {
  const touched = [...coverage.keys()].filter(
    (k) =>
      !(k >= xs.length + from && k < xs.length + to) &&
      (coverage[k] !== 0 || channels.some((data) => data[k] !== canvas)),
  );
  expect(touched).toEqual([]);
}

function blended(given: RowWork, shown: readonly Shown[], y: number, from = 3, to = 26): RowWork {
  blendInterval(given, shown.map(sourceOf), y, 1, from, to);
  expectUntouched(given, from, to);
  return given;
}

const turned = affineFromPose({ x: 262.3, y: -8.4, thetaRad: 0.4 });

describe('one tile alone', () => {
  it.each([
    ['turned', turned],
    ['turned the other way', affineFromPose({ x: 260, y: 9.8, thetaRad: -0.7 })],
    ['upside down', affineFromPose({ x: 285.2, y: 9.1, thetaRad: Math.PI - 0.1 })],
    ['upright by a part of a pixel', translation(247.25, -7.5)],
    ['small, with its border within the row', translation(260.4, -3.3)],
  ])('is sampled bilinearly, its border repeated: %s', (_, pose) => {
    for (const type of ['uint8', 'uint16', 'int16', 'float32'] as const)
      for (const tone of [unitGain, { gain: 0.5, offset: 11 }]) {
        const shown = { pose, channels: [noise(type, 1), noise(type, 2)], tone };
        for (const y of [-3, 0, 4.5, 9]) {
          const { channels, coverage, xs } = blended(work('feather', type, 2), [shown], y);
          expect(coverage.subarray(33, 56).every((value) => value === 255)).toBe(true);
          let worst = 0;
          for (let i = 3; i < 26; i++)
            channels.forEach((data, c) => {
              worst = Math.max(worst, Math.abs(data[30 + i] - valueAt(shown, c, xs[i], y)));
            });
          // Integers are rounded; fixed point cuts positions to 2⁻¹¹ px.
          expect(worst).toBeLessThan(type === 'float32' ? 0.01 : 0.5 + (type === 'uint8' ? 0.9 : 80));
        }
      }
  });

  it('is sampled by the interpolation that is asked for where no grid is given', () => {
    const shown = { pose: turned, channels: [noise('uint8', 3)] };
    const cubic = blended(work('overlay', 'uint8', 1, { hasGrid: false, sample: sampleBicubic }), [shown], 2);
    const linear = blended(work('overlay', 'uint8', 1), [shown], 2);
    expect([...cubic.channels[0]]).not.toEqual([...linear.channels[0]]);
    const source = sourceOf(shown, 0);
    const [us, vs, out] = [new Float64Array(30), new Float64Array(30), new Float64Array(30)];
    source.warp.mapRow(cubic.xs, 2, 0, 30, us, vs);
    sampleBicubic(source.windows[0], us, vs, 0, 30, out);
    for (let i = 3; i < 26; i++) expect(cubic.channels[0][30 + i]).toBe(Math.min(255, Math.max(0, Math.round(out[i]))));
  });

  it('is copied where its pixels lie on those of the output, from the part that was read', () => {
    for (const type of ['uint8', 'uint16', 'int16'] as const) {
      const whole = [noise(type, 4), noise(type, 5)];
      const shown = { pose: translation(251, -6), channels: whole, read: { x: 2, y: 8, width: 20, height: 4 } };
      const { channels } = blended(work('seam', type, 2, { hasGrid: false }), [shown], 3, 4, 20);
      // Row 9 of the tile; column 4 of the output is x = 254, the tile's column 3.
      channels.forEach((data, c) =>
        expect([...data.subarray(34, 50)]).toEqual([...whole[c].data.subarray(9 * 24 + 3, 9 * 24 + 19)]),
      );
    }
  });

  it('is not copied where a tone, a scale or a part of a pixel changes it', () => {
    const channels = [rasterOf('uint8', 24, 18, (k) => 10 * (k % 24))];
    const value = (given: RowWork, shown: Partial<Shown>) =>
      blended(given, [{ pose: translation(251, -6), channels, ...shown }], 3, 4, 6).channels[0][34];
    for (const hasGrid of [true, false]) {
      const at = () => work('overlay', 'uint8', 1, { hasGrid });
      expect(value(at(), {})).toBe(30);
      expect(value(at(), { tone: { gain: 2, offset: 0 } })).toBe(60);
      expect(value(at(), { tone: { gain: 1, offset: 7 } })).toBe(37);
      expect(value(at(), { pose: translation(250.5, -6) })).toBe(35);
      expect(value(at(), { pose: { ...translation(251, -6), a: 0.5 } })).toBe(60);
    }
    // Level px of a half a mosaic px: columns are at x = 250.5 px/2.
    const finer = work('overlay', 'uint8', 1, { hasGrid: false, isUnitStep: false, first: 504, step: 0.5 });
    expect(value(finer, { pose: translation(250, -6) })).toBe(Math.round(10 * (finer.xs[4] - 250)));
    const rows = [rasterOf('uint8', 24, 18, (k) => 10 * Math.floor(k / 24))];
    expect(value(work('overlay', 'uint8', 1), { channels: rows, pose: translation(251, -5.5) })).toBe(85);
  });

  it('is converted where its samples are of another type', () => {
    const shown = { pose: translation(250, -6), channels: [noise('uint8', 6)] };
    const { channels } = blended(work('overlay', 'uint16', 1), [shown], 2);
    expect([...channels[0].subarray(33, 54)]).toEqual([...shown.channels[0].data.subarray(8 * 24 + 3, 9 * 24)]);
    const real = blended(work('overlay', 'float32', 1), [shown], 2);
    expect([...real.channels[0].subarray(33, 54)]).toEqual([...channels[0].subarray(33, 54)]);
  });
});

/** Three tiles that all cover the row, turned differently. */
const three = (type: SampleType, channels = 2): readonly Shown[] => [
  {
    pose: affineFromPose({ x: 240, y: -14, thetaRad: 0.1 }),
    channels: Array.from({ length: channels }, (_, c) => noise(type, c, 60, 40)),
    tone: { gain: 0.9, offset: 3 },
  },
  {
    pose: affineFromPose({ x: 248, y: -20, thetaRad: -0.2 }),
    channels: Array.from({ length: channels }, (_, c) => noise(type, 7 + c, 50, 50)),
  },
  { pose: translation(246.5, -3.25), channels: Array.from({ length: channels }, (_, c) => noise(type, 9 + c, 40, 12)) },
];

describe('several tiles', () => {
  it('show the first under overlay, the nearest under none', () => {
    const shown = three('float32');
    for (const y of [-1, 3.5]) {
      const top = blended(work('overlay', 'float32', 2), shown, y);
      const cut = blended(work('none', 'float32', 2), shown, y);
      const centres = shown.map(sourceOf);
      const seen = new Set<number>();
      for (let i = 3; i < 26; i++) {
        const x = top.xs[i];
        const far = centres.map(({ centreX, centreY }) => Math.hypot(x - centreX, y - centreY));
        const nearest = far.indexOf(Math.min(...far));
        seen.add(nearest);
        for (const c of [0, 1]) {
          expect(top.channels[c][30 + i]).toBeCloseTo(valueAt(shown[0], c, x, y), 1);
          expect(cut.channels[c][30 + i]).toBeCloseTo(valueAt(shown[nearest], c, x, y), 1);
        }
      }
      expect(seen.size).toBeGreaterThan(1);
    }
  });

  it.each(['average', 'feather'] as const)('are mixed by their weights under %s', (blend) => {
    for (const type of ['float32', 'uint8', 'int16'] as const) {
      const shown = three(type);
      for (const y of [-3.75, -3, 0, 3.5, 8.25]) {
        const { channels, xs } = blended(work(blend, type, 2), shown, y);
        for (let i = 3; i < 26; i++) {
          const weights = shown.map(({ pose, channels: [{ width, height }] }) => {
            if (blend === 'average') return 1;
            const p = applyAffine(invertAffine(pose), xs[i], y);
            const across = Math.max(1e-6, Math.min(p.x + 0.5, width - 0.5 - p.x));
            const along = Math.max(1e-6, Math.min(p.y + 0.5, height - 0.5 - p.y));
            return (across * along) / (width * height);
          });
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          channels.forEach((data, c) => {
            const mean = shown.reduce((sum, one, s) => sum + weights[s] * valueAt(one, c, xs[i], y), 0) / total;
            const error = Math.abs(data[30 + i] - mean);
            expect(error).toBeLessThan(type === 'float32' ? 0.01 : 0.5001);
          });
        }
      }
    }
  });

  it('count a sample that is no number, in whichever channel, as none', () => {
    // Holes of the first: columns 8 … 11 in channel 0, 14 in channel 1; of the second column 9 in channel 1. Half a pixel
    // further right each makes one more column a hole.
    const holed = (value: number, columns: readonly number[]) =>
      rasterOf('float32', 30, 4, (k) => (columns.includes(k % 30) ? NaN : value));
    const shown: readonly Shown[] = [
      { pose: translation(250.5, 0), channels: [holed(10, [8, 9, 10, 11]), holed(20, [14])] },
      { pose: translation(250.5, 0), channels: [holed(30, []), holed(50, [9])] },
    ];
    const row = (blend: BlendMode, of = shown) => {
      const { channels, coverage } = blended(work(blend, 'float32', 2), of, 1);
      return Array.from({ length: 23 }, (_, k) => [channels[0][33 + k], channels[1][33 + k], coverage[33 + k]]);
    };
    const meant = (all: readonly number[]) =>
      Array.from({ length: 23 }, (_, k) => {
        const i = 3 + k;
        if (i === 9 || i === 10) return [canvas, canvas, 0];
        return [8, 11, 12, 14, 15].includes(i) ? [30, 50, 255] : [...all, 255];
      });
    expect(row('overlay')).toEqual(meant([10, 20]));
    expect(row('none')).toEqual(meant([10, 20]));
    expect(row('average')).toEqual(meant([20, 35]));
    expect(row('feather')).toEqual(meant([20, 35]));
    expect(row('feather', shown.slice(0, 1))).toEqual(
      Array.from({ length: 23 }, (_, k) =>
        [8, 9, 10, 11, 12, 14, 15].includes(3 + k) ? [canvas, canvas, 0] : [10, 20, 255],
      ),
    );
  });

  it('leave holes of tiles that lie on the output’s pixels uncovered, too', () => {
    const holed = rasterOf('float32', 30, 4, (k) => (k % 30 === 5 ? NaN : k));
    const { channels, coverage } = blended(
      work('overlay', 'float32', 1),
      [{ pose: translation(250, 0), channels: [holed] }],
      1,
    );
    // The sample before the hole is interpolated with it at no weight, and lost too.
    for (let i = 3; i < 26; i++)
      expect([channels[0][30 + i], coverage[30 + i]]).toEqual(i === 4 || i === 5 ? [canvas, 0] : [30 + i, 255]);
  });

  it('are cut where the owner changes', () => {
    const flat = (value: number) => [rasterOf('uint8', 20, 8, () => value)];
    const shown = [
      { pose: translation(245, 0), channels: flat(1) },
      { pose: translation(251, 0), channels: flat(2) },
      { pose: translation(257, 0), channels: flat(3) },
    ];
    // Centres 254.5, 260.5, 266.5: half-way at 257.5 and 263.5.
    const { channels } = blended(work('none', 'uint8', 1), shown, 2, 7, 15);
    expect([...channels[0].subarray(37, 45)]).toEqual([1, 2, 2, 2, 2, 2, 2, 3]);
    // With a seam between the first two further right, and none between others.
    const seam = {
      step: 1,
      firstX: 256,
      firstY: -1,
      columns: 8,
      rows: 4,
      isFirst: Uint8Array.from({ length: 32 }, (_, k) => (k % 8 < 5 ? 1 : 0)),
    };
    const table = { count: 3, seams: [null, seam, null, null, null, null, null, null, null] };
    const sewn = blended({ ...work('seam', 'uint8', 1), seams: table }, shown, 2, 7, 15);
    expect([...sewn.channels[0].subarray(37, 45)]).toEqual([1, 1, 1, 1, 2, 2, 2, 3]);
  });
});

describe('storing integers', () => {
  it('rounds half away from zero and clamps to the type, between two columns', () => {
    const values = Float64Array.of(9, -1.5, -0.5, -0.4, 0, 0.4, 0.5, 1.5, 2.49, 9);
    const store = (type: SampleType) => {
      const out = allocateSamples(type, 14);
      storeIntegers(values, out, 3, 1, 9);
      return [...out];
    };
    expect(store('uint8')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 0]);
    expect(store('int16')).toEqual([0, 0, 0, 0, -2, -1, 0, 0, 0, 1, 2, 2, 0, 0]);
    const far = Float64Array.of(-40000, -32768.4, -32767.5, 254.4, 254.5, 300, 65534.5, 70000);
    const clamped = (type: SampleType) => {
      const out = allocateSamples(type, 8);
      storeIntegers(far, out, 0, 0, 8);
      return [...out];
    };
    expect(clamped('uint8')).toEqual([0, 0, 0, 254, 255, 255, 255, 255]);
    expect(clamped('uint16')).toEqual([0, 0, 0, 254, 255, 300, 65535, 65535]);
    expect(clamped('int16')).toEqual([-32768, -32768, -32768, 254, 255, 300, 32767, 32767]);
    expect([rangeOf(new Uint8Array(1)), rangeOf(new Uint16Array(1)), rangeOf(new Int16Array(1))]).toEqual([
      [0, 255],
      [0, 65535],
      [-32768, 32767],
    ]);
  });
});
