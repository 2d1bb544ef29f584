/** What the solution leaves between matched points, as arrows over the mosaic. */
import { placeInMosaic } from '../../core/geometry/displacement-mesh.ts';
import type { Size } from '../../core/geometry/rect.ts';
import type { PairResult } from '../../core/matching/link.ts';
import type { RefinedOverlap } from '../../core/refine/refined-overlap.ts';
import { pairKey, type TileId } from '../../core/tiles/tile.ts';
import type { ViewerPlacement } from './link-graph.ts';
import { QUALITY_STEPS, qualityStep, residualQuality } from './link-state.ts';
import type { OverlayColours } from './overlay-colours.ts';
import type { OverlayView } from './tile-overlay.ts';

/** [4N] x, y, dx, dy in mosaic px: from the place in a to that of the same point in b. */
export type ResidualArrows = Float64Array;

/** Means over so many cells along the longer side of an overlap: single matches are noise. */
const CELLS_ALONG = 10;
/** Heads are drawn on arrows at least so long, CSS px. */
const HEAD_MIN_PX = 5;

/** Points of one pair: [2N] x, y in a and in b, full-resolution px of the tiles. */
interface PointPairs {
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
}

/** The mean residual in every cell of every link: of its refined patches where there are any, else of its inliers. */
export function residualArrows(
  placements: readonly ViewerPlacement[],
  results: readonly PairResult[],
  refined: readonly RefinedOverlap[] = [],
): ResidualArrows {
  const placementOf = new Map<TileId, ViewerPlacement>(placements.map((placement) => [placement.tile, placement]));
  const refinedOf = new Map(refined.map((overlap) => [pairKey(overlap.pair), overlap]));
  const arrows: number[] = [];
  for (const result of results) {
    const a = placementOf.get(result.pair.a);
    const b = placementOf.get(result.pair.b);
    const points = refinedOf.get(pairKey(result.pair)) ?? inliersOf(result);
    if (a !== undefined && b !== undefined && points !== null) addArrows(arrows, points, a, b);
  }
  return Float64Array.from(arrows);
}

function inliersOf(result: PairResult): PointPairs | null {
  if (result.kind !== 'link') return null;
  const a: number[] = [];
  const b: number[] = [];
  result.inlierMask.forEach((isInlier, i) => {
    if (isInlier !== 1) return;
    a.push(result.correspondences.a[2 * i], result.correspondences.a[2 * i + 1]);
    b.push(result.correspondences.b[2 * i], result.correspondences.b[2 * i + 1]);
  });
  return { a, b };
}

function addArrows(arrows: number[], points: PointPairs, a: ViewerPlacement, b: ViewerPlacement): void {
  const count = points.a.length / 2;
  if (count === 0) return;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    left = Math.min(left, points.a[2 * i]);
    right = Math.max(right, points.a[2 * i]);
    top = Math.min(top, points.a[2 * i + 1]);
    bottom = Math.max(bottom, points.a[2 * i + 1]);
  }
  const side = Math.max(1, (Math.max(right - left, bottom - top) + 1) / CELLS_ALONG);
  const sums = new Map<number, [number, number, number, number, number]>();
  for (let i = 0; i < count; i++) {
    const column = Math.floor((points.a[2 * i] - left) / side);
    const cell = Math.floor((points.a[2 * i + 1] - top) / side) * (CELLS_ALONG + 1) + column;
    const p = placeInMosaic(a, points.a[2 * i], points.a[2 * i + 1]);
    const q = placeInMosaic(b, points.b[2 * i], points.b[2 * i + 1]);
    const sum = sums.get(cell) ?? [0, 0, 0, 0, 0];
    sums.set(cell, [sum[0] + p.x, sum[1] + p.y, sum[2] + q.x - p.x, sum[3] + q.y - p.y, sum[4] + 1]);
  }
  for (const [x, y, dx, dy, n] of sums.values()) arrows.push(x / n, y / n, dx / n, dy / n);
}

/** Draws the arrows `times` as long as they are, coloured by their true length. */
export function paintArrows(
  context: CanvasRenderingContext2D,
  arrows: ResidualArrows,
  times: number,
  { transform: t, size, ratio }: OverlayView,
  colours: OverlayColours,
): void {
  context.lineCap = 'round';
  for (let group = QUALITY_STEPS - 1; group >= 0; group--) {
    context.beginPath();
    for (let k = 0; k < arrows.length; k += 4) {
      if (qualityStep(residualQuality(Math.hypot(arrows[k + 2], arrows[k + 3]))) !== group) continue;
      traceArrow(context, arrows, k, times, t.scale, t.x, t.y, size, ratio);
    }
    context.strokeStyle = colours.background;
    context.globalAlpha = 0.6;
    context.lineWidth = 3.5 * ratio;
    context.stroke();
    context.strokeStyle = colours.quality[group];
    context.globalAlpha = 1;
    context.lineWidth = 1.75 * ratio;
    context.stroke();
  }
  context.lineCap = 'butt';
}

function traceArrow(
  context: CanvasRenderingContext2D,
  arrows: ResidualArrows,
  k: number,
  times: number,
  scale: number,
  originX: number,
  originY: number,
  size: Size,
  ratio: number,
): void {
  const x = arrows[k] * scale + originX;
  const y = arrows[k + 1] * scale + originY;
  const dx = arrows[k + 2] * times * scale;
  const dy = arrows[k + 3] * times * scale;
  const length = Math.hypot(dx, dy);
  if (x + length < 0 || y + length < 0 || x - length > size.width || y - length > size.height) return;
  context.moveTo(x, y);
  context.lineTo(x + dx, y + dy);
  if (length < HEAD_MIN_PX * ratio) return;
  const head = Math.min(0.35, (6 * ratio) / length);
  context.moveTo(x + dx - head * (dx - 0.6 * dy), y + dy - head * (dy + 0.6 * dx));
  context.lineTo(x + dx, y + dy);
  context.lineTo(x + dx - head * (dx + 0.6 * dy), y + dy - head * (dy - 0.6 * dx));
}
