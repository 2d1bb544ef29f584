import type { Affine2, Point } from '../../core/geometry/affine2.ts';
import { applyAffine } from '../../core/geometry/affine2.ts';
import type { Size } from '../../core/geometry/rect.ts';
import type { EdgeReport } from '../../core/graph/pose-graph.ts';
import type { PairResult } from '../../core/matching/link.ts';
import type { Placement } from '../../core/mosaic/mosaic.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import { pairKey } from '../../core/tiles/tile.ts';
import type { LinkState } from './link-state.ts';
import { linkQuality, linkState } from './link-state.ts';
import { pairName } from './tile-name.ts';

/** What the viewer needs of a placed tile; a `Placement` is one. */
export type ViewerPlacement = Pick<Placement, 'tile' | 'size' | 'mosaicFromTile' | 'mesh' | 'state'>;

/** A pair to be drawn over the mosaic, in mosaic px. */
export interface ViewerLink {
  readonly pairKey: string;
  /** Read by people, in the tooltip. */
  readonly label: string;
  /** Centres of the two tiles. */
  readonly from: Point;
  readonly to: Point;
  /** The middle of what the tiles share: where the dot is. */
  readonly seam: Point;
  /** 0 (worst) … 1 (best); null for rejected pairs. */
  readonly quality: number | null;
  readonly state: LinkState;
}

/** The record of a run that links are drawn from. */
export interface LinkGraphInput {
  readonly placements: readonly ViewerPlacement[];
  readonly results: readonly PairResult[];
  readonly edges: readonly EdgeReport[];
  readonly excluded: ReadonlySet<string>;
}

/** The links between placed tiles, in the order of `results`. */
export function viewerLinks(input: LinkGraphInput): readonly ViewerLink[] {
  const placementOf = new Map<TileId, ViewerPlacement>(input.placements.map((p) => [p.tile, p]));
  const edgeOf = new Map(input.edges.map((edge) => [edge.pairKey, edge]));
  const links: ViewerLink[] = [];
  for (const result of input.results) {
    const a = placementOf.get(result.pair.a);
    const b = placementOf.get(result.pair.b);
    if (a === undefined || b === undefined) continue;
    const key = pairKey(result.pair);
    const edge = edgeOf.get(key) ?? null;
    const from = tileCentre(a);
    const to = tileCentre(b);
    links.push({
      pairKey: key,
      label: pairName(result.pair),
      from,
      to,
      seam: seamOf(result, a.mosaicFromTile) ?? { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 },
      quality: linkQuality(result, edge),
      state: linkState(result, edge, input.excluded.has(key)),
    });
  }
  return links;
}

function tileCentre({ size, mosaicFromTile }: { readonly size: Size; readonly mosaicFromTile: Affine2 }): Point {
  return applyAffine(mosaicFromTile, (size.width - 1) / 2, (size.height - 1) / 2);
}

function seamOf(result: PairResult, mosaicFromA: Affine2): Point | null {
  const overlap = result.pair.expectedOverlap;
  if (overlap !== null)
    return applyAffine(mosaicFromA, overlap.x + (overlap.width - 1) / 2, overlap.y + (overlap.height - 1) / 2);
  if (result.kind === 'link') return applyAffine(mosaicFromA, result.moments.meanA[0], result.moments.meanA[1]);
  return null;
}

/**
 * The link whose dot or line is nearest to `at` within `reach` (mosaic px); a dot wins over a line, since lines cross.
 */
export function pickLink(links: readonly ViewerLink[], at: Point, reach: number): ViewerLink | null {
  let best: ViewerLink | null = null;
  let bestDistance = Infinity;
  for (const link of links) {
    const dot = Math.hypot(at.x - link.seam.x, at.y - link.seam.y);
    // A dot has twice the reach of a line and always beats one.
    const distance = dot <= 2 * reach ? dot / 2 - 2 * reach : distanceToLine(link, at);
    if (distance > reach || distance >= bestDistance) continue;
    best = link;
    bestDistance = distance;
  }
  return best;
}

/** The line is drawn from centre to seam to centre. */
function distanceToLine(link: ViewerLink, at: Point): number {
  return Math.min(distanceToSegment(link.from, link.seam, at), distanceToSegment(link.seam, link.to, at));
}

function distanceToSegment(from: Point, to: Point, at: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, ((at.x - from.x) * dx + (at.y - from.y) * dy) / length2));
  return Math.hypot(at.x - from.x - t * dx, at.y - from.y - t * dy);
}
