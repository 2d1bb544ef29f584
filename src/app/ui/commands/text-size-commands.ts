import { updateSlice } from '../../state/store.ts';
import { stepTextSize } from '../../state/text-size.ts';
import type { Command } from './command.ts';

function step(id: string, title: string, by: 1 | -1): Command {
  return {
    id,
    title,
    group: 'Seeing',
    keys: [],
    isPossible: ({ view }) => stepTextSize(view.textSize, by) !== view.textSize,
    run: ({ store }) => updateSlice(store, 'view', (view) => ({ ...view, textSize: stepTextSize(view.textSize, by) })),
  };
}

/** For screens whose pixels are small and desktops that do not scale. */
export const textSizeCommands: readonly Command[] = [
  step('text-larger', 'Larger text and controls', 1),
  step('text-smaller', 'Smaller text and controls', -1),
];
