import { describe, expect, it } from 'vitest';
import { tileId } from '../tiles/tile.ts';
import { effectOf, raiseTiles, withExtraPairs } from './edit-effect.ts';
import { addEdit, changeEdit, editName, removeEdit, switchEdit } from './edit.ts';
import type { Edit, EditList } from './edit.ts';

const [a, b, c] = ['a.tif', 'b.tif', 'c.tif'].map((file) => tileId(file));
const key = `${a}\u0000${b}`;
const listOf = (...edits: readonly Edit[]): EditList => edits.reduce(addEdit, [] as EditList);
const exclude: Edit = { kind: 'exclude-link', a, b };
const landmark: Edit = { kind: 'landmark', a, b, inA: { x: 1, y: 2 }, inB: { x: 3, y: 4 }, sigmaPx: 0.2 };

describe('a list of edits', () => {
  it('lets the later word about a link, a pin or a place in the order replace the earlier one', () => {
    const pin = (x: number): Edit => ({ kind: 'pin-tile', tile: a, pose: { x, y: 0, thetaRad: 0 }, sigmaPx: 0.1 });
    const list = listOf(exclude, { kind: 'restore-link', a, b }, pin(1), pin(2), { kind: 'raise-tile', tile: a });
    expect(list.map(({ edit }) => edit.kind)).toEqual(['restore-link', 'pin-tile', 'raise-tile']);
    expect(effectOf(list).pins).toMatchObject([{ pose: { x: 2 } }]);
    expect(effectOf(list).excluded.size).toBe(0);
  });

  it('keeps several landmarks and masks of one subject, with ids of their own', () => {
    const list = listOf(landmark, landmark, exclude);
    expect(new Set(list.map(({ id }) => id)).size).toBe(3);
    expect(effectOf(list).landmarks.get(key)).toHaveLength(2);
  });

  it('takes an edit that is switched off out of the effect and keeps its place', () => {
    const list = listOf(exclude, landmark);
    const off = switchEdit(list, list[0].id, false);
    expect(effectOf(off).excluded.size).toBe(0);
    expect(off.map(({ id }) => id)).toEqual(list.map(({ id }) => id));
    expect(effectOf(switchEdit(off, list[0].id, true))).toEqual(effectOf(list));
  });

  it('moves and removes a landmark, and is the same list when there is nothing to remove', () => {
    const list = listOf(landmark);
    const moved = changeEdit(list, list[0].id, { ...landmark, inA: { x: 9, y: 9 } });
    expect(effectOf(moved).landmarks.get(key)).toMatchObject([{ inA: { x: 9 } }]);
    expect(removeEdit(moved, list[0].id)).toEqual([]);
    expect(removeEdit(moved, 'none')).toBe(moved);
  });

  it('names each edit with its tiles and weight', () => {
    expect(editName(landmark)).toBe('landmark a.tif – b.tif (± 0.2 px)');
    expect(editName(exclude, (tile) => tile[0])).toBe('exclude link a – b');
  });
});

describe('the effect on order and pairs', () => {
  it('puts raised tiles in front, the latest on top, and leaves the rest in order', () => {
    const raised = effectOf(listOf({ kind: 'raise-tile', tile: b }, { kind: 'raise-tile', tile: c })).raised;
    expect(raiseTiles([a, b, c], raised)).toEqual([c, b, a]);
    expect(raiseTiles([a, b], [tileId('gone.tif'), b])).toEqual([b, a]);
  });

  it('adds pairs that the layout did not propose, once, in the order of their keys', () => {
    const pair = (p: typeof a, q: typeof a) =>
      ({ a: p, b: q, aFromB: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 1, expectedOverlap: null }) as const;
    expect(withExtraPairs([pair(a, b), pair(b, c)], [pair(a, c), pair(a, b)]).map((p) => p.a + p.b)).toEqual([
      a + b,
      a + c,
      b + c,
    ]);
  });

  it('sends a mask where it is meant to be used', () => {
    const polygon = [
      { x: 0, y: 0 },
      { x: 4, y: 0 },
      { x: 0, y: 4 },
    ];
    const use = (kind: 'matching' | 'compositing' | 'both') => {
      const effect = effectOf(listOf({ kind: 'mask-tile', tile: a, polygon, use: kind }));
      return [effect.matchingMasks.has(a), effect.compositingMasks.has(a)];
    };
    expect(use('matching')).toEqual([true, false]);
    expect(use('compositing')).toEqual([false, true]);
    expect(use('both')).toEqual([true, true]);
  });
});

describe('the effect on masks', () => {
  const polygon = (x: number) => [
    { x, y: 0 },
    { x: x + 1, y: 0 },
    { x, y: 1 },
  ];
  const mask = (tile: typeof a, x: number, use: 'matching' | 'compositing' | 'both'): Edit => ({
    kind: 'mask-tile',
    tile,
    polygon: polygon(x),
    use,
  });

  it('keeps those for matching and those for compositing apart, of each tile in their order', () => {
    const effect = effectOf(
      listOf(mask(a, 1, 'both'), mask(b, 2, 'matching'), mask(a, 3, 'compositing'), mask(a, 4, 'matching')),
    );
    expect(effect.matchingMasks).toEqual(
      new Map([
        [a, [polygon(1), polygon(4)]],
        [b, [polygon(2)]],
      ]),
    );
    expect(effect.compositingMasks).toEqual(new Map([[a, [polygon(1), polygon(3)]]]));
  });

  it('sorts links into excluded and restored ones, and keeps proposed pairs', () => {
    const pair = { a, b: c, aFromB: { x: 5, y: 0, thetaRad: 0 }, sigmaPx: 1, expectedOverlap: null };
    const effect = effectOf(listOf(exclude, { kind: 'restore-link', a: b, b: c }, { kind: 'link-tiles', pair }));
    expect([...effect.excluded]).toEqual([key]);
    expect([...effect.restored]).toEqual([`${b}\u0000${c}`]);
    expect(effect.extraPairs).toEqual([pair]);
    expect(effect.raised).toEqual([]);
  });

  it('leaves the order and the pairs as they are where nothing is said of them', () => {
    const order = [c, a, b];
    expect(raiseTiles(order, [])).toBe(order);
    expect(raiseTiles(order, [tileId('gone.tif')])).toEqual(order);
    const none: Parameters<typeof withExtraPairs>[0] = [];
    expect(withExtraPairs(none, [])).toBe(none);
  });
});
