import { useRef, type KeyboardEvent, type PointerEvent } from 'react';

const SWIPE_STEP = 0.02;

interface SwipeHandleProps {
  readonly isTall: boolean;
  /** Fraction of the stage that shows the first tile. */
  readonly value: number;
  readonly names: readonly [string, string];
  readonly onChange: (value: number) => void;
}

/** The border between the two tiles, dragged or moved by arrows. */
export function SwipeHandle({ isTall, value, names, onChange }: SwipeHandleProps) {
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
