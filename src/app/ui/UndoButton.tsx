import { Redo2, Undo2 } from 'lucide-react';
import { useApp, useAppState } from './app-context.ts';
import { Tip } from './Tip.tsx';

const ways = {
  undo: { word: 'Undo', keys: 'Ctrl+Z', Icon: Undo2 },
  redo: { word: 'Redo', keys: 'Ctrl+Shift+Z', Icon: Redo2 },
} as const;

interface UndoButtonProps {
  readonly way: keyof typeof ways;
  /** With the name of the step beside the picture; else the tip says it. */
  readonly isNamed?: boolean;
}

/** Takes the last step back or does it again, and says which one that is. */
export function UndoButton({ way, isNamed = false }: UndoButtonProps) {
  const { jobs } = useApp();
  const step = useAppState(({ project }) => (way === 'undo' ? project.past.at(-1) : project.future[0])?.label);
  const { word, keys, Icon } = ways[way];
  const name = step === undefined ? word : `${word} ${step}`;
  return (
    <Tip text={name} keys={keys}>
      <button
        type="button"
        className={isNamed ? 'named-step' : 'icon'}
        data-testid={isNamed ? undefined : way}
        aria-label={isNamed ? undefined : word}
        disabled={step === undefined}
        onClick={jobs[way]}
      >
        <Icon className={isNamed ? 'small' : ''} aria-hidden="true" />
        {isNamed && <span>{name}</span>}
      </button>
    </Tip>
  );
}
