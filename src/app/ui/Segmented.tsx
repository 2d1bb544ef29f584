import { Item, Root } from '@radix-ui/react-radio-group';
import { Hint } from './Tip.tsx';

interface SegmentedProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly title?: string }[];
  readonly onChange: (value: T) => void;
}

/** A row of exclusive choices: one stop of Tab, arrows choose. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  const choose = (next: string) => {
    const chosen = options.find((option) => option.value === next);
    if (chosen && chosen.value !== value) onChange(chosen.value);
  };
  return (
    <Root className="segmented" orientation="horizontal" aria-label={label} value={value} onValueChange={choose}>
      {options.map((option) => (
        <Hint key={option.value} text={option.title} side="bottom">
          <Item
            value={option.value}
            // radix-ui chooses only if the arrow is still held when the focus has moved: a quick tap would be lost.
            onFocus={() => choose(option.value)}
          >
            {option.label}
          </Item>
        </Hint>
      ))}
    </Root>
  );
}
