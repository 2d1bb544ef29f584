import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { expandPlane, planePyramid, reducePlane } from './band-pyramid.ts';
import type { Plane } from './band-pyramid.ts';

function noise(width: number, height: number, seed: number): Plane {
  const random = seededRandom(seed);
  return { data: Float32Array.from({ length: width * height }, () => 100 * random()), width, height };
}

const kernel = [1, 4, 6, 4, 1].map((weight) => weight / 16);
const inside = (value: number, count: number) => Math.min(Math.max(value, 0), count - 1);

/** Sample (i, j) of the half image: the kernel along both axes, the border repeated. */
function reduced({ data, width, height }: Plane, i: number, j: number): number {
  let sum = 0;
  kernel.forEach((wy, n) =>
    kernel.forEach((wx, m) => {
      sum += wx * wy * data[inside(2 * j + n - 2, height) * width + inside(2 * i + m - 2, width)];
    }),
  );
  return sum;
}

/** Sample (i, j) of the double image: the samples that the kernel of 2× its weight reaches. */
function expanded({ data, width, height }: Plane, i: number, j: number): number {
  let sum = 0;
  for (let n = -2; n <= 2; n++)
    for (let m = -2; m <= 2; m++) {
      if ((j + n) % 2 !== 0 || (i + m) % 2 !== 0) continue;
      const at = inside((j + n) / 2, height) * width + inside((i + m) / 2, width);
      sum += 4 * kernel[n + 2] * kernel[m + 2] * data[at];
    }
  return sum;
}

describe('the pyramid of a blend', () => {
  it.each([
    [10, 6],
    [2, 8],
    [6, 2],
  ])('halves %d × %d samples by [1 4 6 4 1]/16, the border repeated', (width, height) => {
    const plane = noise(width, height, 1);
    const half = reducePlane(plane);
    expect([half.width, half.height, half.data.length]).toEqual([width / 2, height / 2, (width * height) / 4]);
    half.data.forEach((value, k) =>
      expect(value).toBeCloseTo(reduced(plane, k % half.width, Math.floor(k / half.width)), 4),
    );
  });

  it.each([
    [5, 3],
    [1, 4],
    [4, 1],
  ])('doubles %d × %d samples by the interpolation that belongs to it', (width, height) => {
    const plane = noise(width, height, 2);
    const double = expandPlane(plane);
    expect([double.width, double.height, double.data.length]).toEqual([2 * width, 2 * height, 4 * width * height]);
    double.data.forEach((value, k) =>
      expect(value).toBeCloseTo(expanded(plane, k % double.width, Math.floor(k / double.width)), 4),
    );
  });

  it('has so many halves below the image', () => {
    const plane = noise(16, 8, 3);
    const levels = planePyramid(plane, 3);
    expect(levels.map(({ width, height }) => [width, height])).toEqual([
      [16, 8],
      [8, 4],
      [4, 2],
      [2, 1],
    ]);
    expect(levels[0]).toBe(plane);
    expect(levels[2]).toEqual(reducePlane(reducePlane(plane)));
  });
});
