import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { transformModels } from './link.ts';
import type { TransformModel } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { seededRandom } from '../random.ts';
import { findConsensus, minimalSample, squaredResiduals } from './ransac.ts';
import { bendOfMatches, growSmoothConsensus } from './smooth-consensus.ts';

const truths: Readonly<Record<TransformModel, Affine2>> = {
  translation: { a: 1, b: 0, c: 0, d: 1, e: 40, f: -7 },
  rigid: { a: Math.cos(0.1), b: Math.sin(0.1), c: -Math.sin(0.1), d: Math.cos(0.1), e: 40, f: -7 },
  similarity: {
    a: 1.1 * Math.cos(0.1),
    b: 1.1 * Math.sin(0.1),
    c: -1.1 * Math.sin(0.1),
    d: 1.1 * Math.cos(0.1),
    e: 4,
    f: 9,
  },
  affine: { a: 1.05, b: 0.1, c: -0.02, d: 0.97, e: -12, f: 30 },
};

/** `right` matches of a motion with noise, then `wrong` ones anywhere; wrong ones are sure, too. */
function matches(
  motion: (x: number, y: number) => { x: number; y: number },
  right: number,
  wrong: number,
  noise = 0.3,
  seed = 5,
) {
  const random = seededRandom(seed);
  const [a, b] = [new Float32Array(2 * (right + wrong)), new Float32Array(2 * (right + wrong))];
  for (let i = 0; i < right + wrong; i++) {
    const [x, y] = [200 * random(), 400 * random()];
    const p = motion(x, y);
    const off = () => (i < right ? noise * (2 * random() - 1) : 300 * (random() - 0.5));
    a.set([p.x + off(), p.y + off()], 2 * i);
    b.set([x, y], 2 * i);
  }
  const confidence = Float32Array.from({ length: right + wrong }, () => random());
  return { a, b, confidence };
}

const by = (t: Affine2) => (x: number, y: number) => applyAffine(t, x, y);

describe.each(transformModels)('the consensus of matches under %s', (model) => {
  const truth = truths[model];

  it('is the motion of the right ones among half that are wrong', () => {
    const found = findConsensus(matches(by(truth), 60, 60), { model, thresholdPx: 1.5, seed: 3 });
    if (found === null) throw new Error('none');
    for (const [x, y] of [
      [0, 0],
      [200, 0],
      [100, 400],
    ]) {
      const [p, q] = [applyAffine(found.aFromB, x, y), applyAffine(truth, x, y)];
      expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(0.4);
    }
    expect(found.model).toBe(model);
    expect([...found.inlierMask.slice(0, 60)].every((inlier) => inlier === 1)).toBe(true);
    expect([...found.inlierMask.slice(60)].filter((inlier) => inlier === 1).length).toBeLessThan(4);
    expect(found.inliers).toBe(found.inlierMask.reduce((sum, inlier) => sum + inlier, 0));
    expect(found.termination).toBe('confident');
    expect(found.iterations).toBeLessThan(400);
  });

  it('is the same for a seed, and none of too few matches', () => {
    const points = matches(by(truth), 30, 40);
    const options = { model, thresholdPx: 1.5, seed: 7 };
    expect(findConsensus(points, options)).toEqual(findConsensus(points, options));
    const few = matches(by(truth), minimalSample[model], 0, 0);
    expect(findConsensus(few, options)).toBeNull();
    expect(findConsensus(matches(by(truth), minimalSample[model] + 1, 0, 0), options)?.inliers).toBe(
      minimalSample[model] + 1,
    );
  });

  it('is told of what it may not be', () => {
    const points = matches(by(truth), 30, 0);
    const options = { model, thresholdPx: 1.5, seed: 7, maxIterations: 50 };
    expect(findConsensus(points, { ...options, isAdmissible: () => false })).toBeNull();
    let asked = 0;
    const found = findConsensus(points, { ...options, isAdmissible: () => ++asked > 0 });
    expect(found?.inliers).toBe(30);
    expect(asked).toBeGreaterThan(1);
  });
});

describe('a consensus', () => {
  it('ends at the most iterations it is given where it is not sure', () => {
    const found = findConsensus(matches(by(truths.affine), 12, 120), {
      model: 'affine',
      thresholdPx: 1,
      seed: 2,
      maxIterations: 60,
    });
    if (found) expect([found.iterations, found.termination]).toEqual([60, 'max-iterations']);
    const sure = findConsensus(matches(by(truths.affine), 50, 0), { model: 'affine', thresholdPx: 1, seed: 2 });
    // The first sample has them all: one more would be missed with a probability of nothing.
    expect(sure).toMatchObject({ iterations: 1, termination: 'confident', inliers: 50 });
  });

  it('does not take matches that lie together for a turn', () => {
    // Thirty matches within a px of each other, and their motion 50 px away: no two are three thresholds apart.
    const points = matches(by(truths.rigid), 30, 0, 0);
    const close = points.b.map((value, k) => 100 + (k % 2) + 0.001 * value);
    const a = close.map((value, k) => value + (k % 2 === 0 ? 50 : 0));
    expect(findConsensus({ ...points, a, b: close }, { model: 'rigid', thresholdPx: 1.5, seed: 1 })).toBeNull();
    expect(
      findConsensus({ ...points, a, b: close }, { model: 'translation', thresholdPx: 1.5, seed: 1 })?.inliers,
    ).toBe(30);
  });

  it('has the squared residuals of its motion', () => {
    const points = matches(by(truths.affine), 5, 0, 0);
    const off = { ...truths.affine, e: truths.affine.e + 3, f: truths.affine.f - 4 };
    for (const square of squaredResiduals(points, off)) expect(square).toBeCloseTo(25, 2);
    expect(squaredResiduals(points, off).length).toBe(5);
  });
});

describe('a smooth motion', () => {
  const bent = (px: number) => (x: number, y: number) => {
    const p = applyAffine(truths.rigid, x, y);
    const v = y / 200 - 1;
    return { x: p.x + px * v * v, y: p.y };
  };
  const grow = (points: Correspondences, thresholdPx = 1.5) => {
    const start = findConsensus(points, { model: 'rigid', thresholdPx, seed: 3 });
    if (start === null) throw new Error('none');
    const grown = growSmoothConsensus(points, start, thresholdPx);
    return {
      start: start.inliers,
      mask: grown,
      count: grown.reduce((sum, inlier) => sum + inlier, 0),
      consensus: start,
    };
  };

  it('takes in the right matches that a stiff one leaves, and no wrong ones', () => {
    const { start, count, mask } = grow(matches(bent(6), 150, 50));
    expect(start).toBeLessThan(130);
    expect([...mask.slice(0, 150)].filter((inlier) => inlier === 1).length).toBe(150);
    expect(count).toBeLessThan(155);
  });

  it('leaves what is straight as it is, and few matches to the stiff motion', () => {
    const straight = grow(matches(bent(0), 60, 20));
    expect([...straight.mask.slice(0, 60)].every((inlier) => inlier === 1)).toBe(true);
    expect(straight.count).toBeLessThan(64);
    // Five inliers are too few for a degree: what lies within the threshold of the start.
    const few = matches(bent(0), 5, 0, 0.1);
    expect(grow(few).count).toBe(5);
  });

  it('is told from noise by an F-test, and where it is worth starting from', () => {
    const bendOf = (px: number, count: number, noise = 0.3) => {
      const points = matches(bent(px), count, 0, noise);
      return bendOfMatches(points, new Uint8Array(count).fill(1), truths.rigid, 1);
    };
    const bend = bendOf(6, 100);
    if (bend === null) throw new Error('none');
    for (const [x, y] of [
      [100, 200],
      [20, 30],
      [150, 390],
    ]) {
      const [dx, dy] = bend(x, y);
      expect(Math.abs(dx - 6 * (y / 200 - 1) ** 2)).toBeLessThan(0.4);
      expect(Math.abs(dy)).toBeLessThan(0.4);
    }
    // Beyond the matches it is what it is at their border.
    expect(bend(100, 5000)).toEqual(bend(100, 1000));
    expect(bendOf(0, 100)).toBeNull();
    expect(bendOf(1, 100)).toBeNull();
    expect(bendOf(6, 23)).toBeNull();
    expect(bendOf(6, 24)).not.toBeNull();
    expect(bendOf(6, 100, 60)).toBeNull();
  });

  it('looks at inliers alone', () => {
    const points = matches(bent(6), 100, 30);
    const mask = Uint8Array.from({ length: 130 }, (_, i) => (i < 100 ? 1 : 0));
    const bend = bendOfMatches(points, mask, truths.rigid, 1);
    expect(Math.abs((bend?.(100, 390)[0] ?? NaN) - 6 * 0.95 ** 2)).toBeLessThan(0.5);
  });
});
