import { describe, expect, it } from 'vitest';
import type { OverlaySwitch } from '../viewer/overlays.ts';
import type { ViewerCommand } from '../viewer/viewer-commands.ts';
import { initialView, withCommand, type ViewState } from './view.ts';

/** The view after some commands. */
function after(...commands: readonly ViewerCommand[]): ViewState {
  return commands.reduce(withCommand, initialView);
}

const toggle = (overlay: OverlaySwitch): ViewerCommand => ({ kind: 'toggle', overlay });
const [heat, tint, right, left] = [
  { kind: 'next-heat' },
  { kind: 'next-tint' },
  { kind: 'turn', by: 1 },
  { kind: 'turn', by: -1 },
] as const;

describe('commands of the mosaic', () => {
  it('switch overlays on and off', () => {
    expect(after(toggle('outlines'), toggle('names'), toggle('seams'), toggle('residuals')).overlays).toMatchObject({
      outlines: true,
      names: true,
      seams: true,
      residuals: true,
    });
    expect(after(toggle('links')).overlays.links).toBe(false);
    expect(after(toggle('links'), toggle('links'))).toEqual(initialView);
  });

  it('go through the heat maps and tints and round', () => {
    expect(after(heat).overlays.heat).toBe('agreement');
    expect(after(heat, heat, heat).overlays.heat).toBe('none');
    expect(after(tint, tint).overlays.tint).toBe('rows');
  });

  it('turn the picture either way', () => {
    expect(after(right).turns).toBe(1);
    expect(after(left).turns).toBe(3);
    expect(after(right, left).turns).toBe(0);
  });

  it('leave the view alone where more than the view is needed', () => {
    expect(after({ kind: 'auto-contrast' }, { kind: 'full-screen' })).toBe(initialView);
  });
});
