import { useEffect, useRef } from 'react';

type Key = readonly [string, string];

const groups: readonly { readonly title: string; readonly keys: readonly Key[] }[] = [
  {
    title: 'Moving over the mosaic',
    keys: [
      ['Wheel', 'zoom at the pointer'],
      ['Drag, Space + drag, arrows, W A S D', 'pan; with Shift four times as far'],
      ['+  −', 'zoom in, out'],
      ['0', 'show everything'],
      ['1', '100 %: one pixel of the mosaic on one of the screen'],
      ['R, Shift+R', 'turn the view by 90°'],
      ['F', 'full screen'],
    ],
  },
  {
    title: 'Seeing',
    keys: [
      ['O  T  L', 'outlines, names, links'],
      ['M  V', 'seams, residual arrows'],
      ['H', 'overlaps: agreement, difference, nothing'],
      ['G', 'colours by column, by row, none'],
      ['I', 'look into a pixel'],
      ['C, Shift+C', 'contrast from what is visible, invert'],
    ],
  },
  {
    title: 'Links',
    keys: [
      ['Click a line or dot', 'inspect the pair'],
      ['N, Shift+N', 'next, previous worst link'],
      ['↑ ↓ Enter in the table', 'choose, inspect'],
      ['X', 'exclude or restore the chosen link'],
      ['B, 1 … 6 in the inspector', 'blink; the ways of comparing'],
      ['Esc', 'back to the table'],
    ],
  },
  {
    title: 'Everywhere',
    keys: [
      ['Ctrl+Z', 'undo'],
      ['Ctrl+Shift+Z, Ctrl+Y', 'redo'],
      ['?', 'this list'],
    ],
  },
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
      <div className="help-groups">
        {groups.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, effect]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd>{effect}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="dim">Everything is computed in this tab; no image leaves this machine.</p>
      <button type="button" onClick={onClose}>
        Close
      </button>
    </dialog>
  );
}
