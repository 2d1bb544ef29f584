import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Raster } from '../raster/raster.ts';
import { displaceRow } from './displace-row.ts';
import { proceduralSource } from './procedural-source.ts';
import { planSet } from './set-plan.ts';
import type { SetOptions } from './set-plan.ts';
import { renderSetTile } from './set-tile.ts';
import type { SetTile } from './set-tile.ts';
import { renderTexture } from './texture.ts';

const wave = (x: number, y: number) => 120 + 40 * Math.sin(x / 9 + 0.4) + 40 * Math.cos(y / 8 - 0.7);

const options: SetOptions = {
  preset: 'em424',
  seed: 3,
  grids: 1,
  tiles: null,
  split: 'all',
  rows: 2,
  columns: 2,
  tileSide: 256,
  overlap: null,
  noiseSigma: null,
  similarity: false,
};

const flat = { blurSigmaPx: 0, gamma: 1, gain: 1, offset: 0, shading: 0, charges: 0, noiseSigma: 0 };

function firstGrid(changes: Partial<SetOptions>) {
  const [{ tiles, source }] = planSet({ ...options, ...changes }, []).grids;
  if (source.kind !== 'procedural') throw new Error('without images the source is procedural');
  return { tiles, source };
}

function constantSource(tiles: readonly SetTile[], grey: number): Raster {
  const reach = 2 * Math.max(...tiles.map(({ size }) => size.width)) + 400;
  return { width: reach, height: reach, data: new Uint8Array(reach * reach).fill(grey) };
}

function moments({ data }: Raster) {
  let [sum, squares] = [0, 0];
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / data.length;
  return { mean, variance: squares / data.length - mean * mean };
}

describe('renderSetTile', () => {
  it('shows the source where the truth says: rigid, scaled and distorted', () => {
    for (const changes of [
      {},
      { preset: 'low-overlap' },
      { preset: 'drift' },
      { preset: 'pair-30-clean', similarity: true },
    ] as const) {
      const { tiles, source } = firstGrid(changes);
      const picture = renderTexture(wave, { x: 0, y: 0, ...source.size });
      for (const tile of tiles) {
        const { data, width, height } = renderSetTile(picture, { ...tile, imaging: flat });
        const [xs, ys] = [new Float64Array(width), new Float64Array(width)];
        let worst = 0;
        for (let j = 0; j < height; j++) {
          for (let i = 0; i < width; i++) {
            const p = applyAffine(tile.mosaicFromTile, i, j);
            [xs[i], ys[i]] = [p.x, p.y];
          }
          if (tile.mesh) displaceRow(tile.mesh, tile.size, j, xs, ys);
          const truncated = tile.exposure === 'em424' ? 0.5 : 0;
          for (let i = 0; i < width; i++)
            worst = Math.max(worst, Math.abs(data[j * width + i] + truncated - wave(xs[i], ys[i])));
        }
        // half a grey level of rounding, and h²/8·f'' = 0.15 of bilinear interpolation along each axis
        expect(worst).toBeLessThan(0.85);
      }
    }
  });

  it('agrees with its neighbour at the same point of the source, to the noise', () => {
    const { tiles, source } = firstGrid({ tileSide: 512 });
    const specimen = proceduralSource(source.seed, source.index, source.specimen, source.size);
    const [a, b] = [tiles[0], tiles[1]].map((tile) => ({ ...tile, raster: renderSetTile(specimen, tile) }));
    const bFromSource = invertAffine(b.mosaicFromTile);
    const tone = ({ imaging: { gain, offset } }: SetTile, value: number) => (value + 0.5 - offset) / gain;
    let [squares, count] = [0, 0];
    for (let j = 10; j < 500; j += 3)
      for (let i = 10; i < 500; i++) {
        const inSource = applyAffine(a.mosaicFromTile, i, j);
        const q = applyAffine(bFromSource, inSource.x, inSource.y);
        const [u, v] = [Math.round(q.x), Math.round(q.y)];
        // only where both tiles have a pixel centre within 0.1 px of the point
        if (Math.hypot(q.x - u, q.y - v) > 0.1 || u < 0 || v < 0 || u > 511 || v > 511) continue;
        const left = a.raster.data[j * 512 + i];
        const right = b.raster.data[v * 512 + u];
        if (Math.min(left, right) === 0 || Math.max(left, right) === 255) continue;
        squares += (tone(a, left) - tone(b, right)) ** 2;
        count++;
      }
    expect(count).toBeGreaterThan(300);
    // two independent noises of σ 5: √50 = 7.07, and a little for the interpolation at different phases
    expect(Math.sqrt(squares / count)).toBeGreaterThan(6.3);
    expect(Math.sqrt(squares / count)).toBeLessThan(8.5);
  });

  it('exposes em424 as gain · (source + N(0, 25)) + offset, truncated', () => {
    const { tiles } = firstGrid({});
    const source = constantSource(tiles, 120);
    for (const tile of tiles) {
      const { gain, offset } = tile.imaging;
      const { mean, variance } = moments(renderSetTile(source, tile));
      expect(Math.abs(mean - (gain * 120 + offset - 0.5))).toBeLessThan(0.1); // 4 standard errors: 4·5/256
      expect(Math.abs(variance / (25 * gain * gain + 1 / 12) - 1)).toBeLessThan(0.025);
    }
  });

  it('exposes the other presets with the stated tone and noise, whose variance grows with brightness', () => {
    const [tile] = firstGrid({ preset: 'noisy' }).tiles;
    for (const [grey, share] of [
      [60, 0.5 + 60.5 / 256],
      [128, 1 + 0.5 / 256],
      [190, 0.5 + 190.5 / 256],
    ]) {
      const imaging = { ...flat, gain: 0.8, offset: 0.2 * grey, noiseSigma: 12 };
      const { mean, variance } = moments(renderSetTile(constantSource([tile], grey), { ...tile, imaging }));
      expect(Math.abs(mean - grey)).toBeLessThan(0.3);
      expect(Math.abs(variance / (144 * share + 1 / 12) - 1)).toBeLessThan(0.03);
    }
  });

  it('blurs, shades and charges as the truth says', () => {
    const [tile] = firstGrid({ preset: 'charging' }).tiles;
    const source = constantSource([tile], 100);
    const render = (imaging: Partial<typeof flat>) =>
      renderSetTile(source, { ...tile, imaging: { ...flat, ...imaging } }).data;
    expect(new Set(render({ blurSigmaPx: 1.7, gamma: 2 }))).toEqual(new Set([39])); // 255·(100/255)²
    const shaded = render({ shading: 0.1 });
    expect(Math.max(...shaded)).toBeLessThanOrEqual(110);
    expect(Math.max(...shaded) - Math.min(...shaded)).toBeGreaterThan(5);
    const charged = render({ charges: 12 });
    expect(charged.filter((value) => value === 255).length).toBeGreaterThan(50);
    const step = Uint8Array.from(source.data, (_, at) => (at % source.width < source.width / 2 ? 50 : 200));
    const upright = { ...tile, mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: source.width / 2 - 128, f: 9 } };
    const soft = renderSetTile({ ...source, data: step }, { ...upright, imaging: { ...flat, blurSigmaPx: 2 } }).data;
    const slope = (soft[128] - soft[127]) / 150;
    expect(slope).toBeCloseTo(1 / (2 * Math.sqrt(2 * Math.PI)), 2); // the peak of the kernel
  });

  it('draws the same pixels for the same seed, and independent noise in two tiles', () => {
    const { tiles } = firstGrid({ preset: 'pair-15-noise50' });
    const source = constantSource(tiles, 128);
    const flatTiles = tiles.map((tile) => ({ ...tile, imaging: { ...flat, noiseSigma: 20 } }));
    const [a, b] = flatTiles.map((tile) => renderSetTile(source, tile).data);
    expect(renderSetTile(source, flatTiles[0]).data).toEqual(a);
    let product = 0;
    for (let i = 0; i < a.length; i++) product += (a[i] - 128) * (b[i] - 128);
    expect(Math.abs(product / a.length / 400)).toBeLessThan(0.016); // 4 standard errors
  });
});
