import { describe, expect, it } from 'vitest';
import { addEdit, switchEdit } from '../../core/edits/edit.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import { tileId, type Tile } from '../../core/tiles/tile.ts';
import type { InspectReport } from '../../../workers/protocol.ts';
import { scanOrders } from '../../core/tiles/scan-order.ts';
import { resolveLayout, scanIndices, suggestPattern } from './layout-choice.ts';
import { editProject, emptyProject, redoEdit, tileGroups, undoEdit, withInspection, withTiles } from './project.ts';
import type { ProjectState } from './project.ts';
import { stalenessOf, type StitchRun } from './result.ts';
import { plainTile } from '../../core/testing/plain-tile.ts';

function tile(file: string): Tile {
  return plainTile(file, { width: 100, height: 80 });
}

function inspected(files: readonly string[], multiPage: InspectReport['multiPage'] = []) {
  const inspection: InspectReport = { tiles: files.map(tile), multiPage, positionTables: [], problems: [], notes: [] };
  return withInspection(emptyProject, inspection);
}

const [t11, t12] = ['a_1_1.tif', 'a_1_2.tif'].map((file) => tileId(file));
const exclusion = addEdit([], { kind: 'exclude-link', a: t11, b: t12 });
const grid = inspected(['a_1_1.tif', 'a_1_2.tif', 'a_2_1.tif', 'a_2_2.tif']);
const pattern = { kind: 'pattern', pattern: 'a_{r}_{c}.tif', scan: null } as const;

describe('editProject', () => {
  it('makes the layout follow from the choice, and undo and redo give back the same objects', () => {
    const edited = editProject(grid, 'layout pattern', { layoutChoice: pattern });
    expect(edited.edits.layout).toMatchObject({ kind: 'grid', rows: 2, columns: 2 });
    const excluded = editProject(edited, 'exclude', { corrections: exclusion });
    const undone = undoEdit(excluded);
    expect(undone.edits).toBe(edited.edits);
    expect(redoEdit(undone).edits).toBe(excluded.edits);
    expect(undoEdit(undoEdit(undone)).edits).toBe(grid.edits);
  });

  it('takes one slider movement as one step', () => {
    const moved = [0.1, 0.2, 0.3].reduce(
      (project, x) => editProject(project, 'overlap', { overlap: { x, y: 0.1 } }),
      grid,
    );
    expect(moved.past).toHaveLength(1);
    expect(undoEdit(moved).edits).toBe(grid.edits);
  });

  it('takes two corrections of one name as two steps, and the movement of one as one', () => {
    const mask = { kind: 'mask-tile', tile: grid.tiles[0].id, polygon: [], use: 'both' } as const;
    const list = (count: number) => Array.from({ length: count }, (_, k) => ({ id: `${k}`, isOn: true, edit: mask }));
    const two = [1, 2].reduce((project, n) => editProject(project, 'mask', { corrections: list(n) }), grid);
    expect(two.past).toHaveLength(2);
    expect(undoEdit(two).edits.corrections).toHaveLength(1);
    const change = (project: ProjectState, id: string) =>
      editProject(project, 'use of a mask', {
        corrections: project.edits.corrections.map((entry) => (entry.id === id ? { ...entry } : entry)),
      });
    expect(change(change(two, '0'), '0').past).toHaveLength(3);
    expect(change(change(two, '0'), '1').past).toHaveLength(4);
  });

  it('begins a new step after an undo', () => {
    const once = editProject(grid, 'overlap', { overlap: { x: 0.1, y: 0.1 } });
    const twice = editProject(editProject(once, 'exclude', { corrections: exclusion }), 'overlap', { overlap: null });
    const again = editProject(undoEdit(twice), 'exclude', { corrections: [] });
    expect(again.future).toEqual([]);
    expect(again.past).toHaveLength(3);
  });

  it('keeps the overlap that the user set when the pattern changes', () => {
    const set = editProject(grid, 'both', { layoutChoice: pattern, overlap: { x: 0.2, y: 0.3 } });
    expect(set.edits.layout).toMatchObject({ overlap: { x: 0.2, y: 0.3 } });
  });
});

describe('tiles of a project', () => {
  it('are the chosen page of files with several, or all pages', () => {
    const stack = inspected(['s.tif', 't.tif'], [{ file: 's.tif', pages: 3 }]);
    const third = withTiles({ ...stack, pages: { kind: 'page', page: 2 } });
    expect(third.tiles.map(({ id }) => id)).toEqual(['s.tif#2', 't.tif']);
    const all = withTiles({ ...stack, pages: { kind: 'all' } });
    expect(all.tiles.map(({ id }) => id)).toEqual(['s.tif', 's.tif#1', 's.tif#2', 't.tif']);
  });

  it('fall into groups when two grids were dropped together', () => {
    const mixed = inspected(['g/1_1.png', 'g/1_2.png', 'g/2_1.png', 'h/1_1.tif', 'h/1_2.tif', 'notes.tif']);
    expect(tileGroups(mixed.tiles)).toEqual([
      { key: expect.any(String) as string, count: 3, example: 'g/1_1.png' },
      { key: expect.any(String) as string, count: 2, example: 'h/1_1.tif' },
    ]);
    const [, second] = tileGroups(mixed.tiles);
    expect(withTiles({ ...mixed, group: second.key }).tiles).toHaveLength(2);
  });

  it('form one group when rows are letters', () => {
    expect(tileGroups(['A1.tif', 'A2.tif', 'B1.tif', 'B2.tif'].map(tile))).toHaveLength(1);
  });
});

describe('resolveLayout', () => {
  const evidence = (files: readonly string[]) => ({ tiles: files.map(tile), ranking: null, positionTables: [] });

  it('names two tiles in one cell and keeps the rest of the grid', () => {
    const files = ['a_1_1.tif', 'a_1_2.tif', 'a_01_2.tif'];
    const { layout, problems } = resolveLayout(pattern, null, evidence(files));
    expect(layout).toMatchObject({ rows: 1, columns: 2 });
    expect(problems).toMatchObject([{ code: 'cell-taken', file: 'a_01_2.tif' }]);
  });

  it('says what is wrong with a pattern instead of throwing', () => {
    const { layout, problems } = resolveLayout({ ...pattern, pattern: 'a_{r}' }, null, evidence(['a_1.tif']));
    expect(layout).toBeNull();
    expect(problems).toMatchObject([{ code: 'bad-options' }]);
  });

  it('places numbered tiles along a snake, gaps included', () => {
    const order = scanOrders.find(({ path, axis }) => path === 'snake' && axis === 'row') ?? scanOrders[0];
    const choice = { kind: 'scan', scan: { rows: 2, columns: 3, order } } as const;
    const { layout } = resolveLayout(choice, null, evidence(['i_1.tif', 'i_2.tif', 'i_4.tif', 'i_6.tif']));
    expect(layout?.kind === 'grid' && [...layout.cells.values()]).toEqual([
      { row: 0, column: 0 },
      { row: 0, column: 1 },
      { row: 1, column: 2 },
      { row: 1, column: 0 },
    ]);
  });

  it('takes positions by path or bare name and names the tiles that have none', () => {
    const table = { path: 'T.txt', format: 'fiji', positions: [{ file: 'x.tif', x: 10, y: 20 }] };
    const resolved = resolveLayout({ kind: 'table', path: 'T.txt' }, null, {
      ...evidence(['sub/x.tif', 'sub/y.tif']),
      positionTables: [table],
    });
    expect(resolved.layout?.kind === 'positions' && [...resolved.layout.poses]).toEqual([
      ['sub/x.tif', { x: 10, y: 20, thetaRad: 0 }],
    ]);
    expect(resolved.problems).toMatchObject([{ file: 'sub/y.tif', code: 'bad-layout-file' }]);
  });
});

describe('scanIndices', () => {
  it('falls back to the order of the list when numbers do not tell', () => {
    expect([...scanIndices(['x7.tif', 'y7.tif'].map(tile)).values()]).toEqual([0, 1]);
  });
});

describe('suggestPattern', () => {
  it('makes placeholders of the numbers that vary', () => {
    expect(suggestPattern(grid.tiles)).toBe('a_{r}_{c}.tif');
    expect(suggestPattern(['s7_001.tif', 's7_002.tif'].map(tile))).toBe('s7_{i}.tif');
    expect(suggestPattern(['g0_t3_s0.tif', 'g0_t4_s0.tif'].map(tile))).toBe('g0_t{i}_s0.tif');
  });
});

describe('stalenessOf', () => {
  const project = editProject(grid, 'layout', { layoutChoice: pattern });
  const { layout, options, corrections } = project.edits;
  if (!layout) throw new Error('the pattern fits');
  const run = { tiles: project.tiles, layout, ownModel: null, options, corrections } as unknown as StitchRun;
  const after = (change: Parameters<typeof editProject>[2]) => stalenessOf(run, editProject(project, 'x', change));

  it('asks for the least work that an edit needs', () => {
    const { solve, compose, pair } = defaultStitchOptions;
    expect(stalenessOf(run, project)).toBe('current');
    expect(after({ options: { ...options, compose: { ...compose, blend: 'average' } } })).toBe('compose');
    expect(after({ options: { ...options, solve: { ...solve, model: 'rigid' } } })).toBe('solve');
    expect(after({ corrections: exclusion })).toBe('solve');
    expect(after({ options: { ...options, pair: { ...pair, ransacPx: 5 } } })).toBe('match');
    expect(after({ overlap: { x: 0.2, y: 0.2 } })).toBe('match');
  });

  it('matches by itself what a mask or a new pair asks for, and nothing for one that is switched off', () => {
    const polygon = [t11, t12, t11].map((_, k) => ({ x: k, y: k * k }));
    const mask = addEdit([], { kind: 'mask-tile', tile: t11, polygon, use: 'both' });
    expect(after({ corrections: mask })).toBe('rematch');
    expect(after({ corrections: switchEdit(mask, mask[0].id, false) })).toBe('solve');
    const shown = addEdit([], { kind: 'mask-tile', tile: t11, polygon, use: 'compositing' });
    expect(after({ corrections: shown })).toBe('solve');
  });
});
