import type { OverlaySwitch } from './overlays.ts';

/** What changes how the mosaic is shown, from outside the viewer. */
export type ViewerCommand =
  | { readonly kind: 'toggle'; readonly overlay: OverlaySwitch }
  | { readonly kind: 'next-heat' }
  | { readonly kind: 'next-tint' }
  | { readonly kind: 'turn'; readonly by: 1 | -1 }
  | { readonly kind: 'pixel' }
  | { readonly kind: 'auto-contrast' }
  | { readonly kind: 'invert' }
  | { readonly kind: 'full-screen' };

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
