/** The recipes of `synthesize`; docs/data.md describes each. */
export const synthesisPresets = [
  // 1024 px tiles by the recipe of the EM424 data set
  'em424',
  // harder grids of 512 px tiles, at least 400 pairs each
  'low-overlap',
  'noisy',
  'contrast',
  'low-texture',
  'drift',
  'charging',
  // pairs that share nothing
  'disjoint',
  // one pair a grid, two 256 px tiles: overlap in per cent, then what is hard about it
  'pair-15-clean',
  'pair-30-clean',
  'pair-10-noise15',
  'pair-15-noise30',
  'pair-15-noise50',
  'pair-15-contrast',
  'pair-30-noise-contrast',
  // one pair a grid, two 1024×256 px strips with most of their area in common
  'strip-clean',
  'strip-noisy',
] as const;

/** Name of a recipe. */
export type SynthesisPreset = (typeof synthesisPresets)[number];
