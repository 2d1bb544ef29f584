import { describe, expect, it } from 'vitest';
import { settledFiles } from './settled-files.ts';

const file = (path: string, content: string, lastModified = 1) => ({
  path,
  file: new File([content], path.slice(path.lastIndexOf('/') + 1), { lastModified }),
});
const known = [file('grid/a.tif', 'x')];

describe('settledFiles', () => {
  it('takes a new file once it has stayed the same from one look to the next', () => {
    const first = settledFiles(known, [...known, file('grid/b.tif', 'half', 2)], new Map());
    expect([first.settled, first.unsettled]).toEqual([[], 1]);
    const grown = settledFiles(known, [...known, file('grid/b.tif', 'whole', 3)], first.stamps);
    expect([grown.settled, grown.unsettled]).toEqual([[], 1]);
    const still = settledFiles(known, [...known, file('grid/b.tif', 'whole', 3)], grown.stamps);
    expect(still.settled.map(({ path }) => path)).toEqual(['grid/b.tif']);
    expect(still.unsettled).toBe(0);
  });

  it('waits for a file that is still empty, and leaves known ones alone', () => {
    const found = [...known, file('grid/c.tif', '')];
    const first = settledFiles(known, found, new Map());
    const second = settledFiles(known, found, first.stamps);
    expect([second.settled, second.unsettled]).toEqual([[], 1]);
  });

  it('takes a known file that was written again', () => {
    const found = [file('grid/a.tif', 'again', 9)];
    const first = settledFiles(known, found, new Map());
    expect(settledFiles(known, found, first.stamps).settled).toHaveLength(1);
  });
});
