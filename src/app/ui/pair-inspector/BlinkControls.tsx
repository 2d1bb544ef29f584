import { Pause, Play } from 'lucide-react';
import { Slider } from '../Slider.tsx';
import { Tip } from '../Tip.tsx';

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
      <Tip text="Motion is reduced: flip by hand" keys="B">
        <button type="button" className="pair-button" onClick={props.onFlip}>
          Flip
        </button>
      </Tip>
    );
  return (
    <>
      <Tip text={props.isRunning ? 'Stop; then B flips by hand' : 'Blink'} {...(props.isRunning && { keys: 'B' })}>
        <button
          type="button"
          className="pair-icon"
          aria-label={props.isRunning ? 'Stop blinking' : 'Blink'}
          onClick={() => props.onRun(!props.isRunning)}
        >
          {props.isRunning ? <Pause className="small" /> : <Play className="small" />}
        </button>
      </Tip>
      <div className="pair-slider">
        <output>{props.hertz.toFixed(1)} Hz</output>
        <Slider
          {...{ min: BLINK_HZ.min, max: BLINK_HZ.max, step: 0.5 }}
          value={props.hertz}
          label="Blinks a second"
          text={`${props.hertz.toFixed(1)} a second`}
          onChange={props.onHertz}
        />
      </div>
    </>
  );
}
