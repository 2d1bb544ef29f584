import { useEffectEvent, useLayoutEffect } from 'react';
import { useApp } from '../app-context.ts';
import { chordOf, isTyping } from './chord.ts';
import type { CommandContext } from './command.ts';
import { commandOf } from './command-table.ts';

/**
 * One listener for all keys, there before anything is painted and as long as the page: a key is never lost because
 * what it concerns is just being drawn. What has the focus comes first, an open dialog keeps its keys.
 */
export function useCommandKeys(context: Omit<CommandContext, 'mosaic'>): void {
  const { mosaic } = useApp();
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    const { target } = event;
    if (target instanceof Element && target.closest('dialog')) return;
    const chord = chordOf(event);
    if (isTyping(target) && (!chord.startsWith('Ctrl+') || isForText(chord))) return;
    const command = commandOf(chord, context.store.getState());
    if (command === null) return;
    event.preventDefault();
    // A held key steps through links; it does not open dialogs or start runs again and again.
    if (event.repeat && command.group !== 'Links' && command.group !== 'Mosaic') return;
    command.run({ ...context, mosaic: mosaic.current });
  });
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** A field's own undo stays its own. */
function isForText(chord: string): boolean {
  return chord === 'Ctrl+Z' || chord === 'Ctrl+Shift+Z' || chord === 'Ctrl+Y';
}
