import { describe, expect, it } from 'vitest';
import { applyAffine, identityAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import type { Samples } from '../raster/raster.ts';
import { overlapIntensities } from './overlap-intensities.ts';
import type { Strip } from './overlap-intensities.ts';
import { seededRandom } from '../random.ts';

/** A strip of samples that the place decides. */
function stripOf(
  region: Rect,
  valueAt: (x: number, y: number) => number,
  into: 'float' | 'u8' | 'u16' = 'float',
): Strip {
  const { x, y, width, height } = region;
  const values = Array.from({ length: width * height }, (_, k) => valueAt(x + (k % width), y + Math.floor(k / width)));
  const data: Samples =
    into === 'float' ? Float32Array.from(values) : into === 'u8' ? Uint8Array.from(values) : Uint16Array.from(values);
  return { region, raster: { data, width, height } };
}

/** Mean of each whole block of 4 × 4 px, and where its centre lies in the tile. */
function blocksOf({ region, raster }: Strip) {
  const [columns, rows] = [Math.floor(raster.width / 4), Math.floor(raster.height / 4)];
  const mean = (i: number, j: number) => {
    let sum = 0;
    for (let v = 0; v < 4; v++) for (let u = 0; u < 4; u++) sum += raster.data[(4 * j + v) * raster.width + 4 * i + u];
    return sum / 16;
  };
  const centre = (i: number, j: number) => ({ x: region.x + 4 * i + 1.5, y: region.y + 4 * j + 1.5 });
  return { columns, rows, mean, centre };
}

/** The definition, without outliers and clipping: block means of a beside those of b, bilinear between block centres. */
function pairsOf(a: Strip, b: Strip, aFromB: Affine2): [number, number][] {
  const [inA, inB] = [blocksOf(a), blocksOf(b)];
  const bFromA = invertAffine(aFromB);
  const found: [number, number][] = [];
  for (let j = 0; j < inA.rows; j++)
    for (let i = 0; i < inA.columns; i++) {
      const p = inA.centre(i, j);
      const q = applyAffine(bFromA, p.x, p.y);
      const [u, v] = [(q.x - b.region.x - 1.5) / 4, (q.y - b.region.y - 1.5) / 4];
      if (u < 0 || v < 0 || u > inB.columns - 1 || v > inB.rows - 1) continue;
      let value = 0;
      for (let n = 0; n < inB.rows; n++)
        for (let m = 0; m < inB.columns; m++)
          value += inB.mean(m, n) * Math.max(0, 1 - Math.abs(u - m)) * Math.max(0, 1 - Math.abs(v - n));
      found.push([inA.mean(i, j), value]);
    }
  return found;
}

function momentsOf(pairs: readonly (readonly [number, number])[]) {
  const n = pairs.length;
  const mean = (of: (p: readonly [number, number]) => number) => pairs.reduce((sum, p) => sum + of(p), 0) / n;
  const [meanA, meanB] = [mean(([a]) => a), mean(([, b]) => b)];
  return {
    count: n,
    meanA,
    meanB,
    varianceA: mean(([a]) => (a - meanA) ** 2),
    varianceB: mean(([, b]) => (b - meanB) ** 2),
    covariance: mean(([a, b]) => (a - meanA) * (b - meanB)),
  };
}

function expectMoments(found: ReturnType<typeof overlapIntensities>, expected: ReturnType<typeof momentsOf>): void {
  if (found === null) throw new Error('none');
  expect(found.count).toBe(expected.count);
  for (const name of ['meanA', 'meanB', 'varianceA', 'varianceB', 'covariance'] as const)
    expect(Math.abs(found[name] - expected[name])).toBeLessThan(1e-4 * (1 + Math.abs(expected[name])));
}

const wavy = (x: number, y: number) => 100 + 40 * Math.sin(x / 9) + 30 * Math.cos(y / 7) + 7 * Math.sin((x * y) / 80);

describe('the intensities of an overlap', () => {
  const regionA = { x: 30, y: 10, width: 42, height: 58 };
  const a = stripOf(regionA, wavy);

  it.each([
    ['where it is', identityAffine],
    ['by half a block', translation(12, -6)],
    ['by a fraction', translation(-7.3, 5.9)],
    ['turned', { a: 0.96, b: 0.28, c: -0.28, d: 0.96, e: 5, f: -8 }],
  ] as const)('are those of blocks that lie on each other, b moved %s', (_name, aFromB) => {
    const b = stripOf({ x: 26, y: 12, width: 47, height: 51 }, (x, y) => {
      const p = applyAffine(aFromB, x, y);
      // Even noise: none of it is four deviations away.
      return 0.5 * wavy(p.x, p.y) + 20 + 30 * (((x * 7919 + y * 104729) % 1009) / 1009);
    });
    expectMoments(overlapIntensities(a, b, aFromB), momentsOf(pairsOf(a, b, aFromB)));
  });

  it('leave out blocks far off the line through the rest: four robust deviations', () => {
    const random = seededRandom(3);
    const noise = Array.from({ length: 200 }, () => random() - 0.5);
    const noisy = (x: number, y: number) => {
      const block = Math.floor((x - 30) / 4) + 10 * Math.floor((y - 10) / 4);
      // Blocks 23 and 57 show something else in b.
      return wavy(x, y) + 4 * noise[block] + (block === 23 ? 60 : block === 57 ? -45 : 0);
    };
    const b = stripOf(regionA, noisy);
    const pairs = pairsOf(a, b, identityAffine);
    expect(pairs.length).toBe(140);
    expectMoments(overlapIntensities(a, b, identityAffine), momentsOf(pairs.filter((_, k) => k !== 23 && k !== 57)));
    // An inverted tile has a line that falls.
    const inverted = stripOf(regionA, (x, y) => 255 - noisy(x, y));
    const turned = pairsOf(a, inverted, identityAffine);
    expectMoments(
      overlapIntensities(a, inverted, identityAffine),
      momentsOf(turned.filter((_, k) => k !== 23 && k !== 57)),
    );
  });

  it.each([
    ['u8', 255],
    ['u16', 65535],
  ] as const)('leave out blocks of which more than a quarter is clipped, %s', (kind, white) => {
    const clean = (x: number, y: number) => Math.round(wavy(x, y));
    const clipped = (of: number, value: number) => (x: number, y: number) => {
      // The first `of` samples of block (3, 5).
      const [i, j] = [x - 30 - 12, y - 10 - 20];
      return i >= 0 && i < 4 && j >= 0 && j < 4 && 4 * j + i < of ? value : clean(x, y);
    };
    const plain = stripOf(regionA, clean, kind);
    for (const value of [0, white]) {
      const four = stripOf(regionA, clipped(4, value), kind);
      const five = stripOf(regionA, clipped(5, value), kind);
      // Both strips show it: no outlier.
      expect(overlapIntensities(four, four, identityAffine)?.count).toBe(140);
      expect(overlapIntensities(five, five, identityAffine)?.count).toBe(139);
      if (kind === 'u8') {
        expect(overlapIntensities(five, plain, identityAffine)?.count).toBe(139);
        expect(overlapIntensities(plain, five, identityAffine)?.count).toBe(139);
      }
    }
    // Floats have no end of their range.
    const floats = stripOf(regionA, clipped(16, 0));
    expect(overlapIntensities(floats, floats, identityAffine)?.count).toBe(140);
  });

  it('leave out blocks of a hole', () => {
    const holed = stripOf(regionA, (x, y) => (x === 50 && y === 30 ? NaN : wavy(x, y)));
    expect(overlapIntensities(holed, a, identityAffine)?.count).toBe(139);
    // In b also the blocks that are sampled between it and their own.
    expect(overlapIntensities(a, holed, identityAffine)?.count).toBe(136);
  });

  it('are of 16 blocks at least, and of strips of 8 px', () => {
    const cut = (width: number, height: number) => stripOf({ x: 0, y: 0, width, height }, wavy);
    expect(overlapIntensities(cut(16, 16), cut(16, 16), identityAffine)?.count).toBe(16);
    expect(overlapIntensities(cut(12, 20), cut(12, 20), identityAffine)).toBeNull();
    expect(overlapIntensities(cut(16, 16), cut(16, 16), translation(4, 0))).toBeNull();
    expect(overlapIntensities(cut(8, 32), cut(8, 32), identityAffine)?.count).toBe(16);
    expect(overlapIntensities(cut(7, 200), cut(8, 200), identityAffine)).toBeNull();
    expect(overlapIntensities(cut(8, 200), cut(200, 7), identityAffine)).toBeNull();
  });

  it('are read off every other block where there are more than 40,000', () => {
    const even = stripOf({ x: 0, y: 0, width: 1000, height: 804 }, (x, y) => x + y);
    // 250 × 201 blocks; every second of each axis: 125 × 101.
    expect(overlapIntensities(even, even, identityAffine)?.count).toBe(125 * 101);
  });

  it('say that nothing varies where a tile is flat', () => {
    const flat = stripOf(regionA, () => 7);
    expect(overlapIntensities(flat, flat, identityAffine)).toEqual({
      count: 140,
      meanA: 7,
      meanB: 7,
      varianceA: 0,
      varianceB: 0,
      covariance: 0,
    });
    expect(overlapIntensities(a, flat, identityAffine)).toMatchObject({ count: 140, meanB: 7, covariance: 0 });
  });
});
