import type { GainOffset } from '../photometry/gain-offset.ts';
import type { Affine2, Point } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import type { TileState } from '../graph/pose-graph.ts';
import type { ShadingField } from '../photometry/shading-field.ts';
import type { SampleType } from '../raster/raster.ts';
import type { TileId } from '../tiles/tile.ts';

/** A tile with its place. Unplaced tiles are in no mosaic. */
export interface Placement {
  readonly tile: TileId;
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
  /** Added to the affine's result; absent where the affine is all. */
  readonly mesh?: DisplacementMesh;
  /** Polygons, tile px, whose pixels are not shown; absent where all are. */
  readonly masks?: readonly (readonly Point[])[];
  readonly state: TileState;
  readonly component: number;
  readonly tone: GainOffset;
}

/**
 * Placed tiles. `bounds` are integers: pixel (i, j) of the full-resolution image is the mosaic point
 * (bounds.x + i, bounds.y + j). `placements` are in drawing order: under `overlay` the first is on top.
 */
export interface Mosaic {
  readonly bounds: Rect;
  readonly placements: readonly Placement[];
  readonly channels: 1 | 3;
  readonly sampleType: SampleType;
  readonly pixelSizeNm: number | null;
  /** What every tile is divided by before its tone (never under `none`); absent where nothing is. */
  readonly shading?: ShadingField;
}

export const blendModes = ['overlay', 'none', 'average', 'feather', 'seam', 'multiband'] as const;
/**
 * `overlay`: whole tiles, the first placement on top · `none`: hard cut at the nearest tile centre, no tones ·
 * `average`: mean of all tiles · `feather`: weights grow from 0 at a tile's edge · `seam`: hard cut where the tiles differ
 * least · `multiband`: across that cut, coarse structure fades over some hundred pixels and fine structure over a few.
 */
export type BlendMode = (typeof blendModes)[number];
export const topmostChoices = ['first', 'last', 'rows', 'dose'] as const;
/**
 * Drawing order: the first file on top · the last file on top · row by row from the upper left, each over the next · what
 * was exposed first, and has taken the least dose, on top.
 */
export type Topmost = (typeof topmostChoices)[number];
export type Interpolation = 'bilinear' | 'bicubic';

export interface ComposeOptions {
  readonly blend: BlendMode;
  readonly interpolation: Interpolation;
  /** Which tile is on top under `overlay`. The order is part of the mosaic: a change needs a new `buildMosaic`. */
  readonly topmost: Topmost;
  /** Apply each placement's tone (never under `none`). */
  readonly evenTones: boolean;
  /** Value of canvas that no tile covers. */
  readonly fill: number;
}

export const defaultComposeOptions: ComposeOptions = {
  blend: 'feather',
  interpolation: 'bilinear',
  topmost: 'first',
  evenTones: true,
  fill: 0,
};
