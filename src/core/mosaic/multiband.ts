import type { Size } from '../geometry/rect.ts';
import type { Samples } from '../raster/raster.ts';
import { sampleRow, storeIntegers } from './blend.ts';
import { expandPlane, planePyramid } from './band-pyramid.ts';
import type { Plane } from './band-pyramid.ts';
import type { BlendMode } from './mosaic.ts';
import { assignOwners } from './owners.ts';
import { visitIntervals } from './row-intervals.ts';
import type { Block } from './row-intervals.ts';
import { rowWork } from './row-work.ts';
import type { PlacedSource, RowWork } from './row-work.ts';

/** Bands at scale 1: the coarsest structure fades over some 2·2⁵ px on each side of a seam. */
const bandsAtFullScale = 5;
const mostBands = 6;
/** Cells of 2ⁿ px (n bands) round a cell without a second tile in which nothing of another can be seen (< 1e-4). */
const reachCells = 3;
/** Cells round what is blended that the pyramid's borders spoil: 2ⁿ⁺² − 2 px. */
const marginCells = 4;
const nobody = -1;
const mixed = -2;

/** How many bands a composition at a scale has, so that fading is as wide in the mosaic; 0 leaves the seam as it is. */
export function bandCount(scale: number): number {
  return Math.min(mostBands, Math.max(0, Math.round(bandsAtFullScale + Math.log2(scale))));
}

/** How far beyond a region tiles still have a say in its pixels, mosaic px. */
export function blendReachPx(blend: BlendMode, scale: number): number {
  return blend === 'multiband' ? ((marginCells + 1) * 2 ** bandCount(scale)) / scale : 0;
}

/** A block with what its bands need around it, on cells that are fixed in the output. `first…` are absolute indices. */
export function framedBlock(block: Block, bands: number, firstX: number, firstY: number): Block {
  if (bands === 0) return block;
  const cell = 2 ** bands;
  const low = (index: number, first: number) => (Math.floor((first + index) / cell) - marginCells) * cell - first;
  const high = (index: number, first: number) => (Math.ceil((first + index) / cell) + marginCells) * cell - first;
  return {
    i0: low(block.i0, firstX),
    i1: high(block.i1, firstX),
    j0: low(block.j0, firstY),
    j1: high(block.j1, firstY),
  };
}

/** A framed block and the mosaic coordinates of its columns and rows. */
export interface Frame extends Block {
  readonly xs: Float64Array;
  readonly ys: Float64Array;
}

/**
 * Replaces the pixels of a block near its seams, which are composed already, by the blend of their tiles band by band:
 * result = Σₖ expand(Σ Wₖ Bₖ / Σ Wₖ), where Bₖ is band k of a tile's Laplacian pyramid and Wₖ level k of the Gaussian
 * pyramid of where the tile shows. Beyond its border a tile repeats it. Pixels far from any seam stay as they are, to the
 * bit, and every pixel depends on its mosaic point alone: pyramids lie on cells that are fixed in the output.
 * @see Burt and Adelson 1983, section 4
 */
export function blendBands(
  work: RowWork,
  sources: readonly PlacedSource[],
  block: Block,
  frame: Frame,
  bands: number,
): void {
  const width = frame.i1 - frame.i0;
  const height = frame.j1 - frame.j0;
  const scan = { ...rowWork({ ...work, grid: null }, frame.xs, work.channels, work.coverage), seams: work.seams };
  const owners = ownersOf(scan, sources, frame.ys, width, height);
  const cells = mixedCells(owners, width, height, bands);
  const part = partToBlend(cells, block, frame, bands);
  if (part === null) return;
  const labels = cropOwners(owners, width, part);
  const size = { width: part.i1 - part.i0, height: part.j1 - part.j0 };
  const shown = sources.flatMap((source) => shownTile(source, labels, size, bands));
  const tiles = shown.map(({ source, at }) => sampleTile(scan, source, frame.ys, moved(at, part.i0, part.j0)));
  for (let c = 0; c < work.channels.length; c++) {
    const sums = blendSums(size, bands);
    shown.forEach(({ at, weights }, s) => {
      const [{ width: tileWidth, height: tileHeight }] = weights;
      const plane = { data: tiles[s][c], width: tileWidth, height: tileHeight };
      if (work.channels[c] instanceof Float32Array) fillHoles(plane.data);
      addTile(sums, plane, weights, at, bands);
    });
    storeBlended(work, c, collapse(sums, bands), labels, block, frame, part, cells);
  }
}

/** A tile that shows in the part to blend: the square of it that its bands need, and where it shows, level by level. */
interface ShownTile {
  readonly source: PlacedSource;
  /** Pixels of the part, on whole cells. */
  readonly at: Block;
  readonly weights: readonly Plane[];
}

/** Where a tile has weight (2 cells beyond where it shows) its bands must be unspoiled. */
function shownTile(source: PlacedSource, labels: Int16Array, size: Size, bands: number): readonly ShownTile[] {
  let [i0, i1, j0, j1] = [size.width, 0, size.height, 0];
  for (let j = 0; j < size.height; j++)
    for (let i = 0; i < size.width; i++) {
      if (labels[j * size.width + i] !== source.index) continue;
      if (i < i0) i0 = i;
      if (i >= i1) i1 = i + 1;
      if (j < j0) j0 = j;
      j1 = j + 1;
    }
  if (i1 === 0) return [];
  const reach = 2 + marginCells;
  const low = (index: number) => Math.max(0, (index >> bands) - reach) << bands;
  const high = (index: number, last: number) => Math.min(last, (((index - 1) >> bands) + 1 + reach) << bands);
  const at = { i0: low(i0), i1: high(i1, size.width), j0: low(j0), j1: high(j1, size.height) };
  const plane = { width: at.i1 - at.i0, height: at.j1 - at.j0 };
  const own = cropOwners(labels, size.width, at);
  const mask = new Float32Array(own.length);
  for (let i = 0; i < mask.length; i++) mask[i] = own[i] === source.index ? 1 : 0;
  return [{ source, at, weights: planePyramid({ data: mask, ...plane }, bands) }];
}

function moved({ i0, i1, j0, j1 }: Block, i: number, j: number): Block {
  return { i0: i0 + i, i1: i1 + i, j0: j0 + j, j1: j1 + j };
}

/** Index of the source that shows at every pixel of the frame, `nobody` on canvas. */
function ownersOf(
  scan: RowWork,
  sources: readonly PlacedSource[],
  ys: Float64Array,
  width: number,
  height: number,
): Int16Array {
  const owners = new Int16Array(width * height).fill(nobody);
  visitIntervals(sources, scan.xs, ys, { i0: 0, j0: 0, i1: width, j1: height }, (covering, y, j, from, to) => {
    if (covering.length === 1) {
      owners.fill(covering[0].index, j * width + from, j * width + to);
      return;
    }
    assignOwners(scan, covering, y, from, to);
    for (let i = from; i < to; i++) owners[j * width + i] = covering[scan.owners[i]].index;
  });
  return owners;
}

interface Cells {
  /** Cells are 2ⁿ px a side, n bands. */
  readonly bands: number;
  readonly columns: number;
  readonly rows: number;
  /** [columns · rows] 1 where another tile is near enough to be seen. */
  readonly isMixed: Uint8Array;
}

function mixedCells(owners: Int16Array, width: number, height: number, bands: number): Cells {
  const columns = width >> bands;
  const rows = height >> bands;
  const single = new Int16Array(columns * rows).fill(nobody);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      const owner = owners[j * width + i];
      const at = (j >> bands) * columns + (i >> bands);
      if (owner !== single[at] && owner !== nobody) single[at] = single[at] === nobody ? owner : mixed;
    }
  const isMixed = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      if (isNearSeam(single, columns, rows, column, row)) isMixed[row * columns + column] = 1;
  return { bands, columns, rows, isMixed };
}

function isNearSeam(single: Int16Array, columns: number, rows: number, column: number, row: number): boolean {
  let owner = nobody;
  for (let j = Math.max(0, row - reachCells); j <= Math.min(rows - 1, row + reachCells); j++)
    for (let i = Math.max(0, column - reachCells); i <= Math.min(columns - 1, column + reachCells); i++) {
      const here = single[j * columns + i];
      if (here === mixed || (here !== nobody && owner !== nobody && here !== owner)) return true;
      if (here !== nobody) owner = here;
    }
  return false;
}

/** The part of the frame, in its pixels, that the mixed cells of the block need; null where there are none. */
function partToBlend({ columns, rows, isMixed }: Cells, block: Block, frame: Frame, bands: number): Block | null {
  const own = {
    i0: (block.i0 - frame.i0) >> bands,
    i1: (block.i1 - 1 - frame.i0) >> bands,
    j0: (block.j0 - frame.j0) >> bands,
    j1: (block.j1 - 1 - frame.j0) >> bands,
  };
  let [i0, i1, j0, j1] = [columns, -1, rows, -1];
  for (let j = own.j0; j <= own.j1; j++)
    for (let i = own.i0; i <= own.i1; i++) {
      if (isMixed[j * columns + i] === 0) continue;
      [i0, i1, j0, j1] = [Math.min(i0, i), Math.max(i1, i), Math.min(j0, j), Math.max(j1, j)];
    }
  if (i1 < 0) return null;
  const cell = 2 ** bands;
  return {
    i0: (i0 - marginCells) * cell,
    i1: (i1 + 1 + marginCells) * cell,
    j0: (j0 - marginCells) * cell,
    j1: (j1 + 1 + marginCells) * cell,
  };
}

function cropOwners(owners: Int16Array, width: number, { i0, i1, j0, j1 }: Block): Int16Array {
  const part = new Int16Array((i1 - i0) * (j1 - j0));
  for (let j = j0; j < j1; j++) part.set(owners.subarray(j * width + i0, j * width + i1), (j - j0) * (i1 - i0));
  return part;
}

/** Toned samples of a tile all over a part of the frame, one array a channel; beyond its border it is repeated. */
function sampleTile(scan: RowWork, source: PlacedSource, ys: Float64Array, part: Block): readonly Float32Array[] {
  const { i0, i1, j0, j1 } = part;
  const channels = scan.values.map(() => new Float32Array((i1 - i0) * (j1 - j0)));
  for (let j = j0; j < j1; j++) {
    sampleRow(scan, source, ys[j], i0, i1);
    channels.forEach((channel, c) => channel.set(scan.values[c].subarray(i0, i1), (j - j0) * (i1 - i0)));
  }
  return channels;
}

/** Samples that are no numbers count as 0: a band must not spread them. */
function fillHoles(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) if (data[i] !== data[i]) data[i] = 0;
}

/** Σ W·B and Σ W of every band. */
interface BandSum extends Plane {
  readonly weight: Float32Array;
}

function blendSums({ width, height }: Size, bands: number): readonly BandSum[] {
  return Array.from({ length: bands + 1 }, (_, n) => {
    const size = { width: width >> n, height: height >> n };
    const length = size.width * size.height;
    return { data: new Float32Array(length), weight: new Float32Array(length), ...size };
  });
}

function addTile(sums: readonly BandSum[], plane: Plane, weights: readonly Plane[], at: Block, bands: number): void {
  const levels = planePyramid(plane, bands);
  levels.forEach((level, n) => {
    const coarser = n < bands ? expandPlane(levels[n + 1]).data : null;
    addBand(sums[n], level, coarser, weights[n].data, (at.j0 >> n) * sums[n].width + (at.i0 >> n));
  });
}

function addBand(
  sum: BandSum,
  { data, width, height }: Plane,
  coarser: Float32Array | null,
  weights: Float32Array,
  origin: number,
): void {
  for (let j = 0; j < height; j++) {
    const shift = origin + j * (sum.width - width);
    for (let i = j * width; i < (j + 1) * width; i++) {
      const weight = weights[i];
      if (weight === 0) continue;
      sum.data[shift + i] += weight * (coarser === null ? data[i] : data[i] - coarser[i]);
      sum.weight[shift + i] += weight;
    }
  }
}

/** The blended image: from the coarsest band on, each on top of the expanded sum of those before. */
function collapse(sums: readonly BandSum[], bands: number): Float32Array {
  let result: Plane | null = null;
  for (let n = bands; n >= 0; n--) {
    const base: Float32Array | null = result === null ? null : expandPlane(result).data;
    const { data, weight, width, height } = sums[n];
    for (let i = 0; i < data.length; i++)
      data[i] = (base === null ? 0 : base[i]) + (weight[i] > 0 ? data[i] / weight[i] : 0);
    result = { data, width, height };
  }
  return sums[0].data;
}

/** Writes blended samples where a second tile is near; canvas and holes stay what they are. */
function storeBlended(
  work: RowWork,
  channel: number,
  blended: Float32Array,
  labels: Int16Array,
  block: Block,
  frame: Frame,
  part: Block,
  cells: Cells,
): void {
  const out = work.channels[channel];
  const outWidth = work.xs.length;
  const width = part.i1 - part.i0;
  const row = new Float64Array(outWidth);
  const side = 1 << cells.bands;
  const first = frame.i0 + part.i0;
  const last = Math.min(block.i1, frame.i0 + part.i1);
  for (let j = Math.max(block.j0, frame.j0 + part.j0); j < Math.min(block.j1, frame.j0 + part.j1); j++) {
    const at = j * outWidth;
    const from = (j - frame.j0 - part.j0) * width - frame.i0 - part.i0;
    const cellRow = ((j - frame.j0) >> cells.bands) * cells.columns;
    for (let i = first, end = first + side; i < last; i = end, end += side) {
      if (cells.isMixed[cellRow + ((i - frame.i0) >> cells.bands)] === 0) continue;
      for (let k = Math.max(i, block.i0); k < Math.min(end, last); k++) {
        const isShown = labels[from + k] !== nobody && work.coverage[at + k] !== 0;
        row[k] = isShown ? blended[from + k] : out[at + k];
      }
      storeRow(row, out, at, Math.max(i, block.i0), Math.min(end, last));
    }
  }
}

function storeRow(values: Float64Array, out: Samples, at: number, from: number, to: number): void {
  if (out instanceof Float32Array) for (let i = from; i < to; i++) out[at + i] = values[i];
  else if (from < to) storeIntegers(values, out, at, from, to);
}
