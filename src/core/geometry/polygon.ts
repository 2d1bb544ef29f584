import type { Point } from './affine2.ts';

/** A closed polygon, tile px; inside is even-odd. */
export type Polygon = readonly Point[];

/** True where a point lies inside a closed polygon (even-odd). */
export function isInside(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++)
    if (polygon[i].y > y !== polygon[j].y > y && x < crossing(polygon[i], polygon[j], y)) inside = !inside;
  return inside;
}

/** Where the row y crosses the borders of the polygon, ascending: inside lies between the first two, the next two, … */
export function rowCrossings(polygon: Polygon, y: number): number[] {
  const xs: number[] = [];
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++)
    if (polygon[i].y > y !== polygon[j].y > y) xs.push(crossing(polygon[i], polygon[j], y));
  return xs.sort((p, q) => p - q);
}

function crossing(p: Point, q: Point, y: number): number {
  return p.x + ((y - p.y) / (q.y - p.y)) * (q.x - p.x);
}

/** The four corners of a rectangle between two points. */
export function rectanglePolygon(p: Point, q: Point): Polygon {
  const [left, right] = [Math.min(p.x, q.x), Math.max(p.x, q.x)];
  const [top, bottom] = [Math.min(p.y, q.y), Math.max(p.y, q.y)];
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
}
