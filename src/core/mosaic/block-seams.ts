import { intersectRects } from '../geometry/rect.ts';
import type { CancelSignal } from '../progress.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import type { OpenedSources } from './block-sources.ts';
import type { Placement } from './mosaic.ts';
import { findSeam, seamLattice } from './pair-seam.ts';
import type { PairSeam, RenderTile } from './pair-seam.ts';
import type { SeamTable } from './row-work.ts';
import type { SeamStore } from './seam-store.ts';

/** Where a seam's lattice is finer than this in output px, nobody sees it and finding it would cost more than it shows. */
const leastStepPx = 0.25;

/** How seams are found for a composition. */
export interface SeamSearch {
  readonly store: SeamStore;
  readonly render: RenderTile;
  readonly scale: number;
  readonly signal: CancelSignal;
}

/** The seams between tiles, in drawing order. */
export async function seamsOf(
  { placements }: Pick<OpenedSources, 'placements'>,
  search: SeamSearch,
): Promise<SeamTable> {
  const count = placements.length;
  const seams = new Array<PairSeam | null>(count * count).fill(null);
  const bounds = placements.map((placement) => boundsOfPlacements([placement]));
  for (let p = 0; p < count; p++)
    for (let q = p + 1; q < count; q++) {
      if (intersectRects(bounds[p], bounds[q]) === null) continue;
      seams[p * count + q] = await seamOf(placements[p], placements[q], search);
    }
  return { count, seams };
}

async function seamOf(first: Placement, second: Placement, search: SeamSearch): Promise<PairSeam | null> {
  const lattice = seamLattice(first, second);
  if (lattice === null || lattice.step * search.scale < leastStepPx) return null;
  const key = `${first.tile}\u0000${second.tile}`;
  return search.store.get(key, () => findSeam(first, second, search.render), search.signal);
}
