import { describe, expect, it } from 'vitest';
import { randomStream } from '../synthesis/random.ts';
import { evaluateField, fitOverlapField, noField } from './overlap-field.ts';
import type { OverlapField } from './overlap-field.ts';

const domain = { x: 300, y: -40, width: 101, height: 401 };

/** Coefficients all different, of a size that a stage makes. */
const bent: OverlapField = {
  domain,
  degree: 3,
  coefficients: Float64Array.from({ length: 20 }, (_, k) => 0.3 * Math.sin(2.3 * k + 1) + 0.1),
};

/** The same polynomial, term by term: u, v run from −1 at the first pixel to 1 at the last. */
function written(c: Float64Array, x: number, y: number): readonly [number, number] {
  const u = (x - 350) / 50;
  const v = (y - 160) / 200;
  const terms = [1, u, v, u ** 2, u * v, v ** 2, u ** 3, u ** 2 * v, u * v ** 2, v ** 3];
  const along = (axis: number) => terms.reduce((sum, term, k) => sum + term * c[10 * axis + k], 0);
  return [along(0), along(1)];
}

const at = (field: OverlapField, x: number, y: number) => {
  const out = new Float64Array(6);
  evaluateField(field, x, y, out);
  return out;
};

/** Places all over the domain, and the displacements of a field there. */
function samplesOf(field: OverlapField, count: number, noisePx = 0) {
  const draws = randomStream(5, count);
  const points = Float64Array.from({ length: 2 * count }, (_, k) =>
    k % 2 === 0 ? 300 + 100 * draws.uniform() : -40 + 400 * draws.uniform(),
  );
  const displacements = points.map((_, k) => {
    const whole = k - (k % 2);
    return at(field, points[whole], points[whole + 1])[k % 2] + noisePx * draws.normal();
  });
  return { points, displacements };
}

const places = [
  [300, -40],
  [400, 360],
  [333.5, 17.25],
  [391, 300],
] as const;

describe('a smooth displacement over an overlap', () => {
  it('is the polynomial of degree 3 in coordinates from −1 to 1 over the overlap', () => {
    for (const [x, y] of places) {
      const [dx, dy] = written(bent.coefficients, x, y);
      expect(at(bent, x, y)[0]).toBeCloseTo(dx, 12);
      expect(at(bent, x, y)[1]).toBeCloseTo(dy, 12);
    }
  });

  it('has the derivatives that central differences give', () => {
    const step = 1e-4;
    for (const [x, y] of places) {
      const found = at(bent, x, y);
      const [left, right, up, down] = [
        at(bent, x - step, y),
        at(bent, x + step, y),
        at(bent, x, y - step),
        at(bent, x, y + step),
      ];
      for (const axis of [0, 1]) {
        expect(found[2 + axis]).toBeCloseTo((right[axis] - left[axis]) / (2 * step), 8);
        expect(found[4 + axis]).toBeCloseTo((down[axis] - up[axis]) / (2 * step), 8);
      }
    }
  });

  it('is zero with all its derivatives until one is fitted, and of an overlap of one pixel', () => {
    expect([...at(noField(domain), 345, 67)]).toEqual([0, 0, 0, 0, 0, 0]);
    const point = fitOverlapField(Float64Array.of(7, 9), Float64Array.of(1, -2), { x: 7, y: 9, width: 1, height: 1 });
    expect([...at(point, 7, 9)].slice(0, 2)).toEqual([expect.closeTo(1, 6), expect.closeTo(-2, 6)]);
  });
});

describe('fitting it', () => {
  it('recovers the field from its displacements, but for the little that holds it to zero', () => {
    const { points, displacements } = samplesOf(bent, 400);
    const field = fitOverlapField(points, displacements, domain);
    expect(field.degree).toBe(3);
    for (const [x, y] of places) {
      const [dx, dy] = written(bent.coefficients, x, y);
      expect(Math.abs(at(field, x, y)[0] - dx)).toBeLessThan(0.01);
      expect(Math.abs(at(field, x, y)[1] - dy)).toBeLessThan(0.01);
    }
  });

  it.each([
    [1, 0],
    [8, 0],
    [9, 1],
    [17, 1],
    [18, 2],
    [39, 2],
    [40, 3],
  ])('takes of %d points a polynomial of degree %d', (count, degree) => {
    const { points, displacements } = samplesOf(bent, count);
    const field = fitOverlapField(points, displacements, domain);
    expect(field.degree).toBe(degree);
    const terms = [1, 3, 6, 10][degree];
    for (const axis of [0, 1]) {
      const own = [...field.coefficients.slice(10 * axis, 10 * axis + 10)];
      expect(own.slice(0, terms).every((value) => value !== 0)).toBe(true);
      expect(own.slice(terms).every((value) => value === 0)).toBe(true);
    }
  });

  it('is no field without points', () => {
    expect(fitOverlapField(new Float64Array(0), new Float64Array(0), domain)).toEqual(noField(domain));
  });

  it('follows most of the displacements where four in ten say something else', () => {
    const { points, displacements } = samplesOf(bent, 200, 0.05);
    // They agree with one another, 9 px away: a mean would lie between.
    for (let k = 0; k < 80; k++) {
      displacements[2 * k] += 9;
      displacements[2 * k + 1] -= 7;
    }
    const field = fitOverlapField(points, displacements, domain);
    for (const [x, y] of places.slice(2)) {
      const [dx, dy] = written(bent.coefficients, x, y);
      expect(Math.abs(at(field, x, y)[0] - dx)).toBeLessThan(0.1);
      expect(Math.abs(at(field, x, y)[1] - dy)).toBeLessThan(0.1);
    }
  });

  it('starts from the median along either axis, not from zero', () => {
    const shifted: OverlapField = { domain, degree: 0, coefficients: new Float64Array(20) };
    shifted.coefficients.set([40], 0);
    shifted.coefficients.set([-25], 10);
    const { points, displacements } = samplesOf(shifted, 30);
    // Five outliers at zero, where a loss that began there would stay.
    for (let k = 0; k < 10; k++) displacements[k] = 0;
    const field = fitOverlapField(points, displacements, domain);
    expect(at(field, 350, 160)[0]).toBeCloseTo(40, 2);
    expect(at(field, 350, 160)[1]).toBeCloseTo(-25, 2);
  });

  it('stays with more than half of the points where the others agree on something else', () => {
    // 16 of 30 at (40, −25), 14 at zero: from the medians the others weigh nothing, from anywhere between they do.
    const { points } = samplesOf(bent, 30);
    const displacements = points.map((_, k) => (k % 30 < 16 ? (k % 2 === 0 ? 40 : -25) : 0));
    const count = displacements.filter((value) => value === 40).length;
    expect(count).toBe(16);
    const field = fitOverlapField(points, displacements, { ...domain, width: 1e6, height: 1e6 });
    expect(at(field, 350, 160)[0]).toBeCloseTo(40, 1);
    expect(at(field, 350, 160)[1]).toBeCloseTo(-25, 1);
  });

  it('measures places from the corner of the overlap, wherever that lies', () => {
    const { points, displacements } = samplesOf(bent, 60);
    const moved = points.map((value, k) => value + (k % 2 === 0 ? 1000 : -700));
    const here = fitOverlapField(points, displacements, domain);
    const there = fitOverlapField(moved, displacements, { ...domain, x: domain.x + 1000, y: domain.y - 700 });
    there.coefficients.forEach((value, k) => expect(value).toBeCloseTo(here.coefficients[k], 8));
  });
});
