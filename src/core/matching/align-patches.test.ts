import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, type Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { defaultTexture, emTexture } from '../synthesis/texture.ts';
import { alignPatches } from './align-patches.ts';
import { seededRandom } from './random.ts';

const side = 200;
const texture = emTexture({ ...defaultTexture, seed: 7 });

/** The texture seen through a map of the raster's pixels into it, with a tone and Gaussian-like noise. */
function seenThrough(textureFromPixel: Affine2, gain = 1, offset = 0, sigma = 0, seed = 1): FloatRaster {
  const random = seededRandom(seed);
  const data = new Float32Array(side * side);
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side; i++) {
      const p = applyAffine(textureFromPixel, i, j);
      // The sum of four uniform draws has variance 1/3.
      const noise = (random() + random() + random() + random() - 2) * Math.sqrt(3) * sigma;
      data[j * side + i] = gain * texture(p.x, p.y) + offset + noise;
    }
  return { data, width: side, height: side };
}

const turn = 0.03;
const aFromB: Affine2 = {
  a: 1.01 * Math.cos(turn),
  b: Math.sin(turn),
  c: -Math.sin(turn),
  d: Math.cos(turn),
  e: 3.3,
  f: -2.6,
};
const textureFromA: Affine2 = { a: 1, b: 0, c: 0, d: 1, e: 500, f: 500 };

function textureFromB(): Affine2 {
  const { a, b, c, d, e, f } = aFromB;
  return { a, b, c, d, e: e + 500, f: f + 500 };
}

/** A lattice of matches that are off by up to a pixel each way, and the mask of all of them. */
function roughMatches(offBy: (k: number) => number) {
  const inA: number[] = [];
  const inB: number[] = [];
  const bFromA = invertAffine(aFromB);
  for (let y = 40; y <= 160; y += 15)
    for (let x = 40; x <= 160; x += 15) {
      const q = applyAffine(bFromA, x + 0.37, y - 0.21);
      inA.push(x + 0.37, y - 0.21);
      inB.push(q.x + offBy(inB.length), q.y + offBy(inB.length + 1));
    }
  const n = inA.length / 2;
  const correspondences = {
    a: Float32Array.from(inA),
    b: Float32Array.from(inB),
    confidence: new Float32Array(n).fill(0.5),
  };
  return { correspondences, mask: new Uint8Array(n).fill(1), n };
}

function stripOf(raster: FloatRaster, x = 0, y = 0) {
  return { raster, region: { x, y, width: raster.width, height: raster.height } };
}

/** Signed mean and root mean square of aFromB(q) − p over the aligned matches, px. */
function errorsOf({ a, b }: { a: Float32Array; b: Float32Array }, aligned: Uint8Array, dx = 0, dy = 0) {
  let [n, mx, my, squares] = [0, 0, 0, 0];
  aligned.forEach((is, k) => {
    if (is === 0) return;
    const p = applyAffine(aFromB, b[2 * k] - dx, b[2 * k + 1] - dy);
    const [ex, ey] = [p.x - (a[2 * k] - dx), p.y - (a[2 * k + 1] - dy)];
    n++;
    mx += ex;
    my += ey;
    squares += ex * ex + ey * ey;
  });
  return { n, meanX: mx / n, meanY: my / n, rms: Math.sqrt(squares / n) };
}

describe('patch alignment at full resolution', () => {
  const wobble = (k: number) => 0.9 * Math.sin(12.9898 * k);

  it('brings matches that are off by up to a pixel to 0.01 px, whatever gain and offset', () => {
    const a = stripOf(seenThrough(textureFromA));
    const b = stripOf(seenThrough(textureFromB(), 0.7, 40));
    const { correspondences, mask, n } = roughMatches(wobble);
    const result = alignPatches(correspondences, mask, aFromB, a, b);
    const { n: aligned, meanX, meanY, rms } = errorsOf(result.correspondences, result.aligned);
    expect(aligned).toBeGreaterThan(0.6 * n);
    expect(rms).toBeLessThan(0.03);
    expect(Math.hypot(meanX, meanY)).toBeLessThan(0.005);
  });

  it('has no bias under independent noise of a third of the contrast', () => {
    const a = stripOf(seenThrough(textureFromA, 1, 0, 12, 2));
    const b = stripOf(seenThrough(textureFromB(), 1, 0, 12, 3));
    const { correspondences, mask } = roughMatches(wobble);
    const result = alignPatches(correspondences, mask, aFromB, a, b);
    const { n, meanX, meanY, rms } = errorsOf(result.correspondences, result.aligned);
    expect(n).toBeGreaterThan(30);
    expect(rms).toBeLessThan(0.3);
    expect(Math.hypot(meanX, meanY)).toBeLessThan((3 * rms) / Math.sqrt(n));
  });

  it('works in tile coordinates: strips that start elsewhere in their tiles', () => {
    const a = stripOf(seenThrough(textureFromA), 1000, 20);
    const b = stripOf(seenThrough(textureFromB()), 1000, 20);
    const { correspondences, mask } = roughMatches(wobble);
    const moved = {
      ...correspondences,
      a: correspondences.a.map((value, k) => value + (k % 2 === 0 ? 1000 : 20)),
      b: correspondences.b.map((value, k) => value + (k % 2 === 0 ? 1000 : 20)),
    };
    const result = alignPatches(moved, mask, aFromB, a, b);
    expect(errorsOf(result.correspondences, result.aligned, 1000, 20).rms).toBeLessThan(0.03);
  });

  it('leaves matches on an even field, on an edge alone and outside the mask as they were', () => {
    const flat: FloatRaster = { data: new Float32Array(side * side).fill(90), width: side, height: side };
    const edge: FloatRaster = {
      data: Float32Array.from({ length: side * side }, (_, i) => 100 / (1 + Math.exp((100 - (i % side)) / 2))),
      width: side,
      height: side,
    };
    const { correspondences, mask } = roughMatches(wobble);
    for (const raster of [flat, edge]) {
      const result = alignPatches(correspondences, mask, aFromB, stripOf(raster), stripOf(raster));
      expect(result.aligned.includes(1)).toBe(false);
      expect(result.correspondences.b).toEqual(correspondences.b);
    }
    const a = stripOf(seenThrough(textureFromA));
    const none = alignPatches(correspondences, new Uint8Array(mask.length), aFromB, a, a);
    expect(none.correspondences.a).toEqual(correspondences.a);
  });

  it('does not follow a match to another place: strangers stay where they were', () => {
    const a = stripOf(seenThrough(textureFromA));
    const b = stripOf(seenThrough({ ...textureFromB(), e: 9000, f: 9000 }));
    const { correspondences, mask, n } = roughMatches(wobble);
    const { aligned } = alignPatches(correspondences, mask, aFromB, a, b);
    expect(aligned.reduce((sum, is) => sum + is, 0)).toBeLessThan(0.15 * n);
  });
});
