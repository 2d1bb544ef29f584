import type { AppState } from '../../state/store.ts';
import type { ViewerCommand } from '../../viewer/viewer-commands.ts';
import type { Command, CommandContext, CommandGroup } from './command.ts';

/** One press of the zoom keys. */
const zoomStep = Math.SQRT2;

const isSeen = ({ result, view }: AppState): boolean =>
  result.run !== null && !(view.isInspectorLarge && view.tab === 'inspector');

function moving(id: string, title: string, keys: readonly string[], run: (context: CommandContext) => void): Command {
  return { id, title, group: 'Mosaic', keys, isPossible: isSeen, run };
}

function seeing(
  id: string,
  title: string,
  key: string,
  command: ViewerCommand,
  group: CommandGroup = 'Seeing',
): Command {
  return { id, title, group, keys: [key], isPossible: isSeen, run: ({ mosaic }) => mosaic?.look(command) };
}

/** How the mosaic is moved and shown. */
export const mosaicCommands: readonly Command[] = [
  moving('fit', 'Show the whole mosaic', ['0'], ({ mosaic }) => mosaic?.fit()),
  moving('actual-pixels', 'Show 100 %: one pixel of the mosaic on one of the screen', ['1'], ({ mosaic }) =>
    mosaic?.actualPixels(),
  ),
  moving('zoom-in', 'Zoom in', ['+', '='], ({ mosaic }) => mosaic?.zoomBy(zoomStep)),
  moving('zoom-out', 'Zoom out', ['-', '_'], ({ mosaic }) => mosaic?.zoomBy(1 / zoomStep)),
  seeing('turn-right', 'Turn the view by 90°', 'R', { kind: 'turn', by: 1 }, 'Mosaic'),
  seeing('turn-left', 'Turn the view back by 90°', 'Shift+R', { kind: 'turn', by: -1 }, 'Mosaic'),
  seeing('full-screen', 'Full screen', 'F', { kind: 'full-screen' }, 'Mosaic'),
  seeing('outlines', 'Outlines of the tiles', 'O', { kind: 'toggle', overlay: 'outlines' }),
  seeing('names', 'Names of the tiles', 'T', { kind: 'toggle', overlay: 'names' }),
  seeing('links', 'Links, coloured by quality', 'L', { kind: 'toggle', overlay: 'links' }),
  seeing('seams', 'Seams', 'M', { kind: 'toggle', overlay: 'seams' }),
  seeing('residuals', 'Residual arrows', 'V', { kind: 'toggle', overlay: 'residuals' }),
  seeing('heat', 'Overlaps: agreement, difference, nothing', 'H', { kind: 'next-heat' }),
  seeing('tint', 'Colours of the tiles: by column, by row, none', 'G', { kind: 'next-tint' }),
  seeing('pixel', 'Look into a pixel', 'I', { kind: 'pixel' }),
  seeing('auto-contrast', 'Contrast from what is visible', 'C', { kind: 'auto-contrast' }),
  seeing('invert', 'Invert the contrast', 'Shift+C', { kind: 'invert' }),
];
