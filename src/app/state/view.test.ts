import { describe, expect, it } from 'vitest';
import { commandOfKey } from '../viewer/viewer-commands.ts';
import { initialView, withCommand, type ViewState } from './view.ts';

/** The view after some keys over the mosaic. */
function after(...keys: readonly string[]): ViewState {
  return keys.reduce((view, key) => {
    const command = commandOfKey(key);
    return command === null ? view : withCommand(view, command);
  }, initialView);
}

describe('keys over the mosaic', () => {
  it('switch overlays on and off', () => {
    expect(after('o', 't', 'm', 'v').overlays).toMatchObject({
      outlines: true,
      names: true,
      seams: true,
      residuals: true,
    });
    expect(after('l').overlays.links).toBe(false);
    expect(after('l', 'l')).toEqual(initialView);
  });

  it('go through the heat maps and tints and round', () => {
    expect(after('h').overlays.heat).toBe('agreement');
    expect(after('h', 'h', 'h').overlays.heat).toBe('none');
    expect(after('g', 'g').overlays.tint).toBe('rows');
  });

  it('turn the picture either way', () => {
    expect(after('r').turns).toBe(1);
    expect(after('R').turns).toBe(3);
    expect(after('r', 'R').turns).toBe(0);
  });

  it('mean nothing where there is no command', () => {
    expect(after('z', 'Enter')).toBe(initialView);
  });
});
