import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { displacementAt } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';

/** How wide the image shows the specimen along a line: 0.05 = 5 % too wide, relative to the middle of the line. */
export interface LineProfile {
  /** Places along x, px of the tile, and the stretch there. */
  readonly x: Float64Array;
  readonly stretch: Float64Array;
}

/** What the microscope does to every image alike, from the mean of the meshes of tiles of one size. */
export interface ScanDistortion {
  readonly line: LineProfile;
  /** Where the lines start, by the larger stretch: at x = 0 or at the right border. */
  readonly start: 'left' | 'right';
  /** Stretch at the start, the distance over which it falls to a tenth, px, and what it adds up to, px. */
  readonly startStretch: number;
  /** Stretch at the other end of the line. */
  readonly endStretch: number;
  readonly settlesPx: number;
  readonly displacementPx: number;
  /** Change of the scale along y from the left border to the right one, and what it makes at a corner, px. */
  readonly trapezoid: number;
  readonly trapezoidPx: number;
}

const samplesAlong = 129;
const samplesAcross = 17;
/** The line start is looked for in this share of the line at either end; the middle half is the reference. */
const endShare = 0.2;
/** The stretch at the very start is the mean over this share. */
const tipShare = 0.02;

/**
 * The distortion that the meshes of all tiles have in common. A mesh moves what the image shows too wide together, hence
 * stretch = −∂D_x/∂x.
 */
export function scanDistortion(meshes: readonly DisplacementMesh[], size: Size): ScanDistortion | null {
  if (meshes.length === 0) return null;
  const { along, corner } = meanDisplacement(meshes, size);
  const step = (size.width - 1) / (samplesAlong - 1);
  const x = Float64Array.from({ length: samplesAlong - 1 }, (_, i) => (i + 0.5) * step);
  const raw = x.map((_, i) => -(along[i + 1] - along[i]) / step);
  const middle = raw.slice(Math.floor(raw.length / 4), Math.ceil((3 * raw.length) / 4)).sort();
  const usual = middle[middle.length >> 1];
  const stretch = raw.map((value) => value - usual);
  const count = Math.round(endShare * stretch.length);
  const tip = Math.max(1, Math.round(tipShare * stretch.length));
  const left = stretch.slice(0, count);
  const right = stretch.slice(stretch.length - count).reverse();
  const size1 = (end: Float64Array) => Math.abs(mean(end.slice(0, tip)));
  const start = size1(left) >= size1(right) ? 'left' : 'right';
  const end = start === 'left' ? left : right;
  const startStretch = mean(end.slice(0, tip));
  const settled = end.findIndex((value) => Math.abs(value) < Math.abs(startStretch) / 10);
  return {
    line: { x, stretch },
    start,
    startStretch,
    endStretch: mean((start === 'left' ? right : left).slice(0, tip)),
    settlesPx: (settled === -1 ? end.length : settled) * step,
    displacementPx: end.reduce((sum, value) => sum + value, 0) * step,
    // D_y = k·(x − c_x)(y − c_y) is k·w·h/4 at a corner and changes the scale along y by k·w over the tile.
    trapezoid: (-4 * corner) / size.height,
    trapezoidPx: Math.abs(corner),
  };
}

/** Mean of D_x over tiles and lines, by place along the line, and the part of D_y that grows as x·y, at a corner. */
function meanDisplacement(meshes: readonly DisplacementMesh[], size: Size) {
  const along = new Float64Array(samplesAlong);
  let [product, squares] = [0, 0];
  for (const mesh of meshes)
    for (let j = 0; j < samplesAcross; j++) {
      const v = (2 * j) / (samplesAcross - 1) - 1;
      for (let i = 0; i < samplesAlong; i++) {
        const u = (2 * i) / (samplesAlong - 1) - 1;
        const d = displacementAt(mesh, size, ((u + 1) / 2) * (size.width - 1), ((v + 1) / 2) * (size.height - 1));
        along[i] += d.x / (meshes.length * samplesAcross);
        product += d.y * u * v;
        squares += u * u * v * v;
      }
    }
  return { along, corner: product / squares };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
