import { useAppState } from './app-context.ts';

/** CSS px of one rem now: for what is laid out by numbers, such as the rows of long lists. */
export function useRem(): number {
  // Asked for again with every choice of another size.
  useAppState(({ view }) => view.textSize);
  return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}
