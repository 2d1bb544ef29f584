import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../../core/options.ts';
import { type Tile } from '../../core/tiles/tile.ts';
import { isUpToDate, sectionFlags, sectionsIn, withEntry, withStack } from './sections.ts';
import { plainTile } from '../../core/testing/plain-tile.ts';

const tile = (file: string): Tile => plainTile(file, { width: 10, height: 10 });

const files = (sections: readonly number[], nameOf: (s: number, k: number) => string) =>
  sections.flatMap((s) => [0, 1, 2, 3].map((k) => tile(nameOf(s, k))));

const named = (s: number, k: number) => `r${k >> 1}_c${k & 1}_s${s}.tif`;

describe('the sections of a drop', () => {
  it('are listed, the first one open', () => {
    const { entries, current, offered } = sectionsIn(files([7, 8, 9], named));
    expect(entries.map(({ section, state }) => `${section.name} ${section.tiles.length} ${state}`)).toEqual([
      's7 4 waiting',
      's8 4 waiting',
      's9 4 waiting',
    ]);
    expect(current).toBe('s7');
    expect(offered).toBeNull();
  });

  it('are offered where the names leave it open, and are not where there is one grid', () => {
    const open = sectionsIn(files([1, 165], (s, k) => `${s}_${k >> 1}_${k & 1}.tif`));
    expect(open.entries).toEqual([]);
    expect(open.offered?.sections.map(({ name }) => name)).toEqual(['1', '165']);
    expect(open.offered && withStack(open.offered).entries.length).toBe(2);
    expect(sectionsIn(files([7], named))).toMatchObject({ entries: [], offered: null, current: null });
  });

  it('are flagged when their error jumps', () => {
    const quality = { tiles: 4, solved: 4, pairs: 4, links: 4, residualPx: 0.5, worstResidualPx: 1 };
    let state = sectionsIn(files([1, 2, 3, 4], named));
    for (const { section } of state.entries)
      state = withEntry(state, section.name, { state: 'done', record: { quality, places: [] } });
    expect(sectionFlags(state).flat()).toEqual([]);
    state = withEntry(state, 's3', { record: { quality: { ...quality, residualPx: 4 }, places: [] } });
    expect(sectionFlags(state).map((flags) => flags.length)).toEqual([0, 0, 1, 0]);
    state = withEntry(state, 's3', { state: 'running' });
    expect(sectionFlags(state).flat()).toEqual([]);
  });
});

describe('a stitched section', () => {
  it('is made again when it would be matched or solved otherwise, not when it is composed otherwise', () => {
    const options = defaultStitchOptions;
    const [entry] = sectionsIn(files([1, 2], named)).entries;
    const done = { ...entry, state: 'done', options } as const;
    expect(isUpToDate(entry, options)).toBe(false);
    expect(isUpToDate(done, options)).toBe(true);
    expect(isUpToDate(done, { ...options, compose: { ...options.compose, blend: 'seam' } })).toBe(true);
    expect(isUpToDate(done, { ...options, shading: 'estimate' })).toBe(false);
    expect(isUpToDate(done, { ...options, matcher: 'sift' })).toBe(false);
  });
});
