import type { Affine2 } from '../../../core/geometry/affine2.ts';
import { growRect, intersectRects, uniteRects } from '../../../core/geometry/rect.ts';
import type { Rect } from '../../../core/geometry/rect.ts';
import { boundsOfPlacements } from '../../../core/mosaic/build-mosaic.ts';
import type { Placement } from '../../../core/mosaic/mosaic.ts';
import type { OverlayView } from '../../viewer/tile-overlay.ts';

/** Pixels of a tile are not drawn larger than this in its picture: what lies between is drawn by the canvas. */
const finestScale = 8;

/** A part of the mosaic, whole mosaic px, and how finely it is shown, output px per mosaic px. */
export interface ShownRegion {
  readonly rect: Rect;
  readonly scale: number;
}

/**
 * What of the mosaic on the screen changes with a tile in another place: where it was and where it is; null when neither
 * is seen.
 */
export function movedRegion(placement: Placement, mosaicFromTile: Affine2, view: OverlayView): ShownRegion | null {
  const { scale, x, y } = view.transform;
  const left = Math.floor(-x / scale);
  const top = Math.floor(-y / scale);
  const right = Math.ceil((view.size.width - x) / scale);
  const bottom = Math.ceil((view.size.height - y) / scale);
  const visible = { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
  const touched = uniteRects(boundsOfPlacements([placement]), boundsOfPlacements([{ ...placement, mosaicFromTile }]));
  const rect = intersectRects(growRect(touched, 1), visible);
  return rect && { rect, scale: Math.min(scale, finestScale) };
}

/** A picture of a region, and how many pixels it has. */
interface RegionPicture {
  readonly region: ShownRegion;
  readonly width: number;
  readonly height: number;
}

/**
 * Where the picture of a region lies on the screen, whole device px of the upright frame, so that one output px fills one
 * device px where the scales are the same. Its first pixel's corner is half a mosaic px before the region's first pixel.
 */
export function pictureEdges({ region, width, height }: RegionPicture, { transform }: OverlayView): Rect {
  const { rect, scale } = region;
  const at = (start: number, count: number, shift: number) => {
    const from = Math.round((start - 0.5) * transform.scale + shift);
    return [from, Math.round((start - 0.5 + count / scale) * transform.scale + shift) - from] as const;
  };
  const [x, drawnWidth] = at(rect.x, width, transform.x);
  const [y, drawnHeight] = at(rect.y, height, transform.y);
  return { x, y, width: drawnWidth, height: drawnHeight };
}
