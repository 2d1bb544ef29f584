import { describe, expect, it } from 'vitest';
import { powerOfTwo, transform2d } from './fft2.ts';
import { seededRandom } from '../random.ts';

describe('transform2d', () => {
  it('is the sum that defines it', () => {
    const [width, height] = [8, 4];
    const random = seededRandom(3);
    const re = Float64Array.from({ length: width * height }, random);
    const im = Float64Array.from({ length: width * height }, random);
    const [x, y] = [re.slice(), im.slice()];
    transform2d(re, im, width, height);
    for (const [u, v] of [
      [0, 0],
      [3, 1],
      [7, 2],
    ]) {
      let [sumRe, sumIm] = [0, 0];
      for (let j = 0; j < height; j++)
        for (let i = 0; i < width; i++) {
          const angle = -2 * Math.PI * ((u * i) / width + (v * j) / height);
          const k = j * width + i;
          sumRe += x[k] * Math.cos(angle) - y[k] * Math.sin(angle);
          sumIm += x[k] * Math.sin(angle) + y[k] * Math.cos(angle);
        }
      expect(re[v * width + u]).toBeCloseTo(sumRe, 10);
      expect(im[v * width + u]).toBeCloseTo(sumIm, 10);
    }
  });

  it('is undone by the transform of the swapped parts', () => {
    const random = seededRandom(9);
    const re = Float64Array.from({ length: 32 * 16 }, random);
    const im = Float64Array.from({ length: 32 * 16 }, random);
    const [x, y] = [re.slice(), im.slice()];
    transform2d(re, im, 32, 16);
    transform2d(im, re, 32, 16);
    for (let k = 0; k < re.length; k++) {
      expect(re[k] / re.length).toBeCloseTo(x[k], 10);
      expect(im[k] / re.length).toBeCloseTo(y[k], 10);
    }
  });
});

describe('powerOfTwo', () => {
  it('is the next one', () => expect([1, 2, 3, 64, 65].map(powerOfTwo)).toEqual([1, 2, 4, 64, 128]));
});
