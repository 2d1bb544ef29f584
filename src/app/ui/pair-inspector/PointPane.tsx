import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { isAbort } from '../../../core/errors.ts';
import type { Affine2, Point } from '../../../core/geometry/affine2.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import type { CorrelationSurface } from '../../../core/mosaic/correlation-surface.ts';
import type { PairView, StitchClient } from '../../../../workers/protocol.ts';
import { readOverlayColours } from '../../viewer/overlay-colours.ts';
import { matchResiduals } from './match-picture.ts';
import type { Paint } from './pan-zoom.ts';
import { drawBitmap } from './pan-zoom.ts';
import type { PanZoomLink } from './pan-zoom-link.ts';
import { PanZoomCanvas } from './PanZoomCanvas.tsx';
import { nearestMatch, surfaceSentence } from './point-sentence.ts';
import { Segmented } from '../Segmented.tsx';

interface PointPaneProps {
  readonly client: Pick<StitchClient, 'correlationSurface'>;
  readonly result: PairResult;
  readonly view: PairView;
  readonly aFromB: Affine2;
  readonly link: PanZoomLink;
  readonly onError: (error: unknown) => void;
}

/** Half the side of the patch that is looked for, px. */
const HALF_PATCH_PX = 24;
const reaches = [
  { value: '8', label: '8 px' },
  { value: '24', label: '24 px' },
  { value: '48', label: '48 px' },
] as const;
type Reach = (typeof reaches)[number]['value'];

/** Why it matched there: the patch round a chosen point of a, correlated with b at every place within reach. */
export function PointPane({ client, result, view, aFromB, link, onError }: PointPaneProps) {
  const [picked, setPicked] = useState<Point | null>(null);
  const [reach, setReach] = useState<Reach>('24');
  const { overlapA, overlapRegion } = view;
  const content = useMemo(() => ({ width: overlapA.width, height: overlapA.height }), [overlapA]);
  const perPx = overlapA.width / overlapRegion.width;
  const at = picked && {
    x: Math.round((picked.x + 0.5) / perPx - 0.5 + overlapRegion.x),
    y: Math.round((picked.y + 0.5) / perPx - 0.5 + overlapRegion.y),
  };
  const surface = useSurface(client, result, aFromB, at, Number(reach), onError);
  const residuals = useMemo(() => matchResiduals(result.correspondences, aFromB), [result, aFromB]);
  const near = at && nearestMatch(result, residuals, at);

  const paint = useCallback<Paint>(
    (context, t, ratio) => {
      drawBitmap(context, t, overlapA, 0, 0);
      if (picked === null) return;
      const half = (HALF_PATCH_PX + 0.5) * perPx * t.scale;
      const { accent, background } = readOverlayColours(context.canvas);
      for (const [colour, width] of [
        [background, 3.5],
        [accent, 1.5],
      ] as const) {
        context.strokeStyle = colour;
        context.lineWidth = width * ratio;
        context.strokeRect(picked.x * t.scale + t.x - half, picked.y * t.scale + t.y - half, 2 * half, 2 * half);
      }
    },
    [overlapA, picked, perPx],
  );
  return (
    <section className="pair-pane" aria-label="One point" data-testid="point-pane">
      <header className="pair-pane-head">
        <h3>Point</h3>
        <span className="pair-fact">Look within</span>
        <Segmented<Reach> label="How far to look" value={reach} options={reaches} onChange={setReach} />
      </header>
      <div className="pair-point" data-tall={content.height > content.width}>
        <div className="pair-stage">
          <PanZoomCanvas content={content} paint={paint} link={link} onPick={setPicked} label="Choose a point" />
        </div>
        <div className="pair-surface">
          {surface && <SurfacePicture surface={surface} />}
          <div role="status" data-testid="point-sentence">
            {at === null ? (
              <p>Click a place in the picture, or press Enter for its middle.</p>
            ) : (
              <>
                <p className="pair-fact">
                  {at.x}, {at.y} px in the first tile
                </p>
                <p>{surface === null ? 'Correlating…' : surfaceSentence(surface)}</p>
                {near && <p>{near}</p>}
              </>
            )}
          </div>
        </div>
      </div>
    </section>
  );
}

function useSurface(
  client: PointPaneProps['client'],
  { pair }: PairResult,
  aFromB: Affine2,
  at: Point | null,
  reachPx: number,
  onError: (error: unknown) => void,
): CorrelationSurface | null {
  const [answer, setAnswer] = useState<{ readonly key: string; readonly surface: CorrelationSurface } | null>(null);
  const x = at?.x;
  const y = at?.y;
  const key = `${pair.a} ${pair.b} ${x},${y} ${reachPx} ${Object.values(aFromB).join()}`;
  useEffect(() => {
    if (x === undefined || y === undefined) return;
    const controller = new AbortController();
    const { signal } = controller;
    const request = { pair, aFromB, x, y, halfPx: HALF_PATCH_PX, reachPx };
    client.correlationSurface(request, signal).then(
      (surface) => !signal.aborted && setAnswer({ key, surface }),
      (error: unknown) => {
        if (!signal.aborted && !isAbort(error)) onError(error);
      },
    );
    return () => controller.abort();
    // The key is made of everything that the request is made of.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, key, onError]);
  return answer?.key === key ? answer.surface : null;
}

/** The surface as a picture, dark where nothing fits, light where everything does. */
function SurfacePicture({ surface }: { readonly surface: CorrelationSurface }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    context.putImageData(surfaceImage(surface), 0, 0);
  }, [surface]);
  const { side, peak } = surface;
  const place = (offset: number) => `${(100 * (offset + side / 2)) / side}%`;
  return (
    <div className="pair-surface-picture">
      <canvas
        ref={canvas}
        width={side}
        height={side}
        role="img"
        aria-label={`Correlation at ${side} × ${side} displacements. ${surfaceSentence(surface)}`}
      />
      <i className="pair-surface-now" style={{ left: place(0), top: place(0) }} title="Where b is drawn" />
      {peak && (
        <i className="pair-surface-peak" style={{ left: place(peak.dx), top: place(peak.dy) }} title="Best fit" />
      )}
    </div>
  );
}

function surfaceImage({ side, values }: CorrelationSurface): ImageData {
  const image = new ImageData(side, side);
  for (let i = 0; i < values.length; i++) {
    const t = Number.isNaN(values[i]) ? 0 : Math.max(0, Math.min(1, values[i]));
    // From the dark of the page over blue to white: lightness grows evenly.
    const red = 255 * Math.max(0, 2 * t - 1);
    const green = 255 * t * (0.5 + 0.5 * t);
    const blue = 255 * Math.min(1, 0.15 + 1.6 * t);
    image.data.set([red, green, blue, 255], 4 * i);
  }
  return image;
}
