import { describe, expect, it } from 'vitest';
import type { FloatRaster } from '../raster/raster.ts';
import { spotTexture } from '../testing/analytic-texture.ts';
import { alignTemplate, cutTemplate, emptyTemplate, smallestEigenvalue } from './patch-alignment.ts';
import type { PatchFrame } from './patch-alignment.ts';

const texture = spotTexture(11, 9);
const identity = { a: 1, b: 0, c: 0, d: 1 };

/** An image of what `place` says each pixel shows. */
function imageOf(width: number, height: number, value: (x: number, y: number) => number): FloatRaster {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = value(x, y);
  return { data, width, height };
}

const textured = (x: number, y: number) => 100 * texture.valueAt(x, y);
const radius = 6;

function cut(image: FloatRaster, x: number, y: number, minCurvature = 0.004) {
  const template = emptyTemplate(radius);
  return { template, isCut: cutTemplate(image, x, y, template, minCurvature) };
}

describe('cutting a patch', () => {
  const image = imageOf(31, 41, textured);

  it('gives values of zero mean and unit variance, by rows', () => {
    const { template, isCut } = cut(image, 12, 20);
    expect(isCut).toBe(true);
    const values = [...template.values];
    expect(values.length).toBe(13 * 13);
    expect(values.reduce((sum, value) => sum + value, 0) / 169).toBeCloseTo(0, 5);
    expect(values.reduce((sum, value) => sum + value * value, 0) / 169).toBeCloseTo(1, 5);
    const pixels = values.map((_, k) => image.data[(14 + Math.floor(k / 13)) * 31 + 6 + (k % 13)]);
    const mean = pixels.reduce((sum, value) => sum + value, 0) / 169;
    const deviation = Math.sqrt(pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 169);
    values.forEach((value, k) => expect(value).toBeCloseTo((pixels[k] - mean) / deviation, 4));
  });

  it('gives their gradient by central differences and its matrix', () => {
    const { template } = cut(image, 12, 20);
    const { values, gradX, gradY, normal } = template;
    for (const k of [14, 80, 100]) {
      expect(gradX[k]).toBeCloseTo((values[k + 1] - values[k - 1]) / 2, 4);
      expect(gradY[k]).toBeCloseTo((values[k + 13] - values[k - 13]) / 2, 4);
    }
    const sum = (term: (k: number) => number) => values.reduce((total, _, k) => total + term(k), 0);
    expect(normal[0]).toBeCloseTo(
      sum((k) => gradX[k] ** 2),
      2,
    );
    expect(normal[1]).toBeCloseTo(
      sum((k) => gradX[k] * gradY[k]),
      2,
    );
    expect(normal[2]).toBeCloseTo(
      sum((k) => gradY[k] ** 2),
      2,
    );
  });

  it('needs one pixel beyond the patch on every side', () => {
    const isCut = (x: number, y: number) => cut(image, x, y).isCut;
    expect([isCut(7, 20), isCut(6, 20), isCut(23, 20), isCut(24, 20)]).toEqual([true, false, true, false]);
    expect([isCut(12, 7), isCut(12, 6), isCut(12, 33), isCut(12, 34)]).toEqual([true, false, true, false]);
    expect(isCut(NaN, 20)).toBe(false);
  });

  it('refuses what is flat, and an edge, which slides along itself', () => {
    expect(
      cut(
        imageOf(31, 41, () => 7),
        12,
        20,
      ).isCut,
    ).toBe(false);
    for (const slope of [
      (x: number) => Math.sin(x),
      (_: number, y: number) => Math.sin(y),
      (x: number, y: number) => Math.sin((x + y) / 2),
    ])
      expect(cut(imageOf(31, 41, slope), 12, 20).isCut).toBe(false);
    expect(cut(image, 12, 20, 1).isCut).toBe(false);
  });

  it('knows the smallest eigenvalue of a symmetric matrix', () => {
    expect(smallestEigenvalue(5, 0, 2)).toBe(2);
    expect(smallestEigenvalue(2, 2, 2)).toBe(0);
    expect(smallestEigenvalue(3, 1, 3)).toBeCloseTo(2, 12);
    expect(smallestEigenvalue(6, 2, 3)).toBeCloseTo(2, 12);
  });
});

describe('aligning a patch', () => {
  const image = imageOf(61, 61, textured);
  const { template } = cut(image, 30, 31);

  /** What the other image shows where the patch lies at `truth` there, its axes as the frame says. */
  function otherImage({ x, y, a, b, c, d }: PatchFrame, width = 61, height = 61): FloatRaster {
    const det = a * d - b * c;
    return imageOf(width, height, (px, py) => {
      const [u, v] = [px - x, py - y];
      return 3 * textured(30 + (d * u - c * v) / det, 31 + (-b * u + a * v) / det) - 20;
    });
  }

  it.each<[string, PatchFrame]>([
    ['shifted', { ...identity, x: 28.4, y: 33.7 }],
    ['turned by 30°', { a: 0.866, b: 0.5, c: -0.5, d: 0.866, x: 30.25, y: 29.5 }],
    ['stretched and sheared', { a: 1.2, b: 0.1, c: -0.3, d: 0.9, x: 29.1, y: 30.9 }],
  ])('finds where it lies in an image that is %s, whatever gain and offset', (_, truth) => {
    const start = { ...truth, x: truth.x + 0.9, y: truth.y - 0.8 };
    const found = alignTemplate(template, otherImage(truth), start, 4);
    expect(Math.abs((found?.x ?? NaN) - truth.x)).toBeLessThan(0.01);
    expect(Math.abs((found?.y ?? NaN) - truth.y)).toBeLessThan(0.01);
    expect(found?.correlation).toBeGreaterThan(0.995);
    expect(found?.correlation).toBeLessThanOrEqual(1.000001);
  });

  it('is not drawn to whole pixels: every tenth of a pixel is found to a hundredth', () => {
    for (let tenth = 0; tenth <= 10; tenth++) {
      const truth = { ...identity, x: 30 + tenth / 10, y: 31 - tenth / 10 };
      const found = alignTemplate(template, otherImage(truth), { ...identity, x: 30.5, y: 30.5 }, 4);
      expect(Math.abs((found?.x ?? NaN) - truth.x)).toBeLessThan(0.01);
      expect(Math.abs((found?.y ?? NaN) - truth.y)).toBeLessThan(0.01);
    }
  });

  it('may not go further from its start than it is told', () => {
    const truth = { ...identity, x: 31.5, y: 31 };
    const start = { ...identity, x: 30, y: 31 };
    expect(alignTemplate(template, otherImage(truth), start, 1.6)?.x).toBeCloseTo(31.5, 2);
    expect(alignTemplate(template, otherImage(truth), start, 1.3)).toBeNull();
  });

  it('needs two pixels round the patch, and room as its axes lie', () => {
    // A tall patch in an image that is just as large: its reach is 6·0.5 + 2 = 5 across and 6·2 + 2 = 14 along.
    const frame = { a: 0.5, b: 0, c: 0, d: 2 };
    const other = otherImage({ ...frame, x: 5.4, y: 14.4 }, 12, 30);
    const isFound = (x: number, y: number) => alignTemplate(template, other, { ...frame, x, y }, 1) !== null;
    expect([isFound(5, 14), isFound(5.9, 14.9)]).toEqual([true, true]);
    expect([isFound(4.99, 14), isFound(5, 13.99), isFound(6, 14.4), isFound(5.4, 15)]).toEqual(Array(4).fill(false));
  });

  it('gives up where nothing agrees, where the other is flat, and where a number is none', () => {
    const start = { ...identity, x: 30, y: 31 };
    expect(
      alignTemplate(
        template,
        imageOf(61, 61, () => 5),
        start,
        4,
      ),
    ).toBeNull();
    expect(
      alignTemplate(
        template,
        imageOf(61, 61, (x, y) => -textured(x, y)),
        start,
        4,
      ),
    ).toBeNull();
    expect(
      alignTemplate(
        template,
        imageOf(61, 61, (x, y) => textured(x + 500, y + 300)),
        start,
        4,
      ),
    ).toBeNull();
    expect(
      alignTemplate(
        template,
        imageOf(61, 61, () => NaN),
        start,
        4,
      ),
    ).toBeNull();
  });
});
