import { useEffect, useRef } from 'react';

const keys: readonly (readonly [string, string])[] = [
  ['Wheel', 'zoom at the pointer'],
  ['Drag, Space + drag, arrows', 'pan'],
  ['+  −', 'zoom in, out'],
  ['0', 'show everything'],
  ['1', '100 %: one pixel of the mosaic on one of the screen'],
  ['Click a line or dot', 'inspect the pair'],
  ['n, N in the link table', 'next, previous worst link'],
  ['x in the link table', 'exclude or restore the link'],
  ['Ctrl+Z', 'undo'],
  ['Ctrl+Shift+Z, Ctrl+Y', 'redo'],
  ['?', 'this list'],
];

interface HelpDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function HelpDialog({ isOpen, onClose }: HelpDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} className="help" aria-label="Keys" onClose={onClose}>
      <h2>Keys</h2>
      <dl>
        {keys.map(([key, effect]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
      <p className="dim">Everything is computed in this tab; no image leaves this machine.</p>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </dialog>
  );
}
