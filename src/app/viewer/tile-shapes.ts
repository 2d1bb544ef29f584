import type { Point } from '../../core/geometry/affine2.ts';
import { placeInMosaic } from '../../core/geometry/displacement-mesh.ts';
import type { Size } from '../../core/geometry/rect.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { DrawTransform } from './draw-transform.ts';
import type { ViewerPlacement } from './link-graph.ts';

/** Outlines of placed tiles in typed arrays: four corners, or the border of the mesh where a tile is bent. */
export class TileShapes {
  #placements: readonly ViewerPlacement[] = [];
  /** x, y of the outlines' points, clockwise from the tile's upper left, mosaic px. */
  #points = new Float64Array(0);
  /** [N + 1] where each outline starts, in points. */
  #starts = new Int32Array(1);
  /** [4N] left, top, right, bottom. */
  #boxes = new Float64Array(0);

  get placements(): readonly ViewerPlacement[] {
    return this.#placements;
  }

  /** True when these are other placements than before. */
  set(placements: readonly ViewerPlacement[]): boolean {
    if (placements === this.#placements) return false;
    this.#placements = placements;
    const outlines = placements.map(outlineOf);
    this.#starts = new Int32Array(placements.length + 1);
    outlines.forEach((outline, i) => (this.#starts[i + 1] = this.#starts[i] + outline.length));
    this.#points = new Float64Array(2 * this.#starts[placements.length]);
    this.#boxes = new Float64Array(4 * placements.length);
    outlines.forEach((outline, i) => {
      outline.forEach(({ x, y }, k) => this.#points.set([x, y], 2 * (this.#starts[i] + k)));
      const xs = outline.map(({ x }) => x);
      const ys = outline.map(({ y }) => y);
      this.#boxes.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], 4 * i);
    });
    return true;
  }

  left(i: number): number {
    return this.#boxes[4 * i];
  }

  top(i: number): number {
    return this.#boxes[4 * i + 1];
  }

  right(i: number): number {
    return this.#boxes[4 * i + 2];
  }

  bottom(i: number): number {
    return this.#boxes[4 * i + 3];
  }

  isVisible(i: number, t: DrawTransform, size: Size): boolean {
    const box = 4 * i;
    return (
      this.#boxes[box + 2] * t.scale + t.x >= 0 &&
      this.#boxes[box + 3] * t.scale + t.y >= 0 &&
      this.#boxes[box] * t.scale + t.x <= size.width &&
      this.#boxes[box + 1] * t.scale + t.y <= size.height
    );
  }

  /** Adds the outline of tile i to the path. */
  trace(context: CanvasRenderingContext2D, i: number, t: DrawTransform): void {
    const p = this.#points;
    const end = 2 * this.#starts[i + 1];
    const start = 2 * this.#starts[i];
    context.moveTo(p[start] * t.scale + t.x, p[start + 1] * t.scale + t.y);
    for (let k = start + 2; k < end; k += 2) context.lineTo(p[k] * t.scale + t.x, p[k + 1] * t.scale + t.y);
    context.closePath();
  }

  /** Adds the sides of tile i to the path, each by itself: thousands of closed outlines in one path take seconds. */
  traceSides(context: CanvasRenderingContext2D, i: number, t: DrawTransform): void {
    const p = this.#points;
    const end = 2 * this.#starts[i + 1];
    for (let k = 2 * this.#starts[i], from = end - 2; k < end; from = k, k += 2) {
      context.moveTo(p[from] * t.scale + t.x, p[from + 1] * t.scale + t.y);
      context.lineTo(p[k] * t.scale + t.x, p[k + 1] * t.scale + t.y);
    }
  }

  /** The tile drawn on top at a mosaic point; placements are in drawing order, the first on top. */
  tileAt(x: number, y: number): TileId | null {
    for (let i = 0; i < this.#placements.length; i++) {
      if (x < this.left(i) || y < this.top(i) || x > this.right(i) || y > this.bottom(i)) continue;
      if (this.#holds(i, x, y)) return this.#placements[i].tile;
    }
    return null;
  }

  /** A ray to the right crosses the outline an odd number of times. */
  #holds(i: number, x: number, y: number): boolean {
    const p = this.#points;
    const start = this.#starts[i];
    const end = this.#starts[i + 1];
    let isInside = false;
    for (let k = start, before = end - 1; k < end; before = k++) {
      const yk = p[2 * k + 1];
      const yb = p[2 * before + 1];
      if (yk > y === yb > y) continue;
      if (x < ((p[2 * before] - p[2 * k]) * (y - yk)) / (yb - yk) + p[2 * k]) isInside = !isInside;
    }
    return isInside;
  }
}

/** Outer border of the placed tile in the mosaic; a point at every node of the border of a mesh. */
export function outlineOf(placement: ViewerPlacement): readonly Point[] {
  const { size, mesh } = placement;
  const left = -0.5;
  const top = -0.5;
  const right = size.width - 0.5;
  const bottom = size.height - 0.5;
  const across = mesh === undefined ? 1 : mesh.columns - 1;
  const down = mesh === undefined ? 1 : mesh.rows - 1;
  const border: Point[] = [];
  for (let k = 0; k < across; k++) border.push({ x: left + (k / across) * (right - left), y: top });
  for (let k = 0; k < down; k++) border.push({ x: right, y: top + (k / down) * (bottom - top) });
  for (let k = 0; k < across; k++) border.push({ x: right - (k / across) * (right - left), y: bottom });
  for (let k = 0; k < down; k++) border.push({ x: left, y: bottom - (k / down) * (bottom - top) });
  return border.map(({ x, y }) => placeInMosaic(placement, x, y));
}
