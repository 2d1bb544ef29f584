import type { Ref } from 'react';
import { useEffect, useImperativeHandle, useLayoutEffect, useRef } from 'react';
import type { Point } from '../../core/geometry/affine2.ts';
import type { Rect } from '../../core/geometry/rect.ts';
import { MosaicCanvas, type MosaicPictures } from './mosaic-canvas.ts';
import type { MosaicEvents, MosaicScene } from './mosaic-scene.ts';
import type { Edges, Viewport } from './viewport.ts';
import './mosaic-viewer.css';

/** What a toolbar may ask of the viewer. */
export interface MosaicViewerHandle {
  /** The whole mosaic, and again after every change of size, until the user moves. */
  fit(): void;
  /** 100 %: one mosaic pixel on one device pixel. */
  actualPixels(): void;
  zoomBy(factor: number): void;
  /** Puts a mosaic point in the middle. */
  centreOn(point: Point): void;
  /** Shows the whole of a region, mosaic px. */
  reveal(region: Rect): void;
  readonly viewport: Viewport | null;
  /** What of the mosaic plane is on the screen. */
  readonly visible: Edges | null;
  focus(): void;
}

/** The scene, the events, and optionally a viewport: without one the viewer keeps its own, fitted at first. */
export interface MosaicViewerProps extends MosaicScene, MosaicEvents {
  readonly client: MosaicPictures;
  readonly viewport?: Viewport | null;
  readonly label?: string;
  readonly ref?: Ref<MosaicViewerHandle>;
}

/** A zoomable view of the mosaic with outlines, names and the link graph; works on a 2-D canvas, without a GPU. */
export function MosaicViewer(props: MosaicViewerProps) {
  const { client, bounds, generation, display, placements, links, overlays, selection, pixelSizeNm, viewport } = props;
  const { tints, arrows, turns, hasCross, tool } = props;
  const { onSelectLink, onSelectTile, onHover, onViewportChange, onError, ref } = props;
  const root = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const navigator = useRef<HTMLCanvasElement>(null);
  const tooltip = useRef<HTMLDivElement>(null);
  const scaleBar = useRef<HTMLDivElement>(null);
  const scaleLabel = useRef<HTMLSpanElement>(null);
  const zoomLabel = useRef<HTMLSpanElement>(null);
  const canvas = useRef<MosaicCanvas | null>(null);

  useLayoutEffect(() => {
    const elements = {
      root: root.current,
      picture: picture.current,
      overlay: overlay.current,
      navigator: navigator.current,
      tooltip: tooltip.current,
      scaleBar: scaleBar.current,
      scaleLabel: scaleLabel.current,
      zoomLabel: zoomLabel.current,
    };
    if (!isComplete(elements)) return;
    const made = new MosaicCanvas(elements, client);
    canvas.current = made;
    return () => {
      canvas.current = null;
      made.dispose();
    };
  }, [client]);

  useLayoutEffect(() => {
    canvas.current?.setEvents({ onSelectLink, onSelectTile, onHover, onViewportChange, onError });
  }, [client, onSelectLink, onSelectTile, onHover, onViewportChange, onError]);

  useLayoutEffect(() => {
    const scene = { bounds, generation, display, placements, links, overlays, selection, pixelSizeNm };
    const extras = { tints: tints ?? null, arrows: arrows ?? null, turns: turns ?? 0, tool: tool ?? null };
    canvas.current?.setScene({ ...scene, ...extras, hasCross: hasCross === true });
  }, [
    client,
    bounds,
    generation,
    display,
    placements,
    links,
    overlays,
    selection,
    pixelSizeNm,
    tints,
    arrows,
    turns,
    hasCross,
    tool,
  ]);

  useEffect(() => {
    if (viewport) canvas.current?.adoptViewport(viewport);
  }, [client, viewport]);

  useImperativeHandle(
    ref,
    () => ({
      fit: () => canvas.current?.fit(),
      actualPixels: () => canvas.current?.actualPixels(),
      zoomBy: (factor) => canvas.current?.zoomBy(factor),
      centreOn: (point) => canvas.current?.centreOn(point),
      reveal: (region) => canvas.current?.reveal(region),
      get viewport() {
        return canvas.current?.viewport ?? null;
      },
      get visible() {
        return canvas.current?.visible ?? null;
      },
      focus: () => root.current?.focus(),
    }),
    [],
  );

  return (
    <div
      ref={root}
      className="mosaic-viewer"
      data-testid="mosaic-viewer"
      data-settled="false"
      data-chunks="0"
      role="application"
      aria-roledescription="mosaic viewer"
      aria-label={
        props.label ??
        'Mosaic. Arrows pan, plus and minus zoom, 0 fits, 1 shows 100 %, I looks into the pixel, question mark lists the keys.'
      }
      tabIndex={0}
    >
      <canvas ref={picture} className="mosaic-viewer-layer" aria-hidden="true" />
      <canvas ref={overlay} className="mosaic-viewer-layer" aria-hidden="true" />
      <div className="mosaic-viewer-facts" aria-hidden="true">
        <span ref={zoomLabel} className="mosaic-viewer-zoom" />
        <span ref={scaleLabel} hidden />
        <div ref={scaleBar} className="mosaic-viewer-scale" hidden />
      </div>
      <canvas ref={navigator} className="mosaic-viewer-navigator" aria-hidden="true" hidden />
      <div ref={tooltip} className="mosaic-viewer-tooltip" aria-hidden="true" hidden />
    </div>
  );
}

type Complete<T> = { readonly [K in keyof T]: NonNullable<T[K]> };

function isComplete<T extends object>(elements: T): elements is T & Complete<T> {
  return Object.values(elements).every((element) => element !== null);
}
