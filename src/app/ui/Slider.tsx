import { Range, Root, Thumb, Track } from '@radix-ui/react-slider';
import './slider.css';

interface SliderProps {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** The value as the user reads it, with its unit. */
  readonly text: string;
  /** Id of the element that names it; else `label` does. */
  readonly labelledBy?: string;
  readonly label?: string;
  readonly description?: string | undefined;
  readonly disabled?: boolean;
  readonly onChange: (value: number) => void;
}

/** One value on a track, as large as the letters beside it: dragged, clicked, or moved by arrows, Home and End. */
export function Slider({ value, text, labelledBy, label, description, onChange, ...range }: SliderProps) {
  return (
    <Root className="slider" value={[value]} {...range} onValueChange={([next]) => onChange(next)}>
      <Track className="slider-track">
        <Range className="slider-range" />
      </Track>
      <Thumb
        className="slider-thumb"
        aria-labelledby={labelledBy}
        aria-label={label}
        aria-description={description}
        aria-valuetext={text}
      />
    </Root>
  );
}
