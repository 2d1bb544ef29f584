import type { Edit } from '../../../core/edits/edit.ts';
import { rectanglePolygon } from '../../../core/edits/tile-mask.ts';
import { applyAffine, invertAffine } from '../../../core/geometry/affine2.ts';
import type { Affine2, Point } from '../../../core/geometry/affine2.ts';
import type { TileId } from '../../../core/tiles/tile.ts';
import type { PaintedTool } from './painted-tool.ts';

interface MaskToolDeps {
  readonly tile: TileId;
  readonly mosaicFromTile: Affine2;
  readonly shape: 'rectangle' | 'polygon';
  readonly onChange: () => void;
  readonly onDone: (edit: Edit | null) => void;
}

/** A rectangle smaller than this either way was a slip, tile px. */
const leastSidePx = 2;

/** Draws a mask on a tile: drag a rectangle, or click the corners of a polygon and press Enter. */
export function maskTool({ tile, mosaicFromTile, shape, onChange, onDone }: MaskToolDeps): PaintedTool {
  const tileFromMosaic = invertAffine(mosaicFromTile);
  const inTile = (at: Point) => applyAffine(tileFromMosaic, at.x, at.y);
  let corners: Point[] = [];
  let hover: Point | null = null;
  const outline = (): readonly Point[] => {
    if (shape === 'rectangle') return corners.length === 1 && hover ? rectanglePolygon(corners[0], hover) : [];
    return hover ? [...corners, hover] : corners;
  };
  const finish = (polygon: readonly Point[]) => onDone({ kind: 'mask-tile', tile, polygon, use: 'both' });

  return {
    grab(at, event) {
      if (event.button !== 0) return false;
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
      if (event.key === 'Escape') onDone(null);
      else if (event.key === 'Enter' && corners.length >= 3) finish(corners);
      else if (event.key === 'Backspace' && corners.length > 0) corners = corners.slice(0, -1);
      else return false;
      onChange();
      return true;
    },
    paintWith(context, { transform: t, ratio }) {
      const points = outline().map((p) => applyAffine(mosaicFromTile, p.x, p.y));
      if (points.length === 0) return;
      context.save();
      context.beginPath();
      for (const { x, y } of points) context.lineTo(x * t.scale + t.x, y * t.scale + t.y);
      context.closePath();
      context.strokeStyle = getComputedStyle(context.canvas).getPropertyValue('--warn').trim() || 'white';
      context.lineWidth = 2 * ratio;
      context.stroke();
      context.globalAlpha = 0.25;
      context.fillStyle = context.strokeStyle;
      context.fill();
      context.restore();
    },
  };
}
