import { describe, expect, it } from 'vitest';
import { createAppStore, type AppState } from '../../state/store.ts';
import { chordOf } from './chord.ts';
import { commandOf, commands, searchCommands } from './command-table.ts';

const bare = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const empty: AppState = createAppStore().getState();

describe('chordOf', () => {
  it('names letters with Shift, signs by what they are, Command as Ctrl', () => {
    expect(chordOf({ ...bare, key: 'n' })).toBe('N');
    expect(chordOf({ ...bare, key: 'N', shiftKey: true })).toBe('Shift+N');
    expect(chordOf({ ...bare, key: '?', shiftKey: true })).toBe('?');
    expect(chordOf({ ...bare, key: '+', shiftKey: true })).toBe('+');
    expect(chordOf({ ...bare, key: 'z', metaKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z');
    expect(chordOf({ ...bare, key: 'Escape' })).toBe('Esc');
    expect(chordOf({ ...bare, key: 'Tab', shiftKey: true })).toBe('Shift+Tab');
  });
});

describe('the table of commands', () => {
  it('names each once, and chords as they are pressed', () => {
    const ids = commands.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const chord of commands.flatMap(({ keys }) => keys))
      expect(chord).toMatch(/^(Ctrl\+)?(Alt\+)?(Shift\+)?([^a-z]|Esc|Enter)$/);
  });

  it('gives a chord to several only where the state decides: Esc and 1', () => {
    const chords = commands.flatMap(({ keys }) => keys);
    const shared = chords.filter((chord, k) => chords.indexOf(chord) !== k);
    expect(new Set(shared)).toEqual(new Set(['Esc', '1']));
  });

  it('has nothing but files, palette and help to offer before there are tiles', () => {
    expect(commandOf('N', empty)).toBeNull();
    expect(commandOf('Ctrl+Z', empty)).toBeNull();
    expect(commandOf('Ctrl+K', empty)?.id).toBe('palette');
    expect(commandOf('?', empty)?.id).toBe('keys');
  });
});

describe('searchCommands', () => {
  it('finds by words of title, group and keys, in any order', () => {
    expect(searchCommands('worst next', empty).map(({ id }) => id)).toEqual(['next-worst']);
    expect(searchCommands('ctrl+y', empty).map(({ id }) => id)).toEqual(['redo']);
    expect(searchCommands('no such thing', empty)).toEqual([]);
  });

  it('lists what can be done now first', () => {
    const possible = searchCommands('', empty).map((command) => command.isPossible(empty));
    expect(possible).toEqual([...possible].sort((p, q) => Number(q) - Number(p)));
    expect(possible).toHaveLength(commands.length);
  });
});
