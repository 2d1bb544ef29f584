import { describe, expect, it } from 'vitest';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { scanDistortion } from './scan-distortion.ts';

const size = { width: 129, height: 17 };

/** A mesh with a node a pixel, whose images show the specimen so much too wide from one pixel to the next. */
function meshOf(widths: readonly number[], isReversed = false): DisplacementMesh {
  const steps = Array.from({ length: 128 }, (_, i) => widths[i] ?? 0);
  if (isReversed) steps.reverse();
  const dx = new Float64Array(129 * 17);
  for (let j = 0; j < 17; j++) for (let i = 0; i < 128; i++) dx[129 * j + i + 1] = dx[129 * j + i] - (steps[i] + 0.01);
  return { columns: 129, rows: 17, dx, dy: new Float64Array(129 * 17) };
}

// 10 % too wide for three pixels, 2 % for five more: all against the 1 % that the middle of the line has.
const start = [0.1, 0.1, 0.1, 0.02, 0.02, 0.02, 0.02, 0.02];

describe('the distortion along a scan line', () => {
  it('is read off its start: stretch, where it settles, and what it adds up to', () => {
    const scan = scanDistortion([meshOf(start)], size);
    expect(scan?.start).toBe('left');
    expect(scan?.startStretch).toBeCloseTo(0.1, 9);
    expect(scan?.endStretch).toBeCloseTo(0, 9);
    expect(scan?.settlesPx).toBe(8);
    expect(scan?.displacementPx).toBeCloseTo(0.4, 9);
    expect(scan?.line.x.length).toBe(128);
    expect([scan?.line.x[0], scan?.line.x[127]]).toEqual([0.5, 127.5]);
    [0.1, 0.1, 0.1, 0.02].forEach((value, k) => expect(scan?.line.stretch[k]).toBeCloseTo(value, 9));
    expect(scan?.line.stretch[64]).toBeCloseTo(0, 9);
  });

  it('may start at the right, and has another end', () => {
    const both = Array.from({ length: 128 }, (_, i) => (i < 3 ? -0.05 : (start[127 - i] ?? 0)));
    const scan = scanDistortion([meshOf(both)], size);
    expect(scan?.start).toBe('right');
    expect(scan?.startStretch).toBeCloseTo(0.1, 9);
    expect(scan?.endStretch).toBeCloseTo(-0.05, 9);
    expect(scan?.settlesPx).toBe(8);
    expect(scan?.displacementPx).toBeCloseTo(0.4, 9);
    expect(scanDistortion([meshOf(start, true)], size)?.start).toBe('right');
  });

  it('is that of narrow starts, too, and never settles where a fifth of the line is drawn out', () => {
    const scan = scanDistortion([meshOf(Array<number>(30).fill(-0.04))], size);
    expect(scan?.start).toBe('left');
    expect(scan?.startStretch).toBeCloseTo(-0.04, 9);
    // A fifth of 128 is 26 px.
    expect(scan?.settlesPx).toBe(26);
    expect(scan?.displacementPx).toBeCloseTo(-1.04, 9);
  });

  it('is the mean of all tiles, in px of tiles of any size', () => {
    const scan = scanDistortion([meshOf(start), meshOf([])], size);
    expect(scan?.startStretch).toBeCloseTo(0.05, 9);
    // The same displacements on a tile ten times as wide: steps of 10 px.
    const wide = scanDistortion([meshOf(start)], { width: 1281, height: 161 });
    expect(wide?.startStretch).toBeCloseTo(0.01, 9);
    expect(wide?.settlesPx).toBe(80);
    expect(wide?.displacementPx).toBeCloseTo(0.4, 9);
    expect(scanDistortion([], size)).toBeNull();
  });
});

describe('a trapezoid', () => {
  it('is the part of the displacement along y that grows with x · y', () => {
    const dy = Float64Array.from({ length: 129 * 17 }, (_, n) => {
      const [u, v] = [(n % 129) / 64 - 1, Math.floor(n / 129) / 8 - 1];
      return 3 + 2 * v - u + 0.5 * u * v;
    });
    const scan = scanDistortion([{ columns: 129, rows: 17, dx: new Float64Array(129 * 17), dy }], size);
    expect(scan?.trapezoidPx).toBeCloseTo(0.5, 9);
    // 0.5 px at a corner: the height changes by 4 · 0.5 px of 17 from the left border to the right one.
    expect(scan?.trapezoid).toBeCloseTo(-2 / 17, 9);
  });
});
