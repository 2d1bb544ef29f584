import { Pause, Play } from 'lucide-react';

/** Full changes a → b → a per second; more than three flashes a second are not shown (WCAG 2.3.1). */
export const BLINK_HZ = { min: 0.5, start: 2, max: 3 } as const;

/** Starts, stops and times the blinking; where motion is reduced, a button that flips by hand. */
export function BlinkControls(props: {
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
