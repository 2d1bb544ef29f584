import { describe, expect, it } from 'vitest';
import { defaultStitchOptions } from '../../core/options.ts';
import { plainTile } from '../../core/testing/plain-tile.ts';
import { proposeLayouts } from '../../core/tiles/layout-proposals.ts';
import type { NamedFile, ProjectFile } from '../../../workers/protocol.ts';
import { resolveLayout } from '../state/layout-choice.ts';
import { emptyProject } from '../state/project.ts';
import { renamedFiles } from '../state/renamed-files.ts';
import { filesMissing, layoutAsSaved } from './project-files.ts';

const names = ['s_r1_c1.tif', 's_r1_c2.tif', 's_r2_c1.tif', 's_r2_c2.tif'];
const saved: ProjectFile = {
  kind: 'em-stitch-project',
  version: 1,
  name: 'grid',
  files: names.map((path) => ({ path, size: 1, identity: path })),
  pages: { kind: 'page', page: 0 },
  group: null,
  layoutChoice: { kind: 'hypothesis', index: 0 },
  overlap: null,
  options: defaultStitchOptions,
  corrections: [],
  isStitched: true,
  view: { tab: 'links', selectedPair: null, viewport: null },
};
/** What the files are called now, by what they were called. */
const shuffled = { 's_r1_c1.tif': 'd.tif', 's_r1_c2.tif': 'a.tif', 's_r2_c1.tif': 'c.tif', 's_r2_c2.tif': 'b.tif' };
const named = (path: string): NamedFile => ({ path, file: new File([], path) });
const present = Object.entries(shuffled).sort(([, p], [, q]) => (p < q ? -1 : 1));
const files = present.map(([, path]) => named(path));
const tiles = files.map(({ path }) => plainTile(path, { width: 100, height: 80 }));
const renamed = renamedFiles(
  saved,
  files,
  present.map(([identity]) => identity),
);
const never = new AbortController().signal;
const client = {
  inferLayout: async (asked: typeof tiles) => ({ hypotheses: proposeLayouts(asked), isClose: false }),
};

describe('the layout of a project whose files have other names', () => {
  it.each([
    { kind: 'hypothesis', index: 0 } as const,
    { kind: 'pattern', pattern: 's_r{r}_c{c}.tif', scan: null } as const,
  ])('is what the names of then said ($kind)', async (layoutChoice) => {
    const project = { ...emptyProject, tiles };
    const choice = await layoutAsSaved(project, { ...saved, layoutChoice }, renamed, client, never);
    expect(choice?.kind).toBe('given');
    const { layout, problems } = resolveLayout(choice ?? layoutChoice, null, {
      ...{ tiles, ranking: null, positionTables: [] },
    });
    expect(problems).toEqual([]);
    expect(layout).toMatchObject({ kind: 'grid', rows: 2, columns: 2 });
    const cells = layout?.kind === 'grid' ? [...layout.cells] : [];
    expect(Object.fromEntries(cells)).toEqual({
      ...{ 'd.tif': { row: 0, column: 0 }, 'a.tif': { row: 0, column: 1 } },
      ...{ 'c.tif': { row: 1, column: 0 }, 'b.tif': { row: 1, column: 1 } },
    });
  });

  it('takes the places from a file with positions that has the names of then', async () => {
    const positions = names.map((file, k) => ({ file, x: 90 * (k % 2), y: 70 * Math.floor(k / 2) }));
    const inspection = {
      ...{ tiles, multiPage: [], problems: [], notes: [] },
      positionTables: [{ path: 'p.txt', format: 'csv', positions }],
    };
    const choice = await layoutAsSaved(
      { ...emptyProject, tiles, inspection },
      { ...saved, layoutChoice: { kind: 'table', path: 'p.txt' } },
      renamed,
      client,
      never,
    );
    const places = choice?.kind === 'given' && choice.layout.kind === 'positions' ? choice.layout.places : [];
    expect(places.find(({ tile }) => tile === 'b.tif')).toMatchObject({ x: 90, y: 70 });
  });

  it('is left to the names where they are the same', async () => {
    const same = renamedFiles(saved, names.map(named), names);
    const project = { ...emptyProject, tiles: names.map((name) => plainTile(name, { width: 100, height: 80 })) };
    expect(await layoutAsSaved(project, saved, same, client, never)).toBeNull();
  });
});

describe('files that are not there', () => {
  it('are told from files that have changed, with their names', () => {
    const [first, , , last] = names;
    const found = renamedFiles(saved, [first, names[1], last].map(named), [first, names[1], 'other content']);
    expect(filesMissing(saved, [first, names[1], last].map(named), found).message).toBe(
      '1 of the 4 files of the project "grid" is not among these: s_r2_c1.tif. One file has other content than in the ' +
        'project "grid": s_r2_c2.tif. Look at the corrections of this tile: they may not fit any more. The rest is as it was.',
    );
  });
});
