import { intersectRects, type Rect } from '../../core/geometry/rect.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';

/** The pixels of the mosaic that are on the screen; null when there is none or no viewer. */
export function visibleRegion(viewer: MosaicViewerHandle | null, bounds: Rect): Rect | null {
  const edges = viewer?.visible;
  if (!edges) return null;
  const x = Math.ceil(edges.left);
  const y = Math.ceil(edges.top);
  return intersectRects({ x, y, width: Math.floor(edges.right) - x, height: Math.floor(edges.bottom) - y }, bounds);
}
