import { rectanglePolygon } from '../geometry/polygon.ts';
import { describe, expect, it } from 'vitest';
import { tileId } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import { addEdit, editName, switchEdit } from './edit.ts';
import type { Edit, EditList } from './edit.ts';
import { masksOfPair } from './pair-masks.ts';

const [a, b] = ['a.tif', 'b.tif'].map((file) => tileId(file));
const size = { width: 100, height: 80 };
const pair: TilePair = {
  a,
  b,
  aFromB: { x: 80, y: 0, thetaRad: 0 },
  sigmaPx: 2,
  expectedOverlap: { x: 80, y: 0, width: 20, height: 80 },
};
// The strips reach 16 px beyond the overlap: columns 64 … 99 of a, 0 … 35 of b.
const box = (left: number, right: number, top = 10, bottom = 20) =>
  rectanglePolygon({ x: left, y: top }, { x: right, y: bottom });
const sizeOf = () => size;

describe('the masks of a pair', () => {
  it('are those that reach into the strip of their own tile', () => {
    const [near, far, own] = [box(60, 65), box(10, 64), box(0, 30)];
    expect(
      masksOfPair(
        pair,
        new Map([
          [a, [near, far]],
          [b, [own, box(40, 90)]],
        ]),
        sizeOf,
        0.5,
      ),
    ).toEqual(
      new Map([
        [a, [near]],
        [b, [own]],
      ]),
    );
    expect(masksOfPair(pair, new Map([[b, [box(36, 90)]]]), sizeOf, 0.5)).toBeNull();
    expect(masksOfPair(pair, new Map([[b, [box(35, 90)]]]), sizeOf, 0.5)?.size).toBe(1);
  });

  it('reach down as far as they are high', () => {
    // b lies below a: rows 44 … 79 of a, 0 … 35 of b.
    const below: TilePair = {
      ...pair,
      aFromB: { x: 0, y: 60, thetaRad: 0 },
      expectedOverlap: { x: 0, y: 60, width: 100, height: 20 },
    };
    const isNear = (tile: typeof a, top: number, bottom: number) =>
      masksOfPair(below, new Map([[tile, [box(10, 20, top, bottom)]]]), sizeOf, 0.5) !== null;
    expect([isNear(a, 30, 44), isNear(a, 30, 45), isNear(a, 5, 70), isNear(a, 43.2, 43.9)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([isNear(b, 36, 50), isNear(b, 35, 50), isNear(b, 34.9, 35.1)]).toEqual([false, true, true]);
  });

  it('may be thinner than a pixel, or lie beside the tile', () => {
    const thin = box(90.2, 90.4, 5.5, 5.5);
    expect(masksOfPair(pair, new Map([[a, [thin]]]), sizeOf, 0.5)?.get(a)).toEqual([thin]);
    expect(masksOfPair(pair, new Map([[a, [box(90, 95, 80, 99)]]]), sizeOf, 0.5)).toBeNull();
    expect(masksOfPair(pair, new Map([[a, [box(90, 95, 79.5, 99)]]]), sizeOf, 0.5)?.size).toBe(1);
  });

  it('are none of tiles without a size, without an overlap or of other tiles', () => {
    const masks = new Map([[a, [box(90, 95)]]]);
    expect(masksOfPair(pair, masks, () => undefined, 0.5)).toBeNull();
    expect(masksOfPair(pair, masks, (tile) => (tile === a ? size : undefined), 0.5)).toBeNull();
    expect(masksOfPair(pair, masks, (tile) => (tile === b ? size : undefined), 0.5)).toBeNull();
    expect(masksOfPair({ ...pair, expectedOverlap: null }, masks, sizeOf, 0.5)).toBeNull();
    expect(masksOfPair(pair, new Map([[tileId('c.tif'), [box(90, 95)]]]), sizeOf, 0.5)).toBeNull();
  });
});

describe('a list of edits', () => {
  const pose = { x: 0, y: 0, thetaRad: 0 };
  const all: readonly (readonly [Edit, string])[] = [
    [{ kind: 'exclude-link', a, b }, 'exclude link a.tif – b.tif'],
    [{ kind: 'restore-link', a: b, b: a }, 'restore link b.tif – a.tif'],
    [{ kind: 'pin-tile', tile: a, pose, sigmaPx: 0.05 }, 'pin a.tif (± 0.05 px)'],
    [{ kind: 'landmark', a, b, inA: pose, inB: pose, sigmaPx: 0.5 }, 'landmark a.tif – b.tif (± 0.5 px)'],
    [{ kind: 'link-tiles', pair }, 'link a.tif – b.tif'],
    [{ kind: 'mask-tile', tile: a, polygon: [], use: 'both' }, 'mask a.tif for matching and compositing'],
    [{ kind: 'mask-tile', tile: b, polygon: [], use: 'matching' }, 'mask b.tif for matching'],
    [{ kind: 'mask-tile', tile: b, polygon: [], use: 'compositing' }, 'mask b.tif for compositing'],
    [{ kind: 'raise-tile', tile: b }, 'b.tif on top'],
  ];

  it.each(all)('names %j', (edit, name) => {
    expect(editName(edit)).toBe(name);
  });

  it('keeps one of each that contradict one another, and all of the others', () => {
    const twice = [...all, ...all].reduce<EditList>((list, [edit]) => addEdit(list, edit), []);
    expect(twice.map(({ edit }) => edit.kind)).toEqual([
      ...['landmark', 'mask-tile', 'mask-tile', 'mask-tile'],
      ...all.map(([{ kind }]) => kind),
    ]);
    expect(new Set(twice.map(({ id }) => id)).size).toBe(twice.length);
  });

  it('keeps pins, order and pairs of different tiles, and numbers on from the highest', () => {
    const list = [
      { kind: 'pin-tile', tile: a, pose, sigmaPx: 1 } as const,
      { kind: 'pin-tile', tile: b, pose, sigmaPx: 1 } as const,
      { kind: 'raise-tile', tile: a } as const,
      { kind: 'link-tiles', pair } as const,
      { kind: 'link-tiles', pair: { ...pair, b: tileId('c.tif') } } as const,
    ].reduce<EditList>(addEdit, [{ id: 'e41', isOn: true, edit: { kind: 'raise-tile', tile: b } }]);
    expect(list.map(({ id }) => id)).toEqual(['e41', 'e42', 'e43', 'e44', 'e45', 'e46']);
    expect(switchEdit(list, 'e42', false).map(({ isOn }) => isOn)).toEqual([true, false, true, true, true, true]);
  });
});
