import { invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { displaceInto } from '../geometry/displacement-mesh.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import type { Placement } from './mosaic.ts';

/** Straight pieces of a row through a bent tile: piece n leads from point n to point n + 1, ascending in x. */
export interface MeshPath {
  /** Number of points; pieces are one fewer, and none where the row misses the tile's surroundings. */
  count: number;
  /** Mosaic x of every point. */
  xs: Float64Array;
  /** Tile coordinates of every point, full-resolution px. */
  us: Float64Array;
  vs: Float64Array;
}

/** The mesh goes on so far beyond its border, displaced as at it: more than any region around a tile. */
const farPx = 1e6;
/** A straight piece may be off the true path by so much, full-resolution px. */
const straightWithinPx = 0.004;
const guessRounds = 3;
/** Rows nearer to each other than this are entered at the same cell, or next to it, px. */
const nearRowPx = 8;
/** Cells round a guess in which the row is looked for. */
const searchReach = 3;
const [topEdge, rightEdge, bottomEdge, leftEdge] = [0, 1, 2, 3];

/** The cell that is walked through: corners in the order upper left, upper right, lower left, lower right. */
interface Walk {
  readonly mesh: DisplacementMesh;
  readonly width: number;
  readonly height: number;
  /** Mosaic places of the nodes −1 … columns by −1 … rows, row by row. */
  readonly nodeX: Float64Array;
  readonly nodeY: Float64Array;
  /** Tile coordinates of the columns −1 … columns and of the rows −1 … rows of nodes. */
  readonly nodeU: Float64Array;
  readonly nodeV: Float64Array;
  i: number;
  j: number;
  readonly cornerX: Float64Array;
  readonly cornerY: Float64Array;
  readonly displaced: Float64Array;
  /** x, u, v of where the row crosses each of the four edges. */
  readonly crossings: Float64Array;
  /** Bit n: the row crosses edge n. */
  crossed: number;
}

/** Finds rows of a bent tile. */
export interface MeshPaths {
  /** The row that was found last. */
  readonly path: MeshPath;
  /** Finds row y from at most x0 to at least x1. */
  find(y: number, x0: number, x1: number): void;
}

/**
 * Rows of a bent tile as paths through the cells of its mesh: in a cell the map is bilinear, a row enters and leaves it at
 * points of its edges that have closed forms, and between them it is straight but for the cell's twist; where that bends it
 * by more than 0.004 px the piece is cut. Points depend on the row alone, never on where the walk began.
 */
export function meshPaths({ mosaicFromTile, size }: Placement, mesh: DisplacementMesh): MeshPaths {
  const walk: Walk = {
    mesh,
    width: size.width,
    height: size.height,
    ...placedNodes(mosaicFromTile, size, mesh),
    i: 0,
    j: 0,
    cornerX: new Float64Array(4),
    cornerY: new Float64Array(4),
    displaced: new Float64Array(2),
    crossings: new Float64Array(12),
    crossed: 0,
  };
  const tileFromMosaic = invertAffine(mosaicFromTile);
  const path: MeshPath = {
    count: 0,
    xs: new Float64Array(64),
    us: new Float64Array(64),
    vs: new Float64Array(64),
  };
  /** Where the last row was entered: the next one is entered near by. */
  const entered = { i: 0, j: 0, x0: NaN, y: NaN };
  return {
    path,
    find(y, x0, x1) {
      path.count = 0;
      if (x0 === entered.x0 && Math.abs(y - entered.y) < nearRowPx) [walk.i, walk.j] = [entered.i, entered.j];
      else enterNear(walk, tileFromMosaic, x0, y);
      entered.x0 = NaN;
      if (!findRow(walk, y)) return;
      let exit = walkBack(walk, y, x0);
      [entered.i, entered.j, entered.x0, entered.y] = [walk.i, walk.j, x0, y];
      let entry = otherEdge(walk, exit);
      append(path, walk, entry);
      for (;;) {
        cutPiece(path, walk, y, entry, exit);
        append(path, walk, exit);
        if (walk.crossings[3 * exit] >= x1 || !step(walk, exit)) return;
        entry = exit ^ 2;
        exit = crossOn(walk, y, entry);
      }
    },
  };
}

/** Puts the walk near the cell that holds a mosaic point. */
function enterNear(walk: Walk, { a, b, c, d, e, f }: Affine2, x: number, y: number): void {
  const { mesh, width, height, displaced } = walk;
  displaced.fill(0);
  let u = 0;
  let v = 0;
  for (let round = 0; round < guessRounds; round++) {
    u = a * (x - displaced[0]) + c * (y - displaced[1]) + e;
    v = b * (x - displaced[0]) + d * (y - displaced[1]) + f;
    displaceInto(mesh, walk, u, v, displaced);
  }
  walk.i = cellOf(u, width, mesh.columns);
  walk.j = cellOf(v, height, mesh.rows);
}

/** The cell of an axis that holds a tile coordinate; −1 and nodes − 1 are those beyond the border. */
function cellOf(at: number, extent: number, nodes: number): number {
  return Math.max(-1, Math.min(nodes - 1, Math.floor((at * (nodes - 1)) / (extent - 1))));
}

/** Moves to a cell near by that the row goes through; false where there is none. */
function findRow(walk: Walk, y: number): boolean {
  const [i, j] = [walk.i, walk.j];
  for (let reach = 0; reach <= searchReach; reach++)
    for (let row = j - reach; row <= j + reach; row++)
      for (let column = i - reach; column <= i + reach; column++) {
        if (Math.max(Math.abs(row - j), Math.abs(column - i)) !== reach || !isCell(walk, column, row)) continue;
        walk.i = column;
        walk.j = row;
        crossCell(walk, y);
        if (walk.crossed !== 0) return true;
      }
  return false;
}

/** Goes against x until the piece begins at x0 or before; answers the edge by which the row leaves that cell. */
function walkBack(walk: Walk, y: number, x0: number): number {
  let [entry, exit] = [-1, -1];
  for (let edge = 0; edge < 4; edge++) {
    if ((walk.crossed & (1 << edge)) === 0) continue;
    if (entry < 0 || walk.crossings[3 * edge] < walk.crossings[3 * entry]) entry = edge;
  }
  exit = otherEdge(walk, entry);
  while (walk.crossings[3 * entry] > x0 && step(walk, entry)) {
    exit = entry ^ 2;
    crossCell(walk, y);
    entry = otherEdge(walk, exit);
  }
  return exit;
}

function isCell({ mesh }: Walk, i: number, j: number): boolean {
  return i >= -1 && i < mesh.columns && j >= -1 && j < mesh.rows;
}

/** Into the neighbour across an edge; false at the end of the world. */
function step(walk: Walk, edge: number): boolean {
  const i = walk.i + (edge === rightEdge ? 1 : edge === leftEdge ? -1 : 0);
  const j = walk.j + (edge === bottomEdge ? 1 : edge === topEdge ? -1 : 0);
  if (!isCell(walk, i, j)) return false;
  walk.i = i;
  walk.j = j;
  return true;
}

function otherEdge({ crossed }: Walk, edge: number): number {
  for (let other = 0; other < 4; other++) if (other !== edge && (crossed & (1 << other)) !== 0) return other;
  return edge;
}

/** Tile coordinate of node n of an axis; nodes −1 and `nodes` lie far outside. */
function nodeAt(n: number, nodes: number, extent: number): number {
  if (n < 0) return -farPx;
  return n < nodes ? (n * (extent - 1)) / (nodes - 1) : extent - 1 + farPx;
}

/** Where the nodes of a mesh, and those far outside, lie in the mosaic. */
function placedNodes(
  { a, b, c, d, e, f }: Affine2,
  { width, height }: Size,
  { columns, rows, dx, dy }: DisplacementMesh,
): Pick<Walk, 'nodeX' | 'nodeY' | 'nodeU' | 'nodeV'> {
  const nodeU = Float64Array.from({ length: columns + 2 }, (_, i) => nodeAt(i - 1, columns, width));
  const nodeV = Float64Array.from({ length: rows + 2 }, (_, j) => nodeAt(j - 1, rows, height));
  const nodeX = new Float64Array(nodeU.length * nodeV.length);
  const nodeY = new Float64Array(nodeX.length);
  for (let j = -1, n = 0; j <= rows; j++)
    for (let i = -1; i <= columns; i++, n++) {
      const [u, v] = [nodeU[i + 1], nodeV[j + 1]];
      const at = Math.min(rows - 1, Math.max(0, j)) * columns + Math.min(columns - 1, Math.max(0, i));
      nodeX[n] = a * u + c * v + e + dx[at];
      nodeY[n] = b * u + d * v + f + dy[at];
    }
  return { nodeX, nodeY, nodeU, nodeV };
}

/** The corners of the cell into the walk. */
function setCorners({ mesh, nodeX, nodeY, i, j, cornerX, cornerY }: Walk): void {
  const first = (j + 1) * (mesh.columns + 2) + i + 1;
  const below = first + mesh.columns + 2;
  cornerX[0] = nodeX[first];
  cornerX[1] = nodeX[first + 1];
  cornerX[2] = nodeX[below];
  cornerX[3] = nodeX[below + 1];
  cornerY[0] = nodeY[first];
  cornerY[1] = nodeY[first + 1];
  cornerY[2] = nodeY[below];
  cornerY[3] = nodeY[below + 1];
}

/** Where the row crosses the edges of the cell. */
function crossCell(walk: Walk, y: number): void {
  setCorners(walk);
  walk.crossed = 0;
  for (let edge = 0; edge < 4; edge++) if (crossEdge(walk, y, edge)) walk.crossed |= 1 << edge;
}

/** Crosses the cell that was entered through this edge, by which the last one was left; answers where the row leaves it. */
function crossOn(walk: Walk, y: number, entry: number): number {
  const { crossings } = walk;
  const left = entry ^ 2;
  for (let n = 0; n < 3; n++) crossings[3 * entry + n] = crossings[3 * left + n];
  setCorners(walk);
  for (let edge = 0; edge < 4; edge++) if (edge !== entry && crossEdge(walk, y, edge)) return edge;
  return entry;
}

/** Where the row crosses one edge, if it does. Corners at or below the row are told from those above, each once. */
function crossEdge(walk: Walk, y: number, edge: number): boolean {
  const { nodeU, nodeV, i, j, cornerX, cornerY, crossings } = walk;
  const from = edge === rightEdge ? 1 : edge === bottomEdge ? 2 : 0;
  const to = edge === topEdge ? 1 : edge === leftEdge ? 2 : 3;
  if (cornerY[from] >= y === cornerY[to] >= y) return false;
  const t = (y - cornerY[from]) / (cornerY[to] - cornerY[from]);
  crossings[3 * edge] = cornerX[from] + t * (cornerX[to] - cornerX[from]);
  if (edge === topEdge || edge === bottomEdge) {
    const left = nodeU[i + 1];
    crossings[3 * edge + 1] = left + t * (nodeU[i + 2] - left);
    crossings[3 * edge + 2] = nodeV[edge === topEdge ? j + 1 : j + 2];
  } else {
    const upper = nodeV[j + 1];
    crossings[3 * edge + 1] = nodeU[edge === rightEdge ? i + 2 : i + 1];
    crossings[3 * edge + 2] = upper + t * (nodeV[j + 2] - upper);
  }
  return true;
}

function append(path: MeshPath, { crossings }: Walk, edge: number): void {
  push(path, crossings[3 * edge], crossings[3 * edge + 1], crossings[3 * edge + 2]);
}

function push(path: MeshPath, x: number, u: number, v: number): void {
  if (path.count === path.xs.length) {
    path.xs = doubled(path.xs);
    path.us = doubled(path.us);
    path.vs = doubled(path.vs);
  }
  path.xs[path.count] = x;
  path.us[path.count] = u;
  path.vs[path.count] = v;
  path.count++;
}

function doubled(values: Float64Array): Float64Array {
  const more = new Float64Array(2 * values.length);
  more.set(values);
  return more;
}

/**
 * Points between two edges of a cell, where its twist bends the row: off the chord by |twist · Δp · Δq| t (1 − t) in
 * fractions p, q of the cell.
 */
function cutPiece(path: MeshPath, walk: Walk, y: number, entry: number, exit: number): void {
  const { nodeU, nodeV, i, j, cornerX, cornerY, crossings } = walk;
  const twist = Math.max(
    Math.abs(cornerX[0] - cornerX[1] - cornerX[2] + cornerX[3]),
    Math.abs(cornerY[0] - cornerY[1] - cornerY[2] + cornerY[3]),
  );
  if (twist / 4 <= straightWithinPx) return;
  const [left, right] = [nodeU[i + 1], nodeU[i + 2]];
  const [upper, lower] = [nodeV[j + 1], nodeV[j + 2]];
  const p0 = (crossings[3 * entry + 1] - left) / (right - left);
  const p1 = (crossings[3 * exit + 1] - left) / (right - left);
  const q0 = (crossings[3 * entry + 2] - upper) / (lower - upper);
  const q1 = (crossings[3 * exit + 2] - upper) / (lower - upper);
  const bend = Math.abs(twist * (p1 - p0) * (q1 - q0)) / 4;
  if (bend <= straightWithinPx) return;
  const pieces = Math.ceil(Math.sqrt(bend / straightWithinPx));
  for (let n = 1; n < pieces; n++) {
    const t = n / pieces;
    let p = p0 + t * (p1 - p0);
    let q = q0 + t * (q1 - q0);
    // The point of the row on the line of constant p (or q): y is linear along it.
    if (Math.abs(p1 - p0) >= Math.abs(q1 - q0)) q = fractionAt(cornerY, 1, 2, p, y);
    else p = fractionAt(cornerY, 2, 1, q, y);
    const upperX = cornerX[0] + p * (cornerX[1] - cornerX[0]);
    const lowerX = cornerX[2] + p * (cornerX[3] - cornerX[2]);
    push(path, upperX + q * (lowerX - upperX), left + p * (right - left), upper + q * (lower - upper));
  }
}

/** Where the line at fraction `at` along one axis (corners `along` apart) meets y, as a fraction of the other. */
function fractionAt(cornerY: Float64Array, along: number, other: number, at: number, y: number): number {
  const from = cornerY[0] + at * (cornerY[along] - cornerY[0]);
  const to = cornerY[other] + at * (cornerY[3] - cornerY[other]);
  return (y - from) / (to - from);
}
