import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyAffine } from '../src/core/geometry/affine2.ts';
import type { Rect } from '../src/core/geometry/rect.ts';
import { silentContext } from '../src/core/progress.ts';
import { cropRaster, type Raster } from '../src/core/raster/raster.ts';
import {
  cutTile,
  defaultSyntheticGrid,
  planSyntheticGrid,
  type PlannedTile,
  type SyntheticGridOptions,
} from '../src/core/synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../src/core/synthesis/texture.ts';
import { memorySink } from '../src/formats/memory-sink.ts';
import { softwareName } from '../src/formats/software.ts';
import { writeTiledTiff } from '../src/formats/tiff/tiff-writer.ts';

/** The specimen repeats itself after so many px, far more than a stage is wrong by: rendering it takes 3 µs a pixel. */
const periodPx = 2048;
/** Pixels round a tile that its interpolation may need. */
const marginPx = 4;
const pixelSizeNm = 8;

/**
 * Writes the tiles of a synthetic grid into a folder as TIFF, one after the other, so that memory holds ten thousand.
 * @returns how many there are.
 * @throws RangeError for bent tiles, which reach beyond the piece that they are cut from.
 */
export async function writeGrid(folder: string, given: Partial<SyntheticGridOptions> = {}): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const options = { ...defaultSyntheticGrid, ...given };
  if (options.drift || options.lineStart) throw new RangeError('tiles of this writer are not bent');
  const plan = planSyntheticGrid(options);
  const { width, height } = plan.sourceSize;
  const period = { x: 0, y: 0, width: Math.min(periodPx, width), height: Math.min(periodPx, height) };
  const specimen = renderTexture(emTexture({ ...defaultTexture, seed: options.seed }), period);
  for (const planned of plan.tiles) {
    const place = placeOf(planned);
    const { mosaicFromTile } = planned;
    const inPiece = { ...mosaicFromTile, e: mosaicFromTile.e - place.x, f: mosaicFromTile.f - place.y };
    const { raster } = cutTile(pieceOf(specimen, place), { ...planned, mosaicFromTile: inPiece });
    writeFileSync(join(folder, planned.name), await tiffOf(raster, planned));
  }
  return plan.tiles.length;
}

/** Whole pixels of the specimen that a tile is cut from. */
function placeOf({ mosaicFromTile, size }: PlannedTile): Rect {
  const corners = [0, 1, 2, 3].map((k) =>
    applyAffine(mosaicFromTile, (k % 2) * size.width, Math.floor(k / 2) * size.height),
  );
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
  const x = Math.floor(Math.min(...xs)) - marginPx;
  const y = Math.floor(Math.min(...ys)) - marginPx;
  return { x, y, width: Math.ceil(Math.max(...xs)) + marginPx - x, height: Math.ceil(Math.max(...ys)) + marginPx - y };
}

/** A piece of the endless specimen. */
function pieceOf(specimen: Raster, { x, y, width, height }: Rect): Raster {
  const data = new Float32Array(width * height);
  const within = (at: number, period: number) => ((at % period) + period) % period;
  for (let v = 0; v < height; v++) {
    const row = within(y + v, specimen.height) * specimen.width;
    for (let u = 0; u < width; u++) data[v * width + u] = specimen.data[row + within(x + u, specimen.width)];
  }
  return { data, width, height };
}

async function tiffOf(raster: Raster, { sampleType }: PlannedTile): Promise<Uint8Array> {
  const sink = memorySink();
  const size = { width: raster.width, height: raster.height };
  const described = { size, channels: 1 as const, sampleType, pixelSizeNm, software: softwareName };
  await writeTiledTiff(sink, described, async (rect) => [cropRaster(raster, rect)], { tileSize: 256 }, silentContext);
  return sink.bytes();
}

/** Small tiles with overlap enough for phase correlation, named by row and column, in a square. */
export function squareGrid(side: number, tilePx: number): Partial<SyntheticGridOptions> {
  const digits = String(side).length;
  const padded = (n: number) => String(n + 1).padStart(digits, '0');
  return {
    rows: side,
    columns: side,
    tileSize: { width: tilePx, height: tilePx },
    overlap: { x: 0.25, y: 0.25 },
    maxShiftPx: 2,
    maxRotationRad: 0,
    nameOf: (row, column) => `tile_r${padded(row)}_c${padded(column)}.tif`,
  };
}
