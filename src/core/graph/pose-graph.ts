import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Link, TransformModel } from '../matching/link.ts';
import type { PosePrior, TileId } from '../tiles/tile.ts';
import type { Size } from '../geometry/rect.ts';
import type { GraphEdits } from './graph-edits.ts';

/** Nodes are tiles, edges are links; every node has a weak prior from the layout. */
export interface PoseGraph {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly Link[];
  /** What a person says besides the links; nothing when absent. */
  readonly edits?: GraphEdits;
}

export interface GraphNode {
  readonly id: TileId;
  readonly size: Size;
  readonly prior: PosePrior;
}

export interface SolveOptions {
  readonly model: TransformModel;
  /** Worst-link removal: a link is dropped when its residual exceeds both thresholds (the field's defaults 2.5 and 3.5 px). */
  readonly removal: { readonly timesMean: number; readonly minPx: number } | null;
  /** Scale of the robust loss on a link's rms residual, px. */
  readonly robustScalePx: number;
  /** Align patches of every linked overlap at full resolution after the first solve, and solve again with them. */
  readonly refine?: boolean;
  /** Bend the tiles: a displacement mesh each on top of an affine one (`solveElasticGraph`). */
  readonly elastic?: boolean;
}

export const defaultSolveOptions: SolveOptions = {
  model: 'affine',
  removal: { timesMean: 2.5, minPx: 3.5 },
  robustScalePx: 2,
};

/**
 * `solved`: carried by links; `prior`: no believed link joins it (or its island) to the largest component, the stage
 * carries it; `unplaced`: not even a prior.
 */
export type TileState = 'solved' | 'prior' | 'unplaced';

/** One link of the graph, or a manual one; a pair that has both has two reports. */
export interface EdgeReport {
  readonly pairKey: string;
  /** Root mean square residual of the link's inliers at the solution, px. */
  readonly residualPx: number;
  /** Factor 0…1 by which the robust loss lowered the link's information; 0 when removed. */
  readonly weight: number;
  readonly removed: boolean;
  /** Left out by `GraphEdits.excludedLinks`, and so `removed`. */
  readonly excluded?: true;
  /** Landmarks that a person set (`GraphEdits.manualLinks`). */
  readonly manual?: true;
}

export interface SolveReport {
  readonly mosaicFromTile: ReadonlyMap<TileId, Affine2>;
  /** Displacement meshes of bent tiles, added to the affine's result; absent when nothing is bent. */
  readonly meshes?: ReadonlyMap<TileId, DisplacementMesh>;
  readonly state: ReadonlyMap<TileId, TileState>;
  /** One standard deviation of the tile's centre relative to the centroid of its component, px. */
  readonly sigmaPx: ReadonlyMap<TileId, number>;
  /** Index of the connected component of links, 0 = largest. */
  readonly component: ReadonlyMap<TileId, number>;
  readonly components: readonly (readonly TileId[])[];
  readonly edges: readonly EdgeReport[];
  readonly termination: 'converged' | 'max-iterations' | 'no-links';
  readonly iterations: number;
  readonly cost: number;
}
