import { useEffect, useRef } from 'react';
import { commandGroups, type CommandGroup } from './commands/command.ts';
import { commands, gestures } from './commands/command-table.ts';
import { keyText } from './commands/key-caps.ts';

/** All keys, made from the table of commands. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="help keys-dialog" aria-label="Keys" onClose={onClose}>
      <h2>Keys</h2>
      <div className="keys-groups">
        {commandGroups.map((group) => (
          <KeyGroup key={group} group={group} />
        ))}
      </div>
      <p className="dim">
        <kbd>Ctrl+K</kbd> finds commands without keys, too. Everything is computed in this tab; no image leaves this
        machine.
      </p>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

function KeyGroup({ group }: { readonly group: CommandGroup }) {
  const own = commands.filter((command) => command.group === group && command.keys.length > 0);
  const told = gestures.filter((gesture) => gesture.group === group);
  if (own.length + told.length === 0) return null;
  return (
    <section>
      <h3>{group}</h3>
      <dl>
        {told.map(({ keys, effect }) => (
          <div key={keys}>
            <dt>{keys}</dt>
            <dd>{effect}</dd>
          </div>
        ))}
        {own.map(({ id, title, keys }) => (
          <div key={id}>
            <dt>
              {keys.map((chord) => (
                <kbd key={chord}>{keyText(chord)}</kbd>
              ))}
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
