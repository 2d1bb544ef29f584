import { describe, expect, it } from 'vitest';
import { normalNoise, normalQuantile } from './normal-noise.ts';

const draw = (count: number, seed: number, ...path: number[]) => {
  const out = new Float32Array(count);
  normalNoise(seed, ...path).fill(out);
  return out;
};

describe('normalNoise', () => {
  it('has mean 0, variance 1, the kurtosis and the tails of a normal distribution, and no memory', () => {
    const values = draw(400_001, 7, 1);
    let [sum, squares, fourths, lagged, beyond2, beyond3] = [0, 0, 0, 0, 0, 0];
    values.forEach((value, i) => {
      sum += value;
      squares += value * value;
      fourths += value ** 4;
      if (i > 0) lagged += value * values[i - 1];
      if (Math.abs(value) > 2) beyond2++;
      if (Math.abs(value) > 3) beyond3++;
    });
    const n = values.length;
    expect(Math.abs(sum / n)).toBeLessThan(0.0064); // 4 standard errors of each
    expect(Math.abs(squares / n - 1)).toBeLessThan(0.009);
    expect(Math.abs(fourths / n - 3)).toBeLessThan(0.065);
    expect(Math.abs(lagged / n)).toBeLessThan(0.0064);
    expect(Math.abs(beyond2 / n - 0.0455)).toBeLessThan(0.0014);
    expect(Math.abs(beyond3 / n - 0.0027)).toBeLessThan(0.00034);
  });

  it('repeats for the same seed and path, differs for every other, and goes on where it stopped', () => {
    expect(draw(100, 1, 2)).toEqual(draw(100, 1, 2));
    expect(draw(100, 1, 2)).not.toEqual(draw(100, 1, 3));
    expect(draw(100, 1, 2)).not.toEqual(draw(100, 2, 2));
    const noise = normalNoise(1, 2);
    const [first, second] = [new Float32Array(60), new Float32Array(40)];
    noise.fill(first);
    noise.fill(second);
    expect([...first, ...second]).toEqual([...draw(100, 1, 2)]);
  });

  it('knows the quantiles of the normal distribution to 1e-6', () => {
    // scipy.stats.norm.ppf
    for (const [p, x] of [
      [0.5, 0],
      [0.6, 0.2533471],
      [0.93, 1.47579103],
      [0.975, 1.95996398],
      [0.99999, 4.26489079],
    ])
      expect(Math.abs(normalQuantile(p) - x)).toBeLessThan(1e-6 * Math.max(1, x));
  });
});
