import { describe, expect, it } from 'vitest';
import { composeAffine, translation } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { Raster } from '../raster/raster.ts';
import { tileId } from '../tiles/tile.ts';
import {
  areaUnderRecall,
  cornerErrors,
  globalCornerErrors,
  neighbourCornerErrors,
  peakSignalToNoise,
  structuralSimilarity,
} from './metrics.ts';

const size = { width: 101, height: 51 };
const pose = (x: number, y: number, thetaRad: number) => affineFromPose({ x, y, thetaRad });
const truth = [
  { id: tileId('a'), size, mosaicFromTile: pose(3, 4, 0.01) },
  { id: tileId('b'), size, mosaicFromTile: pose(90, 2, -0.02) },
  { id: tileId('c'), size, mosaicFromTile: pose(5, 45, 0.03) },
];

describe('corner errors', () => {
  it('are the distances of the four corners', () => {
    expect(cornerErrors(translation(3, 4), translation(0, 0), size)).toEqual({ mean: 5, max: 5 });
    const half = cornerErrors(pose(0, 0, 0.001), translation(0, 0), size);
    expect(half.max).toBeCloseTo(0.001 * Math.hypot(100, 50), 6);
  });

  it('vanish for a mosaic that is moved and turned as a whole', () => {
    const moved = new Map(truth.map((tile) => [tile.id, composeAffine(pose(500, -300, 1.1), tile.mosaicFromTile)]));
    for (const error of globalCornerErrors(moved, truth).values()) expect(error.max).toBeLessThan(1e-9);
    expect(neighbourCornerErrors(moved, truth[0], truth[1]).max).toBeLessThan(1e-9);
  });

  it('are infinite for a tile without an estimate', () => {
    const one = new Map([[truth[0].id, truth[0].mosaicFromTile]]);
    expect(globalCornerErrors(one, truth).get(truth[1].id)?.mean).toBe(Infinity);
    expect(neighbourCornerErrors(one, truth[0], truth[1]).max).toBe(Infinity);
  });
});

describe('areaUnderRecall', () => {
  it('holds the last recall up to t', () => {
    // (0,0) → (1, ½) → (2, 1) → (4, 1): ¼ + ¾ + 2 = 3 of 4
    expect(areaUnderRecall([2, 1], 4)).toBeCloseTo(0.75, 12);
    expect(areaUnderRecall([1, Infinity], 2)).toBeCloseTo((0.25 + 0.5) / 2, 12);
    expect(areaUnderRecall([], 5)).toBe(0);
  });
});

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
