import type { GainOffset } from '../photometry/gain-offset.ts';
import { sampleTypeOf } from '../raster/raster.ts';
import type { Samples, SampleType } from '../raster/raster.ts';
import type { RowSampler, SampleWindow } from '../raster/sample.ts';
import type { FixedRun } from './fixed-point.ts';
import type { BlendMode } from './mosaic.ts';
import type { PairSeam } from './pair-seam.ts';
import { pieceLength } from './tile-warp.ts';
import type { RowGrid, TileWarp } from './tile-warp.ts';

/** A tile as one block of the output sees it: its pixels at the block's level, and where they lie. */
export interface PlacedSource {
  readonly warp: TileWarp;
  /** One window a mosaic channel. */
  readonly windows: readonly SampleWindow[];
  /** What all windows have; null where they differ. */
  readonly sampleType: SampleType | null;
  readonly tone: GainOffset;
  /** Place among the sources of its block, which are in drawing order. */
  readonly index: number;
  /** Centre of the tile, mosaic px. */
  readonly centreX: number;
  readonly centreY: number;
}

/** The seam of every pair of a block's sources: of p < q at p · count + q, null where their centres decide. */
export interface SeamTable {
  readonly count: number;
  readonly seams: readonly (PairSeam | null)[];
}

/** What the rows of one composition share. Every buffer is indexed by the output column. */
export interface RowWork {
  readonly blend: BlendMode;
  readonly sample: RowSampler;
  /** Seams between the sources of the block, for the blends that need them. */
  readonly seams: SeamTable | null;
  /** Mosaic x of every output column, ascending. */
  readonly xs: Float64Array;
  /** True when one output px is one px of the level that is read. */
  readonly isUnitStep: boolean;
  /** The output's columns where integer tiles may be sampled in fixed point; null where they may not. */
  readonly grid: RowGrid | null;
  /** Output samples, one array a channel, and coverage; row-major. */
  readonly channels: readonly Samples[];
  readonly sampleType: SampleType;
  readonly coverage: Uint8Array;
  readonly us: Float64Array;
  readonly vs: Float64Array;
  readonly values: readonly Float64Array[];
  readonly sums: readonly Float64Array[];
  readonly weights: Float64Array;
  readonly nearest: Float64Array;
  readonly owners: Int32Array;
  /** Straight pieces of a row. */
  readonly pieces: Int32Array;
  /** The run that is being sampled. */
  readonly run: FixedRun;
}

/** Buffers for rows of `xs.length` columns that end in `channels` and `coverage`. */
export function rowWork(
  options: Pick<RowWork, 'blend' | 'sample' | 'isUnitStep' | 'grid'>,
  xs: Float64Array,
  channels: readonly Samples[],
  coverage: Uint8Array,
): RowWork {
  const width = xs.length;
  const perChannel = () => channels.map(() => new Float64Array(width));
  return {
    blend: options.blend,
    sample: options.sample,
    isUnitStep: options.isUnitStep,
    grid: options.grid,
    seams: null,
    xs,
    channels,
    sampleType: sampleTypeOf(channels[0]),
    coverage,
    us: new Float64Array(width),
    vs: new Float64Array(width),
    values: perChannel(),
    sums: perChannel(),
    weights: new Float64Array(width),
    nearest: new Float64Array(width),
    owners: new Int32Array(width),
    pieces: new Int32Array(pieceLength * width),
    run: { from: 0, to: 0, u: 0, v: 0, du: 0, dv: 0 },
  };
}
