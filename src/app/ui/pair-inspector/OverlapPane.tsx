import type { KeyboardEvent, PointerEvent } from 'react';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { Pause, Play } from 'lucide-react';
import type { PairView } from '../../../../workers/protocol.ts';
import type { DrawTransform } from '../../viewer/draw-transform.ts';
import type { Paint } from './pan-zoom.ts';
import { drawBitmap } from './pan-zoom.ts';
import { PanZoomCanvas } from './PanZoomCanvas.tsx';
import { Segmented } from './Segmented.tsx';
import { useShortcut } from './use-shortcut.ts';

type Mode = 'blink' | 'swipe' | 'difference' | 'colours';

/** Full changes a → b → a per second; more than three flashes a second are not shown (WCAG 2.3.1). */
const BLINK_HZ = { min: 0.5, start: 2, max: 3 } as const;
const SWIPE_STEP = 0.02;

const modes: readonly { readonly value: Mode; readonly label: string; readonly title: string }[] = [
  { value: 'blink', label: 'Blink', title: 'The one tile after the other (B)' },
  { value: 'swipe', label: 'Swipe', title: 'One tile on either side of a line' },
  { value: 'difference', label: 'Difference', title: '|a − b| after tone matching: grey where they differ' },
  { value: 'colours', label: 'Two-colour', title: 'One tile magenta, the other green: grey where they agree' },
];

/** The overlap of the two tiles on top of one another. */
export function OverlapPane({
  view,
  nameA,
  nameB,
}: {
  readonly view: PairView;
  readonly nameA: string;
  readonly nameB: string;
}) {
  const isStill = useReducedMotion();
  const [mode, setMode] = useState<Mode>('blink');
  const [isRunning, setIsRunning] = useState(true);
  const [hertz, setHertz] = useState<number>(BLINK_HZ.start);
  const [showsB, setShowsB] = useState(false);
  const [swipe, setSwipe] = useState(0.5);
  const isBlinking = mode === 'blink' && isRunning && !isStill;
  const content = useMemo(() => ({ width: view.overlapA.width, height: view.overlapA.height }), [view]);
  const isTall = content.height > content.width;

  useEffect(() => {
    if (!isBlinking) return;
    const timer = setInterval(() => setShowsB((before) => !before), 500 / hertz);
    return () => clearInterval(timer);
  }, [isBlinking, hertz]);

  useShortcut('b', () => {
    if (mode !== 'blink') setMode('blink');
    else if (isStill || !isRunning) setShowsB(!showsB);
    else setIsRunning(false);
  });

  const paint = useCallback<Paint>(
    (context, t) => {
      switch (mode) {
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

  return (
    <section className="pair-pane" aria-label="Overlap" data-testid="overlap-pane">
      <header className="pair-pane-head">
        <h3>Overlap</h3>
        <Segmented<Mode> label="How the overlap is shown" value={mode} options={modes} onChange={setMode} />
        {mode === 'blink' && (
          <BlinkControls
            isStill={isStill}
            isRunning={isRunning}
            hertz={hertz}
            onRun={setIsRunning}
            onHertz={setHertz}
            onFlip={() => setShowsB(!showsB)}
          />
        )}
      </header>
      <div className="pair-stage">
        <PanZoomCanvas content={content} paint={paint} label={`Overlap of ${nameA} and ${nameB}, ${mode}`} />
        {mode === 'blink' && <p className="pair-which">{showsB ? nameB : nameA}</p>}
        {mode === 'swipe' && <SwipeHandle isTall={isTall} value={swipe} names={[nameA, nameB]} onChange={setSwipe} />}
        {mode === 'colours' && <p className="pair-which">magenta and green; grey where they agree</p>}
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

function BlinkControls(props: {
  readonly isStill: boolean;
  readonly isRunning: boolean;
  readonly hertz: number;
  readonly onRun: (isRunning: boolean) => void;
  readonly onHertz: (hertz: number) => void;
  readonly onFlip: () => void;
}) {
  if (props.isStill)
    return (
      <button type="button" className="pair-button" onClick={props.onFlip} title="Motion is reduced: flip by hand (B)">
        Flip
      </button>
    );
  return (
    <>
      <button
        type="button"
        className="pair-icon"
        aria-label={props.isRunning ? 'Stop blinking' : 'Blink'}
        title={props.isRunning ? 'Stop (B), then flip by hand (B)' : 'Blink'}
        onClick={() => props.onRun(!props.isRunning)}
      >
        {props.isRunning ? <Pause size={14} /> : <Play size={14} />}
      </button>
      <label className="pair-slider">
        <output>{props.hertz.toFixed(1)} Hz</output>
        <input
          type="range"
          min={BLINK_HZ.min}
          max={BLINK_HZ.max}
          step={0.5}
          value={props.hertz}
          aria-label="Blinks a second"
          onChange={(event) => props.onHertz(event.target.valueAsNumber)}
        />
      </label>
    </>
  );
}

interface SwipeHandleProps {
  readonly isTall: boolean;
  /** Fraction of the stage that shows the first tile. */
  readonly value: number;
  readonly names: readonly [string, string];
  readonly onChange: (value: number) => void;
}

function SwipeHandle({ isTall, value, names, onChange }: SwipeHandleProps) {
  const handle = useRef<HTMLDivElement>(null);
  const set = (next: number): void => onChange(Math.max(0, Math.min(1, next)));

  const onPointerMove = (event: PointerEvent): void => {
    const stage = handle.current?.parentElement;
    if (!stage || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    set(isTall ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const step = SWIPE_STEP * (event.shiftKey ? 5 : 1);
    const changes: Readonly<Record<string, number | undefined>> = {
      ArrowLeft: value - step,
      ArrowUp: value - step,
      ArrowRight: value + step,
      ArrowDown: value + step,
      Home: 0,
      End: 1,
    };
    const next = changes[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(next);
  };

  const percent = `${(value * 100).toFixed(2)}%`;
  return (
    <div
      ref={handle}
      className="pair-swipe"
      data-tall={isTall}
      role="slider"
      tabIndex={0}
      aria-label="Border between the two tiles"
      aria-orientation={isTall ? 'vertical' : 'horizontal'}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(value * 100)}
      style={isTall ? { top: percent } : { left: percent }}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onPointerMove}
      onKeyDown={onKeyDown}
    >
      <span>{names[0]}</span>
      <i aria-hidden="true" />
      <span>{names[1]}</span>
    </div>
  );
}

const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';

function subscribeToMotion(onChange: () => void): () => void {
  const query = matchMedia(REDUCED_MOTION);
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

function useReducedMotion(): boolean {
  return useSyncExternalStore(subscribeToMotion, () => matchMedia(REDUCED_MOTION).matches);
}
