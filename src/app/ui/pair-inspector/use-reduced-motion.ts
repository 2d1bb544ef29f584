import { useSyncExternalStore } from 'react';

const REDUCED_MOTION = '(prefers-reduced-motion: reduce)';

function subscribeToMotion(onChange: () => void): () => void {
  const query = matchMedia(REDUCED_MOTION);
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

/** Whether the user wants no motion that they did not start. */
export function useReducedMotion(): boolean {
  return useSyncExternalStore(subscribeToMotion, () => matchMedia(REDUCED_MOTION).matches);
}
