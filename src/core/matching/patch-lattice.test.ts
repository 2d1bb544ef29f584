import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { addNoise, spotTexture } from '../testing/analytic-texture.ts';
import { smallMotion } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';
import { alignPatchLattice } from './patch-lattice.ts';
import type { AlignedPatches } from './patch-lattice.ts';

const size = { width: 100, height: 132 };
const texture = spotTexture(19, 6);
type Map2 = (x: number, y: number) => { readonly x: number; readonly y: number };

/** A strip at (x, y) of its tile whose sample at a place of the tile is the texture at `place`. */
function viewOf(left: number, top: number, place: Map2, sigma: number, seed: number): Strip {
  const data = Float32Array.from({ length: size.width * size.height }, (_, k) => {
    const p = place(left + (k % size.width), top + Math.floor(k / size.width));
    return 60 + 120 * texture.valueAt(p.x, p.y);
  });
  return { raster: addNoise({ data, ...size }, sigma, seed), region: { x: left, y: top, ...size } };
}

/** a shows the texture itself at 50, 20 of its tile; b shows at q what a shows at `truth(q)`. */
function stripsOf(truth: Map2, sigma = 4, seed = 1) {
  return {
    a: viewOf(50, 20, (x, y) => ({ x, y }), sigma, 2 * seed),
    b: viewOf(7, 11, truth, sigma, 2 * seed + 1),
  };
}

const rigid: Affine2 = smallMotion('rigid', [44.4, 8.3, 0.01], [57, 77]);
const byAffine: Map2 = (x, y) => applyAffine(rigid, x, y);
/** Bent along y by up to 3 px at the ends. */
const bent: Map2 = (x, y) => {
  const p = byAffine(x, y);
  const v = (y - 77) / 66;
  return { x: p.x + 3 * v * v, y: p.y };
};

function errorsOf({ a, b }: AlignedPatches, truth: Map2): { readonly worst: number; readonly rms: number } {
  const errors = Array.from({ length: a.length / 2 }, (_, k) => {
    const p = truth(b[2 * k], b[2 * k + 1]);
    return Math.hypot(p.x - a[2 * k], p.y - a[2 * k + 1]);
  });
  return {
    worst: Math.max(...errors),
    rms: Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length),
  };
}

function align(strips: { a: Strip; b: Strip }, start: Affine2, bendAt: Parameters<typeof alignPatchLattice>[3] = null) {
  const patches = alignPatchLattice(strips.a, strips.b, start, bendAt);
  if (patches === null) throw new Error('nothing aligned');
  return patches;
}

describe('the patches of an overlap', () => {
  it('lie where the truth puts them, as well as they say, all over the overlap', () => {
    const patches = align(stripsOf(byAffine, 10), rigid);
    const n = patches.precision.length;
    expect(n).toBeGreaterThan(25);
    expect([patches.a.length, patches.b.length, patches.shift.length, patches.correlation.length]).toEqual([
      2 * n,
      2 * n,
      2 * n,
      n,
    ]);
    expect(errorsOf(patches, byAffine).rms).toBeLessThan(0.25);
    // |error|² · precision is two, one an axis, in the mean.
    let squares = 0;
    for (let k = 0; k < n; k++) {
      const p = byAffine(patches.b[2 * k], patches.b[2 * k + 1]);
      const square = (p.x - patches.a[2 * k]) ** 2 + (p.y - patches.a[2 * k + 1]) ** 2;
      squares += (square * patches.precision[k]) / (2 * n);
    }
    expect(squares).toBeGreaterThan(0.5);
    expect(squares).toBeLessThan(2);
    expect(patches.isBent).toBe(false);
    expect(patches.structureNcc).toBeGreaterThan(0.97);
    expect(patches.sparedNcc).toBeGreaterThan(0.97);
    expect(patches.ncc).toBeGreaterThan(0.9);
    expect(patches.ncc).toBeLessThan(patches.structureNcc);
    expect(patches.correlation.every((value) => value > 0.4 && value <= 1)).toBe(true);
    // Within the common part of a: 44.4 px of the 50 are b's offset.
    const xs = Array.from({ length: n }, (_, k) => patches.a[2 * k]);
    const ys = Array.from({ length: n }, (_, k) => patches.a[2 * k + 1]);
    expect(Math.min(...xs)).toBeGreaterThan(50);
    expect(Math.min(...xs)).toBeLessThan(68);
    expect(Math.max(...xs)).toBeGreaterThan(130);
    expect(Math.max(...ys)).toBeGreaterThan(130);
    expect(Math.min(...ys)).toBeLessThan(36);
  });

  it('say more surely where there is less noise: a tenth of it, a hundred times', () => {
    const [loud, quiet] = [align(stripsOf(byAffine, 12), rigid), align(stripsOf(byAffine, 1.2), rigid)];
    const middle = ({ precision }: AlignedPatches) => [...precision].sort((p, q) => p - q)[precision.length >> 1];
    const ratio = middle(quiet) / middle(loud);
    expect(ratio).toBeGreaterThan(40);
    expect(ratio).toBeLessThan(250);
    expect(errorsOf(quiet, byAffine).rms).toBeLessThan(0.03);
  });

  it('are found from a start that is a px off and a little turned and stretched', () => {
    const off = composeAffine({ a: 1.006, b: 0.004, c: -0.005, d: 0.995, e: -0.8, f: 0.9 }, rigid);
    const patches = align(stripsOf(byAffine), off);
    expect(errorsOf(patches, byAffine).worst).toBeLessThan(0.3);
    expect(errorsOf(patches, byAffine).rms).toBeLessThan(0.1);
    expect(patches.isBent).toBe(true);
    // `shift` is what the given motion lacks: near each patch it leads to where b shows it.
    const bFromA = invertAffine(off);
    for (let k = 0; k < patches.precision.length; k++) {
      const q = applyAffine(
        bFromA,
        patches.a[2 * k] + patches.shift[2 * k],
        patches.a[2 * k + 1] + patches.shift[2 * k + 1],
      );
      expect(Math.hypot(q.x - patches.b[2 * k], q.y - patches.b[2 * k + 1])).toBeLessThan(0.25);
    }
    const corner = applyAffine(patches.bFromA, 60, 30);
    const expected = applyAffine(bFromA, 60, 30);
    expect([corner.x, corner.y]).toEqual([expect.closeTo(expected.x, 6), expect.closeTo(expected.y, 6)]);
  });

  it('follow a bend, by themselves or from where matches say it is', () => {
    const strips = stripsOf(bent);
    const alone = align(strips, rigid);
    expect(alone.isBent).toBe(true);
    expect(errorsOf(alone, bent).rms).toBeLessThan(0.12);
    expect(errorsOf(alone, byAffine).rms).toBeGreaterThan(0.7);
    expect(alone.structureNcc).toBeGreaterThan(0.97);
    const told = align(strips, rigid, (_x, y) => [3 * ((y - 77) / 66) ** 2, 0]);
    expect(told.isBent).toBe(true);
    expect(errorsOf(told, bent).rms).toBeLessThan(0.1);
    // Told a bend that is not there, the images correct it.
    const misled = align(stripsOf(byAffine), rigid, (x) => [0, (x - 57) / 60]);
    expect(misled.isBent).toBe(true);
    expect(errorsOf(misled, byAffine).rms).toBeLessThan(0.15);
  });

  it('are left out where the two show different things', () => {
    const { a, b } = stripsOf(byAffine);
    const other = spotTexture(501, 6);
    const data = b.raster.data.slice() as Float32Array;
    // A disc of something else in the middle of b.
    for (let j = 0; j < size.height; j++)
      for (let i = 0; i < size.width; i++)
        if (Math.hypot(i - 50, j - 66) < 26) data[j * size.width + i] = 60 + 120 * other.valueAt(i, j);
    const patches = align({ a, b: { ...b, raster: { ...b.raster, data } } }, rigid);
    for (let k = 0; k < patches.precision.length; k++)
      expect(Math.hypot(patches.b[2 * k] - 57, patches.b[2 * k + 1] - 77)).toBeGreaterThan(12);
    expect(patches.precision.length).toBeGreaterThan(12);
    // The structure of the whole is less alike than that of the three quarters that agree best.
    expect(patches.structureNcc).toBeLessThan(0.93);
    expect(patches.sparedNcc ?? 0).toBeGreaterThan(patches.structureNcc);
  });

  it('are none where nothing is common, and of no motion that folds', () => {
    const { a, b } = stripsOf(byAffine);
    expect(alignPatchLattice(a, b, translation(500, 0), null)).toBeNull();
    expect(alignPatchLattice(a, b, translation(141, 8), null)).toBeNull();
    expect(alignPatchLattice(a, b, { ...rigid, a: 0.2, d: 0.2 }, null)).toBeNull();
    const flat = { ...b, raster: { ...b.raster, data: new Float32Array(size.width * size.height).fill(9) } };
    expect(alignPatchLattice({ ...a, raster: flat.raster }, flat, rigid, null)).toBeNull();
  });
});
