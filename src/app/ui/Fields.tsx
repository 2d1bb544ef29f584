import { useId, type ReactNode } from 'react';
import { Slider } from './Slider.tsx';
import { Hint } from './Tip.tsx';

interface SliderFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value as the user reads it, with its unit. */
  readonly text: string;
  readonly hint?: string;
  readonly disabled?: boolean;
  readonly onChange: (value: number) => void;
}

export function SliderField({ label, text, hint, ...slider }: SliderFieldProps) {
  const id = useId();
  return (
    <Hint text={hint}>
      <div className="field">
        <span id={id}>{label}</span>
        <output>{text}</output>
        <Slider {...slider} text={text} labelledBy={id} description={hint} />
      </div>
    </Hint>
  );
}

interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly hint?: string;
  readonly onChange: (value: T) => void;
}

export function SelectField<T extends string>({ label, value, options, hint, onChange }: SelectFieldProps<T>) {
  const id = useId();
  return (
    <Hint text={hint}>
      <div className="field field-inline">
        <label htmlFor={id}>{label}</label>
        <select
          id={id}
          value={value}
          aria-description={hint}
          onChange={(event) => {
            const chosen = options.find((option) => option.value === event.target.value);
            if (chosen) onChange(chosen.value);
          }}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      </div>
    </Hint>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly checked: boolean;
  readonly hint?: string;
  readonly onChange: (checked: boolean) => void;
}

export function CheckField({ label, checked, hint, onChange }: CheckFieldProps) {
  return (
    <Hint text={hint}>
      <label className="check">
        <input
          type="checkbox"
          checked={checked}
          aria-description={hint}
          onChange={(event) => onChange(event.target.checked)}
        />
        {label}
      </label>
    </Hint>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number | 'any';
  readonly onChange: (value: number) => void;
}

/** Empty and half-typed numbers are not handed on. */
export function NumberField({ label, value, onChange, ...limits }: NumberFieldProps) {
  const id = useId();
  const { min = -Infinity, max = Infinity } = limits;
  return (
    <div className="field field-inline">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="number"
        value={value}
        {...limits}
        onChange={(event) => {
          const typed = event.target.valueAsNumber;
          if (typed >= min && typed <= max) onChange(typed);
        }}
      />
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly summary?: string | undefined;
  readonly open?: boolean;
  readonly testId?: string;
  readonly children: ReactNode;
}

/** A part of a panel that folds. */
export function Section({ title, summary, open, testId, children }: SectionProps) {
  return (
    <details
      className="section"
      open={open}
      data-testid={testId}
      onToggle={({ currentTarget }) => {
        const isByHand = currentTarget.contains(document.activeElement);
        if (currentTarget.open && isByHand) currentTarget.scrollIntoView({ block: 'nearest' });
      }}
    >
      <summary>
        <span className="section-title">{title}</span>
        {summary && <span className="dim section-summary">{summary}</span>}
      </summary>
      <div className="section-body">{children}</div>
    </details>
  );
}
