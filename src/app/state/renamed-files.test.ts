import { describe, expect, it } from 'vitest';
import type { Edit } from '../../core/edits/edit.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import { plainTile } from '../../core/testing/plain-tile.ts';
import { tileId, type TileId } from '../../core/tiles/tile.ts';
import type { NamedFile, ProjectFile } from '../../../workers/protocol.ts';
import { groupNow, renamedFiles, withNamesNow, withNamesThen } from './renamed-files.ts';

const named = (path: string): NamedFile => ({ path, file: new File([], path) });

function savedWith(files: Readonly<Record<string, string>>, edits: readonly Edit[] = []): ProjectFile {
  return {
    kind: 'em-stitch-project',
    version: 1,
    name: 'g',
    files: Object.entries(files).map(([path, identity]) => ({ path, identity, size: 1 })),
    pages: { kind: 'page', page: 0 },
    group: null,
    layoutChoice: { kind: 'hypothesis', index: 0 },
    overlap: null,
    options: defaultStitchOptions,
    corrections: edits.map((edit, k) => ({ id: `e${k}`, isOn: true, edit })),
    isStitched: true,
    view: { tab: 'links', selectedPair: 'a\u0000b', viewport: null },
  };
}

const id = (text: string): TileId => tileId(text);
const found = (saved: ProjectFile, present: Readonly<Record<string, string>>) =>
  renamedFiles(saved, Object.keys(present).map(named), Object.values(present));
const editsNow = (saved: ProjectFile, present: Readonly<Record<string, string>>) =>
  withNamesNow(saved, found(saved, present)).corrections.map(({ edit }) => edit);

describe('files of a project under other names', () => {
  it('are known by content; a name that stayed counts first, equal files are taken one by one', () => {
    const saved = savedWith({ a: '1', b: '2', c: 'blank', d: 'blank', e: '5' });
    const { now, missing } = found(saved, { x: '1', b: '2', d: 'blank', y: 'blank' });
    expect([...now]).toEqual([
      ['a', 'x'],
      ['c', 'y'],
    ]);
    expect(missing).toEqual(['e']);
  });

  it('give back the very project where nothing has another name', () => {
    const saved = savedWith({ a: '1', b: '2' });
    expect(withNamesNow(saved, found(saved, { a: '1', b: '2', c: '3' }))).toBe(saved);
  });

  it('take corrections with them, pages too, and turn a pair whose order has turned', () => {
    const landmark = { kind: 'landmark', inA: { x: 1, y: 2 }, inB: { x: 3, y: 4 }, sigmaPx: 0.1 } as const;
    const saved = savedWith({ a: '1', b: '2' }, [
      { ...landmark, a: id('a'), b: id('b') },
      { kind: 'exclude-link', a: id('a'), b: id('b') },
      { kind: 'raise-tile', tile: id('b#2') },
    ]);
    const present = { z: '1', m: '2' };
    expect(editsNow(saved, present)).toEqual([
      { ...landmark, a: 'm', b: 'z', inA: { x: 3, y: 4 }, inB: { x: 1, y: 2 } },
      { kind: 'exclude-link', a: 'm', b: 'z' },
      { kind: 'raise-tile', tile: 'm#2' },
    ]);
    expect(withNamesNow(saved, found(saved, present)).view.selectedPair).toBe('m\u0000z');
  });

  it('turn a pair that was linked by hand: the motion is inverted, the overlap keeps its size', () => {
    const pair = {
      ...{ a: id('a'), b: id('b'), aFromB: { x: 90, y: 5, thetaRad: 0 }, sigmaPx: 2 },
      expectedOverlap: { x: 90, y: 5, width: 10, height: 75 },
    };
    const saved = savedWith({ a: '1', b: '2' }, [{ kind: 'link-tiles', pair }]);
    expect(editsNow(saved, { z: '1', m: '2' })).toMatchObject([
      {
        pair: {
          ...{ a: 'm', b: 'z', sigmaPx: 2, aFromB: { x: -90, y: -5 } },
          expectedOverlap: { x: 0, y: 0, width: 10, height: 75 },
        },
      },
    ]);
  });

  it('do not lend their corrections to another file that has taken the name of one that is gone', () => {
    const saved = savedWith({ scan_1: '1', scan_2: '2' }, [
      { kind: 'raise-tile', tile: id('scan_1') },
      { kind: 'raise-tile', tile: id('scan_2') },
    ]);
    expect(editsNow(saved, { scan_1: '2' })).toEqual([{ kind: 'raise-tile', tile: 'scan_1' }]);
    // A file of other content under its old name keeps them: the message says to look.
    expect(editsNow(saved, { scan_1: 'new', scan_2: '2' })).toHaveLength(2);
  });

  it('can be asked what their names said, and which group they were of', () => {
    const saved = { ...savedWith({ 'a_1.tif': '1', 'b_1.tif': '2' }), group: 'a_#.tif' };
    const renamed = found(saved, { 'new 7.tif': '1', 'b_1.tif': '2' });
    const tiles = ['b_1.tif', 'new 7.tif'].map((file) => plainTile(file, { width: 10, height: 10 }));
    expect(withNamesThen(tiles, renamed).map(({ id: tile, file }) => [tile, file])).toEqual([
      ['b_1.tif', 'b_1.tif'],
      ['new 7.tif', 'a_1.tif'],
    ]);
    expect(groupNow(saved, tiles, renamed)).toBe('new #.tif');
  });
});
