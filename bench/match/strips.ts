import { cropRaster, type Raster } from '../../src/core/raster/raster.ts';
import { normaliseForMatching } from '../../src/core/raster/normalise.ts';
import { downsample } from '../../src/core/raster/resample.ts';
import { silentContext } from '../../src/core/progress.ts';
import { normalNoise } from '../../src/core/synthesis/normal-noise.ts';
import { proceduralSource } from '../../src/core/synthesis/procedural-source.ts';
import { tileId, type Tile, type TilePair, type TileReader } from '../../src/core/tiles/tile.ts';
import { byteSourceFromBytes } from '../../src/formats/byte-source.ts';
import { memorySink } from '../../src/formats/memory-sink.ts';
import { projectTileReader } from '../../src/formats/project-reader.ts';
import { writeTiledTiff } from '../../src/formats/tiff/tiff-writer.ts';
import type { StripTensors } from './engine.ts';

/** Where b truly lies beside where the layout says, px. */
const offset = { x: 6, y: 4 };
const noiseSigma = 12;

/** Two tiles, one below the other, and the strips that are matched of them. */
export interface BenchPair {
  readonly name: string;
  readonly pair: TilePair;
  readonly tiles: readonly [Tile, Tile];
  /** Deflated TIFFs in memory. */
  readonly reader: TileReader;
  readonly strips: StripTensors;
}

/**
 * A procedural pair whose strips are `width` × `height` px at half resolution: tiles of 2·width × 4·height px that
 * overlap by a third of their height, so that half of the overlap comes on top of it as margin.
 */
export async function makeBenchPair(height: number, width: number): Promise<BenchPair> {
  const overlap = Math.floor((4 * height) / 3);
  const size = { width: 2 * width, height: 4 * height };
  const step = size.height - overlap;
  const margin = 16;
  const source = proceduralSource(424, width + height, 'neuropil', {
    width: size.width + 2 * margin,
    height: size.height + step + 2 * margin,
  });
  const rasters = [
    noisy(cropRaster(source, { x: margin, y: margin, ...size }), 1),
    noisy(cropRaster(source, { x: margin + offset.x, y: margin + step + offset.y, ...size }), 2),
  ];
  const tiles = rasters.map((_, k) => tileOf(`${width}x${height}-${k}.tif`, size)) as unknown as [Tile, Tile];
  const sources = await Promise.all(
    rasters.map(async (raster, k) => ({
      tile: tiles[k],
      source: byteSourceFromBytes(tiles[k].file, await tiff(raster)),
    })),
  );
  const pair: TilePair = {
    a: tiles[0].id,
    b: tiles[1].id,
    aFromB: { x: 0, y: step, thetaRad: 0 },
    sigmaPx: 20,
    expectedOverlap: { x: 0, y: step, width: size.width, height: overlap },
  };
  const full = [
    cropRaster(rasters[0], { x: 0, y: size.height - 2 * height, width: size.width, height: 2 * height }),
    cropRaster(rasters[1], { x: 0, y: 0, width: size.width, height: 2 * height }),
  ];
  const [a, b] = full.map((raster) => normaliseForMatching(downsample(raster, 0.5)).data);
  const strips = { width, height, a, b, fullA: full[0].data, fullB: full[1].data };
  return { name: `${height}×${width}`, pair, tiles, reader: projectTileReader(sources), strips };
}

function tileOf(file: string, size: Tile['size']): Tile {
  return { id: tileId(file), file, page: 0, size, channels: 1, sampleType: 'uint8', pixelSizeNm: null, stage: null };
}

function noisy(raster: Raster<Uint8Array>, seed: number): Raster<Uint8Array> {
  const noise = new Float32Array(raster.data.length);
  normalNoise(seed).fill(noise);
  return {
    ...raster,
    data: raster.data.map((value, i) => Math.min(255, Math.max(0, value + noiseSigma * noise[i] + 0.5))),
  };
}

async function tiff(raster: Raster<Uint8Array>): Promise<Uint8Array> {
  const sink = memorySink();
  const { width, height } = raster;
  const image = {
    size: { width, height },
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    software: 'bench',
  } as const;
  await writeTiledTiff(sink, image, (rect) => Promise.resolve([cropRaster(raster, rect)]), {}, silentContext);
  return sink.bytes();
}
