import { describe, expect, it } from 'vitest';
import { randomStream } from '../synthesis/random.ts';
import { cropRaster } from './raster.ts';
import type { Raster } from './raster.ts';
import { sampleBicubic, sampleBilinear, samplerMarginPx, windowOf } from './sample.ts';
import type { RowSampler, SampleWindow } from './sample.ts';

const draws = randomStream(3, 1);
const [width, height] = [9, 7];
const raster: Raster<Float32Array> = {
  data: Float32Array.from({ length: width * height }, () => Math.round(200 * draws.uniform())),
  width,
  height,
};

/** The pixel, repeated beyond the border. */
function pixel({ data, width: columns, height: rows }: Raster, x: number, y: number): number {
  return data[Math.min(Math.max(y, 0), rows - 1) * columns + Math.min(Math.max(x, 0), columns - 1)];
}

const kernels = {
  bilinear: (t: number) => Math.max(0, 1 - Math.abs(t)),
  // Keys 1981, eq. 15, with a = −½.
  bicubic: (t: number) => {
    const s = Math.abs(t);
    if (s < 1) return 1.5 * s ** 3 - 2.5 * s ** 2 + 1;
    return s < 2 ? -0.5 * s ** 3 + 2.5 * s ** 2 - 4 * s + 2 : 0;
  },
};

/** The sum over all pixels near a point, by the kernel's own definition. */
function expected(image: Raster, kind: keyof typeof kernels, u: number, v: number): number {
  const x = Math.min(Math.max(u, 0), image.width - 1);
  const y = Math.min(Math.max(v, 0), image.height - 1);
  let sum = 0;
  for (let j = Math.floor(y) - 2; j <= Math.floor(y) + 3; j++)
    for (let i = Math.floor(x) - 2; i <= Math.floor(x) + 3; i++)
      sum += kernels[kind](x - i) * kernels[kind](y - j) * pixel(image, i, j);
  return sum;
}

function sampled(sampler: RowSampler, window: SampleWindow, points: readonly (readonly [number, number])[]): number[] {
  const us = Float64Array.from(points, ([u]) => u);
  const vs = Float64Array.from(points, ([, v]) => v);
  const out = new Float64Array(points.length);
  sampler(window, us, vs, 0, points.length, out);
  return [...out];
}

const rowOf = (v: number, slope: number, from: number, to: number) =>
  Array.from({ length: 41 }, (_, k): readonly [number, number] => {
    const u = from + ((to - from) * k) / 40;
    return [u, v + slope * u];
  });

describe.each([
  ['bilinear', sampleBilinear],
  ['bicubic', sampleBicubic],
] as const)('%s sampling', (kind, sampler) => {
  it.each([
    ['within the image', rowOf(2.3, 0.1, 0, 7.9)],
    ['across both sides', rowOf(3.7, 0.05, -3, 12)],
    ['across the corners', rowOf(-2, 1, -1, 10)],
    ['downwards', rowOf(8, -1, -2, 11)],
    ['above and below', [...rowOf(-1.5, 0, 0, 8), ...rowOf(6.5, 0, 0, 8)]],
    ['in and out and in again', [...rowOf(2, 0, 1, 7), [20, 2] as const, ...rowOf(4, 0, 1, 7)]],
    [
      'at the border itself',
      [
        [0, 0],
        [8, 6],
        [8, 3],
        [4, 6],
        [7.999, 5.999],
        [0, 6],
        [8, 0],
      ] as const,
    ],
  ])('is the kernel’s sum, with border pixels repeated: %s', (_, points) => {
    const found = sampled(sampler, windowOf(raster), points);
    points.forEach(([u, v], k) => expect(found[k]).toBeCloseTo(expected(raster, kind, u, v), 8));
  });

  it('needs of a window no more than the cell and its margin', () => {
    const margin = samplerMarginPx[kind];
    const region = { x: 4 - margin, y: 3 - margin, width: 1 + 2 * margin, height: 1 + 2 * margin };
    const window = { raster: cropRaster(raster, region), x: region.x, y: region.y, size: raster };
    const points = [
      [4, 3],
      [4.5, 3.5],
      [4.99, 3.01],
    ] as const;
    const found = sampled(sampler, window, points);
    points.forEach(([u, v], k) => expect(found[k]).toBeCloseTo(expected(raster, kind, u, v), 8));
  });

  it.each([
    [1, 1],
    [1, 4],
    [4, 1],
    [2, 2],
  ])('samples an image of %d × %d', (columns, rows) => {
    const small = cropRaster(raster, { x: 0, y: 0, width: columns, height: rows });
    const points = [
      [-1, -1],
      [0, 0],
      [0.5, 0.5],
      [0.25, 2.5],
      [2.5, 0.25],
      [9, 9],
    ] as const;
    const found = sampled(sampler, windowOf(small), points);
    points.forEach(([u, v], k) => expect(found[k]).toBeCloseTo(expected(small, kind, u, v), 8));
  });

  it('writes the asked part of a row only', () => {
    const out = new Float64Array(5).fill(-1);
    const at = Float64Array.of(1, 2, 3, 4, 5);
    sampler(windowOf(raster), at, at, 1, 4, out);
    expect([...out]).toEqual([-1, pixel(raster, 2, 2), pixel(raster, 3, 3), pixel(raster, 4, 4), -1]);
    sampler(windowOf(raster), at, at, 2, 2, out.fill(-1));
    expect([...out]).toEqual([-1, -1, -1, -1, -1]);
  });
});
