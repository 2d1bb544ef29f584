import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameFromScreen, frameSize, frameVector, screenFromFrame, turnedBy } from './turn.ts';

const screen = { width: 800, height: 600 };
const turns = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
const points = fc.record({ x: fc.integer({ min: 0, max: 800 }), y: fc.integer({ min: 0, max: 600 }) });

describe('quarter turns', () => {
  it('take the upper left of the picture to the upper right of the screen with one turn clockwise', () => {
    expect(screenFromFrame({ x: 0, y: 0 }, screen, 1)).toEqual({ x: 800, y: 0 });
    expect(frameSize(screen, 1)).toEqual({ width: 600, height: 800 });
  });

  it('come back to the point they left', () => {
    fc.assert(
      fc.property(points, turns, (point, by) => {
        const inFrame = frameFromScreen(point, screen, by);
        const { width, height } = frameSize(screen, by);
        expect(inFrame.x >= 0 && inFrame.x <= width && inFrame.y >= 0 && inFrame.y <= height).toBe(true);
        expect(screenFromFrame(inFrame, screen, by)).toEqual(point);
      }),
    );
  });

  it('move the frame as its points move', () => {
    fc.assert(
      fc.property(points, points, turns, (from, to, by) => {
        const p = frameFromScreen(from, screen, by);
        const q = frameFromScreen(to, screen, by);
        expect(frameVector(to.x - from.x, to.y - from.y, by)).toEqual({ x: q.x - p.x + 0, y: q.y - p.y + 0 });
      }),
    );
  });

  it('go round after four', () => {
    expect([turnedBy(3, 1), turnedBy(0, -1), turnedBy(2, 4)]).toEqual([0, 3, 2]);
  });
});
