import { describe, expect, it } from 'vitest';
import { applyAffine, identityAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { fillMonomials, monomialCount } from '../geometry/cubic-monomials.ts';
import { invertSymmetric } from '../geometry/symmetric-matrix.ts';
import { seededRandom } from '../random.ts';
import type { Correspondences } from './matcher.ts';
import { bendOfMatches, growSmoothConsensus } from './smooth-consensus.ts';

type Displacement = (x: number, y: number) => readonly [number, number];

/** Where matches of b lie: about a strip of 60 × 240 px. */
const box = { x: 40, y: 130, halfWidth: 30, halfHeight: 120 };

/** `count` matches a(q) = aFromB·q + displacement(q) + noise, the first four at the corners of the box. */
function matchesOf(
  count: number,
  displacement: Displacement,
  { noisePx = 0, seed = 1, aFromB = identityAffine }: { noisePx?: number; seed?: number; aFromB?: Affine2 } = {},
): Correspondences {
  const random = seededRandom(seed);
  const [a, b] = [new Float32Array(2 * count), new Float32Array(2 * count)];
  for (let k = 0; k < count; k++) {
    const [u, v] = k < 4 ? [2 * (k % 2) - 1, k < 2 ? -1 : 1] : [2 * random() - 1, 2 * random() - 1];
    const [x, y] = [box.x + u * box.halfWidth, box.y + v * box.halfHeight];
    b.set([x, y], 2 * k);
    const [dx, dy] = displacement(b[2 * k], b[2 * k + 1]);
    const p = applyAffine(aFromB, b[2 * k], b[2 * k + 1]);
    const off = () => noisePx * (random() + random() + random() - 1.5);
    a.set([p.x + dx + off(), p.y + dy + off()], 2 * k);
  }
  return { a, b, confidence: new Float32Array(count).fill(0.5) };
}

/** The monomials of a place in the box. */
function powersAt(x: number, y: number): Float64Array {
  const powers = new Float64Array(10);
  fillMonomials((x - box.x) / box.halfWidth, (y - box.y) / box.halfHeight, powers);
  return powers;
}

/** Dense least squares of a(q) − aFromB·q with (noise / 10 px)² on what is beyond affine: coefficients, squares left and given. */
function fitOf({ a, b }: Correspondences, mask: Uint8Array, aFromB: Affine2, degree: 1 | 2 | 3, noisePx: number) {
  const terms = monomialCount[degree];
  const inliers = [...mask.keys()].filter((k) => mask[k] === 1);
  const rows = inliers.map((k) => powersAt(b[2 * k], b[2 * k + 1]));
  const left = inliers.map((k) => {
    const p = applyAffine(aFromB, b[2 * k], b[2 * k + 1]);
    return [a[2 * k] - p.x, a[2 * k + 1] - p.y];
  });
  const normal = Float64Array.from({ length: terms * terms }, (_, at) => {
    const [i, j] = [Math.floor(at / terms), at % terms];
    const ridge = i === j && i > 2 ? (noisePx / 10) ** 2 : 0;
    return rows.reduce((sum, row) => sum + row[i] * row[j], ridge);
  });
  const inverse = invertSymmetric(normal, terms) ?? new Float64Array(terms * terms);
  const coefficients = [0, 1].map((axis) => {
    const right = Array.from({ length: terms }, (_, i) =>
      rows.reduce((sum, row, n) => sum + row[i] * left[n][axis], 0),
    );
    return right.map((_, i) => right.reduce((sum, value, j) => sum + inverse[i * terms + j] * value, 0));
  });
  const at = (powers: Float64Array, axis: number) =>
    coefficients[axis].reduce((sum, value, i) => sum + value * powers[i], 0);
  const squares = (of: (n: number, axis: number) => number) =>
    rows.reduce((sum, _, n) => sum + of(n, 0) ** 2 + of(n, 1) ** 2, 0);
  return {
    at: (x: number, y: number) => [at(powersAt(x, y), 0), at(powersAt(x, y), 1)] as const,
    before: squares((n, axis) => left[n][axis]),
    after: squares((n, axis) => left[n][axis] - at(rows[n], axis)),
  };
}

const all = (count: number) => new Uint8Array(count).fill(1);
const tilted: Affine2 = { a: 1.01, b: 0.02, c: -0.015, d: 0.99, e: 31, f: -7 };
const wavy: Displacement = (x, y) => {
  const [u, v] = [(x - box.x) / box.halfWidth, (y - box.y) / box.halfHeight];
  return [4 * v * v - 1.5 * u * v + 2 * v ** 3, 1.2 * u * u + 2.5 * u * v * v];
};

describe('the bend of matches', () => {
  it.each([
    [24, 2],
    [40, 2],
    [59, 2],
    [60, 3],
    [90, 3],
  ] as const)(
    'of %d inliers is the least-squares polynomial of degree %d of what the motion leaves',
    (count, degree) => {
      const matches = matchesOf(count + 5, wavy, { noisePx: 0.4, aFromB: tilted });
      // Five wrong matches, which the mask leaves out but which lie in the same box.
      const mask = all(count + 5);
      for (const k of [7, 11, 13, 17, 19]) {
        mask[k] = 0;
        matches.a[2 * k] += 50;
      }
      const bend = bendOfMatches(matches, mask, tilted, 3);
      if (bend === null) throw new Error('no bend');
      const expected = fitOf(matches, mask, tilted, degree, 3);
      for (const [x, y] of [
        [40, 130],
        [12, 20],
        [69, 249],
        [33, 190],
        [70, 10],
      ]) {
        const [dx, dy] = bend(x, y);
        const [ex, ey] = expected.at(x, y);
        expect(dx).toBeCloseTo(ex, 5);
        expect(dy).toBeCloseTo(ey, 5);
      }
    },
  );

  it('is held by its ridge to what the noise allows', () => {
    const matches = matchesOf(30, wavy);
    for (const noisePx of [1, 30]) {
      const [bend, expected] = [
        bendOfMatches(matches, all(30), identityAffine, noisePx),
        fitOf(matches, all(30), identityAffine, 2, noisePx),
      ];
      expect(bend?.(20, 220)[0]).toBeCloseTo(expected.at(20, 220)[0], 6);
    }
    const stiff = bendOfMatches(matches, all(30), identityAffine, 300);
    expect(Math.abs(stiff?.(40, 250)[0] ?? 0)).toBeLessThan(
      Math.abs(fitOf(matches, all(30), identityAffine, 2, 1).at(40, 250)[0]),
    );
  });

  it('goes on beyond the matches as at their border', () => {
    const bend = bendOfMatches(matchesOf(80, wavy), all(80), identityAffine, 1);
    if (bend === null) throw new Error('no bend');
    expect(bend(-500, 60)).toEqual(bend(10, 60));
    expect(bend(500, 60)).toEqual(bend(70, 60));
    expect(bend(50, -500)).toEqual(bend(50, 10));
    expect(bend(50, 500)).toEqual(bend(50, 250));
    expect(bend(50, 249)).not.toEqual(bend(50, 250));
  });

  it('is none of fewer than 24 inliers, of matches on a line, and of none', () => {
    expect(bendOfMatches(matchesOf(23, wavy), all(23), identityAffine, 1)).toBeNull();
    const more = matchesOf(40, wavy);
    expect(bendOfMatches(more, all(40).fill(0, 0, 17), identityAffine, 1)).toBeNull();
    expect(bendOfMatches(more, new Uint8Array(40), identityAffine, 1)).toBeNull();
    const line = { ...more, b: more.b.map((value, i) => (i % 2 === 0 ? 40 : value)) };
    expect(bendOfMatches(line, all(40), identityAffine, 1)).toBeNull();
  });

  it('is believed where an F value of 4 a coefficient says so, and three quarters of a px are explained', () => {
    const verdicts = { both: 0, neither: 0, onlyF: 0, onlySize: 0 };
    for (const [count, degree] of [
      [40, 2],
      [70, 3],
    ] as const)
      for (const noisePx of [0.3, 1.5, 4])
        for (let step = 0; step <= 24; step++) {
          const scale = step / 12;
          const scaled: Displacement = (x, y) => {
            const [dx, dy] = wavy(x, y);
            return [scale * (dx - 1.3), scale * dy];
          };
          const matches = matchesOf(count + 1, scaled, { noisePx, seed: 5 });
          matches.a[2 * count] += 100;
          const mask = all(count + 1).fill(0, count);
          const { before, after } = fitOf(matches, mask, identityAffine, degree, 2);
          const free = 2 * (count - monomialCount[degree]);
          const isBent = (before - after) / (2 * monomialCount[degree]) > (4 * after) / free;
          const isLarge = before - after >= count * 0.75 ** 2;
          verdicts[isBent ? (isLarge ? 'both' : 'onlyF') : isLarge ? 'onlySize' : 'neither']++;
          expect(bendOfMatches(matches, mask, identityAffine, 2) !== null).toBe(isBent && isLarge);
        }
    for (const times of Object.values(verdicts)) expect(times).toBeGreaterThan(2);
  });
});

/** Wrong matches: displaced by 14 px and more, any way. */
function spoil(matches: Correspondences, wrong: readonly number[]): void {
  for (const k of wrong) {
    matches.a[2 * k] += 14 + (k % 5);
    matches.a[2 * k + 1] -= 15 * (k % 3);
  }
}
const wrong = [5, 9, 14, 20, 27];

describe('a smooth consensus', () => {
  it('grows over all that one bend explains, and leaves out what it does not', () => {
    const matches = matchesOf(100, wavy, { noisePx: 0.3 });
    spoil(matches, wrong);
    // What an affine explains within 3 px.
    const start = { aFromB: translation(0.5, 0.5), inlierMask: all(100) };
    for (let k = 0; k < 100; k++) {
      const [dx, dy] = [matches.a[2 * k] - matches.b[2 * k] - 0.5, matches.a[2 * k + 1] - matches.b[2 * k + 1] - 0.5];
      start.inlierMask[k] = Math.hypot(dx, dy) < 3 ? 1 : 0;
    }
    const few = start.inlierMask.reduce((sum, inlier) => sum + inlier, 0);
    expect(few).toBeLessThan(90);
    const found = growSmoothConsensus(matches, start, 3);
    expect([...found]).toEqual([...all(100)].map((_, k) => (wrong.includes(k) ? 0 : 1)));
    expect(start.inlierMask.reduce((sum, inlier) => sum + inlier, 0)).toBe(few);
  });

  /** Bent along the strip alone: an affine leaves 3.6·v² less its mean, 2 px at the ends. */
  const arched: Displacement = (_x, y) => [3.6 * ((y - box.y) / box.halfHeight) ** 2, 0];

  it.each([
    [23, false],
    [24, true],
  ])('of %d matches is bent: %s', (count, isBent) => {
    const matches = matchesOf(count, arched);
    const found = growSmoothConsensus(matches, { aFromB: translation(1.5, 0), inlierMask: all(count) }, 1.6);
    const affine = fitOf(matches, all(count), identityAffine, 1, 1.6);
    const left = Array.from(found, (_, k) => {
      const [dx, dy] = affine.at(matches.b[2 * k], matches.b[2 * k + 1]);
      return Math.hypot(matches.a[2 * k] - matches.b[2 * k] - dx, matches.a[2 * k + 1] - matches.b[2 * k + 1] - dy);
    });
    // Within two thresholds of the affine all of them are taken in; within one, not the ends.
    expect(Math.max(...left)).toBeLessThan(3.2);
    expect([...found]).toEqual(left.map((distance) => (isBent || distance < 1.6 ? 1 : 0)));
    expect(left.some((distance) => distance >= 1.6)).toBe(true);
  });

  it.each([
    [59, false],
    [60, true],
  ])('of %d matches follows a cube: %s', (count, isCubic) => {
    const cube: Displacement = (_x, y) => [5 * ((y - box.y) / box.halfHeight) ** 3, 0];
    const matches = matchesOf(count, cube);
    const found = growSmoothConsensus(matches, { aFromB: identityAffine, inlierMask: all(count) }, 1.3);
    const { at } = fitOf(matches, all(count), identityAffine, 2, 1.3);
    const far = [...found.keys()].filter((k) => {
      const [dx] = at(matches.b[2 * k], matches.b[2 * k + 1]);
      return Math.abs(matches.a[2 * k] - matches.b[2 * k] - dx) >= 1.3;
    });
    expect(far.length).toBeGreaterThan(1);
    expect(found.every((inlier) => inlier === 1)).toBe(isCubic);
    expect(far.every((k) => found[k] === 1)).toBe(isCubic);
  });

  it('of fewer than six is what lies within the threshold of the start', () => {
    const matches = matchesOf(9, () => [0, 0]);
    matches.a[0] += 0.99;
    matches.a[3] += 1.01;
    const inlierMask = Uint8Array.of(1, 1, 1, 1, 1, 0, 0, 0, 0);
    const found = growSmoothConsensus(matches, { aFromB: identityAffine, inlierMask }, 1);
    expect([...found]).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1]);
    // Six are fitted: the one that is off pulls them, and stays within reach.
    const six = growSmoothConsensus(matches, { aFromB: translation(5, 0), inlierMask: inlierMask.fill(1, 0, 6) }, 1);
    expect([...six].filter((inlier) => inlier === 1).length).toBeGreaterThan(7);
  });

  it('is the start where less than half of it would be left', () => {
    const matches = matchesOf(8, () => [0, 0]);
    const inlierMask = Uint8Array.of(1, 1, 1, 1, 0, 0, 0, 0);
    const start = { aFromB: identityAffine, inlierMask };
    for (let k = 0; k < 8; k++) if (k !== 1 && k !== 2) matches.a[2 * k] += 20 + k;
    expect([...growSmoothConsensus(matches, start, 1)]).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
    matches.a[4] += 20;
    expect(growSmoothConsensus(matches, start, 1)).toBe(inlierMask);
  });

  it('keeps the start where the matches lie on a line', () => {
    const matches = matchesOf(12, () => [0.2, 0]);
    const line = { ...matches, b: matches.b.map((value, i) => (i % 2 === 0 ? 40 : value)) };
    line.a.forEach((_, i) => (line.a[i] = line.b[i] + (i % 2 === 0 ? 0.2 : 0)));
    expect([...growSmoothConsensus(line, { aFromB: identityAffine, inlierMask: all(12) }, 1)]).toEqual([...all(12)]);
  });
});
