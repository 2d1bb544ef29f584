/** Device px of the upright frame = scale · mosaic + (x, y). */
export interface DrawTransform {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}
