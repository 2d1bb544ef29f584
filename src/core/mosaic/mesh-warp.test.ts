import { unitGain } from '../photometry/gain-offset.ts';
import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { silentContext } from '../progress.ts';
import { sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import { defaultComposeOptions } from './mosaic.ts';
import type { Placement } from './mosaic.ts';
import { warpOf } from './warp.ts';

const size = { width: 300, height: 260 };

/** A mesh whose stretch changes by up to about 1 % from cell to cell: twice what real tiles show. */
function bentMesh(strength = 0.08): DisplacementMesh {
  const [columns, rows] = [7, 6];
  const wave = (i: number, j: number, phase: number) =>
    6 * Math.sin(1.1 * i + phase) * Math.cos(0.9 * j - phase) + 0.25 * (i - 3) ** 2;
  const values = (phase: number) =>
    Float64Array.from(
      { length: columns * rows },
      (_, k) => strength * wave(k % columns, Math.floor(k / columns), phase),
    );
  return { columns, rows, dx: values(1), dy: values(3) };
}

function bentPlacement(mesh = bentMesh()): Placement {
  const mosaicFromTile = { a: 0.998, b: 0.012, c: -0.009, d: 1.003, e: 40.3, f: 55.7 };
  return { tile: tileId('bent'), size, mosaicFromTile, mesh, state: 'solved', component: 0, tone: unitGain };
}

function forward({ mosaicFromTile, mesh }: Placement, u: number, v: number) {
  const place = applyAffine(mosaicFromTile, u, v);
  const moved = mesh ? displacementAt(mesh, size, u, v) : { x: 0, y: 0 };
  return { x: place.x + moved.x, y: place.y + moved.y };
}

const row = (from: number, to: number, step = 1) =>
  Float64Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

describe('the warp of a bent tile', () => {
  it('inverts the mesh to 0.01 px everywhere, where its cells meet, too', () => {
    const placement = bentPlacement();
    const xs = row(20, 380, 0.7);
    const span = { x0: 20, x1: 380, y0: 30, y1: 340 };
    const warp = warpOf(placement, 0, span);
    const [us, vs] = [new Float64Array(xs.length), new Float64Array(xs.length)];
    let [worst, squares, checked] = [0, 0, 0];
    for (let y = 30; y <= 340; y += 3.3) {
      warp.mapRow(xs, y, 0, xs.length, us, vs);
      for (let i = 0; i < xs.length; i++) {
        if (us[i] < 0 || vs[i] < 0 || us[i] > size.width - 1 || vs[i] > size.height - 1) continue;
        const back = forward(placement, us[i], vs[i]);
        const error = Math.hypot(back.x - xs[i], back.y - y);
        worst = Math.max(worst, error);
        squares += error * error;
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(20_000);
    expect(worst).toBeLessThan(0.01);
    expect(Math.sqrt(squares / checked)).toBeLessThan(0.002);
  });

  it('covers the points whose tile coordinates lie in the tile, also where a bent edge crosses a row twice', () => {
    const placement = bentPlacement(bentMesh(0.4));
    const xs = row(0, 400);
    const warp = warpOf(placement, 0, { x0: 0, x1: 400, y0: 20, y1: 350 });
    const [us, vs] = [new Float64Array(xs.length), new Float64Array(xs.length)];
    const ranges = new Int32Array(2 * warp.rangeCount);
    let [twice, wrong] = [0, 0];
    for (let y = 20; y <= 350; y++) {
      warp.mapRow(xs, y, 0, xs.length, us, vs);
      warp.coverRow(xs, y, 0, xs.length, ranges, 0);
      const isCovered = Array.from(xs, () => false);
      let filled = 0;
      for (let k = 0; k < ranges.length; k += 2) {
        if (ranges[k] < ranges[k + 1]) filled++;
        for (let i = ranges[k]; i < ranges[k + 1]; i++) isCovered[i] = true;
      }
      if (filled > 1) twice++;
      for (let i = 0; i < xs.length; i++) {
        const inside = us[i] >= -0.5 && us[i] <= size.width - 0.5 && vs[i] >= -0.5 && vs[i] <= size.height - 0.5;
        if (isCovered[i] !== inside) wrong++;
      }
    }
    expect(wrong).toBe(0);
    expect(twice).toBeGreaterThan(0);
  });

  it('gives a point the same coordinates whatever span it is asked for in', () => {
    const placement = bentPlacement();
    const xs = row(100, 160);
    const [us, vs] = [new Float64Array(xs.length), new Float64Array(xs.length)];
    const [us2, vs2] = [new Float64Array(xs.length), new Float64Array(xs.length)];
    warpOf(placement, 0, { x0: 0, x1: 400, y0: 0, y1: 400 }).mapRow(xs, 101.5, 0, xs.length, us, vs);
    warpOf(placement, 0, { x0: 110, x1: 150, y0: 101.5, y1: 120 }).mapRow(xs, 101.5, 10, 51, us2, vs2);
    // The lattice is fixed in the mosaic; its nodes settle to 1e-9 px from whichever side they are reached.
    for (let i = 10; i < 51; i++) expect(Math.hypot(us2[i] - us[i], vs2[i] - vs[i])).toBeLessThan(1e-8);
  });

  it('bounds the tile coordinates of a rectangle', () => {
    const placement = bentPlacement();
    const span = { x0: 90, x1: 200, y0: 120, y1: 180 };
    const warp = warpOf(placement, 0, span);
    const bounds = warp.boundsOf(span.x0, span.y0, span.x1, span.y1);
    const xs = row(span.x0, span.x1);
    const [us, vs] = [new Float64Array(xs.length), new Float64Array(xs.length)];
    for (let y = span.y0; y <= span.y1; y++) {
      warp.mapRow(xs, y, 0, xs.length, us, vs);
      expect(Math.min(...us)).toBeGreaterThanOrEqual(bounds.minU);
      expect(Math.max(...us)).toBeLessThanOrEqual(bounds.maxU);
      expect(Math.min(...vs)).toBeGreaterThanOrEqual(bounds.minV);
      expect(Math.max(...vs)).toBeLessThanOrEqual(bounds.maxV);
    }
    expect(bounds.maxU - bounds.minU).toBeLessThan(span.x1 - span.x0 + 40);
  });
});

describe('composing a bent tile', () => {
  const texture = spotTexture(5, 14);
  const placement = bentPlacement();
  /** The tile as a microscope with this distortion records the texture: no resampling anywhere. */
  const data = new Float32Array(size.width * size.height);
  for (let v = 0; v < size.height; v++)
    for (let u = 0; u < size.width; u++) {
      const place = forward(placement, u, v);
      data[v * size.width + u] = texture.valueAt(place.x, place.y);
    }
  const reader = memoryTileReader(new Map([[placement.tile, [{ data, ...size }]]]));
  const bounds = boundsOfPlacements([placement]);
  const mosaic = { bounds, placements: [placement], channels: 1, sampleType: 'float32', pixelSizeNm: null } as const;
  const compose = (scale: number, rect = bounds) =>
    composeRegion(
      mosaic,
      { rect, scale },
      { ...defaultComposeOptions, interpolation: 'bicubic' },
      reader,
      silentContext.signal,
    );

  it('gives the undistorted picture back', async () => {
    const region = await compose(1);
    const truth = sampleTexture(texture, region.width, region.height, {
      a: 1,
      b: 0,
      c: 0,
      d: 1,
      e: bounds.x,
      f: bounds.y,
    });
    let [squares, count, worst] = [0, 0, 0];
    region.channels[0].data.forEach((value, k) => {
      if (region.coverage[k] === 0) return;
      const [i, j] = [k % region.width, Math.floor(k / region.width)];
      if (i < 8 || j < 8 || i >= region.width - 8 || j >= region.height - 8) return;
      const error = Math.abs(value - truth.data[k]);
      squares += error * error;
      worst = Math.max(worst, error);
      count++;
    });
    expect(count).toBeGreaterThan(0.8 * size.width * size.height);
    // The texture's slope is about 0.1 a pixel: 0.001 is a hundredth of a pixel.
    expect(Math.sqrt(squares / count)).toBeLessThan(0.001);
    expect(worst).toBeLessThan(0.02);
  });

  it('composes the same pixels in chunks, at full and at reduced scale', async () => {
    for (const scale of [1, 0.5]) {
      let different = 0;
      const whole = await compose(scale, { x: 0, y: 0, width: 400, height: 384 });
      const chunk = await compose(scale, { x: 64, y: 128, width: 96, height: 64 });
      for (let j = 0; j < chunk.height; j++)
        for (let i = 0; i < chunk.width; i++) {
          const at = (j + 128 * scale) * whole.width + i + 64 * scale;
          if (chunk.coverage[j * chunk.width + i] !== whole.coverage[at]) different++;
          if (Math.abs(chunk.channels[0].data[j * chunk.width + i] - whole.channels[0].data[at]) > 1e-6) different++;
        }
      expect(different).toBe(0);
    }
  });

  it('has bounds that hold every pixel of the bent tile', () => {
    for (let v = 0; v < size.height; v += 5)
      for (let u = 0; u < size.width; u += 5) {
        const { x, y } = forward(placement, u, v);
        expect(x >= bounds.x && y >= bounds.y).toBe(true);
        expect(x <= bounds.x + bounds.width - 1 && y <= bounds.y + bounds.height - 1).toBe(true);
      }
  });
});
