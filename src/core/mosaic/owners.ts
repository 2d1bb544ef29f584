import { showsFirst } from './pair-seam.ts';
import type { PairSeam } from './pair-seam.ts';
import type { PlacedSource, RowWork, SeamTable } from './row-work.ts';

/**
 * Into `work.owners`: which of `sources` (all of which cover the interval) shows in every column from ≤ i < to of the row
 * at mosaic y. Where the block has seams, the winner so far meets the next source in drawing order at their seam; else
 * the nearest centre wins, the earlier one when equally near.
 */
export function assignOwners(
  work: RowWork,
  sources: readonly PlacedSource[],
  y: number,
  from: number,
  to: number,
): void {
  if (work.seams === null) assignNearest(work, sources, y, from, to);
  else for (let i = from; i < to; i++) work.owners[i] = ownerBySeams(work.seams, sources, work.xs[i], y);
}

function assignNearest(
  { nearest, owners, xs }: RowWork,
  sources: readonly PlacedSource[],
  y: number,
  from: number,
  to: number,
): void {
  nearest.fill(Infinity, from, to);
  for (let s = 0; s < sources.length; s++) {
    const { centreX } = sources[s];
    const dy2 = (y - sources[s].centreY) ** 2;
    for (let i = from; i < to; i++) {
      const dx = xs[i] - centreX;
      const distance = dx * dx + dy2;
      if (distance < nearest[i]) {
        nearest[i] = distance;
        owners[i] = s;
      }
    }
  }
}

/** A tile among those that have seams with each other. */
export type SeamedTile = Pick<PlacedSource, 'index' | 'centreX' | 'centreY'>;

/** Which of the tiles that cover a mosaic point shows there: the winner so far meets the next at their seam. */
export function ownerBySeams(
  { seams, count }: SeamTable,
  sources: readonly SeamedTile[],
  x: number,
  y: number,
): number {
  let owner = 0;
  for (let s = 1; s < sources.length; s++) {
    const seam = seams[sources[owner].index * count + sources[s].index];
    if (!isAhead(seam, sources[owner], sources[s], x, y)) owner = s;
  }
  return owner;
}

/** True where the first of two tiles that cover a point shows there: by their seam, else by the nearer centre. */
export function isAhead(seam: PairSeam | null, first: SeamedTile, second: SeamedTile, x: number, y: number): boolean {
  if (seam !== null) return showsFirst(seam, x, y);
  const toFirst = (x - first.centreX) ** 2 + (y - first.centreY) ** 2;
  return toFirst <= (x - second.centreX) ** 2 + (y - second.centreY) ** 2;
}
