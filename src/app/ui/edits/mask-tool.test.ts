import { describe, expect, it, vi } from 'vitest';
import type { Edit } from '../../../core/edits/edit.ts';
import type { TileId } from '../../../core/tiles/tile.ts';
import { maskTool } from './mask-tool.ts';

function tool(shape: 'rectangle' | 'polygon') {
  const onDone = vi.fn<(edit: Edit | null) => void>();
  const made = maskTool({
    tile: { id: 'a' as TileId, size: { width: 400, height: 200 } },
    mosaicFromTile: { a: 1, b: 0, c: 0, d: 1, e: 30, f: 40 },
    shape,
    onChange: () => undefined,
    onDone,
  });
  const press = (key: string, modifiers: { readonly altKey?: boolean; readonly shiftKey?: boolean } = {}) =>
    made.key?.({ altKey: false, shiftKey: false, ...modifiers, key } as KeyboardEvent);
  return { onDone, press };
}

describe('a mask drawn by keys', () => {
  it('is a rectangle between two corners, the second away from the first', () => {
    const { onDone, press } = tool('rectangle');
    press('ArrowRight'); // from the centre, by a hundredth of the shorter side
    press('Enter');
    press('Enter');
    expect(onDone).not.toHaveBeenCalled();
    press('ArrowRight', { shiftKey: true });
    press('ArrowDown', { altKey: true });
    press('Enter');
    const corners = [
      { x: 202, y: 100 },
      { x: 222, y: 101 },
    ];
    const [[made]] = onDone.mock.calls;
    expect(made).toMatchObject({ kind: 'mask-tile', tile: 'a', use: 'both' });
    expect(made?.kind === 'mask-tile' && made.polygon).toEqual(expect.arrayContaining(corners));
  });

  it('is a polygon of three corners and more, closed by Enter on the last one, and stays within the tile', () => {
    const { onDone, press } = tool('polygon');
    for (const key of ['ArrowUp', 'Enter', 'ArrowLeft', 'Enter', 'Enter']) press(key);
    expect(onDone).not.toHaveBeenCalled();
    for (let steps = 0; steps < 9; steps++) press('ArrowDown', { shiftKey: true });
    press('Enter');
    press('Enter');
    expect(onDone).toHaveBeenCalledWith({
      kind: 'mask-tile',
      tile: 'a',
      use: 'both',
      polygon: [
        { x: 200, y: 98 },
        { x: 198, y: 98 },
        { x: 198, y: 199 },
      ],
    });
  });

  it('is given up by Escape, and takes a corner back by Backspace', () => {
    const { onDone, press } = tool('polygon');
    for (const key of ['ArrowUp', 'Enter', 'Backspace']) expect(press(key)).toBe(true);
    expect(press('Backspace')).toBe(false);
    press('Escape');
    expect(onDone).toHaveBeenCalledWith(null);
  });
});
