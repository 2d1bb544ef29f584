import { defaultSolveOptions, type SolveOptions } from './graph/pose-graph.ts';
import type { TransformModel } from './matching/link.ts';
import { defaultComposeOptions, type ComposeOptions } from './mosaic/mosaic.ts';
import type { ShadingChoice } from './photometry/shading-field.ts';

/** The matchers of the registry in src/matchers; core knows their names only. */
export const matcherIds = ['loftr', 'sift', 'phase-correlation'] as const;
export type MatcherId = (typeof matcherIds)[number];

/** How one pair is matched and verified. Everything in here is part of a pair result's cache key. */
export interface PairOptions {
  /** Model of the relative motion that RANSAC fits. */
  readonly model: TransformModel;
  /** Lowest confidence that goes into verification, 0…1; null = the matcher's own. */
  readonly minConfidence: number | null;
  /** Inlier threshold, full-resolution px. */
  readonly ransacPx: number;
  /** Margin round the nominal overlap as a fraction of it, for stage error. */
  readonly marginFraction: number;
  /** Align the overlap of every link directly at full resolution (`alignPatchLattice`). */
  readonly align: boolean;
  /**
   * With `align`: ask the overlap as a whole besides the matches (`weighOverlap`): links it contradicts are rejected, pairs whose
   * matches prove nothing are linked where it fits beyond doubt. True when absent.
   */
  readonly weigh?: boolean;
}

/** Every choice of a run; the app, the command line and `solution.json` share it. */
export interface StitchOptions {
  readonly matcher: MatcherId;
  readonly pair: PairOptions;
  readonly solve: SolveOptions;
  /** Estimate the illumination that all tiles share and take it out before their tones are solved; `none` when absent. */
  readonly shading?: ShadingChoice;
  readonly compose: ComposeOptions;
}

export const defaultStitchOptions: StitchOptions = {
  matcher: 'loftr',
  pair: { model: 'affine', minConfidence: null, ransacPx: 3, marginFraction: 0.5, align: true },
  solve: defaultSolveOptions,
  compose: defaultComposeOptions,
};
