import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import type { Link } from '../matching/link.ts';
import { hasTexture } from '../raster/normalise.ts';
import { cropRaster } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import { sampleBilinear, windowOf } from '../raster/sample.ts';
import type { TileGrid, TileId } from '../tiles/tile.ts';

/** Side of a block, and how far its best place is sought, px. */
const blockSide = 64;
const searchPx = 8;
/** A block is believed when its best correlation reaches this. */
const minCorrelation = 0.5;

/** One block of the overlap after the solve. */
export interface FlowBlock {
  /** Normalised cross-correlation at the solved place. */
  readonly correlation: number;
  /** Length of the shift to the best place within 8 px along each axis; null when no place correlates to 0.5. */
  readonly shiftPx: number | null;
}

/**
 * What the pixels of two tiles say of a solved motion: on blocks of 64 px with texture, the normalised
 * cross-correlation at the solved place and the shift to where it is greatest (sub-pixel by a parabola).
 */
export function overlapFlow(a: Raster, b: Raster, aFromB: Affine2): readonly FlowBlock[] {
  const bFromA = invertAffine(aFromB);
  const blocks: FlowBlock[] = [];
  const wide = blockSide + 2 * searchPx;
  for (let y = searchPx; y + blockSide + searchPx <= a.height; y += blockSide)
    for (let x = searchPx; x + blockSide + searchPx <= a.width; x += blockSide) {
      if (!isInside(bFromA, x - searchPx, y - searchPx, wide, b)) continue;
      const block = cropRaster(a, { x, y, width: blockSide, height: blockSide });
      if (!hasTexture(block)) continue;
      const measured = measureBlock(block, sampledFrom(b, bFromA, x - searchPx, y - searchPx, wide), wide);
      if (measured) blocks.push(measured);
    }
  return blocks;
}

function isInside(bFromA: Affine2, x: number, y: number, side: number, { width, height }: Size): boolean {
  return [
    applyAffine(bFromA, x, y),
    applyAffine(bFromA, x + side - 1, y),
    applyAffine(bFromA, x, y + side - 1),
    applyAffine(bFromA, x + side - 1, y + side - 1),
  ].every((p) => p.x >= 0 && p.y >= 0 && p.x <= width - 1 && p.y <= height - 1);
}

/** A square of b in the frame of a. */
function sampledFrom(b: Raster, bFromA: Affine2, x: number, y: number, side: number): Float64Array {
  const out = new Float64Array(side * side);
  const window = windowOf(b);
  const [xs, ys, row] = [new Float64Array(side), new Float64Array(side), new Float64Array(side)];
  for (let j = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      const p = applyAffine(bFromA, x + i, y + j);
      xs[i] = p.x;
      ys[i] = p.y;
    }
    sampleBilinear(window, xs, ys, 0, side, row);
    out.set(row, j * side);
  }
  return out;
}

function measureBlock(block: Raster, surroundings: Float64Array, stride: number): FlowBlock | null {
  const steps = 2 * searchPx + 1;
  const scores = new Float64Array(steps * steps);
  let best = 0;
  for (let k = 0; k < scores.length; k++) {
    scores[k] = correlationAt(block, surroundings, stride, k % steps, Math.floor(k / steps));
    if (Number.isNaN(scores[k])) return null;
    if (scores[k] > scores[best]) best = k;
  }
  const [u, v] = [best % steps, Math.floor(best / steps)];
  const peak = (at: number, step: number, place: number) =>
    place === 0 || place === steps - 1 ? 0 : parabolaPeak(scores[at - step], scores[at], scores[at + step]);
  const dx = u - searchPx + peak(best, 1, u);
  const dy = v - searchPx + peak(best, steps, v);
  return {
    correlation: scores[searchPx * steps + searchPx],
    shiftPx: scores[best] >= minCorrelation ? Math.hypot(dx, dy) : null,
  };
}

function parabolaPeak(left: number, middle: number, right: number): number {
  const bend = left - 2 * middle + right;
  return bend < 0 ? (left - right) / (2 * bend) : 0;
}

/** Normalised cross-correlation of the block with the surroundings from (u, v) on. */
function correlationAt({ data }: Raster, around: Float64Array, stride: number, u: number, v: number): number {
  let [sx, sy, xx, yy, xy] = [0, 0, 0, 0, 0];
  for (let j = 0; j < blockSide; j++) {
    const row = (v + j) * stride + u;
    for (let i = 0; i < blockSide; i++) {
      const p = data[j * blockSide + i];
      const q = around[row + i];
      sx += p;
      sy += q;
      xx += p * p;
      yy += q * q;
      xy += p * q;
    }
  }
  const n = blockSide * blockSide;
  return (xy - (sx * sy) / n) / Math.sqrt((xx - (sx * sx) / n) * (yy - (sy * sy) / n));
}

/**
 * Loop-closure residuals before the solve: for every 2×2 cycle of tiles whose four pairs are linked, how far the
 * centre of the upper left tile comes back from where it started, px.
 */
export function loopClosures(grid: TileGrid, links: readonly Link[], sizeOf: (id: TileId) => Size): readonly number[] {
  const byCell = new Map([...grid.cells].map(([id, { row, column }]) => [`${row},${column}`, id]));
  const motions = new Map(links.map(({ pair, aFromB }) => [`${pair.a}\n${pair.b}`, aFromB]));
  const step = (from: TileId, to: TileId): Affine2 | null => {
    const forward = motions.get(`${from}\n${to}`);
    if (forward) return forward;
    const back = motions.get(`${to}\n${from}`);
    return back ? invertAffine(back) : null;
  };
  const residuals: number[] = [];
  for (const [id, { row, column }] of grid.cells) {
    const [right, across, below] = [`${row},${column + 1}`, `${row + 1},${column + 1}`, `${row + 1},${column}`].map(
      (key) => byCell.get(key),
    );
    if (!right || !across || !below) continue;
    const round = [step(id, right), step(right, across), step(across, below), step(below, id)];
    let loop: Affine2 | null = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };
    for (const motion of round) loop = loop && motion ? composeAffine(loop, motion) : null;
    if (!loop) continue;
    const { width, height } = sizeOf(id);
    const [x, y] = [(width - 1) / 2, (height - 1) / 2];
    const back = applyAffine(loop, x, y);
    residuals.push(Math.hypot(back.x - x, back.y - y));
  }
  return residuals;
}
