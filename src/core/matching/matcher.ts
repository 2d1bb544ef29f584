import type { Affine2 } from '../geometry/affine2.ts';
import type { CancelSignal } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';

/** N point pairs. Coordinates are pixel centres of the frames named by the caller. */
export interface Correspondences {
  /** [2N] x, y in a. */
  readonly a: Float32Array;
  /** [2N] x, y in b. */
  readonly b: Float32Array;
  /** [N] in 0…1, larger is surer; a calibrated matcher's 0.9 is within 1.5 px at full resolution in 90 % of cases. */
  readonly confidence: Float32Array;
  /** [N] standard deviation of b's point per axis, px of the frames; absent when the matcher does not know. */
  readonly sigmaPx?: Float32Array;
}

export const noCorrespondences: Correspondences = {
  a: new Float32Array(0),
  b: new Float32Array(0),
  confidence: new Float32Array(0),
};

export interface MatchContext {
  readonly signal: CancelSignal;
  /** Seed of every random draw of this pair; derived from the pair's key. */
  readonly seed: number;
  /** Where the layout puts raster b in raster a, in pixels of the rasters handed in. */
  readonly aFromB: Affine2;
  /** How far from there a match is plausible, in pixels of the rasters handed in; Infinity when nothing is known. */
  readonly searchRadiusPx: number;
  /** Resolution of the rasters as a fraction of full resolution; the matcher's own `scale` when absent. */
  readonly scale?: number;
}

/**
 * Finds point pairs between two overlap strips. The strips come normalised to 0…1 (`normaliseForMatching`) at the
 * matcher's own `scale`; the answer is in pixels of those strips.
 */
export interface Matcher {
  /** Resolution the matcher wants its strips at, as a fraction of full resolution (1 = full, 0.5 = half). */
  readonly scale: number;
  /** Every resolution the matcher can work at, `scale` among them; `scale` alone when absent. */
  readonly scales?: readonly number[];
  /** How it wants grey values: stretched between percentiles (the default), or as fractions of the white level. */
  readonly normalisation?: 'percentiles' | 'unit';
  /** Strips are cropped so that both sides are multiples of this. */
  readonly multipleOf: number;
  /** Lowest confidence that goes into verification. */
  readonly minConfidence: number;
  /** Most cells of 8×8 px of a strip that one `match` takes; larger strips are cut into windows. No limit when absent. */
  readonly maxTokens?: number;
  /**
   * How far from a common motion this matcher's wrong matches land, px of its strips, when that is less than the
   * stage's error: blocks searched round a motion agree with it by chance more often than points found anywhere.
   */
  readonly chanceRadiusPx?: number;
  match(a: FloatRaster, b: FloatRaster, context: MatchContext): Promise<Correspondences>;
  dispose(): Promise<void>;
}
