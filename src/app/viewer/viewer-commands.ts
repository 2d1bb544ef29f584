import type { OverlaySwitch } from './overlays.ts';

/** What a key over the mosaic changes outside the viewer: the state of what is shown. */
export type ViewerCommand =
  | { readonly kind: 'toggle'; readonly overlay: OverlaySwitch }
  | { readonly kind: 'next-heat' }
  | { readonly kind: 'next-tint' }
  | { readonly kind: 'turn'; readonly by: 1 | -1 }
  | { readonly kind: 'pixel' }
  | { readonly kind: 'auto-contrast' }
  | { readonly kind: 'invert' }
  | { readonly kind: 'full-screen' };

const commands: Readonly<Record<string, ViewerCommand | undefined>> = {
  o: { kind: 'toggle', overlay: 'outlines' },
  t: { kind: 'toggle', overlay: 'names' },
  l: { kind: 'toggle', overlay: 'links' },
  v: { kind: 'toggle', overlay: 'residuals' },
  m: { kind: 'toggle', overlay: 'seams' },
  h: { kind: 'next-heat' },
  g: { kind: 'next-tint' },
  r: { kind: 'turn', by: 1 },
  R: { kind: 'turn', by: -1 },
  i: { kind: 'pixel' },
  c: { kind: 'auto-contrast' },
  C: { kind: 'invert' },
  f: { kind: 'full-screen' },
};

/** The command of a key, null when it has none. */
export function commandOfKey(key: string): ViewerCommand | null {
  return commands[key] ?? null;
}

/** Directions of the keys that pan, in steps of the picture. */
export const panKeys: Readonly<Record<string, readonly [number, number] | undefined>> = {
  ArrowLeft: [1, 0],
  a: [1, 0],
  ArrowRight: [-1, 0],
  d: [-1, 0],
  ArrowUp: [0, 1],
  w: [0, 1],
  ArrowDown: [0, -1],
  s: [0, -1],
};
