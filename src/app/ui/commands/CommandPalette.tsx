import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { useApp } from '../app-context.ts';
import type { Command, CommandContext } from './command.ts';
import { searchCommands } from './command-table.ts';
import { keyText } from './key-caps.ts';
import './command-palette.css';

interface CommandPaletteProps {
  readonly onClose: () => void;
  readonly show: CommandContext['show'];
}

/** All commands, searched by words, with their keys. */
export function CommandPalette({ onClose, show }: CommandPaletteProps) {
  const { store, jobs, offline, watch, mosaic } = useApp();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [place, setPlace] = useState(0);
  const id = useId();
  const found = searchCommands(text, store.getState());
  const chosen = Math.min(place, found.length - 1);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  useEffect(() => {
    // Nothing is returned: new browsers give a promise here.
    document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, chosen]);

  const run = (command: Command | undefined) => {
    if (!command?.isPossible(store.getState())) return;
    // Closed first: the focus is back where it was, and what the command shows lies on top.
    dialog.current?.close();
    command.run({ store, jobs, offline, watch, mosaic: mosaic.current, show });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (event.key === 'Enter') run(found[chosen]);
    else if (step !== undefined) setPlace(Math.max(0, Math.min(found.length - 1, chosen + step)));
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Commands"
      data-testid="palette"
      onClose={onClose}
      onClick={({ target }) => target === dialog.current && dialog.current.close()}
    >
      <input
        type="text"
        autoComplete="off"
        spellCheck={false}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${chosen}` : undefined}
        aria-label="Search commands"
        placeholder="What do you want to do?"
        value={text}
        onKeyDown={onKeyDown}
        onChange={({ target }) => {
          setText(target.value);
          setPlace(0);
        }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Commands" tabIndex={-1}>
        {found.map((command, k) => (
          <li
            key={command.id}
            id={`${id}-${k}`}
            role="option"
            aria-selected={k === chosen}
            aria-disabled={!command.isPossible(store.getState())}
            onClick={() => run(command)}
            onPointerMove={() => setPlace(k)}
          >
            <span className="dim">{command.group}</span>
            <span>{command.title}</span>
            <span className="palette-keys">
              {command.keys.map((chord) => (
                <kbd key={chord}>{keyText(chord)}</kbd>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="hint dim">No command has these words.</p>}
    </dialog>
  );
}
