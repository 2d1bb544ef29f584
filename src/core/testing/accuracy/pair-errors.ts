import { applyAffine, composeAffine, invertAffine, rotationOf } from '../../geometry/affine2.ts';
import type { Affine2 } from '../../geometry/affine2.ts';
import type { SyntheticTile } from '../../synthesis/synthetic-grid.ts';
import type { TileId, TilePair } from '../../tiles/tile.ts';
import {
  cornerErrors,
  failedCorners,
  neighbourCornerErrors,
  type CornerErrors,
} from '../../evaluation/corner-errors.ts';
import type { StitchedGrid } from './stitch-grid.ts';

/** How far one pair of neighbours is from the truth, full-resolution px. */
export interface PairErrors {
  readonly pair: TilePair;
  readonly isHorizontal: boolean;
  /** True relative rotation of the two tiles. */
  readonly thetaRad: number;
  /** Of the link as verified, before the solve. */
  readonly pairwise: CornerErrors;
  /** After the solve. */
  readonly solved: CornerErrors;
  /**
   * Error of the link with its sign: where it puts the centre of tile b in a, minus the truth (the mean of the four
   * corners' errors). Null without a link.
   */
  readonly bias: { readonly x: number; readonly y: number } | null;
  readonly matches: number;
  readonly inliers: number;
}

/** The errors of all pairs of neighbours; a pair without a link has infinite pairwise errors. */
export function pairErrors({ grid, result }: StitchedGrid): readonly PairErrors[] {
  const tiles = new Map(grid.tiles.map((tile) => [tile.id, tile]));
  return result.pairs.map((found): PairErrors => {
    const [a, b] = [tileOf(tiles, found.pair.a), tileOf(tiles, found.pair.b)];
    const truth = composeAffine(invertAffine(a.mosaicFromTile), b.mosaicFromTile);
    const link = found.kind === 'link' ? found : null;
    return {
      pair: found.pair,
      isHorizontal: a.row === b.row,
      thetaRad: rotationOf(truth),
      pairwise: link ? cornerErrors(link.aFromB, truth, b.size) : failedCorners,
      solved: neighbourCornerErrors(result.report.mosaicFromTile, a, b),
      bias: link ? centreError(link.aFromB, truth, b) : null,
      matches: found.correspondences.confidence.length,
      inliers: link?.inliers ?? 0,
    };
  });
}

function centreError(estimated: Affine2, truth: Affine2, { size }: SyntheticTile): { x: number; y: number } {
  const [u, v] = [(size.width - 1) / 2, (size.height - 1) / 2];
  const p = applyAffine(estimated, u, v);
  const q = applyAffine(truth, u, v);
  return { x: p.x - q.x, y: p.y - q.y };
}

function tileOf(tiles: ReadonlyMap<TileId, SyntheticTile>, id: TileId): SyntheticTile {
  const tile = tiles.get(id);
  if (!tile) throw new RangeError(`no tile ${id}`);
  return tile;
}
