import { describe, expect, it } from 'vitest';
import { redrawPauseMs, thumbnailSide } from './thumbnail-size.ts';

describe('thumbnailSide', () => {
  it('is the full 256 px while few tiles share the screen', () => {
    expect([0, 1, 12, 256].map(thumbnailSide)).toEqual([256, 256, 256, 256]);
  });

  it('keeps all thumbnails of a large grid within 64 MB', () => {
    for (const tiles of [257, 1000, 2500, 10_000, 60_000])
      expect(4 * tiles * thumbnailSide(tiles) ** 2).toBeLessThanOrEqual(64 * 2 ** 20);
    expect(thumbnailSide(10_000)).toBe(40);
  });
});

describe('redrawPauseMs', () => {
  it('grows with the grid and stays below two seconds', () => {
    expect([12, 1000, 10_000, 1e6].map(redrawPauseMs)).toEqual([1.2, 100, 1000, 2000]);
  });
});
