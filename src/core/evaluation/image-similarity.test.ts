import { describe, expect, it } from 'vitest';
import type { Raster } from '../raster/raster.ts';
import { peakSignalToNoise, structuralSimilarity } from './image-similarity.ts';

describe('image similarity', () => {
  const image = (value: (x: number, y: number) => number): Raster => ({
    data: Float32Array.from({ length: 60 * 40 }, (_, i) => value(i % 60, Math.floor(i / 60))),
    width: 60,
    height: 40,
  });
  const picture = (x: number, y: number) => 128 + 60 * Math.sin(x / 4) + 40 * Math.cos(y / 3);
  const checker = (x: number, y: number) => ((x + y) % 2 === 0 ? 5 : -5);

  it('does not see one global gain and offset', () => {
    const pair = { image: image((x, y) => 0.7 * picture(x, y) + 20), reference: image(picture) };
    expect(peakSignalToNoise(pair)).toBeGreaterThan(100);
    expect(structuralSimilarity(pair)).toBeCloseTo(1, 6);
  });

  it('agrees with scikit-image 0.19.3 on errors of 5 grey levels', () => {
    const pair = { image: image((x, y) => picture(x, y) + checker(x, y)), reference: image(picture) };
    expect(peakSignalToNoise(pair)).toBeCloseTo(34.19242281, 5);
    expect(structuralSimilarity(pair)).toBeCloseTo(0.96705233, 7);
  });

  it('leaves out what the mask does', () => {
    const mask = new Uint8Array(60 * 40).map((_, i) => (i % 60 < 30 ? 255 : 0));
    const pair = { image: image((x, y) => (x < 30 ? picture(x, y) : 0)), reference: image(picture), mask };
    expect(peakSignalToNoise(pair)).toBeGreaterThan(100);
    expect(structuralSimilarity(pair)).toBeCloseTo(1, 6);
  });
});
