import { unitGain } from '../photometry/gain-offset.ts';
import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { growRect } from '../geometry/rect.ts';
import { silentContext } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { spotTexture } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileId, TileReader } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import { defaultComposeOptions } from './mosaic.ts';
import type { BlendMode, Mosaic, Placement } from './mosaic.ts';
import { blendReachPx } from './multiband.ts';
import { placementIndex } from './pyramid-stream-placements.ts';
import { seamStore } from './seam-store.ts';

const { signal } = silentContext;
const texture = spotTexture(11, 14);

interface Scene {
  readonly mosaic: Mosaic;
  readonly reader: TileReader;
}

/** Tiles of `width` × `height` px that look at one texture from their places, each with its own change of values. */
function scene(
  width: number,
  height: number,
  places: readonly Affine2[],
  change: (value: number, tile: number, x: number, y: number) => number = (value) => value,
): Scene {
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = places.map((place, n): Placement => {
    const data = new Uint16Array(width * height);
    for (let v = 0; v < height; v++)
      for (let u = 0; u < width; u++) {
        const x = place.a * u + place.c * v + place.e;
        const y = place.b * u + place.d * v + place.f;
        data[v * width + u] = Math.round(change(20000 + 10000 * texture.valueAt(x, y), n, x, y));
      }
    const tile = tileId(`tile-${n}`);
    rasters.set(tile, [{ data, width, height }]);
    return { tile, size: { width, height }, mosaicFromTile: place, state: 'solved', component: 0, tone: unitGain };
  });
  const bounds = boundsOfPlacements(placements);
  const mosaic: Mosaic = { bounds, placements, channels: 1, sampleType: 'uint16', pixelSizeNm: null };
  return { mosaic, reader: memoryTileReader(rasters) };
}

function compose({ mosaic, reader }: Scene, blend: BlendMode, rect = mosaic.bounds, seams = seamStore()) {
  return composeRegion(mosaic, { rect, scale: 1 }, { ...defaultComposeOptions, blend }, reader, signal, seams);
}

describe('the seam blend', () => {
  it('goes round what only one of two tiles shows', async () => {
    // The overlap is 200 ≤ x < 300. A bright bar stands across its middle in the first tile, at a place of its own in the second.
    const inFirst = (x: number, y: number) => x >= 220 && x < 262 && y >= 90 && y < 140;
    const inSecond = (x: number, y: number) => x >= 240 && x < 285 && y >= 250 && y < 300;
    const planted = scene(300, 400, [translation(0, 0), translation(200, 0)], (value, tile, x, y) =>
      (tile === 0 ? inFirst(x, y) : inSecond(x, y)) ? value + 15000 : value,
    );
    const { channels, width } = await compose(planted, 'seam');
    const data = channels[0].data;
    // A bar is shown whole or not at all: its border is nowhere cut by the seam.
    for (const [inside, x0, x1, y0, y1] of [
      [inFirst, 220, 262, 90, 140],
      [inSecond, 240, 285, 250, 300],
    ] as const) {
      let [bright, all] = [0, 0];
      for (let y = y0; y < y1; y++)
        for (let x = x0; x < x1; x++) {
          if (!inside(x, y)) continue;
          all++;
          if (data[y * width + x] > 20000 + 10000 * texture.valueAt(x, y) + 7500) bright++;
        }
      expect([0, all]).toContain(bright);
    }
  });

  it('shows every tile alone as it is, and agrees with both tiles where they agree', async () => {
    const plain = scene(300, 260, [translation(0, 0), translation(210, 7)]);
    const { channels, coverage, width } = await compose(plain, 'seam');
    channels[0].data.forEach((value, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      expect(coverage[at] === 0 ? 0 : Math.round(20000 + 10000 * texture.valueAt(x, y))).toBe(value);
    });
  });

  it('changes over from tile to tile without a gap where four meet', async () => {
    const places = [0, 1, 2, 3].map((n) =>
      affineFromPose({ x: 170.3 * (n % 2), y: 165.7 * (n >> 1), thetaRad: 0.01 * (n - 1.5) }),
    );
    const four = scene(220, 220, places, (_, tile) => 1000 * (tile + 1));
    const { channels, coverage } = await compose(four, 'seam');
    const shown = new Set(channels[0].data.filter((_, at) => coverage[at] !== 0));
    expect([...shown].sort((p, q) => p - q)).toEqual([1000, 2000, 3000, 4000]);
  });
});

describe('the multiband blend', () => {
  it('leaves no visible step of a gain, and keeps fine detail', async () => {
    const gain = 1.15;
    const two = scene(512, 320, [translation(0, 0), translation(400, 0)], (value, tile) =>
      tile === 0 ? value : value * gain,
    );
    const [seam, multiband] = [await compose(two, 'seam'), await compose(two, 'multiband')];
    const [hard, soft] = [seam, multiband].map(({ channels, width }) => ({ data: channels[0].data, width }));
    const truth = (x: number, y: number) => 20000 + 10000 * texture.valueAt(x, y);
    // Gain against the truth, smooth along x: the largest change from pixel to pixel, and the detail that is left.
    const steps = ({ data, width }: typeof hard) => {
      let worst = 0;
      for (let y = 40; y < 280; y += 3)
        for (let x = 300; x < 640; x++) {
          const here = data[y * width + x] / truth(x, y);
          worst = Math.max(worst, Math.abs(data[y * width + x + 1] / truth(x + 1, y) - here));
        }
      return worst;
    };
    expect(steps(hard)).toBeGreaterThan(0.14);
    expect(steps(soft)).toBeLessThan(0.012);
    // Local contrast across the fade is what the texture's is: fine structure is not averaged away.
    let [shown, meant] = [0, 0];
    for (let y = 40; y < 280; y++)
      for (let x = 400; x < 511; x++) {
        shown += Math.abs(soft.data[y * soft.width + x + 1] - soft.data[y * soft.width + x]);
        meant += Math.abs(truth(x + 1, y) - truth(x, y));
      }
    expect(shown / meant).toBeGreaterThan(0.99);
    expect(shown / meant).toBeLessThan(1.17);
    // Far from the seam nothing is changed.
    for (let y = 0; y < 320; y += 7)
      for (let x = 0; x < 250; x++) expect(soft.data[y * soft.width + x]).toBe(hard.data[y * hard.width + x]);
  });

  it('keeps a detail sharp that two tiles show a little apart, where an average would blur it', async () => {
    const line = (x: number) => 12000 * Math.exp(-((x - 456) ** 2) / 2);
    const apart = scene(
      512,
      200,
      [translation(0, 0), translation(400, 0)],
      (value, tile, x) => value + line(tile === 0 ? x : x - 3),
    );
    const contrast = async (blend: BlendMode) => {
      const { channels, width } = await compose(apart, blend);
      let sum = 0;
      for (let y = 50; y < 150; y++) {
        let peak = 0;
        for (let x = 440; x < 475; x++)
          peak = Math.max(peak, channels[0].data[y * width + x] - 20000 - 10000 * texture.valueAt(x, y));
        sum += peak;
      }
      return sum / 100;
    };
    expect(await contrast('feather')).toBeLessThan(8500);
    expect(await contrast('multiband')).toBeGreaterThan(11500);
  });

  it('is the same to the bit whatever part of the mosaic is asked for, among which tiles, and in which order', async () => {
    const left = 1640;
    const places = [0, 1, 2, 3, 4, 5].map((n) =>
      // Across x = 2048, where one cell of the index of placements meets the next.
      affineFromPose({ x: left + 250.3 * (n % 3), y: 245.7 * Math.floor(n / 3), thetaRad: 0.01 * (n - 2.5) }),
    );
    const six = scene(300, 300, places, (value, tile) => value * (1 + 0.02 * tile) + 300 * tile);
    for (const blend of ['seam', 'multiband'] as const) {
      const all = { x: left - 20, y: -20, width: 860, height: 600 };
      const whole = await compose(six, blend, all);
      const near = placementIndex(six.mosaic);
      const seams = seamStore();
      for (const rect of [
        { x: left + 411, y: 230, width: 312, height: 77 },
        { x: left - 20, y: -20, width: 300, height: 600 },
        { x: left + 270, y: 280, width: 1, height: 1 },
        { x: left + 400, y: 17, width: 8, height: 400 },
      ]) {
        const mosaic = near(growRect(rect, blendReachPx(blend, 1)));
        const part = await compose({ ...six, mosaic }, blend, rect, seams);
        let differing = 0;
        for (let j = 0; j < rect.height; j++)
          for (let i = 0; i < rect.width; i++) {
            const at = (rect.y - all.y + j) * whole.width + rect.x - all.x + i;
            if (part.channels[0].data[j * rect.width + i] !== whole.channels[0].data[at]) differing++;
          }
        expect(differing).toBe(0);
      }
    }
  });
});
