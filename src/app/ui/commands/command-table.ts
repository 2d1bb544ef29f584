import type { AppState } from '../../state/store.ts';
import { appCommands } from './app-commands.ts';
import type { Command, CommandGroup } from './command.ts';
import { mosaicCommands } from './mosaic-commands.ts';
import { pairCommands } from './pair-commands.ts';
import { textSizeCommands } from './text-size-commands.ts';

/** Everything that can be asked for: the keys, the palette and the list of keys are made from it. */
export const commands: readonly Command[] = [...appCommands, ...pairCommands, ...mosaicCommands, ...textSizeCommands];

/** The command that a chord means now; null when it means none. */
export function commandOf(chord: string, state: AppState): Command | null {
  return commands.find(({ keys, isPossible }) => keys.includes(chord) && isPossible(state)) ?? null;
}

/** Keys that work where the focus is, and movements of the pointer: no commands, only told of. */
export const gestures: readonly { readonly group: CommandGroup; readonly keys: string; readonly effect: string }[] = [
  { group: 'Mosaic', keys: 'Wheel, pinch', effect: 'Zoom at the pointer' },
  { group: 'Mosaic', keys: 'Drag, Space + drag', effect: 'Pan' },
  { group: 'Mosaic', keys: '← ↑ → ↓, W A S D', effect: 'Pan; with Shift four times as far' },
  { group: 'Links', keys: 'Click a line or dot', effect: 'Inspect the pair' },
  { group: 'Links', keys: '↑ ↓ Enter', effect: 'In the table: choose, inspect' },
  { group: 'Corrections', keys: '← ↑ → ↓', effect: 'Move the tile, or a mask’s cross' },
  { group: 'Corrections', keys: '[ ]', effect: 'Turn the tile' },
  { group: 'Corrections', keys: 'Q', effect: 'Difference or blend under the moved tile' },
  { group: 'Corrections', keys: 'Enter', effect: 'Pin the tile; corner of the mask' },
  { group: 'Corrections', keys: 'Alt + arrows', effect: 'Finer; cross of the landmarks' },
];

/**
 * The commands whose title, group or keys hold all words of `text`: those that can be done now first, else in the
 * order of the table.
 */
export function searchCommands(text: string, state: AppState): readonly Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter(({ title, group, keys }) => {
    const said = `${title} ${group} ${keys.join(' ')}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
  return [...found.filter((one) => one.isPossible(state)), ...found.filter((one) => !one.isPossible(state))];
}
