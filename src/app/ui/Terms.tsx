import { HelpCircle } from 'lucide-react';
import { Popover } from './Popover.tsx';

interface TermsProps {
  /** What the button is called by those who do not see its picture. */
  readonly name: string;
  readonly terms: readonly (readonly [term: string, meaning: string])[];
}

/** A question mark that says what the words beside it mean: by pointer, finger and keys alike. */
export function Terms({ name, terms }: TermsProps) {
  const label = (
    <>
      <HelpCircle className="small" aria-hidden="true" />
      <span className="visually-hidden">{name}</span>
    </>
  );
  return (
    <Popover name={name} label={label} isBare>
      <dl className="terms">
        {terms.map(([term, meaning]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd className="dim">{meaning}</dd>
          </div>
        ))}
      </dl>
    </Popover>
  );
}
