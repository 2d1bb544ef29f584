import type { Size } from '../geometry/rect.ts';
import type { SynthesisPreset } from './presets.ts';
import type { Specimen } from './procedural-source.ts';

/** Lowest and highest value of a draw; equal when it is no draw. */
export type Span = readonly [number, number];

/** How the sets other than `em424` are cut and exposed. Lengths in px, angles in degrees, grey levels of 0…255. */
export interface SetRecipe {
  /** `pairs` are 1×2 and 2×1 in turn, `stacked` are 2×1. */
  readonly arrangement: 'grid' | 'pairs' | 'stacked';
  readonly tileSize: Size;
  /** Nominal overlap, drawn once a grid, uniformly; a fraction of the tile's side. */
  readonly overlap: Span;
  /** Stage error of each tile along x and y, uniform in ±. */
  readonly jitterPx: number;
  /** Largest turn of two neighbours against each other. */
  readonly turnDeg: number;
  /** Noise of each tile, uniform. */
  readonly noiseSigma: Span;
  /** Ratio of the contrasts of two neighbours, log-uniform; which of them has more is drawn once a grid. */
  readonly contrastRatio: Span;
  /** Log-uniform. */
  readonly gamma: Span;
  /** Mean brightness of a tile is 128 ± this, uniform. */
  readonly brightness: number;
  readonly shading: Span;
  /** A blur below 0.3 px is left out. */
  readonly blurSigmaPx: Span;
  readonly charges: Span;
  /** Line starts stretched by `amplitudePx`, decaying over `decayPx`; smooth field whose largest length is `fieldPx`. */
  readonly distortion: { readonly amplitudePx: Span; readonly decayPx: Span; readonly fieldPx: Span } | null;
  /** Leaves only islands of the texture: its strength elsewhere. */
  readonly fade: Span | null;
  /** Least share of textured blocks in every nominal overlap of a source image. */
  readonly minTexture: number;
  readonly specimens: readonly Specimen[];
  /** Least number of pairs unless told otherwise. */
  readonly pairs: number;
}

const pair: SetRecipe = {
  arrangement: 'pairs',
  tileSize: { width: 256, height: 256 },
  overlap: [0.15, 0.15],
  jitterPx: 3,
  turnDeg: 5,
  noiseSigma: [4, 14],
  contrastRatio: [1, 1.2],
  gamma: [0.85, 1 / 0.85],
  brightness: 20,
  shading: [0, 0.08],
  blurSigmaPx: [0, 0.8],
  charges: [0, 0],
  distortion: null,
  fade: null,
  minTexture: 0.5,
  specimens: ['neuropil', 'neuropil', 'granular', 'fibrous'],
  pairs: 400,
};

const grid: SetRecipe = {
  ...pair,
  arrangement: 'grid',
  tileSize: { width: 512, height: 512 },
  overlap: [0.1, 0.2],
  jitterPx: 6,
  minTexture: 0.25,
};

const strip: SetRecipe = {
  ...pair,
  arrangement: 'stacked',
  tileSize: { width: 1024, height: 256 },
  overlap: [0.8, 0.8],
  jitterPx: 8,
};

/** Every preset but `em424`, which is a plan of its own. */
export const setRecipes: Readonly<Record<Exclude<SynthesisPreset, 'em424'>, SetRecipe>> = {
  'low-overlap': { ...grid, overlap: [0.05, 0.1], jitterPx: 3, turnDeg: 3 },
  noisy: { ...grid, noiseSigma: [15, 50] },
  contrast: {
    ...grid,
    noiseSigma: [10, 20],
    contrastRatio: [1, 2],
    gamma: [Math.SQRT1_2, Math.SQRT2],
    brightness: 30,
    shading: [0.05, 0.15],
    blurSigmaPx: [0, 2],
  },
  'low-texture': { ...grid, noiseSigma: [4, 8], fade: [0.05, 0.15], specimens: ['neuropil', 'granular', 'sparse'] },
  drift: {
    ...grid,
    turnDeg: 3,
    blurSigmaPx: [0, 0],
    distortion: { amplitudePx: [2, 10], decayPx: [60, 250], fieldPx: [1, 3] },
  },
  charging: { ...grid, charges: [6, 20] },
  disjoint: {
    ...pair,
    overlap: [0.1, 0.3],
    noiseSigma: [4, 30],
    minTexture: 0,
    specimens: ['neuropil', 'granular', 'fibrous', 'sparse'],
    pairs: 2000,
  },
  'pair-15-clean': pair,
  'pair-30-clean': { ...pair, overlap: [0.3, 0.3] },
  'pair-10-noise15': { ...pair, overlap: [0.1, 0.1], noiseSigma: [10, 20] },
  'pair-15-noise30': { ...pair, noiseSigma: [25, 35] },
  'pair-15-noise50': { ...pair, noiseSigma: [45, 55] },
  'pair-15-contrast': { ...pair, noiseSigma: [10, 20], contrastRatio: [2, 2] },
  'pair-30-noise-contrast': { ...pair, overlap: [0.3, 0.3], noiseSigma: [30, 45], contrastRatio: [1.6, 1.6] },
  'strip-clean': strip,
  'strip-noisy': { ...strip, noiseSigma: [15, 30] },
};
