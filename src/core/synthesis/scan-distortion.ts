import type { Size } from '../geometry/rect.ts';
import type { Raster } from '../raster/raster.ts';
import { sampleBicubic, windowOf } from '../raster/sample.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { drawBetween } from './random.ts';
import type { RandomStream } from './random.ts';
import type { SetRecipe, Span } from './set-recipes.ts';

/** What the scanner does to all tiles of a grid. */
export interface ScanDistortion {
  readonly amplitudePx: number;
  readonly decayPx: number;
  readonly fieldPx: Span;
}

/** Node columns are dense enough for the line start; the smooth field has 3×3 nodes of its own. */
const columns = 33;
const rows = 9;
const fieldNodes = 3;
/** Amplitudes differ between the tiles of a grid by up to this share. */
const tileSpread = 0.2;
/** Displacements are rounded to this before the tile is rendered, so that truth.json holds them exactly. */
const perStep = 1e4;

/** Draws the scanner of a grid. */
export function drawDistortion(recipe: NonNullable<SetRecipe['distortion']>, draws: RandomStream): ScanDistortion {
  return {
    amplitudePx: drawBetween(draws, recipe.amplitudePx),
    decayPx: drawBetween(draws, recipe.decayPx),
    fieldPx: recipe.fieldPx,
  };
}

/**
 * The displacements of one tile: dx = A·exp(−u/d), by which the start of every scan line is stretched, plus a smooth
 * random field whose largest length is drawn from `fieldPx`.
 */
export function distortionMesh(scan: ScanDistortion, size: Size, draws: RandomStream): DisplacementMesh {
  const amplitude = scan.amplitudePx * (1 - tileSpread * draws.uniform());
  const largest = drawBetween(draws, scan.fieldPx);
  const fieldX = smoothField(draws);
  const fieldY = smoothField(draws);
  const reach = fieldX.reduce((most, dx, at) => Math.max(most, Math.hypot(dx, fieldY[at])), 1e-9);
  const dx = new Float64Array(columns * rows);
  const dy = new Float64Array(columns * rows);
  for (let at = 0; at < dx.length; at++) {
    const u = ((at % columns) * (size.width - 1)) / (columns - 1);
    dx[at] = rounded(amplitude * Math.exp(-u / scan.decayPx) + (largest * fieldX[at]) / reach);
    dy[at] = rounded((largest * fieldY[at]) / reach);
  }
  return { columns, rows, dx, dy };
}

const rounded = (value: number) => Math.round(value * perStep) / perStep;

/** The Catmull–Rom surface through 3×3 normal numbers, at the nodes of the mesh. */
function smoothField(draws: RandomStream): Float64Array {
  const nodes: Raster = {
    data: Float32Array.from({ length: fieldNodes * fieldNodes }, () => draws.normal()),
    width: fieldNodes,
    height: fieldNodes,
  };
  const at = Array.from({ length: columns * rows }, (_, n) => n);
  const us = Float64Array.from(at, (n) => ((n % columns) * (fieldNodes - 1)) / (columns - 1));
  const vs = Float64Array.from(at, (n) => (Math.floor(n / columns) * (fieldNodes - 1)) / (rows - 1));
  const out = new Float64Array(columns * rows);
  sampleBicubic(windowOf(nodes), us, vs, 0, out.length, out);
  return out;
}
