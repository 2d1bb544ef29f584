import { affineFromPose } from '../../src/core/geometry/pose2.ts';
import { boundsOfPlacements } from '../../src/core/mosaic/build-mosaic.ts';
import { unitGain } from '../../src/core/photometry/gain-offset.ts';
import type { Mosaic, Placement } from '../../src/core/mosaic/mosaic.ts';
import type { Raster, SampleType } from '../../src/core/raster/raster.ts';
import { allocateSamples } from '../../src/core/raster/raster.ts';
import { tileId } from '../../src/core/tiles/tile.ts';
import type { TileId } from '../../src/core/tiles/tile.ts';

/** Side of a tile, px. */
export const side = 1024;
const step = 870;
const tilesAcross = 3;

/** Placed tiles, and what is on them. */
export interface Scene {
  readonly mosaic: Mosaic;
  readonly rasters: ReadonlyMap<TileId, readonly Raster[]>;
}

/** How the tiles lie. */
export type Motion = 'turned' | 'bent' | 'whole pixels';

/** A 3×3 grid of 1024² tiles with 15 % overlap, turned by up to 0.5° and, if bent, by meshes of 9×9 nodes. */
export function grid(sampleType: SampleType, motion: Motion, hasTones: boolean): Scene {
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = Array.from({ length: tilesAcross ** 2 }, (_, n): Placement => {
    const [column, row] = [n % tilesAcross, Math.floor(n / tilesAcross)];
    const data = allocateSamples(sampleType, side * side);
    const across = Float64Array.from({ length: side }, (_, u) => 60 * Math.sin((u + step * column) / 17));
    for (let v = 0, i = 0; v < side; v++) {
      const down = Math.cos((v + step * row) / 13);
      for (let u = 0; u < side; u++, i++) data[i] = 128 + across[u] * down + (Math.imul(i + n, 2654435761) >>> 27);
    }
    const id = tileId(`tile-${n}`);
    rasters.set(id, [{ data, width: side, height: side }]);
    const isTurned = motion !== 'whole pixels';
    const bend = (phase: number) => Float64Array.from({ length: 81 }, (_, k) => 1.5 * Math.sin(0.7 * k + n + phase));
    return {
      tile: id,
      size: { width: side, height: side },
      mosaicFromTile: affineFromPose({
        x: step * column + (isTurned ? 0.37 * n : 0),
        y: step * row,
        thetaRad: isTurned ? 0.009 * Math.sin(n * 2.1) : 0,
      }),
      ...(motion === 'bent' ? { mesh: { columns: 9, rows: 9, dx: bend(0), dy: bend(1.6) } } : {}),
      state: 'solved',
      component: 0,
      tone: hasTones ? { gain: 1 + 0.01 * n, offset: n } : unitGain,
    };
  });
  const bounds = boundsOfPlacements(placements);
  return { mosaic: { bounds, placements, channels: 1, sampleType, pixelSizeNm: null }, rasters };
}
