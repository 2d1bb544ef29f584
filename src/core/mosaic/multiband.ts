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
  const scan = { ...rowWork(work, frame.xs, work.channels, work.coverage), seams: work.seams };
  const owners = ownersOf(scan, sources, frame.ys, width, height);
  const cells = mixedCells(owners, width, height, bands);
  const part = partToBlend(cells, block, frame, bands);
  if (part === null) return;
  const labels = cropOwners(owners, width, part);
  const shown = sources.filter((_, s) => labels.includes(s));
  const size = { width: part.i1 - part.i0, height: part.j1 - part.j0 };
  const weights = shown.map(({ index }) =>
    planePyramid({ data: Float32Array.from(labels, (owner) => (owner === index ? 1 : 0)), ...size }, bands),
  );
  const tiles = shown.map((source) => sampleTile(scan, source, frame.ys, part));
  const isBlended = (i: number, j: number) => cells.isMixed[(j >> bands) * cells.columns + (i >> bands)] !== 0;
  for (let c = 0; c < work.channels.length; c++) {
    const planes = tiles.map((channels) => ({ data: channels[c], ...size }));
    fillHoles(planes);
    const blended = collapse(planes, weights, bands);
    storeBlended(work, c, blended, labels, block, frame, part, isBlended);
  }
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
  return { columns, rows, isMixed };
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

/** Samples that are no numbers take those of another tile there, else 0: a band must not spread them. */
function fillHoles(planes: readonly Plane[]): void {
  for (const { data } of planes)
    for (let i = 0; i < data.length; i++)
      if (data[i] !== data[i]) data[i] = planes.find((other) => other.data[i] === other.data[i])?.data[i] ?? 0;
}

function collapse(planes: readonly Plane[], weights: readonly (readonly Plane[])[], bands: number): Float32Array {
  const sums = weights[0].map(({ data }) => new Float32Array(data.length));
  const totals = weights[0].map(({ data }) => new Float32Array(data.length));
  planes.forEach((plane, s) => {
    const levels = planePyramid(plane, bands);
    levels.forEach(({ data }, n) => {
      const coarser = n < bands ? expandPlane(levels[n + 1]).data : null;
      addBand(sums[n], totals[n], data, coarser, weights[s][n].data);
    });
  });
  let result: Plane | null = null;
  for (let n = bands; n >= 0; n--) {
    const base: Float32Array | null = result === null ? null : expandPlane(result).data;
    const { width, height } = weights[0][n];
    const [sum, total] = [sums[n], totals[n]];
    for (let i = 0; i < sum.length; i++)
      sum[i] = (base === null ? 0 : base[i]) + (total[i] > 0 ? sum[i] / total[i] : 0);
    result = { data: sum, width, height };
  }
  return sums[0];
}

function addBand(
  sum: Float32Array,
  total: Float32Array,
  level: Float32Array,
  coarser: Float32Array | null,
  weight: Float32Array,
): void {
  for (let i = 0; i < sum.length; i++) {
    sum[i] += weight[i] * (coarser === null ? level[i] : level[i] - coarser[i]);
    total[i] += weight[i];
  }
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
  isBlended: (i: number, j: number) => boolean,
): void {
  const out = work.channels[channel];
  const outWidth = work.xs.length;
  const width = part.i1 - part.i0;
  const row = new Float64Array(outWidth);
  const isFloat = out instanceof Float32Array;
  const first = Math.max(block.i0, frame.i0 + part.i0);
  const last = Math.min(block.i1, frame.i0 + part.i1);
  for (let j = Math.max(block.j0, frame.j0 + part.j0); j < Math.min(block.j1, frame.j0 + part.j1); j++) {
    const at = j * outWidth;
    const from = (j - frame.j0 - part.j0) * width - frame.i0 - part.i0;
    for (let i = first; i < last; i++) {
      if (labels[from + i] === nobody || work.coverage[at + i] === 0 || !isBlended(i - frame.i0, j - frame.j0))
        continue;
      row[i] = blended[from + i];
      if (isFloat) out[at + i] = row[i];
      else storeIntegers(row, out, at, i, i + 1);
    }
  }
}
