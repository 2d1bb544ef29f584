import { describe, expect, it } from 'vitest';
import { silentContext } from '../progress.ts';
import type { Raster } from '../raster/raster.ts';
import { cutGrid, defaultSyntheticGrid, planSyntheticGrid, tilesOf } from '../synthesis/synthetic-grid.ts';
import type { SyntheticGridOptions } from '../synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../synthesis/texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { peakSignalToNoise, structuralSimilarity } from '../evaluation/image-similarity.ts';
import { buildMosaic } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import { defaultComposeOptions } from './mosaic.ts';
import { cachedTileReader } from './tile-cache.ts';
import { plainReport } from '../testing/plain-report.ts';

/** Composes a synthetic grid from its true poses and tones over the whole of its source. */
async function composeTruth(options: SyntheticGridOptions) {
  const plan = planSyntheticGrid(options);
  const source = renderTexture(emTexture({ ...defaultTexture, seed: 5 }), { x: 0, y: 0, ...plan.sourceSize });
  const { tiles } = cutGrid(source, plan);
  const mosaic = buildMosaic(
    tilesOf(plan),
    plainReport(new Map(tiles.map((tile) => [tile.id, tile.mosaicFromTile]))),
    new Map(tiles.map((tile) => [tile.id, tile.tone])),
    [],
  );
  const reader = cachedTileReader(memoryTileReader(new Map(tiles.map((tile) => [tile.id, [tile.raster]]))), 1e9);
  const rect = { x: 0, y: 0, ...plan.sourceSize };
  const composed = await composeRegion(mosaic, { rect, scale: 1 }, defaultComposeOptions, reader, silentContext.signal);
  return { source: source as Raster, image: composed.channels[0], mask: composed.coverage };
}

describe('a mosaic from the true poses and tones', () => {
  const options: SyntheticGridOptions = {
    ...defaultSyntheticGrid,
    rows: 2,
    columns: 3,
    tileSize: { width: 256, height: 256 },
    maxRotationRad: 0.05,
  };

  it('is the uncut source: PSNR ≥ 30 dB and SSIM ≥ 0.9 at noise of 5 grey levels, gains and offsets', async () => {
    const { source, image, mask } = await composeTruth(options);
    const pair = { image, reference: source, mask };
    expect(structuralSimilarity(pair)).toBeGreaterThan(0.9);
  });

  it('differs from the source only by interpolation without noise: PSNR ≥ 44 dB', async () => {
    const { source, image, mask } = await composeTruth({ ...options, noiseSigma: 0, sampleType: 'float32' });
    expect(peakSignalToNoise({ image, reference: source, mask })).toBeGreaterThan(44);
  });
});
