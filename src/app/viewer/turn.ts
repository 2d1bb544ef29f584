/**
 * Quarter turns of the picture. The viewer works on an upright screen (the *frame*) and turns it as a whole: points of
 * the pointer are taken back into the frame, and the canvas draws the frame turned. Units are whatever the size is in.
 */
import type { Point } from '../../core/geometry/affine2.ts';
import type { Size } from '../../core/geometry/rect.ts';

/** Clockwise quarter turns. */
export type QuarterTurns = 0 | 1 | 2 | 3;

/** Turned `by` further quarter turns clockwise. */
export function turnedBy(turns: QuarterTurns, by: number): QuarterTurns {
  return ((((turns + by) % 4) + 4) % 4) as QuarterTurns;
}

/** Size of the upright frame of a screen. */
export function frameSize(screen: Size, turns: QuarterTurns): Size {
  return turns % 2 === 0 ? screen : { width: screen.height, height: screen.width };
}

/** The point of the upright frame that a screen point shows. */
export function frameFromScreen({ x, y }: Point, screen: Size, turns: QuarterTurns): Point {
  switch (turns) {
    case 0:
      return { x, y };
    case 1:
      return { x: y, y: screen.width - x };
    case 2:
      return { x: screen.width - x, y: screen.height - y };
    case 3:
      return { x: screen.height - y, y: x };
  }
}

/** The inverse of `frameFromScreen`. */
export function screenFromFrame({ x, y }: Point, screen: Size, turns: QuarterTurns): Point {
  switch (turns) {
    case 0:
      return { x, y };
    case 1:
      return { x: screen.width - y, y: x };
    case 2:
      return { x: screen.width - x, y: screen.height - y };
    case 3:
      return { x: y, y: screen.height - x };
  }
}

/** A movement on the screen as a movement of the frame. */
export function frameVector(dx: number, dy: number, turns: QuarterTurns): Point {
  const nothing = { width: 0, height: 0 };
  const { x, y } = frameFromScreen({ x: dx, y: dy }, nothing, turns);
  // No −0: it would travel into viewports.
  return { x: x + 0, y: y + 0 };
}

/** Makes a context draw the upright frame turned onto a canvas of `size` device px. */
export function turnContext(context: CanvasRenderingContext2D, size: Size, turns: QuarterTurns): void {
  const origin = screenFromFrame({ x: 0, y: 0 }, size, turns);
  const right = screenFromFrame({ x: 1, y: 0 }, size, turns);
  const down = screenFromFrame({ x: 0, y: 1 }, size, turns);
  context.setTransform(
    right.x - origin.x,
    right.y - origin.y,
    down.x - origin.x,
    down.y - origin.y,
    origin.x,
    origin.y,
  );
}
