import { useSyncExternalStore } from 'react';
import { useAppState } from './app-context.ts';

/** CSS px of one rem now: for what is laid out by numbers, such as the rows of long lists. */
export function useRem(): number {
  // Asked for again with every choice of another size.
  useAppState(({ view }) => view.textSize);
  return parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

/** Width of the window in rem: small when letters are large. */
export function useRemWidth(): number {
  const rem = useRem();
  return useSyncExternalStore(subscribeToSize, () => window.innerWidth) / rem;
}

function subscribeToSize(onChange: () => void): () => void {
  window.addEventListener('resize', onChange);
  return () => window.removeEventListener('resize', onChange);
}
