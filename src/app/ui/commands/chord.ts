/** What of a keyboard event makes a chord. */
export type ChordEvent = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/**
 * The name of what is pressed: `N`, `Shift+N`, `Ctrl+Shift+Z`, `?`, `Esc`, `ArrowUp`. Command counts as Ctrl. Shift is
 * named with letters and named keys only: with the others it is in the character already.
 */
export function chordOf({ key, ctrlKey, metaKey, altKey, shiftKey }: ChordEvent): string {
  const isOne = key.length === 1;
  const upper = isOne ? key.toUpperCase() : key;
  const hasShift = shiftKey && (!isOne || upper !== key.toLowerCase());
  const name = key === ' ' ? 'Space' : key === 'Escape' ? 'Esc' : upper;
  return `${ctrlKey || metaKey ? 'Ctrl+' : ''}${altKey ? 'Alt+' : ''}${hasShift ? 'Shift+' : ''}${name}`;
}

/** Whether keys without Ctrl belong to what has the focus: text that is typed, a list that is searched by letters. */
export function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['range', 'checkbox', 'radio', 'button'].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  );
}
