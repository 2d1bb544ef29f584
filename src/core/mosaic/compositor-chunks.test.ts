import { describe, expect, it } from 'vitest';
import { affineFromPose } from '../geometry/pose2.ts';
import { silentContext } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import { blendModes, defaultComposeOptions } from './mosaic.ts';
import type { ComposeOptions, Mosaic, Placement } from './mosaic.ts';
import type { RegionRequest } from './compositor.ts';
import { seamStore } from './seam-store.ts';

/** Deterministic texture without structure. */
const hash = (x: number, y: number) => (Math.imul(x * 73856093 + 11, y * 19349663 + 7) >>> 13) & 255;

/** Four turned tiles of 200 × 180 px, two by two, each with its tone. */
function fourTiles() {
  const size = { width: 200, height: 180 };
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = [0, 1, 2, 3].map((n): Placement => {
    const data = Uint8Array.from({ length: 200 * 180 }, (_, k) => hash((k % 200) + 1000 * n, Math.floor(k / 200)));
    rasters.set(tileId(`tile-${n}`), [{ data, ...size }]);
    return {
      tile: tileId(`tile-${n}`),
      size,
      mosaicFromTile: affineFromPose({ x: 150.37 * (n % 2), y: 140.81 * (n >> 1), thetaRad: 0.05 * (n - 1.5) }),
      state: 'solved',
      component: 0,
      tone: { gain: 1 + 0.05 * n, offset: 3 * n },
    };
  });
  const kind = { channels: 1, sampleType: 'uint8', pixelSizeNm: null } as const;
  const mosaic: Mosaic = { bounds: boundsOfPlacements(placements), placements, ...kind };
  const reader = memoryTileReader(rasters);
  return (options: Partial<ComposeOptions>, region: RegionRequest, seams = seamStore()) =>
    composeRegion(mosaic, region, { ...defaultComposeOptions, ...options }, reader, silentContext.signal, seams);
}

describe('composeRegion in chunks', () => {
  it('gives the same bytes for one rectangle and for its chunks, at every dyadic scale', async () => {
    const compose = fourTiles();
    const rect = { x: -16, y: -16, width: 384, height: 384 };
    for (const blend of blendModes)
      for (const interpolation of ['bilinear', 'bicubic'] as const)
        for (const scale of [1, 0.5, 0.25, 2]) {
          const whole = await compose({ blend, interpolation }, { rect, scale });
          const seams = seamStore(); // Found anew: a seam must not depend on who asks for it first.
          const side = blend === 'multiband' ? 192 : 64; // Bands reach far beyond a chunk.
          for (let y = 0; y < rect.height; y += side)
            for (let x = 0; x < rect.width; x += side) {
              const part = { x: rect.x + x, y: rect.y + y, width: side, height: side };
              const chunk = await compose({ blend, interpolation }, { rect: part, scale }, seams);
              expectSameBytes(whole, chunk, x * scale, y * scale);
            }
        }
  });
});

type Composed = Awaited<ReturnType<typeof composeRegion>>;

function expectSameBytes(whole: Composed, chunk: Composed, left: number, top: number) {
  let differing = 0;
  for (let y = 0; y < chunk.height; y++)
    for (let x = 0; x < chunk.width; x++) {
      const at = (top + y) * whole.width + left + x;
      const here = y * chunk.width + x;
      if (chunk.channels[0].data[here] !== whole.channels[0].data[at]) differing++;
      if (chunk.coverage[here] !== whole.coverage[at]) differing++;
    }
  expect(differing).toBe(0);
}
