import { describe, expect, it } from 'vitest';
import { applyAffine, identityAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { correlationSurface } from './correlation-surface.ts';
import { seededRandom } from '../random.ts';

/** A picture on an unbounded canvas: value where it is known. */
type Picture = ReadonlyMap<string, number>;
const key = (x: number, y: number) => `${x},${y}`;

/** Even noise that is a little smoothed along x, so that its spectrum falls off. */
function rough(width: number, height: number, seed: number): FloatRaster {
  const random = seededRandom(seed);
  const white = Float32Array.from({ length: width * height + 2 }, () => random() - 0.5);
  return { width, height, data: Float32Array.from({ length: width * height }, (_, k) => white[k] + white[k + 1]) };
}

/** b where the motion puts it, bilinear at the whole pixels of a's frame that fall inside it. */
function warped(b: FloatRaster, aFromB: Affine2): Picture {
  const bFromA = invertAffine(aFromB);
  const found = new Map<string, number>();
  for (let y = -40; y < 60; y++)
    for (let x = -40; x < 60; x++) {
      const { x: u, y: v } = applyAffine(bFromA, x, y);
      if (u < 0 || v < 0 || u > b.width - 1 || v > b.height - 1) continue;
      let value = 0;
      for (let j = 0; j < b.height; j++)
        for (let i = 0; i < b.width; i++)
          value += b.data[j * b.width + i] * Math.max(0, 1 - Math.abs(u - i)) * Math.max(0, 1 - Math.abs(v - j));
      found.set(key(x, y), value);
    }
  return found;
}

/** Fourier transform of a picture on a periodic canvas, by its sum; [v][u] of [re, im]. */
function spectrum(picture: Picture, width: number, height: number): readonly (readonly [number, number])[] {
  const places = [...picture].map(([place, value]) => {
    const [x, y] = place.split(',').map(Number);
    return { x, y, value };
  });
  return Array.from({ length: width * height }, (_, k) => {
    let [re, im] = [0, 0];
    for (const { x, y, value } of places) {
      const angle = -2 * Math.PI * (((k % width) * x) / width + (Math.floor(k / width) * y) / height);
      re += value * Math.cos(angle);
      im += value * Math.sin(angle);
    }
    return [re, im] as const;
  });
}

/** Ring of equal frequency, 24 of them up to half a cycle a pixel; the corners beyond count with the last. */
function ringsOf(width: number, height: number): readonly number[] {
  return Array.from({ length: width * height }, (_, k) => {
    const fold = (i: number, n: number) => (i > n / 2 ? i - n : i) / n;
    return Math.min(23, Math.floor(48 * Math.hypot(fold(k % width, width), fold(Math.floor(k / width), height))));
  });
}

/** The definition: z of a displacement of b, and the common area. */
function expectedSurface(a: FloatRaster, b: FloatRaster, aFromB: Affine2, width: number, height: number) {
  const pictureA: Picture = new Map(
    Array.from(a.data, (value, k) => [key(k % a.width, Math.floor(k / a.width)), value] as const),
  );
  const pictureB = warped(b, aFromB);
  const [fa, fb] = [spectrum(pictureA, width, height), spectrum(pictureB, width, height)];
  const rings = ringsOf(width, height);
  const powers = (f: readonly (readonly [number, number])[]) =>
    Array.from({ length: 24 }, (_, ring) => {
      const here = f.filter((__, k) => rings[k] === ring).map(([re, im]) => re * re + im * im);
      return here.reduce((sum, value) => sum + value, 0) / here.length;
    });
  const [pa, pb] = [powers(fa), powers(fb)];
  const structure = (p: readonly number[]) => p.map((power) => Math.max(0, power - Math.min(...p.slice(20))));
  const [sa, sb] = [structure(pa), structure(pb)];
  const cross = fa.map(([ar, ai], k) => {
    const weight = Math.sqrt(sa[rings[k]] * sb[rings[k]]) / (pa[rings[k]] * pb[rings[k]]);
    const [br, bi] = fb[k];
    return [weight * (ar * br + ai * bi), weight * (ai * br - ar * bi)] as const;
  });
  const size = width * height;
  const variance = cross.reduce((sum, [re, im]) => sum + re * re + im * im, 0) / size / pictureA.size / pictureB.size;
  return (dx: number, dy: number) => {
    let common = 0;
    for (const place of pictureB.keys()) {
      const [x, y] = place.split(',').map(Number);
      if (pictureA.has(key(x + dx, y + dy))) common++;
    }
    let value = 0;
    cross.forEach(([re, im], k) => {
      const angle = 2 * Math.PI * (((k % width) * dx) / width + (Math.floor(k / width) * dy) / height);
      value += (re * Math.cos(angle) - im * Math.sin(angle)) / size;
    });
    return { z: value / Math.sqrt(variance * common), common };
  };
}

describe('the surface of a correlation', () => {
  const turned = { a: Math.cos(0.3), b: Math.sin(0.3), c: -Math.sin(0.3), d: Math.cos(0.3), e: 5.3, f: -2.6 };

  it.each([
    ['as it is', identityAffine, { x: 0, y: 0, radius: 3 }, 32, 16],
    ['about another place', identityAffine, { x: 2.4, y: -1.6, radius: 2 }, 32, 32],
    ['turned and moved', turned, { x: -1, y: 1, radius: 2.2 }, 32, 32],
  ])('is what the spectra and the common areas say, b %s', (_name, aFromB, window, width, height) => {
    const [a, b] = [rough(20, 13, 1), rough(19, 12, 2)];
    const surface = correlationSurface(a, b, aFromB, window);
    if (surface === null) throw new Error('none');
    const radius = Math.ceil(window.radius);
    expect([surface.x, surface.y]).toEqual([Math.round(window.x) - radius, Math.round(window.y) - radius]);
    expect([surface.width, surface.height]).toEqual([2 * radius + 1, 2 * radius + 1]);
    const expected = expectedSurface(a, b, aFromB, width, height);
    const places = Array.from(surface.z, (z, k) => {
      const [dx, dy] = [surface.x + (k % surface.width), surface.y + Math.floor(k / surface.width)];
      return { ...expected(dx, dy), found: z };
    });
    const most = Math.max(...places.map(({ common }) => common));
    for (const { found, z, common } of places) {
      expect(common).toBeGreaterThanOrEqual(0.4 * most);
      expect(Math.abs(found - z)).toBeLessThan(1e-6);
    }
  });

  it('is none where b has no extent, and leaves out where fewer than 16 px are common', () => {
    const [a, b] = [rough(20, 13, 1), rough(5, 5, 2)];
    expect(correlationSurface(a, b, { ...identityAffine, e: NaN }, { x: 0, y: 0, radius: 2 })).toBeNull();
    // 5 × 5 px: three columns of them are common at most two columns further, 15 px.
    const surface = correlationSurface(a, b, { ...identityAffine, e: -1 }, { x: 0, y: 0, radius: 2 });
    if (surface === null) throw new Error('none');
    const at = (dx: number, dy: number) => surface.z[(dy + 2) * 5 + dx + 2];
    expect(Number.isFinite(at(0, 0))).toBe(true);
    expect([at(-1, 0), at(-2, 0)]).toEqual([-Infinity, -Infinity]);
    expect([at(0, -1), at(1, -1)].map(Number.isFinite)).toEqual([true, true]);
  });
});
