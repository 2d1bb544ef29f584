import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { addCharges } from './charging.ts';
import { displaceRow } from './displace-row.ts';
import { fadeTexture } from './fade-texture.ts';
import { apartPoses, boundsOf, gridPoses, poseToAffine } from './grid-poses.ts';
import { apartSpot, freshSpot, spotIn } from './grid-spot.ts';
import { addLatticeNoise, latticeValue } from './lattice-noise.ts';
import { normalNoise, normalQuantile } from './normal-noise.ts';
import { drawBetween, drawLogBetween, mixBits, randomStream } from './random.ts';
import type { RandomStream } from './random.ts';
import { distortionMesh, drawDistortion } from './scan-distortion.ts';
import type { SetRecipe } from './set-recipes.ts';
import { meanBrightness, textureMap, texturedShare } from './texture-map.ts';
import { addCells } from './voronoi-cells.ts';

/** Draws that are all in the middle: ½, 0 and the middle whole number. */
const middling: RandomStream = {
  uniform: () => 0.5,
  normal: () => 0,
  integer: (low, high) => low + Math.floor(0.5 * (high - low)),
};

const recipe: SetRecipe = {
  arrangement: 'grid',
  tileSize: { width: 64, height: 48 },
  overlap: [0.2, 0.2],
  jitterPx: 3,
  turnDeg: 4,
  noiseSigma: [4, 14],
  contrastRatio: [1, 1.2],
  gamma: [1, 1],
  brightness: 20,
  shading: [0, 0.08],
  blurSigmaPx: [0, 0.8],
  charges: [0, 0],
  distortion: { amplitudePx: [4, 8], decayPx: [30, 50], fieldPx: [1, 3] },
  fade: null,
  minTexture: 0.5,
  specimens: ['neuropil'],
  pairs: 4,
};

describe('a charging specimen', () => {
  const size = { width: 160, height: 120 };
  const charged = (count: number) => {
    const field = new Float32Array(160 * 120);
    addCharges(field, size, count, middling);
    return field;
  };
  const difference = (count: number) => {
    const [before, after] = [charged(count - 1), charged(count)];
    return (x: number, y: number) => after[160 * y + x] - before[160 * y + x];
  };

  it('is not one of no charges; of any, its lines begin 10 grey levels brighter and decay', () => {
    expect(charged(0).every((value) => value === 0)).toBe(true);
    const streak = charged(1);
    // Middling: decay over 0.325 of the width.
    for (const [x, y] of [
      [0, 0],
      [50, 30],
      [159, 119],
    ])
      expect(streak[160 * y + x]).toBeCloseTo(10 * Math.exp(-x / (160 * 0.325)), 4);
  });

  it('has streaks of up to four lines that fade along the scan', () => {
    const line = (x: number) => 10 * Math.exp(-x / 52);
    const at = (x: number, y: number) => charged(1)[160 * y + x] - line(x);
    // From (80, 60) on, three lines, 75 grey levels that fade over 180 px.
    for (const y of [60, 61, 62])
      for (const x of [80, 81, 159]) expect(at(x, y)).toBeCloseTo(75 * Math.exp(-(x - 80) / 180), 3);
    for (const [x, y] of [
      [79, 61],
      [80, 59],
      [80, 63],
    ])
      expect(at(x, y)).toBeCloseTo(0, 4);
    const third = difference(3);
    expect(third(80, 60)).toBeCloseTo(75, 3);
  });

  it('has bright halos with a shadow behind them along the line', () => {
    const halo = difference(2);
    // About (80, 60), 37.5 px wide, 70 bright, 22.5 dark.
    expect(halo(80, 60)).toBeCloseTo(70, 3);
    expect(halo(60, 60)).toBeCloseTo(70 * Math.exp(-(20 ** 2) / (2 * 37.5 ** 2)), 3);
    expect(halo(80, 90)).toBeCloseTo(70 * Math.exp(-(30 ** 2) / (2 * 37.5 ** 2)), 3);
    const glow = 70 * Math.exp(-(70 ** 2) / (2 * 37.5 ** 2));
    const shadow = 22.5 * (1 - Math.exp(-70 / 37.5)) * Math.exp(-70 / (6 * 37.5));
    expect(halo(150, 60)).toBeCloseTo(glow - shadow, 3);
    expect(halo(150, 60)).toBeLessThan(0);
  });

  it('has patches far beyond white with a soft edge', () => {
    const patch = difference(4);
    // About (80, 60), 24 px; nothing beyond twice that.
    expect(patch(80, 60)).toBeCloseTo(260, 2);
    expect(patch(92, 60)).toBeCloseTo(260 * Math.exp(-(0.25 ** 2)), 2);
    expect(patch(80, 84)).toBeCloseTo(260 * Math.exp(-1), 2);
    expect([patch(129, 60), patch(31, 60), patch(80, 109), patch(80, 11)]).toEqual([0, 0, 0, 0]);
  });
});

describe('poses as a stage leaves them', () => {
  const pitch = { x: 50, y: 40 };

  it('are at the pitch, turned and bent as drawn', () => {
    const poses = gridPoses(recipe, { rows: 2, columns: 3, pitch, isSimilarity: false }, middling);
    expect(poses.map(({ row, column }) => [row, column])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    for (const { row, column, x, y, angleDeg, scale, mesh } of poses) {
      expect([x, y, angleDeg, scale]).toEqual([50 * column, 40 * row, 0, 1]);
      // Amplitude 6 less a tenth, over 40 px; the smooth field of middling draws is none.
      expect(mesh?.dx[0]).toBeCloseTo(5.4, 4);
      expect(mesh?.dx[16]).toBeCloseTo(5.4 * Math.exp(-31.5 / 40), 4);
      expect(mesh?.dy.every((value) => value === 0)).toBe(true);
    }
  });

  it('stay within what the recipe says', () => {
    const draws = randomStream(4, 1);
    const poses = gridPoses(recipe, { rows: 9, columns: 9, pitch, isSimilarity: true }, draws);
    const most = (value: (pose: (typeof poses)[number]) => number) =>
      Math.max(...poses.map((pose) => Math.abs(value(pose))));
    const within = (value: number, limit: number) => {
      expect(value).toBeLessThanOrEqual(limit);
      expect(value).toBeGreaterThan(0.9 * limit);
    };
    within(
      most(({ x, column }) => x - 50 * column),
      3,
    );
    within(
      most(({ y, row }) => y - 40 * row),
      3,
    );
    within(
      most(({ angleDeg }) => angleDeg),
      2,
    );
    within(
      most(({ scale }) => Math.log(scale)),
      0.005,
    );
    const rigid = gridPoses(
      { ...recipe, distortion: null },
      { rows: 2, columns: 2, pitch, isSimilarity: false },
      draws,
    );
    expect(rigid.every(({ scale, mesh }) => scale === 1 && mesh === null)).toBe(true);
  });

  it('of a pair share one turn and one stretch, half each way', () => {
    for (const [rows, columns] of [
      [1, 2],
      [2, 1],
    ])
      for (let seed = 0; seed < 20; seed++) {
        const [p, q] = gridPoses(recipe, { rows, columns, pitch, isSimilarity: true }, randomStream(seed));
        expect(p.angleDeg).toBe(-q.angleDeg);
        expect(p.scale * q.scale).toBeCloseTo(1, 12);
        expect(Math.abs(p.angleDeg)).toBeLessThanOrEqual(2);
      }
  });

  it('of tiles that share nothing are a tile and more apart', () => {
    const gap = 6 + Math.ceil(48 * Math.sin((4 * Math.PI) / 180));
    const [p, q] = apartPoses(recipe, true, middling);
    expect([p.row, p.column, q.row, q.column]).toEqual([0, 0, 0, 1]);
    expect([p.x, p.y, q.x, q.y]).toEqual([0.5, 0.5, 64 + gap + 0.5, 0.5]);
    expect(apartPoses(recipe, false, middling).map(({ row, column }) => [row, column])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('turn and scale about the centre of their tile', () => {
    const pose = { row: 0, column: 0, x: 10, y: 20, angleDeg: 30, scale: 1.1, mesh: null };
    const affine = poseToAffine(pose, recipe.tileSize);
    const centre = applyAffine(affine, 31.5, 23.5);
    expect([centre.x, centre.y]).toEqual([expect.closeTo(41.5, 9), expect.closeTo(43.5, 9)]);
    expect([affine.a, affine.b]).toEqual([
      expect.closeTo(1.1 * Math.cos(Math.PI / 6), 12),
      expect.closeTo(1.1 * Math.sin(Math.PI / 6), 12),
    ]);
    expect([affine.c, affine.d]).toEqual([-affine.b, affine.a]);
  });

  it('have bounds that hold their corners, their bends and three pixels', () => {
    const still = { row: 0, column: 0, x: 10.4, y: -5.2, angleDeg: 0, scale: 1, mesh: null };
    expect(boundsOf([still], recipe.tileSize)).toEqual({ x: 7, y: -9, width: 71, height: 55 });
    const mesh = { columns: 2, rows: 2, dx: Float64Array.of(0, 0, -4, 0), dy: new Float64Array(4) };
    expect(boundsOf([{ ...still, mesh }], recipe.tileSize)).toEqual({ x: 3, y: -13, width: 79, height: 63 });
    const two = boundsOf([still, { ...still, x: 50, y: 30 }], recipe.tileSize);
    expect(two).toEqual({ x: 7, y: -9, width: 110, height: 90 });
  });
});

describe('where a grid lies in its source', () => {
  const poses = gridPoses(
    { ...recipe, distortion: null },
    { rows: 1, columns: 2, pitch: { x: 50, y: 40 }, isSimilarity: false },
    middling,
  );
  const bounds = boundsOf(poses, recipe.tileSize);

  it('is a source made to measure', () => {
    const spot = freshSpot(poses, bounds, middling);
    expect(bounds).toEqual({ x: -3, y: -3, width: 120, height: 54 });
    expect(spot).toMatchObject({ x: 3.5, y: 3.5, size: { width: 121, height: 55 }, skipped: 0 });
    expect(spot.poses.map(({ x, y }) => [x, y])).toEqual([
      [3.5, 3.5],
      [53.5, 3.5],
    ]);
  });

  it('is a place whose overlaps show texture, or a sentence', () => {
    // Texture right of column 200 alone.
    const data = Float32Array.from({ length: 400 * 160 }, (_, k) => (k % 400 < 200 ? 100 : 100 + 60 * ((k >> 2) % 2)));
    const texture = textureMap({ data, width: 400, height: 160 });
    const place = { name: 'p', file: 0, size: { width: 400, height: 160 }, texture };
    const draws = randomStream(3);
    for (let n = 0; n < 10; n++) {
      const spot = spotIn(place, recipe, poses, bounds, draws);
      if (typeof spot === 'string') throw new Error(spot);
      // The overlap is 14 px wide from 50 px on.
      expect(spot.x + 50).toBeGreaterThan(180);
      expect(spot.x).toBeLessThanOrEqual(400 - 120 + 3);
    }
    expect(spotIn({ ...place, size: { width: 120, height: 160 } }, recipe, poses, bounds, draws)).toBe(
      'a grid needs 121×55 px and it has 120×160; take smaller tiles with --tile or fewer with --rows and --columns.',
    );
    const flat = textureMap({ data: new Float32Array(400 * 160).fill(9), width: 400, height: 160 });
    expect(spotIn({ ...place, texture: flat }, recipe, poses, bounds, draws)).toBe(
      'of 400 places none shows enough texture in every overlap to be registered.',
    );
    expect(spotIn({ ...place, texture: flat }, { ...recipe, minTexture: 0 }, poses, bounds, draws)).toMatchObject({
      skipped: 0,
    });
    expect(spotIn({ ...place, texture: null }, recipe, poses, bounds, draws)).toMatchObject({ skipped: 0 });
  });

  it('is two places that share no pixel, where they fit', () => {
    const place = { name: 'p', file: 0, size: { width: 300, height: 90 }, texture: null };
    const pair = apartPoses(recipe, true, middling);
    const reach = Math.ceil((Math.hypot(64, 48) / 2) * Math.sin((4 * Math.PI) / 360)) + 3;
    for (let seed = 0; seed < 20; seed++) {
      const spot = apartSpot(place, recipe, pair, randomStream(seed));
      if (typeof spot === 'string') throw new Error(spot);
      const [p, q] = spot.poses;
      expect(Math.abs(p.x - q.x)).toBeGreaterThan(64 + 2 * reach);
      for (const { x, y } of spot.poses) {
        expect(Math.min(x - reach, y - reach)).toBeGreaterThanOrEqual(0);
        expect(x + 64 + reach).toBeLessThanOrEqual(300);
        expect(y + 48 + reach).toBeLessThanOrEqual(90);
      }
    }
    expect(apartSpot({ ...place, size: { width: 140, height: 90 } }, recipe, pair, middling)).toBe(
      'two tiles of 64×48 px that share nothing do not fit 140×90; take smaller ones with --tile.',
    );
  });
});

describe('where a source shows something', () => {
  it('is told by blocks of 16 px whose cells of 4 px differ by six grey levels', () => {
    // Block (i, j): cells alternate by ± (5, 5.9, 6, 7) grey levels about 100 + 10·j.
    const amplitudes = [5, 5.9, 6, 7];
    const data = Float32Array.from({ length: 70 * 36 }, (_, k) => {
      const [x, y] = [k % 70, Math.floor(k / 70)];
      const sign = ((x >> 2) + (y >> 2)) % 2 === 0 ? 1 : -1;
      return 100 + 10 * (y >> 4) + sign * (amplitudes[x >> 4] ?? 90);
    });
    const map = textureMap({ data, width: 70, height: 36 });
    expect([map.columns, map.rows, map.size]).toEqual([4, 2, { width: 70, height: 36 }]);
    const share = (x: number, y: number, width: number, height: number) => texturedShare(map, { x, y, width, height });
    expect([share(0, 0, 16, 16), share(16, 0, 16, 16), share(32, 0, 16, 16), share(48, 16, 16, 16)]).toEqual([
      0, 0, 1, 1,
    ]);
    expect(share(0, 0, 64, 32)).toBe(0.5);
    // Rounded outwards: 30 … 33 touches blocks 1 and 2.
    expect([share(30, 3, 3, 3), share(31, 3, 1, 1), share(-50, 0, 60, 9), share(60, 0, 500, 500)]).toEqual([
      0.5, 0, 0, 1,
    ]);
    expect(meanBrightness(map, { x: 0, y: 0, width: 64, height: 32 })).toBeCloseTo(105, 5);
    expect(meanBrightness(map, { x: 0, y: 16, width: 16, height: 16 })).toBeCloseTo(110, 5);
    expect(share(200, 200, 5, 5)).toBe(1);
  });
});

describe('smooth noise', () => {
  it('goes through one random value every period, smoothly between them', () => {
    const field: FloatRaster = { data: new Float32Array(41 * 31).fill(3), width: 41, height: 31 };
    addLatticeNoise(field, 7, 10, 2);
    const fade = (t: number) => t ** 3 * (t * (6 * t - 15) + 10);
    const expected = (x: number, y: number) => {
      const [i, j] = [Math.floor(x / 10), Math.floor(y / 10)];
      const [s, t] = [fade(x / 10 - i), fade(y / 10 - j)];
      const value = (di: number, dj: number) => 2 * latticeValue(i + di, j + dj, 7);
      return 3 + (1 - t) * ((1 - s) * value(0, 0) + s * value(1, 0)) + t * ((1 - s) * value(0, 1) + s * value(1, 1));
    };
    for (let y = 0; y < 31; y += 3)
      for (let x = 0; x < 41; x += 1) expect(field.data[41 * y + x]).toBeCloseTo(expected(x, y), 4);
    const values = Array.from({ length: 4000 }, (_, k) => latticeValue(k % 63, k >> 6, 5));
    expect(Math.max(...values)).toBeLessThan(1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / 4000)).toBeLessThan(0.05);
  });

  it('leaves islands of texture: elsewhere deviations from the mean fade', () => {
    const data = Float32Array.from({ length: 300 * 200 }, (_, k) => 100 + 40 * ((k % 2) - 0.5));
    const faded = fadeTexture({ data, width: 300, height: 200 }, 0.25, 3, 1);
    const shares = Array.from(faded.data, (value, k) => (value - 100) / (data[k] - 100));
    expect(Math.min(...shares)).toBeCloseTo(0.25, 4);
    expect(Math.max(...shares)).toBeCloseTo(1, 4);
    const inside = shares.filter((share) => share > 0.99).length / shares.length;
    expect(inside).toBeGreaterThan(0.02);
    expect(inside).toBeLessThan(0.4);
    const isSame = (index: number) =>
      fadeTexture({ data, width: 300, height: 200 }, 0.25, 3, index).data.every((value, k) => value === faded.data[k]);
    expect([isSame(1), isSame(2)]).toEqual([true, false]);
  });
});

describe('a tissue of cells', () => {
  it('has dark membranes round shaded insides', () => {
    const field = { data: new Float32Array(200 * 160).fill(150), width: 200, height: 160 };
    addCells(field, { seed: 4, periodPx: 40, shadeSpan: 30, darkness: 80, halfWidthPx: 2 });
    const { data } = field;
    // Insides are within half the span; membranes 80 below.
    expect(Math.max(...data)).toBeLessThanOrEqual(165.01);
    expect(Math.min(...data)).toBeGreaterThanOrEqual(69.9);
    expect(Math.min(...data)).toBeLessThan(80);
    const dark = data.filter((value) => value < 110).length / data.length;
    // About two borders of 40 px a cell of 40 × 40, some 3 px wide.
    expect(dark).toBeGreaterThan(0.08);
    expect(dark).toBeLessThan(0.3);
    const bright = data.filter((value) => value >= 134.9).length / data.length;
    expect(bright).toBeGreaterThan(0.5);
  });
});

describe('draws', () => {
  it('are spread between two numbers, or between their logarithms', () => {
    expect([drawBetween(middling, [4, 10]), drawLogBetween(middling, [4, 16])]).toEqual([7, 8]);
  });

  it('mix bits as the finaliser of murmur3 does', () => {
    expect([0, 1, 2, -1].map((value) => mixBits(value) >>> 0)).toEqual([0, 0x514e28b7, 0x30f4c306, 0x81f16f39]);
  });

  it('of pixels are normal, of any count, and go on where they ended', () => {
    const whole = new Float32Array(7);
    normalNoise(3, 1, 2).fill(whole);
    const noise = normalNoise(3, 1, 2);
    const [first, second] = [new Float32Array(4), new Float32Array(3)];
    noise.fill(first);
    noise.fill(second);
    expect([...first, ...second]).toEqual([...whole]);
    // Quantiles of the normal distribution: 84.1 %, 97.5 %, 1 − 10⁻⁶.
    expect(normalQuantile(0.5)).toBe(0);
    expect(normalQuantile(0.8413447)).toBeCloseTo(1, 5);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
    expect(normalQuantile(1 - 1e-6)).toBeCloseTo(4.753424, 4);
    expect(normalQuantile(1 - 1e-12 * 5e3)).toBeCloseTo(5.73073, 3);
  });

  it('of a scanner lie within its recipe, and its field has the length that is drawn', () => {
    const scan = drawDistortion({ amplitudePx: [4, 8], decayPx: [30, 50], fieldPx: [2, 2] }, middling);
    expect(scan).toEqual({ amplitudePx: 6, decayPx: 40, fieldPx: [2, 2] });
    const mesh = distortionMesh({ ...scan, amplitudePx: 0 }, { width: 256, height: 200 }, randomStream(5));
    expect([mesh.columns, mesh.rows]).toEqual([33, 9]);
    const lengths = Array.from(mesh.dx, (dx, k) => Math.hypot(dx, mesh.dy[k]));
    expect(Math.max(...lengths)).toBeCloseTo(2, 3);
    for (const value of mesh.dx) expect(Math.abs(value * 1e4 - Math.round(value * 1e4))).toBeLessThan(1e-6);
  });

  it('bend a row as a mesh bends its points', () => {
    const mesh = {
      columns: 4,
      rows: 3,
      dx: Float64Array.from({ length: 12 }, (_, k) => Math.sin(k)),
      dy: Float64Array.from({ length: 12 }, (_, k) => Math.cos(2 * k)),
    };
    const size = { width: 20, height: 11 };
    for (const y of [0, 3, 7.5, 10]) {
      const [xs, ys] = [new Float64Array(20).fill(100), new Float64Array(20).fill(-50)];
      displaceRow(mesh, size, y, xs, ys);
      for (let x = 0; x < 20; x++) {
        const d = displacementAt(mesh, size, x, y);
        expect(xs[x]).toBeCloseTo(100 + d.x, 12);
        expect(ys[x]).toBeCloseTo(-50 + d.y, 12);
      }
    }
  });
});
