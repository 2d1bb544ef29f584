import type { Affine2 } from '../geometry/affine2.ts';
import type { TileId } from '../tiles/tile.ts';

/**
 * What a person says of a graph besides its links: constraints with stated weights. A solve with edits is a function of
 * graph, options and edits alone, whether it starts cold (`PoseGraph.edits`) or warm (`resolvePoseGraph`).
 */
export interface GraphEdits {
  /** Keys (`pairKey`) of links that are left out; keys of no link are ignored. */
  readonly excludedLinks: ReadonlySet<string>;
  readonly pins: readonly TilePin[];
  readonly manualLinks: readonly ManualLink[];
}

/** A tile that is held at a place: Σ over its four corners p of |m(p) − pose(p)|² / 4σ². */
export interface TilePin {
  readonly tileId: TileId;
  /** mosaicFromTile; a stiff model takes what it can express of it. */
  readonly pose: Affine2;
  /** One sigma of the place, and of a corner under the tile's turn, px; above 0. */
  readonly sigmaPx: number;
}

/**
 * Landmarks that a person set in both tiles of a pair: Σ |m_a(p) − m_b(q)|² / σ². Never weighed down nor removed. It
 * stands beside a measured link of the same pair, if there is one that is not excluded.
 */
export interface ManualLink {
  readonly manual: true;
  readonly pair: { readonly a: TileId; readonly b: TileId };
  /** At least one; full-resolution px in a and in b. One landmark says nothing of the turn. */
  readonly landmarks: readonly { readonly a: readonly [number, number]; readonly b: readonly [number, number] }[];
  /** One sigma of a landmark on one axis, px; above 0. */
  readonly sigmaPx: number;
}

/** No edits at all. */
export const noEdits: GraphEdits = { excludedLinks: new Set(), pins: [], manualLinks: [] };
