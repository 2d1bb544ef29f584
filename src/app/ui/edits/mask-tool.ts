import type { Edit } from '../../../core/edits/edit.ts';
import { rectanglePolygon } from '../../../core/geometry/polygon.ts';
import { applyAffine, invertAffine } from '../../../core/geometry/affine2.ts';
import type { Affine2, Point } from '../../../core/geometry/affine2.ts';
import type { Tile } from '../../../core/tiles/tile.ts';
import type { PaintedTool } from './painted-tool.ts';

interface MaskToolDeps {
  readonly tile: Pick<Tile, 'id' | 'size'>;
  readonly mosaicFromTile: Affine2;
  readonly shape: 'rectangle' | 'polygon';
  readonly onChange: () => void;
  readonly onDone: (edit: Edit | null) => void;
}

/** A rectangle smaller than this either way was a slip, tile px. */
const leastSidePx = 2;

/** An arrow moves the cross by this part of the tile's shorter side; with Shift ten times as far, with Alt by 1 px. */
const crossStep = 1 / 100;
/** Arms of the cross, CSS px. */
const crossArmPx = 9;

const arrows: Readonly<Record<string, readonly [number, number] | undefined>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Draws a mask on a tile: drag a rectangle, or click the corners of a polygon and press Enter. By keyboard, arrows move
 * a cross and Enter sets a corner there; Enter again on the last corner closes the polygon.
 */
export function maskTool({ tile, mosaicFromTile, shape, onChange, onDone }: MaskToolDeps): PaintedTool {
  const tileFromMosaic = invertAffine(mosaicFromTile);
  const inTile = (at: Point) => applyAffine(tileFromMosaic, at.x, at.y);
  let corners: Point[] = [];
  let hover: Point | null = null;
  let cross: Point | null = null;
  const outline = (): readonly Point[] => {
    if (shape === 'rectangle') return corners.length === 1 && hover ? rectanglePolygon(corners[0], hover) : [];
    return hover ? [...corners, hover] : corners;
  };
  const finish = (polygon: readonly Point[]) => onDone({ kind: 'mask-tile', tile: tile.id, polygon, use: 'both' });
  const { width, height } = tile.size;
  const moveCross = ([dx, dy]: readonly [number, number], { altKey, shiftKey }: KeyboardEvent) => {
    const from = cross ?? { x: Math.round(width / 2), y: Math.round(height / 2) };
    const step = altKey ? 1 : Math.max(1, Math.round(Math.min(width, height) * crossStep)) * (shiftKey ? 10 : 1);
    const within = (place: number, side: number) => Math.max(0, Math.min(side - 1, place));
    cross = { x: within(from.x + dx * step, width), y: within(from.y + dy * step, height) };
    hover = cross;
  };
  const setCorner = (at: Point): void => {
    const last = corners.at(-1);
    const isLast = last?.x === at.x && last.y === at.y;
    if (shape === 'polygon' ? isLast && corners.length >= 3 : last !== undefined && !isLast) {
      finish(shape === 'polygon' ? corners : rectanglePolygon(corners[0], at));
      return;
    }
    if (!isLast) corners = [...corners, at];
  };

  return {
    grab(at, event) {
      if (event.button !== 0) return false;
      cross = null;
      hover = inTile(at);
      if (shape === 'rectangle') corners = [hover];
      onChange();
      return true;
    },
    dragTo(at) {
      hover = inTile(at);
      onChange();
    },
    release(at) {
      const end = inTile(at);
      if (shape === 'polygon') corners = [...corners, end];
      else {
        const [begin] = corners;
        corners = [];
        if (Math.abs(end.x - begin.x) >= leastSidePx && Math.abs(end.y - begin.y) >= leastSidePx)
          finish(rectanglePolygon(begin, end));
      }
      hover = null;
      onChange();
    },
    key(event) {
      const arrow = arrows[event.key];
      if (event.key === 'Escape') onDone(null);
      else if (arrow) moveCross(arrow, event);
      else if (event.key === 'Enter' && cross) setCorner(cross);
      else if (event.key === 'Enter' && corners.length >= 3) finish(corners);
      else if (event.key === 'Backspace' && corners.length > 0) corners = corners.slice(0, -1);
      else return false;
      onChange();
      return true;
    },
    paintWith(context, { transform: t, ratio }) {
      const onScreen = (p: Point) => {
        const { x, y } = applyAffine(mosaicFromTile, p.x, p.y);
        return [x * t.scale + t.x, y * t.scale + t.y] as const;
      };
      const points = outline();
      context.save();
      context.strokeStyle = getComputedStyle(context.canvas).getPropertyValue('--warn').trim() || 'white';
      context.lineWidth = 2 * ratio;
      if (cross) paintCross(context, onScreen(cross), crossArmPx * ratio);
      context.beginPath();
      for (const p of points) context.lineTo(...onScreen(p));
      context.closePath();
      context.stroke();
      context.globalAlpha = 0.25;
      context.fillStyle = context.strokeStyle;
      context.fill();
      context.restore();
    },
  };
}

function paintCross(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], arm: number): void {
  context.beginPath();
  context.moveTo(x - arm, y);
  context.lineTo(x + arm, y);
  context.moveTo(x, y - arm);
  context.lineTo(x, y + arm);
  context.stroke();
}
