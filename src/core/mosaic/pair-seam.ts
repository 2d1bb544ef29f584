import { intersectRects } from '../geometry/rect.ts';
import type { Rect } from '../geometry/rect.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { cutSeed, minCut } from './grid-min-cut.ts';
import type { Placement } from './mosaic.ts';
import type { CoveredImage } from './pyramid-stream.ts';

/**
 * Who shows where two tiles overlap, at the nodes of a lattice that is fixed in the mosaic: node (i, j) is the mosaic
 * point x = (firstX + i + ½)·step − ½, y = (firstY + j + ½)·step − ½.
 */
export interface PairSeam {
  /** 2ⁿ mosaic px. */
  readonly step: number;
  readonly firstX: number;
  readonly firstY: number;
  readonly columns: number;
  readonly rows: number;
  /** [columns · rows] 1 where the first tile of the pair shows, 0 where the second does. */
  readonly isFirst: Uint8Array;
}

/** Pixels of one tile alone, at one output px per `step` mosaic px. */
export type RenderTile = (placement: Placement, rect: Rect, step: number) => Promise<CoveredImage>;

/** The lattice of an overlap is made coarser until it has no more nodes than this: some 20 ms to cut. */
const mostNodes = 2 ** 15;
/** Cost of every edge of a seam, so that a detour must be worth its length. */
const lengthCost = 4;
/** Cost of an edge that runs along a tile's border instead of midway between the two. */
const borderCost = 8;
/** Cost of the overlap's median difference, which is noise; it grows with the square. */
const noiseCost = 16;
const mostCost = 2 ** 20;

/** The lattice of a pair, from geometry alone; null where the tiles' outlines do not come near each other. */
export function seamLattice(first: Placement, second: Placement): Omit<PairSeam, 'isFirst'> | null {
  const common = intersectRects(boundsOfPlacements([first]), boundsOfPlacements([second]));
  if (common === null) return null;
  for (let step = 1; ; step *= 2) {
    const firstX = Math.floor(common.x / step) - 1;
    const firstY = Math.floor(common.y / step) - 1;
    const columns = Math.ceil((common.x + common.width) / step) + 1 - firstX;
    const rows = Math.ceil((common.y + common.height) / step) + 1 - firstY;
    if (columns * rows <= mostNodes) return { step, firstX, firstY, columns, rows };
  }
}

/**
 * The seam of a pair: the cut through their overlap along which they differ least, at reduced scale. It depends on the
 * two tiles alone, so that every chunk of a mosaic finds the same. A constant difference of brightness costs nothing;
 * the seam keeps off the tiles' borders.
 * @see Kwatra et al., "Graphcut textures", SIGGRAPH 2003, section 3
 */
export async function findSeam(first: Placement, second: Placement, render: RenderTile): Promise<PairSeam | null> {
  const lattice = seamLattice(first, second);
  if (lattice === null) return null;
  const { step, firstX, firstY, columns, rows } = lattice;
  const rect = { x: firstX * step, y: firstY * step, width: columns * step, height: rows * step };
  const [a, b] = [await render(first, rect, step), await render(second, rect, step)];
  const seeds = seedsOf(a.coverage, b.coverage, columns);
  const costs = nodeCosts(a, b, seeds, columns);
  const parts = minCut({ width: columns, height: rows, ...edgeCosts(costs, columns), seeds });
  return { ...lattice, isFirst: parts.map((part) => (part === 2 ? 0 : 1)) };
}

/** Tiles show alone where they are alone, and up to one node into the overlap, so that no seam runs along a border. */
function seedsOf(a: Uint8Array, b: Uint8Array, columns: number): Uint8Array {
  const seeds = new Uint8Array(a.length).fill(cutSeed.outside);
  const isAlone = (own: Uint8Array, other: Uint8Array, n: number) => own[n] !== 0 && other[n] === 0;
  for (let n = 0; n < seeds.length; n++) {
    if (a[n] === 0 && b[n] === 0) continue;
    if (a[n] === 0) seeds[n] = cutSeed.second;
    else if (b[n] === 0) seeds[n] = cutSeed.first;
    else {
      const near = [n - 1, n + 1, n - columns, n + columns];
      const byFirst = near.some((m) => isAlone(a, b, m));
      const bySecond = near.some((m) => isAlone(b, a, m));
      seeds[n] = byFirst === bySecond ? cutSeed.free : byFirst ? cutSeed.first : cutSeed.second;
    }
  }
  return seeds;
}

/** Cost of a seam through each node: how unlike the tiles are there, in units of what they usually are. */
function nodeCosts(a: CoveredImage, b: CoveredImage, seeds: Uint8Array, columns: number): Float64Array {
  const both: number[] = [];
  for (let n = 0; n < seeds.length; n++) if (a.coverage[n] !== 0 && b.coverage[n] !== 0) both.push(n);
  const unlike = new Float64Array(seeds.length);
  a.channels.forEach(({ data }, c) => {
    const other = b.channels[c].data;
    const offset = median(both.map((n) => data[n] - other[n]));
    for (const n of both) unlike[n] += Math.abs(data[n] - other[n] - offset);
  });
  const usual = median(both.map((n) => unlike[n])) || mean(both.map((n) => unlike[n])) || 1;
  const toFirst = distances(seeds, cutSeed.first, columns);
  const toSecond = distances(seeds, cutSeed.second, columns);
  const costs = new Float64Array(seeds.length).fill(mostCost);
  for (const n of both) {
    const aside = (toFirst[n] - toSecond[n]) / Math.max(1, toFirst[n] + toSecond[n]);
    const cost = lengthCost / 2 + (borderCost / 2) * aside * aside + noiseCost * (unlike[n] / usual) ** 2;
    costs[n] = Math.min(mostCost, cost);
  }
  return costs;
}

/** City-block distance to the nearest node of a kind of seed. */
function distances(seeds: Uint8Array, kind: number, columns: number): Int32Array {
  const far = seeds.length;
  const distance = Int32Array.from(seeds, (seed) => (seed === kind ? 0 : far));
  const count = seeds.length;
  for (let n = 0; n < count; n++) {
    if (n % columns > 0) distance[n] = Math.min(distance[n], distance[n - 1] + 1);
    if (n >= columns) distance[n] = Math.min(distance[n], distance[n - columns] + 1);
  }
  for (let n = count - 1; n >= 0; n--) {
    if (n % columns < columns - 1) distance[n] = Math.min(distance[n], distance[n + 1] + 1);
    if (n + columns < count) distance[n] = Math.min(distance[n], distance[n + columns] + 1);
  }
  return distance;
}

function edgeCosts(costs: Float64Array, columns: number): { readonly right: Int32Array; readonly down: Int32Array } {
  const right = new Int32Array(costs.length);
  const down = new Int32Array(costs.length);
  for (let n = 0; n < costs.length; n++) {
    if (n + 1 < costs.length) right[n] = Math.round(costs[n] + costs[n + 1]);
    if (n + columns < costs.length) down[n] = Math.round(costs[n] + costs[n + columns]);
  }
  return { right, down };
}

/** The upper median, NaN counted out; 0 of nothing. */
function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values.filter((value) => value === value)).sort();
  return sorted.length === 0 ? 0 : sorted[sorted.length >> 1];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** True where the first tile of the pair shows: the nodes' answers, bilinear between them, at least a half. */
export function showsFirst(seam: PairSeam, x: number, y: number): boolean {
  const { step, firstX, firstY, columns, rows, isFirst } = seam;
  const u = Math.min(Math.max((x + 0.5) / step - 0.5 - firstX, 0), columns - 1);
  const v = Math.min(Math.max((y + 0.5) / step - 0.5 - firstY, 0), rows - 1);
  const i = Math.min(Math.floor(u), columns - 2);
  const j = Math.min(Math.floor(v), rows - 2);
  const fx = u - i;
  const at = j * columns + i;
  const upper = isFirst[at] + fx * (isFirst[at + 1] - isFirst[at]);
  const lower = isFirst[at + columns] + fx * (isFirst[at + columns + 1] - isFirst[at + columns]);
  return upper + (v - j) * (lower - upper) >= 0.5;
}
