import type { Polygon } from '../geometry/polygon.ts';
import { rowCrossings } from '../geometry/polygon.ts';
import { bytesPerSample, sampleTypeOf } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import type { TileReader } from '../tiles/tile.ts';
import type { TileMasks } from './edit-effect.ts';

/** [width · height] 1 where the pixel of a region of the tile is masked; null when none is. */
export function maskOfRegion(
  polygons: readonly Polygon[],
  region: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Uint8Array | null {
  const mask = new Uint8Array(region.width * region.height);
  let any = false;
  for (const polygon of polygons)
    for (let j = 0; j < region.height; j++) {
      const xs = rowCrossings(polygon, region.y + j);
      for (let k = 0; k + 1 < xs.length; k += 2) {
        const from = Math.max(0, Math.ceil(xs[k] - region.x));
        const to = Math.min(region.width, Math.ceil(xs[k + 1] - region.x));
        if (to <= from) continue;
        mask.fill(1, j * region.width + from, j * region.width + to);
        any = true;
      }
    }
  return any ? mask : null;
}

/**
 * A reader whose masked pixels carry no structure: they have the mean of the others of the region that is read, so that
 * no matcher finds a point in them. Reads at full resolution only are masked; what is drawn is masked by the compositor.
 */
export function maskedTileReader(reader: TileReader, masks: TileMasks): TileReader {
  return {
    async read(tile, request) {
      const rasters = await reader.read(tile, request);
      const polygons = masks.get(tile);
      if (!polygons || request.level !== 0 || rasters.length === 0) return rasters;
      const [{ width, height }] = rasters;
      const mask = maskOfRegion(polygons, request.region ?? { x: 0, y: 0, width, height });
      return mask ? rasters.map((raster) => flattened(raster, mask)) : rasters;
    },
  };
}

/** A copy with the mean of the unmasked pixels where the mask is set; integer types take the nearest whole number. */
function flattened(raster: Raster, mask: Uint8Array): Raster {
  const { data, width, height } = raster;
  let [sum, count] = [0, 0];
  for (let i = 0; i < mask.length; i++)
    if (mask[i] === 0 && Number.isFinite(data[i])) {
      sum += data[i];
      count++;
    }
  const mean = count > 0 ? sum / count : 0;
  const fill = bytesPerSample[sampleTypeOf(data)] < 4 ? Math.round(mean) : mean;
  const copy = data.slice();
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) copy[i] = fill;
  return { data: copy, width, height };
}
