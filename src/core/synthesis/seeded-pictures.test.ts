import { describe, expect, it } from 'vitest';
import { defaultEm424, planEm424Grid } from './em424-grid.ts';
import { proceduralSource } from './procedural-source.ts';
import { defaultTexture, emTexture } from './texture.ts';

// A set is named by its seed, and evaluations and trained networks cite it: what a seed draws must not change unnoticed.
// The numbers are what it drew in November 2026; whoever means to change a set changes them, and its name.

describe('what a seed draws stays what it was', () => {
  it.each([
    ['neuropil', [91, 53, 121, 82, 159, 149, 89, 97, 126, 137, 72, 85]],
    ['granular', [150, 177, 175, 168, 160, 159, 156, 158, 163, 159, 170, 164]],
    ['fibrous', [153, 122, 72, 159, 104, 93, 77, 89, 134, 95, 165, 84]],
    ['sparse', [161, 160, 131, 163, 159, 163, 162, 163, 158, 136, 164, 159]],
    ['repetitive', [153, 105, 146, 108, 155, 157, 154, 155, 56, 151, 153, 156]],
    ['resin', Array<number>(12).fill(190)],
  ] as const)('in a specimen of %s', (specimen, expected) => {
    const { data, width, height } = proceduralSource(3, 1, specimen, { width: 96, height: 64 });
    expect([width, height]).toEqual([96, 64]);
    // A grey level for the last bits of exp and cos.
    expected.forEach((grey, k) =>
      expect(Math.abs(data[(5 + 5 * k) * 96 + ((7 * k * k + 11) % 96)] - grey)).toBeLessThanOrEqual(1),
    );
  });

  it('in the texture of a grid', () => {
    const texture = emTexture({ ...defaultTexture, seed: 4, featureScale: 1.5, structure: 0.8, grain: 0.7 });
    [158.821, 164.942, 158.842, 165.273, 158.817, 155.634, 174.69, 166.697, 165.257, 165.179].forEach((value, k) =>
      expect(texture(17.3 * k, (9.7 * k * k) % 301)).toBeCloseTo(value, 2),
    );
  });

  it('in a grid of em424: poses, tones that undo one another, and seeds of noise', () => {
    const plan = planEm424Grid({ width: 700, height: 700 }, { ...defaultEm424, tileSide: 256, grid: 2 });
    expect([plan.rows, plan.columns]).toEqual([3, 3]);
    const [first, second] = plan.tiles;
    expect(first.mosaicFromTile).toMatchObject({ a: 1, d: 1, e: 23, f: 23 });
    const { a, b, c, d, e, f } = second.mosaicFromTile;
    [0.99863, -0.05234, 0.05234, 0.99863, 212.47642, 29.87442].forEach((value, k) =>
      expect([a, b, c, d, e, f][k]).toBeCloseTo(value, 4),
    );
    expect(second.applied.gain).toBeCloseTo(1.01552, 4);
    expect(second.applied.offset).toBeCloseTo(0.8985, 3);
    for (const { applied, tone } of plan.tiles) {
      expect(tone.gain * applied.gain).toBeCloseTo(1, 12);
      expect(tone.gain * applied.offset + tone.offset).toBeCloseTo(0, 12);
    }
    expect([first.noiseSigma, first.noiseSeed, second.noiseSeed]).toEqual([5, [424, 131072], [424, 131073]]);
    expect(second.name).toBe('em424_g00002_t00001_s00000.tif');
  });
});
