import { useLayoutEffect, useRef } from 'react';
import type { Size } from '../../../core/geometry/rect.ts';
import type { Paint } from './pan-zoom.ts';
import { PanZoom } from './pan-zoom.ts';

/** A zoomable picture: `paint` is called whenever it, the size or the view changes. */
export function PanZoomCanvas({
  content,
  paint,
  label,
}: {
  readonly content: Size;
  readonly paint: Paint;
  readonly label: string;
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

  return (
    <canvas
      ref={canvas}
      className="pair-canvas"
      role="img"
      tabIndex={0}
      aria-label={`${label}. Arrows pan, plus and minus zoom, 0 fits.`}
      title="Wheel zooms, drag pans, double click fits"
    />
  );
}
