import { affineFromPose } from '../geometry/pose2.ts';
import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { Raster, SampleType, Samples } from '../raster/raster.ts';
import { sampleBicubic, sampleBilinear, windowOf } from '../raster/sample.ts';
import { tileId } from '../tiles/tile.ts';
import type { GridCell, Overlap, Tile, TileGrid, TileId } from '../tiles/tile.ts';
import { displaceRow } from './displace-row.ts';
import { randomStream } from './random.ts';
import type { RandomStream } from './random.ts';

/** A normal distribution cut off on both sides. */
export interface ClippedNormal {
  readonly mean: number;
  readonly sigma: number;
  readonly low: number;
  readonly high: number;
}

/** How a grid of tiles is cut from a source. Lengths in px of the source, which are full-resolution px of a tile. */
export interface SyntheticGridOptions {
  readonly rows: number;
  readonly columns: number;
  readonly tileSize: Size;
  /** Nominal overlap as a fraction of the tile's size. */
  readonly overlap: Overlap;
  /** Stage error: each tile is moved by up to this along x and y, uniformly. */
  readonly maxShiftPx: number;
  /** Each tile is turned about its centre by up to this, uniformly. */
  readonly maxRotationRad: number;
  /** Scan lines start stretched: pixel column u shows the source amplitudePx·exp(−u/decayPx) too far right. */
  readonly lineStart: { readonly amplitudePx: number; readonly decayPx: number } | null;
  /** Smooth distortion: random displacements of this standard deviation at `nodes` × `nodes` nodes a tile. */
  readonly drift: { readonly sigmaPx: number; readonly nodes: number } | null;
  /** Standard deviation of the noise of every pixel, grey levels of 0…255. */
  readonly noiseSigma: number;
  /** tile = gain · (source + noise) + offset. */
  readonly gain: ClippedNormal;
  readonly offset: ClippedNormal;
  readonly sampleType: SampleType;
  /** Cells without a tile, and cells whose tile shows only empty resin of value 190 and noise. */
  readonly missing: readonly GridCell[];
  readonly blank: readonly GridCell[];
  readonly seed: number;
  /** File name of a cell, zero-based; `index` counts cells row by row. */
  readonly nameOf: (row: number, column: number, index: number) => string;
}

export const defaultSyntheticGrid: SyntheticGridOptions = {
  rows: 3,
  columns: 3,
  tileSize: { width: 512, height: 512 },
  overlap: { x: 0.15, y: 0.15 },
  maxShiftPx: 8,
  maxRotationRad: 0.01,
  lineStart: null,
  drift: null,
  noiseSigma: 5,
  gain: { mean: 1, sigma: 0.05, low: 0.5, high: 1.5 },
  offset: { mean: 0, sigma: 6, low: -50, high: 50 },
  sampleType: 'uint8',
  missing: [],
  blank: [],
  seed: 1,
  nameOf: (row, column) => `tile_${row + 1}_${column + 1}.tif`,
};

const level = (value: number): ClippedNormal => ({ mean: value, sigma: 0, low: value, high: value });

/** Harder and easier grids by name: options to spread over `defaultSyntheticGrid`. */
export const syntheticGridPresets = {
  /** Pixels exactly as in the source: for tests of geometry alone. */
  clean: { noiseSigma: 0, gain: level(1), offset: level(0), sampleType: 'float32' },
  'low-overlap': { overlap: { x: 0.06, y: 0.06 }, maxShiftPx: 6 },
  noisy: { noiseSigma: 30 },
  drift: { drift: { sigmaPx: 2, nodes: 4 }, lineStart: { amplitudePx: 6, decayPx: 60 } },
} as const satisfies Record<string, Partial<SyntheticGridOptions>>;

/** A tile before it is cut: its true place and tone, and the seeds of its draws. */
export interface PlannedTile extends GridCell {
  readonly id: TileId;
  readonly name: string;
  readonly size: Size;
  /** The true pose in the frame of the source, before `mesh` is added. */
  readonly mosaicFromTile: Affine2;
  readonly mesh: DisplacementMesh | null;
  /** tile = gain · (source + noise) + offset, grey levels of 0…255. */
  readonly applied: GainOffset;
  /** The true tone of a placement: source = gain · tile + offset, in the tile's own values. */
  readonly tone: GainOffset;
  readonly isBlank: boolean;
  readonly noiseSigma: number;
  readonly sampleType: SampleType;
  /** `bicubic` (Catmull–Rom) but for the recipes of others. */
  readonly interpolation: 'bilinear' | 'bicubic';
  readonly rounding: 'nearest' | 'truncate';
  /** Path of the random stream of the tile's noise. */
  readonly noiseSeed: readonly [number, number];
}

export interface SyntheticTile extends PlannedTile {
  readonly raster: Raster;
}

/** All poses of a grid, and the least size of the source it can be cut from. */
export interface SyntheticGridPlan {
  readonly rows: number;
  readonly columns: number;
  readonly overlap: Overlap;
  readonly seed: number;
  readonly tiles: readonly PlannedTile[];
  readonly sourceSize: Size;
}

export interface SyntheticGrid {
  readonly plan: SyntheticGridPlan;
  readonly tiles: readonly SyntheticTile[];
  readonly source: Raster;
}

/** Source values 0…255 become these units a grey level; float and 8-bit keep them, 16-bit uses more of its range. */
const unitsPerGrey: Readonly<Record<SampleType, number>> = { uint8: 1, uint16: 200, int16: 100, float32: 1 };

const purpose = { pose: 1, tone: 2, noise: 3, drift: 4 } as const;

/**
 * Draws the true poses and tones of a grid. The mosaic's frame is the source's: a mosaic composed from the true poses
 * lies on the source pixel by pixel.
 */
export function planSyntheticGrid(options: SyntheticGridOptions): SyntheticGridPlan {
  const { tileSize, overlap, maxShiftPx, maxRotationRad, rows, columns, seed } = options;
  const pitchX = tileSize.width * (1 - overlap.x);
  const pitchY = tileSize.height * (1 - overlap.y);
  const distortion = (options.lineStart?.amplitudePx ?? 0) + 5 * (options.drift?.sigmaPx ?? 0);
  const swing = (Math.hypot(tileSize.width, tileSize.height) / 2) * Math.sin(Math.abs(maxRotationRad));
  const margin = Math.ceil(maxShiftPx + swing + distortion) + 2;
  const isIn = (cells: readonly GridCell[], row: number, column: number) =>
    cells.some((cell) => cell.row === row && cell.column === column);
  const tiles: PlannedTile[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      if (isIn(options.missing, row, column)) continue;
      const draws = randomStream(seed, purpose.pose, row, column);
      const x = margin + column * pitchX + maxShiftPx * (2 * draws.uniform() - 1);
      const y = margin + row * pitchY + maxShiftPx * (2 * draws.uniform() - 1);
      const turn = maxRotationRad * (2 * draws.uniform() - 1);
      tiles.push({
        ...cutOptions(options, row, column),
        ...toneDraws(randomStream(seed, purpose.tone, row, column), options),
        mosaicFromTile: turnedAboutCentre(x, y, turn, tileSize),
        mesh: meshOf(options, row, column),
        isBlank: isIn(options.blank, row, column),
      });
    }
  const sourceSize = {
    width: Math.ceil(2 * margin + (columns - 1) * pitchX + tileSize.width),
    height: Math.ceil(2 * margin + (rows - 1) * pitchY + tileSize.height),
  };
  return { rows, columns, overlap, seed, tiles, sourceSize };
}

function cutOptions(options: SyntheticGridOptions, row: number, column: number) {
  const index = row * options.columns + column;
  const name = options.nameOf(row, column, index);
  return {
    id: tileId(name),
    name,
    row,
    column,
    size: options.tileSize,
    noiseSigma: options.noiseSigma,
    sampleType: options.sampleType,
    interpolation: 'bicubic',
    rounding: 'nearest',
    noiseSeed: [options.seed, index],
  } as const;
}

/** A tile whose upper-left pixel would lie at (x, y), turned about its centre. */
function turnedAboutCentre(x: number, y: number, thetaRad: number, size: Size): Affine2 {
  const turn = affineFromPose({ x: 0, y: 0, thetaRad });
  const half = { x: (size.width - 1) / 2, y: (size.height - 1) / 2 };
  const moved = applyAffine(turn, half.x, half.y);
  return { ...turn, e: x + half.x - moved.x, f: y + half.y - moved.y };
}

function toneDraws(
  draws: RandomStream,
  options: Pick<SyntheticGridOptions, 'gain' | 'offset' | 'sampleType'>,
): { readonly applied: GainOffset; readonly tone: GainOffset } {
  const gain = drawClipped(draws, options.gain);
  const offset = drawClipped(draws, options.offset);
  return {
    applied: { gain, offset },
    tone: { gain: 1 / gain, offset: (-offset * unitsPerGrey[options.sampleType]) / gain },
  };
}

function drawClipped(draws: RandomStream, { mean, sigma, low, high }: ClippedNormal): number {
  return Math.min(Math.max(mean + sigma * draws.normal(), low), high);
}

function meshOf(options: SyntheticGridOptions, row: number, column: number): DisplacementMesh | null {
  const { lineStart, drift, tileSize, seed } = options;
  if (!lineStart && !drift) return null;
  const columns = 65;
  const rows = 65;
  const nodes = drift ? driftNodes(randomStream(seed, purpose.drift, row, column), drift) : null;
  const dx = new Float64Array(columns * rows);
  const dy = new Float64Array(columns * rows);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const at = j * columns + i;
      const u = (i * (tileSize.width - 1)) / (columns - 1);
      if (lineStart) dx[at] += lineStart.amplitudePx * Math.exp(-u / lineStart.decayPx);
      if (nodes) {
        dx[at] += smoothField(nodes.x, nodes.side, i / (columns - 1), j / (rows - 1));
        dy[at] += smoothField(nodes.y, nodes.side, i / (columns - 1), j / (rows - 1));
      }
    }
  return { columns, rows, dx, dy };
}

interface DriftNodes {
  readonly side: number;
  readonly x: Raster;
  readonly y: Raster;
}

function driftNodes(draws: RandomStream, drift: NonNullable<SyntheticGridOptions['drift']>): DriftNodes {
  const side = Math.max(2, drift.nodes);
  const field = (): Raster => ({
    data: Float32Array.from({ length: side * side }, () => drift.sigmaPx * draws.normal()),
    width: side,
    height: side,
  });
  return { side, x: field(), y: field() };
}

/** The Catmull–Rom surface through the nodes at (s, t) in 0…1. */
function smoothField(nodes: Raster, side: number, s: number, t: number): number {
  const out = new Float64Array(1);
  sampleBicubic(windowOf(nodes), Float64Array.of(s * (side - 1)), Float64Array.of(t * (side - 1)), 0, 1, out);
  return out[0];
}

/**
 * Cuts one planned tile out of the source (grey 0…255), row by row: the source is interpolated at the true position of
 * every pixel, then noise, gain and offset are applied, then the values are rounded and clamped to the sample type.
 * Each grey level becomes 1 unit of uint8 and float32, 200 of uint16, 100 of int16.
 */
export function cutTile(source: Raster, tile: PlannedTile): SyntheticTile {
  const { width, height } = tile.size;
  const { a, b, c, d, e, f } = tile.mosaicFromTile;
  const xs = new Float64Array(width);
  const ys = new Float64Array(width);
  const row = new Float64Array(width);
  const data = allocateSamples(tile.sampleType, width * height);
  const noise = randomStream(tile.noiseSeed[0], purpose.noise, tile.noiseSeed[1]);
  const sample = tile.interpolation === 'bicubic' ? sampleBicubic : sampleBilinear;
  const window = windowOf(source);
  for (let j = 0; j < height; j++) {
    for (let i = 0; i < width; i++) {
      xs[i] = a * i + c * j + e;
      ys[i] = b * i + d * j + f;
    }
    if (tile.mesh) displaceRow(tile.mesh, tile.size, j, xs, ys);
    if (tile.isBlank) row.fill(blankGrey);
    else sample(window, xs, ys, 0, width, row);
    storeExposed(row, tile, noise, data, j * width);
  }
  return { ...tile, raster: { data, width, height } };
}

/** Grey value of empty resin. */
const blankGrey = 190;

function storeExposed(row: Float64Array, tile: PlannedTile, noise: RandomStream, out: Samples, at: number): void {
  const units = unitsPerGrey[tile.sampleType];
  const { gain, offset } = tile.applied;
  const low = tile.sampleType === 'int16' ? -32768 : 0;
  const high = { uint8: 255, uint16: 65535, int16: 32767, float32: Infinity }[tile.sampleType];
  const isFloat = tile.sampleType === 'float32';
  const lift = tile.rounding === 'nearest' ? 0.5 : 0;
  for (let i = 0; i < row.length; i++) {
    const grain = tile.noiseSigma > 0 ? tile.noiseSigma * noise.normal() : 0;
    const value = units * (gain * (row[i] + grain) + offset);
    out[at + i] = isFloat ? value : Math.floor(Math.min(Math.max(value, low), high - lift) + lift);
  }
}

/**
 * A whole grid cut from a source.
 * @throws RangeError when the source is smaller than `planSyntheticGrid(options).sourceSize`.
 */
export function syntheticGrid(source: Raster, options: SyntheticGridOptions): SyntheticGrid {
  return cutGrid(source, planSyntheticGrid(options));
}

/**
 * Cuts all tiles of a plan.
 * @throws RangeError when the source is smaller than the plan needs.
 */
export function cutGrid(source: Raster, plan: SyntheticGridPlan): SyntheticGrid {
  const { width, height } = plan.sourceSize;
  if (source.width < width || source.height < height)
    throw new RangeError(
      `the grid needs a source of ${width}×${height}, this one has ${source.width}×${source.height}`,
    );
  return { plan, source, tiles: plan.tiles.map((tile) => cutTile(source, tile)) };
}

/** The tiles of a plan as the pipeline sees them. */
export function tilesOf(plan: SyntheticGridPlan): readonly Tile[] {
  return plan.tiles.map((tile) => ({
    id: tile.id,
    file: tile.name,
    page: 0,
    size: tile.size,
    channels: 1,
    sampleType: tile.sampleType,
    pixelSizeNm: null,
    stage: null,
  }));
}

/** The nominal layout of a plan. */
export function tileGridOf(plan: SyntheticGridPlan): TileGrid {
  const { rows, columns, overlap } = plan;
  const cells = new Map(plan.tiles.map((tile) => [tile.id, { row: tile.row, column: tile.column }]));
  return { kind: 'grid', rows, columns, cells, overlap };
}
