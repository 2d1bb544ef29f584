import { affineFromPose } from '../geometry/pose2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import { tileId } from '../tiles/tile.ts';
import { randomStream } from './random.ts';
import type { RandomStream } from './random.ts';
import type { PlannedTile, SyntheticGridPlan } from './synthetic-grid.ts';

/** What the EM424 recipe leaves open. */
export interface Em424Options {
  /** 1024 in the recipe. */
  readonly tileSide: number;
  /** Number of the grid, for the file names and the draws. */
  readonly grid: number;
  readonly section: number;
  readonly seed: number;
}

export const defaultEm424: Em424Options = { tileSide: 1024, grid: 0, section: 0, seed: 424 };

/** The recipe's numbers (Šilling 2023; the project's design/reference.md, section 4). */
const recipe = {
  overlap: 0.2,
  maxTurnDegrees: 5,
  maxJitterPx: 30,
  noiseSigma: 5, // variance 25
  gainSigma: Math.sqrt(0.0033),
  gainRange: [0.5, 1.5],
  offsetSigma: Math.sqrt(75),
  offsetLimit: 50,
} as const;

/**
 * Draws a grid by the EM424 recipe over as much of a source (grey 0…255) as it fills: starts at
 * x = column·(side − ⌊0.2·side⌉) + ⌈side·sin 5°⌉·(1 − column) + U{0…30} (no draw in column 0), y likewise; the source
 * turned about the tile's centre start + side/2 by whole degrees, a Markov chain in raster order that starts at 0 and
 * moves within [max(p − 5, −5), min(p + 5, 5)); bilinear; then noise of variance 25, gain N(1, √0.0033) clipped to
 * [0.5, 1.5], offset N(0, √75) clipped to ±50, truncation to 8 bits. Here the noise is zero-mean, as intended.
 * @throws RangeError when not even one tile fits.
 */
export function planEm424Grid(source: Size, options: Em424Options): SyntheticGridPlan {
  const { tileSide, seed, grid } = options;
  const lead = leadOf(tileSide);
  const columns = tilesThatFit(source.width, tileSide, lead);
  const rows = tilesThatFit(source.height, tileSide, lead);
  if (rows < 1 || columns < 1)
    throw new RangeError(`no tile of ${tileSide} px fits a source of ${source.width}×${source.height}`);
  const draws = randomStream(seed, grid);
  const tiles: PlannedTile[] = [];
  let degrees = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const x = nominalStart(column, tileSide, lead) + jitter(draws, column);
      const y = nominalStart(row, tileSide, lead) + jitter(draws, row);
      const isFirst = row === 0 && column === 0;
      if (!isFirst) degrees = draws.integer(Math.max(degrees - 5, -5), Math.min(degrees + 5, 5));
      const index = row * columns + column;
      tiles.push(plannedTile(options, row, column, index, turnedSource(x, y, degrees, tileSide), draws));
    }
  const overlap = 1 - em424Pitch(tileSide) / tileSide;
  return { rows, columns, overlap: { x: overlap, y: overlap }, seed, tiles, sourceSize: source };
}

/** The least source that holds a grid of rows × columns tiles, jittered and turned. */
export function em424SourceSize(rows: number, columns: number, tileSide: number): Size {
  const lead = leadOf(tileSide);
  const length = (count: number) => nominalStart(count - 1, tileSide, lead) + recipe.maxJitterPx + tileSide + lead;
  return { width: length(columns), height: length(rows) };
}

/** Nominal distance of neighbours: 729 px for tiles of 1024. */
export function em424Pitch(tileSide: number): number {
  const lead = leadOf(tileSide);
  return nominalStart(1, tileSide, lead) - nominalStart(0, tileSide, lead);
}

function leadOf(tileSide: number): number {
  return Math.ceil(tileSide * Math.sin((recipe.maxTurnDegrees * Math.PI) / 180));
}

function nominalStart(index: number, side: number, lead: number): number {
  return index * (side - Math.round(recipe.overlap * side)) + lead * (1 - index);
}

function jitter(draws: RandomStream, index: number): number {
  return index === 0 ? 0 : draws.integer(0, recipe.maxJitterPx + 1);
}

/** Tiles along one side whose pixels, jittered and turned, all lie in the source. */
function tilesThatFit(length: number, side: number, lead: number): number {
  let count = 0;
  while (nominalStart(count, side, lead) + recipe.maxJitterPx + side + lead <= length) count++;
  return count;
}

/** mosaicFromTile of a crop at (x, y) of the source turned about the crop's centre (x + side/2, y + side/2). */
function turnedSource(x: number, y: number, degrees: number, side: number): Affine2 {
  const turn = affineFromPose({ x: 0, y: 0, thetaRad: (degrees * Math.PI) / 180 });
  const half = side / 2;
  return { ...turn, e: x + half - (turn.a + turn.c) * half, f: y + half - (turn.b + turn.d) * half };
}

function plannedTile(
  options: Em424Options,
  row: number,
  column: number,
  index: number,
  mosaicFromTile: Affine2,
  draws: RandomStream,
): PlannedTile {
  const pad = (value: number) => String(value).padStart(5, '0');
  const name = `em424_g${pad(options.grid)}_t${pad(index)}_s${pad(options.section)}.tif`;
  const [least, most] = recipe.gainRange;
  const gain = Math.min(Math.max(1 + recipe.gainSigma * draws.normal(), least), most);
  const offset = Math.min(Math.max(recipe.offsetSigma * draws.normal(), -recipe.offsetLimit), recipe.offsetLimit);
  return {
    id: tileId(name),
    name,
    row,
    column,
    size: { width: options.tileSide, height: options.tileSide },
    mosaicFromTile,
    mesh: null,
    applied: { gain, offset },
    tone: { gain: 1 / gain, offset: -offset / gain },
    isBlank: false,
    noiseSigma: recipe.noiseSigma,
    sampleType: 'uint8',
    interpolation: 'bilinear',
    rounding: 'truncate',
    noiseSeed: [options.seed, options.grid * 65536 + index],
  };
}
