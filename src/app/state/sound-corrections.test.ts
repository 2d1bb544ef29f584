import { describe, expect, it } from 'vitest';
import type { Edit } from '../../core/edits/edit.ts';
import { plainTile } from '../../core/testing/plain-tile.ts';
import { soundCorrections } from './sound-corrections.ts';

const tiles = ['a.tif', 'b.tif'].map((file) => plainTile(file, { width: 100, height: 80 }));
const [a, b] = tiles.map(({ id }) => id);
const landmark = { kind: 'landmark', a, b, inA: { x: 90, y: 40 }, inB: { x: 5, y: 41 }, sigmaPx: 0.1 } as const;
const pose = { x: 0, y: 0, thetaRad: 0 };
const checked = (edit: Edit) => soundCorrections([{ id: 'e1', isOn: true, edit }], tiles);

describe('corrections of a project file', () => {
  it.each<readonly [Edit, RegExp]>([
    [{ ...landmark, inA: { x: 50_000, y: -90_000 } }, /landmark a – b .*lies outside a/],
    [{ ...landmark, inB: { x: 5, y: 99 } }, /lies outside b/],
    [{ ...landmark, sigmaPx: 1e-300 }, /standard deviation/],
    [{ ...landmark, b: a }, /with itself/],
    [{ kind: 'exclude-link', a: b, b }, /with itself/],
    [{ kind: 'pin-tile', tile: a, pose: { ...pose, x: 1e9 }, sigmaPx: 1 }, /beyond any mosaic/],
  ])('are switched off and said where they cannot be meant', (edit, words) => {
    const { corrections, faults } = checked(edit);
    expect(corrections).toMatchObject([{ isOn: false }]);
    expect(faults).toEqual([expect.stringMatching(words) as string]);
  });

  it('stay where they can: on the border of a tile, on a tile that is not there', () => {
    for (const edit of [landmark, { ...landmark, inA: { x: 104, y: -3 } }, { ...landmark, a: 'A.tif' as typeof a }])
      expect(checked(edit)).toEqual({ corrections: [{ id: 'e1', isOn: true, edit }], faults: [] });
  });

  it('name a pair in one order, and each entry by an id of its own', () => {
    const swapped = { ...landmark, a: b, b: a, inA: landmark.inB, inB: landmark.inA };
    const list = [landmark, swapped].map((edit) => ({ id: 'e1', isOn: true, edit }));
    const { corrections } = soundCorrections(list, tiles);
    expect(corrections.map(({ edit }) => edit)).toEqual([landmark, landmark]);
    expect(new Set(corrections.map(({ id }) => id)).size).toBe(2);
  });
});
