import { describe, expect, it } from 'vitest';
import { identityAffine, translation } from '../geometry/affine2.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { correlationSurface } from './correlation-surface.ts';

const texture = spotTexture(6, 8);

/** A view of the texture with zero mean and unit variance, and some noise. */
function view(x: number, y: number, width = 60, height = 44, seed = 1): FloatRaster {
  const image = addNoise(sampleTexture(texture, width, height, translation(x, y)), 0.05, seed);
  const mean = image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
  const deviation = Math.sqrt(image.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / image.data.length);
  return { ...image, data: image.data.map((value) => (value - mean) / deviation) };
}

function best({ x, y, width, z }: NonNullable<ReturnType<typeof correlationSurface>>) {
  const at = z.indexOf(Math.max(...z));
  return { dx: x + (at % width), dy: y + Math.floor(at / width), z: z[at] };
}

describe('the correlation over a window of displacements', () => {
  const a = view(0, 0);

  it.each([
    [0, 0, 0, 0],
    [6, -5, 0, 0],
    [-7, 3, -5, 2],
    [20, 12, 18, 10],
  ])('is highest where b lies, %d, %d', (dx, dy, x, y) => {
    // b shows what a shows at (dx, dy): moved by that it lies on a.
    const surface = correlationSurface(a, view(dx, dy, 60, 44, 2), identityAffine, { x, y, radius: 8 });
    expect(surface).toMatchObject({ x: x - 8, y: y - 8, width: 17, height: 17 });
    expect(surface?.z.length).toBe(289);
    const peak = surface && best(surface);
    expect([peak?.dx, peak?.dy]).toEqual([dx, dy]);
    expect(peak?.z).toBeGreaterThan(5);
  });

  it('has a standard deviation of about one where textures are independent', () => {
    const surface = correlationSurface(a, view(900, 700, 60, 44, 3), identityAffine, { x: 0, y: 0, radius: 12 });
    const z = surface?.z ?? new Float64Array(0);
    const rms = Math.sqrt(z.reduce((sum, value) => sum + value * value, 0) / z.length);
    expect(rms).toBeGreaterThan(0.5);
    expect(rms).toBeLessThan(1.8);
  });

  it('warps b before: what is left is the displacement', () => {
    const pose = { a: Math.cos(0.3), b: Math.sin(0.3), c: -Math.sin(0.3), d: Math.cos(0.3), e: 10, f: -4 };
    const b = sampleTexture(texture, 60, 44, { ...pose, e: pose.e + 3, f: pose.f + 2 });
    const mean = b.data.reduce((sum, value) => sum + value, 0) / b.data.length;
    const surface = correlationSurface(a, { ...b, data: b.data.map((value) => value - mean) }, pose, {
      x: 0,
      y: 0,
      radius: 6,
    });
    const peak = surface && best(surface);
    expect([peak?.dx, peak?.dy]).toEqual([3, 2]);
  });

  it('leaves out where less than 40 % of the most common area is common', () => {
    const surface = correlationSurface(a, view(0, 0, 60, 44, 2), identityAffine, { x: 0, y: 0, radius: 40 });
    if (surface === null) throw new Error('none');
    const zAt = (dx: number, dy: number) => surface.z[(dy + 40) * 81 + dx + 40];
    // (60 − 35)/60 and (44 − 25)/44 are above 0.4, 23/60 and 17/44 below.
    expect([zAt(35, 0), zAt(-35, 0), zAt(0, 25), zAt(0, -25)].every(Number.isFinite)).toBe(true);
    expect([zAt(37, 0), zAt(-37, 0), zAt(0, 27), zAt(0, -27), zAt(40, 40)]).toEqual(Array(5).fill(-Infinity));
  });
});
