import type { Size } from '../geometry/rect.ts';
import type { SynthesisPreset } from './presets.ts';
import type { TrueTile } from './truth.ts';

/** The motions between tiles of a grid; `mesh` means that each tile has a displacement mesh besides its rigid pose. */
export type TruthModel = 'rigid' | 'similarity' | 'affine' | 'mesh';

/** What a grid may be used for. */
export const truthSplits = ['train', 'validate', 'test'] as const;

/** What a grid may be used for. */
export type TruthSplit = (typeof truthSplits)[number];

/** Why the tiles of a grid of the `disjoint` preset show nothing in common. */
export type DisjointKind = 'elsewhere' | 'repetitive' | 'resin';

/** How one tile was exposed, in the order of application; grey levels of 0…255. docs/data.md has the formulas. */
export interface TrueImaging {
  /** Gaussian blur of the specimen, standard deviation in px; 0 is none. */
  readonly blurSigmaPx: number;
  /** v ← 255·(v/255)^gamma; 1 is none. */
  readonly gamma: number;
  /** v ← gain·v + offset, as applied. */
  readonly gain: number;
  readonly offset: number;
  /** Largest relative brightening by the smooth shading; 0 is none. */
  readonly shading: number;
  /** Number of streaks, halos and saturated patches added by charging. */
  readonly charges: number;
  /** Standard deviation of the noise of every pixel at mid grey. */
  readonly noiseSigma: number;
}

/** One tile of a grid of truth.json, version 2. `gain` and `offset` are the inverse tone, as in solution.json. */
export interface TrueGridTile extends TrueTile {
  /** Upper-left corner in the source before the tile was turned about its centre, px. */
  readonly startX: number;
  readonly startY: number;
  /** Turn of `mosaicFromTile`, +x towards +y; equally the counter-clockwise turn of the source as it is seen. */
  readonly angleDeg: number;
  readonly imaging: TrueImaging;
}

/** One grid of truth.json, version 2. */
export interface TrueGrid {
  /** Start of its tiles' names, such as `em424_g00012`. */
  readonly name: string;
  /** Number of the grid in the whole plan, which `--split` does not change. */
  readonly index: number;
  readonly rows: number;
  readonly columns: number;
  readonly tileSize: Size;
  readonly model: TruthModel;
  /** What a microscope would report: px between tiles, and overlap as a fraction of the tile's side. */
  readonly nominal: {
    readonly pitch: { readonly x: number; readonly y: number };
    readonly overlap: { readonly x: number; readonly y: number };
  };
  /** Base name of the source's file, or `procedural:N`. */
  readonly source: string;
  readonly sourceSize: Size;
  readonly split: TruthSplit;
  /** False when neighbours by the nominal layout show nothing in common. */
  readonly hasOverlap: boolean;
  /** With `hasOverlap` false only. */
  readonly disjoint?: DisjointKind;
  /** Places drawn and passed over because the noise-free overlap had no texture. */
  readonly placesSkipped: number;
  readonly tiles: readonly TrueGridTile[];
}

/** truth.json of `synthesize`: every grid of a folder, with all that was drawn. */
export interface TruthSet {
  readonly version: 2;
  readonly preset: SynthesisPreset;
  readonly seed: number;
  /** The options that shape the pixels, as resolved from the command line. */
  readonly options: Readonly<Record<string, string | number | boolean | null>>;
  readonly grids: readonly TrueGrid[];
}
