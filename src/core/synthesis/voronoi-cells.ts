import type { Size } from '../geometry/rect.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { addLatticeNoise, latticeBits } from './lattice-noise.ts';
import { mixBits } from './random.ts';

/** A tissue of bent polygonal cells. */
export interface CellOptions {
  readonly seed: number;
  /** Mean width of a cell. */
  readonly periodPx: number;
  /** Cells differ in brightness by up to this, faded out towards their borders. */
  readonly shadeSpan: number;
  /** How much darker the membranes are. */
  readonly darkness: number;
  readonly halfWidthPx: number;
}

/** Places of the lattice's points and their bits, one more on each side than the raster needs. */
interface CellPoints {
  readonly columns: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly bits: Int32Array;
}

/** Lattice columns and rows beyond the raster, for bends of up to a period, the neighbours and the last pair of pixels. */
const border = 3;

/**
 * Adds Voronoi cells of jittered lattice points: dark membranes on their borders, a shade inside. The plane is bent by
 * smooth noise first. Distance and shade are found at every second pixel and interpolated; the membrane, which is flat
 * where the distance has its crease, is drawn at every pixel.
 */
export function addCells(field: FloatRaster, options: CellOptions): void {
  const { shadeSpan, darkness, halfWidthPx } = options;
  const { width, height, data } = field;
  const coarse = coarseCells(field, options);
  const columns = coarse.width;
  const distances = new Float32Array(columns);
  const shades = new Float32Array(columns);
  const perHalfWidth = 1 / halfWidthPx;
  for (let y = 0; y < height; y++) {
    const upper = (y >> 1) * columns;
    const lower = upper + (y & 1) * columns;
    for (let i = 0; i < columns; i++) {
      distances[i] = 0.5 * perHalfWidth * (coarse.distance[upper + i] + coarse.distance[lower + i]);
      shades[i] = 0.5 * shadeSpan * (coarse.shade[upper + i] + coarse.shade[lower + i]);
    }
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const left = x >> 1;
      const right = left + (x & 1);
      const distance = 0.5 * (distances[left] + distances[right]);
      const shade = 0.5 * (shades[left] + shades[right]);
      const wall = 1 - 0.25 * distance * distance;
      data[at] += wall > 0 ? shade - (shade + darkness) * wall * wall : shade;
    }
  }
}

/** At every second pixel of a raster, and one beyond: distance to the nearest border in px, shade of the cell ±½. */
interface CoarseCells {
  readonly width: number;
  readonly distance: Float32Array;
  readonly shade: Float32Array;
}

function coarseCells(field: FloatRaster, options: CellOptions): CoarseCells {
  const { seed, periodPx } = options;
  const width = (field.width >> 1) + 2;
  const height = (field.height >> 1) + 2;
  const points = cellPoints(field, options);
  const bentX = bends({ width, height }, seed + 1, periodPx / 2);
  const bentY = bends({ width, height }, seed + 2, periodPx / 2);
  const distance = new Float32Array(width * height);
  const shade = new Float32Array(width * height);
  const perPx = 2 / periodPx;
  const found = new Float64Array(2);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      const px = (x + bentX[at]) * perPx;
      const py = (y + bentY[at]) * perPx;
      nearest(points, (Math.floor(py) + border) * points.columns + Math.floor(px) + border, px, py, found);
      distance[at] = found[0] * periodPx;
      shade[at] = found[1] / 0xffff - 0.5;
    }
  return { width, distance, shade };
}

function bends(size: Size, seed: number, periodPx: number): Float32Array {
  const bend = { ...size, data: new Float32Array(size.width * size.height) };
  addLatticeNoise(bend, seed, 0.8 * periodPx, 0.28 * periodPx);
  addLatticeNoise(bend, seed + 17, 0.3 * periodPx, 0.07 * periodPx);
  return bend.data;
}

function cellPoints({ width, height }: FloatRaster, { seed, periodPx }: CellOptions): CellPoints {
  const columns = Math.ceil(width / periodPx) + 2 * border + 1;
  const rows = Math.ceil(height / periodPx) + 2 * border + 1;
  const x = new Float32Array(columns * rows);
  const y = new Float32Array(columns * rows);
  const bits = new Int32Array(columns * rows);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const at = j * columns + i;
      const drawn = latticeBits(i, j, seed);
      x[at] = i - border + 0.1 + (0.8 * (drawn & 0xffff)) / 0x10000;
      y[at] = j - border + 0.1 + (0.8 * (drawn >>> 16)) / 0x10000;
      bits[at] = mixBits(drawn) & 0xffff;
    }
  return { columns, x, y, bits };
}

/** Distance to the border in lattice units, and the cell's bits: (F₂² − F₁²) / 2|c₂ − c₁| is the exact distance to the bisector of the two nearest points. */
function nearest({ columns, x, y, bits }: CellPoints, centre: number, px: number, py: number, out: Float64Array): void {
  let first = Infinity;
  let firstAt = 0;
  let second = Infinity;
  let secondAt = 0;
  for (let row = centre - columns; row <= centre + columns; row += columns)
    for (let at = row - 1; at <= row + 1; at++) {
      const dx = x[at] - px;
      const dy = y[at] - py;
      const distance = dx * dx + dy * dy;
      if (distance < first) {
        second = first;
        secondAt = firstAt;
        first = distance;
        firstAt = at;
      } else if (distance < second) {
        second = distance;
        secondAt = at;
      }
    }
  const gapX = x[firstAt] - x[secondAt];
  const gapY = y[firstAt] - y[secondAt];
  out[0] = (second - first) / (2 * Math.sqrt(gapX * gapX + gapY * gapY));
  out[1] = bits[firstAt];
}
