import type { Matcher } from '../../matching/matcher.ts';
import { defaultStitchOptions, type StitchOptions } from '../../options.ts';
import type { Size } from '../../geometry/rect.ts';
import type { TransformModel } from '../../matching/link.ts';
import type { FloatRaster, Raster } from '../../raster/raster.ts';
import { cropRaster } from '../../raster/raster.ts';
import { defaultEm424, planEm424Grid } from '../../synthesis/em424-grid.ts';
import {
  cutGrid,
  defaultSyntheticGrid,
  planSyntheticGrid,
  syntheticGridPresets,
  type SyntheticGridPlan,
} from '../../synthesis/synthetic-grid.ts';
import { randomStream } from '../../synthesis/random.ts';
import { defaultTexture, emTexture, renderTexture } from '../../synthesis/texture.ts';
import { stitchGrid, type StitchedGrid } from './stitch-grid.ts';

/** One picture that every grid is cut from, each at its own place. */
export interface Picture {
  readonly raster: FloatRaster;
}

/** Renders the picture: about 1 µs a pixel on a quiet machine. */
export function renderPicture(side: number, seed: number): Picture {
  return { raster: renderTexture(emTexture({ ...defaultTexture, seed }), { x: 0, y: 0, width: side, height: side }) };
}

/** A piece of the picture that the plan fits, somewhere drawn by the plan's seed. */
export function pieceFor({ raster }: Picture, { sourceSize, seed }: SyntheticGridPlan): Raster {
  const draws = randomStream(seed, 77);
  const { width, height } = sourceSize;
  if (width > raster.width || height > raster.height)
    throw new RangeError(`a grid of ${width}×${height} in a picture of ${raster.width}×${raster.height}`);
  const x = draws.integer(0, raster.width - width + 1);
  const y = draws.integer(0, raster.height - height + 1);
  return cropRaster(raster, { x, y, width, height });
}

/** Noise-free tiles, 2×2, float, with sub-pixel shifts of up to 8 px. */
export interface CleanCase {
  readonly tileSize: Size;
  readonly overlap: number;
  readonly maxRotationDegrees: number;
  readonly seed: number;
}

export function planClean({ tileSize, overlap, maxRotationDegrees, seed }: CleanCase): SyntheticGridPlan {
  return planSyntheticGrid({
    ...defaultSyntheticGrid,
    ...syntheticGridPresets.clean,
    rows: 2,
    columns: 2,
    tileSize,
    overlap: { x: overlap, y: overlap },
    maxRotationRad: (maxRotationDegrees * Math.PI) / 180,
    seed,
  });
}

/** Options of a run as the command line makes them. */
export function optionsWith(model: TransformModel): StitchOptions {
  const base = defaultStitchOptions;
  return { ...base, pair: { ...base.pair, model }, solve: { ...base.solve, model } };
}

/** Cuts the plan from the picture and stitches it. */
export function stitchPlan(
  picture: Picture,
  plan: SyntheticGridPlan,
  matcher: Matcher,
  model: TransformModel,
): Promise<StitchedGrid> {
  return stitchGrid(cutGrid(pieceFor(picture, plan), plan), matcher, optionsWith(model));
}

/** A square grid by the EM424 recipe. */
export function planEm424(across: number, tileSide: number, seed: number): SyntheticGridPlan {
  const lead = Math.ceil(tileSide * Math.sin((5 * Math.PI) / 180));
  const side = (across - 1) * (tileSide - Math.round(0.2 * tileSide) - lead) + 2 * lead + 30 + tileSide;
  return planEm424Grid({ width: side, height: side }, { ...defaultEm424, tileSide, seed });
}

/** The default grid (noise 5, gains 5 %, offsets 6, turned by up to 0.57°) with the overlap of a light acquisition. */
export function planToned(across: number, tileSide: number, overlap: number, seed: number): SyntheticGridPlan {
  return planSyntheticGrid({
    ...defaultSyntheticGrid,
    rows: across,
    columns: across,
    tileSize: { width: tileSide, height: tileSide },
    overlap: { x: overlap, y: overlap },
    seed,
  });
}
