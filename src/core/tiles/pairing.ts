import { applyAffine } from '../geometry/affine2.ts';
import { affineFromPose, composePose, invertPose } from '../geometry/pose2.ts';
import type { Pose2 } from '../geometry/pose2.ts';
import { intersectRects } from '../geometry/rect.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import { cellKey, nominalPriors, tilesByCell } from './nominal-poses.ts';
import type { Layout, PosePrior, Tile, TileGrid, TileId, TilePair } from './tile.ts';

/** Free positions: an overlap thinner than this fraction of the smaller tile's side holds too little to match. */
const minThicknessFraction = 0.01;
/** ... and never thinner than this, px. */
const minThicknessPx = 8;
/** An overlap that is shorter than this fraction of the side in both directions touches at a corner only. */
const cornerFraction = 0.5;

/** A tile with its prior: all that pairing needs. */
interface PlacedTile {
  readonly id: TileId;
  readonly size: Size;
  readonly prior: PosePrior;
}

/** Bounding box, whole px, of a tile of `size` under a pose; the tile's pixels reach half a pixel beyond their centres. */
export function boundsUnder(targetFromTile: Pose2, size: Size): Rect {
  const affine = affineFromPose(targetFromTile);
  const corners = [
    applyAffine(affine, -0.5, -0.5),
    applyAffine(affine, size.width - 0.5, -0.5),
    applyAffine(affine, -0.5, size.height - 0.5),
    applyAffine(affine, size.width - 0.5, size.height - 0.5),
  ];
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const x = Math.round(Math.min(...xs) + 0.5);
  const y = Math.round(Math.min(...ys) + 0.5);
  return { x, y, width: Math.round(Math.max(...xs) + 0.5) - x, height: Math.round(Math.max(...ys) + 0.5) - y };
}

function pairOf(first: PlacedTile, second: PlacedTile): TilePair {
  const [a, b] = first.id < second.id ? [first, second] : [second, first];
  const aFromB = composePose(invertPose(a.prior.pose), b.prior.pose);
  const frameOfA: Rect = { x: 0, y: 0, width: a.size.width, height: a.size.height };
  return {
    a: a.id,
    b: b.id,
    aFromB,
    sigmaPx: Math.hypot(a.prior.sigmaPx, b.prior.sigmaPx),
    expectedOverlap: intersectRects(frameOfA, boundsUnder(aFromB, b.size)),
  };
}

function comparePairs(p: TilePair, q: TilePair): number {
  // The same order as pairKey: its separator U+0000 is below every other code unit.
  if (p.a !== q.a) return p.a < q.a ? -1 : 1;
  if (p.b !== q.b) return p.b < q.b ? -1 : 1;
  return 0;
}

function gridPairs(grid: TileGrid, placed: ReadonlyMap<TileId, PlacedTile>): TilePair[] {
  const byCell = tilesByCell(grid);
  const at = (row: number, column: number): PlacedTile | undefined => {
    const id = byCell.get(cellKey(row, column));
    return id === undefined ? undefined : placed.get(id);
  };
  const pairs: TilePair[] = [];
  for (const [id, cell] of grid.cells) {
    const tile = placed.get(id);
    if (tile === undefined) continue;
    const right = at(cell.row, cell.column + 1);
    const lower = at(cell.row + 1, cell.column);
    if (right !== undefined) pairs.push(pairOf(tile, right));
    if (lower !== undefined) pairs.push(pairOf(tile, lower));
  }
  return pairs;
}

/** Tiles by the squares of a lattice that their bounding boxes touch; squares are as wide as the largest tile. */
function spatialHash(tiles: readonly PlacedTile[], bounds: readonly Rect[]): ReadonlyMap<string, number[]> {
  const side = Math.max(1, ...distinctSides(bounds));
  const squares = new Map<string, number[]>();
  for (let i = 0; i < tiles.length; i++) {
    const box = bounds[i];
    for (let v = Math.floor(box.y / side); v <= Math.floor((box.y + box.height) / side); v++)
      for (let u = Math.floor(box.x / side); u <= Math.floor((box.x + box.width) / side); u++) {
        const key = cellKey(v, u);
        const square = squares.get(key);
        if (square === undefined) squares.set(key, [i]);
        else square.push(i);
      }
  }
  return squares;
}

function distinctSides(bounds: readonly Rect[]): ReadonlySet<number> {
  const sides = new Set<number>();
  for (const box of bounds) sides.add(Math.max(box.width, box.height));
  return sides;
}

/** Index pairs i < j of the boxes that overlap thickly enough, with the common rectangle. */
function overlappingBoxes(tiles: readonly PlacedTile[]): { i: number; j: number; overlap: Rect }[] {
  const bounds = tiles.map((tile) => boundsUnder(tile.prior.pose, tile.size));
  const found = new Map<number, { i: number; j: number; overlap: Rect }>();
  for (const square of spatialHash(tiles, bounds).values())
    for (let m = 0; m < square.length; m++)
      for (let n = m + 1; n < square.length; n++) {
        const i = square[m];
        const j = square[n];
        const key = i * tiles.length + j;
        if (found.has(key)) continue;
        const overlap = intersectRects(bounds[i], bounds[j]);
        if (overlap !== null && isThickEnough(overlap, tiles[i].size, tiles[j].size)) found.set(key, { i, j, overlap });
      }
  return [...found.values()];
}

function isThickEnough(overlap: Rect, a: Size, b: Size): boolean {
  const minWidth = Math.max(minThicknessPx, minThicknessFraction * Math.min(a.width, b.width));
  const minHeight = Math.max(minThicknessPx, minThicknessFraction * Math.min(a.height, b.height));
  return overlap.width >= minWidth && overlap.height >= minHeight;
}

function isCornerOnly(overlap: Rect, a: Size, b: Size): boolean {
  return (
    overlap.width < cornerFraction * Math.min(a.width, b.width) &&
    overlap.height < cornerFraction * Math.min(a.height, b.height)
  );
}

function freePairs(tiles: readonly PlacedTile[]): TilePair[] {
  const overlaps = overlappingBoxes(tiles);
  const sideNeighbours: Set<number>[] = tiles.map(() => new Set());
  const corners: { i: number; j: number }[] = [];
  const pairs: TilePair[] = [];
  for (const { i, j, overlap } of overlaps) {
    if (isCornerOnly(overlap, tiles[i].size, tiles[j].size)) {
      corners.push({ i, j });
    } else {
      sideNeighbours[i].add(j);
      sideNeighbours[j].add(i);
      pairs.push(pairOf(tiles[i], tiles[j]));
    }
  }
  for (const { i, j } of corners) {
    const isBridged = [...sideNeighbours[i]].some((k) => sideNeighbours[j].has(k));
    if (!isBridged) pairs.push(pairOf(tiles[i], tiles[j]));
  }
  return pairs;
}

/**
 * The pairs of tiles that may overlap, `a < b` in code-unit order, sorted by pairKey.
 *
 * Grid: every tile with its right and its lower neighbour, also when the nominal overlap is zero or negative (then
 * `expectedOverlap` is null); never across an empty cell, never diagonally.
 *
 * Free positions: all tiles whose nominal rectangles share a piece at least 8 px and 1 % of the side thick both ways.
 * A piece shorter than half a side both ways is a corner: it is dropped when a third tile overlaps both tiles along a
 * side, because those two links say more than the corner, and kept when it is the only tie.
 *
 * `expectedOverlap` is in the frame of a. Time is O(tiles + overlaps) by spatial hashing.
 * @throws StitchError `cell-taken` when two tiles are in one cell.
 */
export function proposePairs(layout: Layout, tiles: readonly Tile[]): readonly TilePair[] {
  const priors = nominalPriors(layout, tiles);
  const placed = new Map<TileId, PlacedTile>();
  for (const { id, size } of tiles) {
    const prior = priors.get(id);
    if (prior !== undefined) placed.set(id, { id, size, prior });
  }
  const pairs = layout.kind === 'grid' ? gridPairs(layout, placed) : freePairs([...placed.values()]);
  return pairs.sort(comparePairs);
}
