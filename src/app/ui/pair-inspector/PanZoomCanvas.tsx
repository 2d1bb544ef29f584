import { useLayoutEffect, useRef } from 'react';
import type { Point } from '../../../core/geometry/affine2.ts';
import type { Size } from '../../../core/geometry/rect.ts';
import type { Paint } from './pan-zoom.ts';
import { PanZoom } from './pan-zoom.ts';
import type { PanZoomLink } from './pan-zoom-link.ts';

/** A zoomable picture: `paint` is called whenever it, the size or the view changes. */
export function PanZoomCanvas({
  content,
  paint,
  label,
  link,
  onPick,
}: {
  readonly content: Size;
  readonly paint: Paint;
  readonly label: string;
  /** Pictures of the same region that move together. */
  readonly link?: PanZoomLink;
  /** A click, or Enter for the middle: a point of the content. */
  readonly onPick?: (at: Point) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const panZoom = useRef<PanZoom | null>(null);

  useLayoutEffect(() => {
    if (canvas.current === null) return;
    const made = new PanZoom(canvas.current);
    panZoom.current = made;
    return () => {
      panZoom.current = null;
      made.dispose();
    };
  }, []);

  useLayoutEffect(() => {
    panZoom.current?.setContent(content, paint);
  }, [content, paint]);

  useLayoutEffect(() => (link ? panZoom.current?.follow(link) : undefined), [link]);

  useLayoutEffect(() => panZoom.current?.setPick(onPick ?? null), [onPick]);

  return (
    <canvas
      ref={canvas}
      className="pair-canvas"
      role="img"
      tabIndex={0}
      aria-label={`${label}. Arrows pan, plus and minus zoom, 0 fits.${onPick ? ' Enter chooses the middle.' : ''}`}
      title="Wheel zooms, drag pans, double click fits"
    />
  );
}
