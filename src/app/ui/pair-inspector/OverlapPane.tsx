import { useCallback, useEffect, useMemo, useState } from 'react';
import type { PairView } from '../../../../workers/protocol.ts';
import { updateSlice } from '../../state/store.ts';
import type { CompareMode, ViewState } from '../../state/view.ts';
import type { DrawTransform } from '../../viewer/draw-transform.ts';
import { useApp, useAppState } from '../app-context.ts';
import { BLINK_HZ, BlinkControls } from './BlinkControls.tsx';
import type { Paint } from './pan-zoom.ts';
import { drawBitmap } from './pan-zoom.ts';
import { PanZoomCanvas } from './PanZoomCanvas.tsx';
import { Segmented } from '../Segmented.tsx';
import type { PanZoomLink } from './pan-zoom-link.ts';
import { SwipeHandle } from './SwipeHandle.tsx';
import { useReducedMotion } from './use-reduced-motion.ts';

/** Side of the squares that the tiles take turns in, CSS px. */
const CHECKER_PX = 44;

const modes: readonly { readonly value: CompareMode; readonly label: string; readonly title: string }[] = [
  { value: 'blink', label: 'Blink', title: 'The one tile after the other (1, B)' },
  { value: 'swipe', label: 'Swipe', title: 'One tile on either side of a line (2)' },
  { value: 'checker', label: 'Checker', title: 'The tiles in turn, as squares (3)' },
  { value: 'sides', label: 'Side by side', title: 'Both tiles, zoomed together to the pixel (4)' },
  { value: 'difference', label: 'Difference', title: '|a − b| after tone matching: grey where they differ (5)' },
  { value: 'colours', label: 'Two-colour', title: 'One tile magenta, the other green: grey where they agree (6)' },
];

/** The overlap of the two tiles on top of one another. */
export function OverlapPane({
  view,
  nameA,
  nameB,
  link,
}: {
  readonly view: PairView;
  readonly nameA: string;
  readonly nameB: string;
  /** The other pictures of this overlap. */
  readonly link: PanZoomLink;
}) {
  const isStill = useReducedMotion();
  const { store } = useApp();
  const mode = useAppState(({ view: { compare } }) => compare);
  const { isRunning, flips } = useAppState(({ view: { blink } }) => blink);
  const change = (next: Partial<Pick<ViewState, 'compare' | 'blink'>>) =>
    updateSlice(store, 'view', (before) => ({ ...before, ...next }));
  const [hertz, setHertz] = useState<number>(BLINK_HZ.start);
  const [ticks, setTicks] = useState(0);
  const showsB = (ticks + flips) % 2 === 1;
  const [swipe, setSwipe] = useState(0.5);
  const isBlinking = mode === 'blink' && isRunning && !isStill;
  const content = useMemo(() => ({ width: view.overlapA.width, height: view.overlapA.height }), [view]);
  const isTall = content.height > content.width;

  useEffect(() => {
    if (!isBlinking) return;
    const timer = setInterval(() => setTicks((before) => before + 1), 500 / hertz);
    return () => clearInterval(timer);
  }, [isBlinking, hertz]);

  const paint = useCallback<Paint>(
    (context, t, ratio) => {
      switch (mode) {
        case 'sides':
          drawBitmap(context, t, view.overlapA, 0, 0);
          return;
        case 'checker':
          drawBitmap(context, t, view.overlapA, 0, 0);
          clipChecker(context, CHECKER_PX * ratio);
          context.clearRect(0, 0, context.canvas.width, context.canvas.height);
          drawBitmap(context, t, view.overlapB, 0, 0);
          return;
        case 'blink':
          drawBitmap(context, t, showsB ? view.overlapB : view.overlapA, 0, 0);
          return;
        case 'difference':
          drawBitmap(context, t, view.difference, 0, 0);
          keepCommon(context, t, view);
          return;
        case 'colours':
          drawBitmap(context, t, view.greenMagenta, 0, 0);
          keepCommon(context, t, view);
          return;
        case 'swipe': {
          drawBitmap(context, t, view.overlapA, 0, 0);
          const { width, height } = context.canvas;
          context.beginPath();
          if (isTall) context.rect(0, swipe * height, width, height);
          else context.rect(swipe * width, 0, width, height);
          context.clip();
          context.clearRect(0, 0, width, height);
          drawBitmap(context, t, view.overlapB, 0, 0);
        }
      }
    },
    [mode, showsB, view, swipe, isTall],
  );
  const paintB = useCallback<Paint>((context, t) => drawBitmap(context, t, view.overlapB, 0, 0), [view]);

  return (
    <section className="pair-pane" aria-label="Overlap" data-testid="overlap-pane">
      <header className="pair-pane-head">
        <h3>Overlap</h3>
        <Segmented<CompareMode>
          label="How the overlap is shown"
          value={mode}
          options={modes}
          onChange={(compare) => change({ compare })}
        />
        {mode === 'blink' && (
          <BlinkControls
            isStill={isStill}
            isRunning={isRunning}
            hertz={hertz}
            onRun={(run) => change({ blink: { isRunning: run, flips } })}
            onHertz={setHertz}
            onFlip={() => change({ blink: { isRunning, flips: flips + 1 } })}
          />
        )}
      </header>
      <div className="pair-stages" data-tall={isTall}>
        <div className="pair-stage">
          <PanZoomCanvas
            content={content}
            paint={paint}
            link={link}
            label={`Overlap of ${nameA} and ${nameB}, ${mode === 'sides' ? `${nameA} alone` : mode}`}
          />
          {mode === 'blink' && <p className="pair-which">{showsB ? nameB : nameA}</p>}
          {mode === 'sides' && <p className="pair-which">{nameA}</p>}
          {mode === 'swipe' && <SwipeHandle isTall={isTall} value={swipe} names={[nameA, nameB]} onChange={setSwipe} />}
          {mode === 'colours' && <p className="pair-which">magenta and green; grey where they agree</p>}
        </div>
        {mode === 'sides' && (
          <div className="pair-stage">
            <PanZoomCanvas content={content} paint={paintB} link={link} label={`Overlap, ${nameB} alone`} />
            <p className="pair-which">{nameB}</p>
          </div>
        )}
      </div>
    </section>
  );
}

/** Leaves only what both tiles show: where there is one tile there is nothing to compare. */
function keepCommon(context: CanvasRenderingContext2D, t: DrawTransform, view: PairView): void {
  context.globalCompositeOperation = 'destination-in';
  drawBitmap(context, t, view.overlapA, 0, 0);
  drawBitmap(context, t, view.overlapB, 0, 0);
  context.globalCompositeOperation = 'source-over';
}

/** Every other square of the canvas. */
function clipChecker(context: CanvasRenderingContext2D, side: number): void {
  const { width, height } = context.canvas;
  context.beginPath();
  for (let row = 0; row * side < height; row++)
    for (let column = row % 2; column * side < width; column += 2) context.rect(column * side, row * side, side, side);
  context.clip();
}
