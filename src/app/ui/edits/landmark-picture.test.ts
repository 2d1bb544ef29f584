import { describe, expect, it } from 'vitest';
import { layOutCrops, pictureFromTile } from '../pair-inspector/match-picture.ts';
import { pickLandmark, pickPlace, tileFromPicture } from './landmark-picture.ts';

const crop = (x: number, y: number) => ({
  bitmap: { width: 50, height: 200 },
  region: { x, y, width: 100, height: 400 },
});
const layout = layOutCrops(crop(300, 0), crop(0, 20));

describe('places in the picture of two crops', () => {
  it('go to tile pixels and back', () => {
    for (const place of [layout.a, layout.b]) {
      const p = pictureFromTile(place, 333.25, 77.5);
      const back = tileFromPicture(place, p.x, p.y);
      expect([back.x, back.y]).toEqual([expect.closeTo(333.25, 9), expect.closeTo(77.5, 9)]);
    }
  });

  it('belong to one of the tiles, or to neither in the gap', () => {
    const inB = pictureFromTile(layout.b, 10, 30);
    expect(pickPlace(layout, inB.x, inB.y)).toMatchObject({ side: 'b', at: { x: expect.closeTo(10, 9) as number } });
    expect(pickPlace(layout, 51, 100)).toBeNull();
  });

  it('pick the nearest end of a landmark within reach', () => {
    const mark = (x: number, y: number) => ({ landmark: { inA: { x, y }, inB: { x: x - 300, y: y + 20 } } });
    const marks = [mark(320, 100), mark(330, 110)];
    const near = pictureFromTile(layout.a, 329, 109);
    expect(pickLandmark(layout, marks, near.x, near.y, 5)).toEqual({ entry: marks[1], side: 'a' });
    const far = pictureFromTile(layout.a, 380, 300);
    expect(pickLandmark(layout, marks, far.x, far.y, 5)).toBeNull();
  });
});
