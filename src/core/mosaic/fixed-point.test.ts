import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affineFromPose } from '../geometry/pose2.ts';
import { tileId } from '../tiles/tile.ts';
import {
  fractionBits,
  lastInside,
  sampleFixed16,
  sampleFixed8,
  setInside,
  toFixed,
  toFixedStep,
} from './fixed-point.ts';
import { seededRandom } from '../random.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { Placement } from './mosaic.ts';
import { pieceLength } from './tile-warp.ts';
import { warpOf } from './warp.ts';

const size = { width: 900, height: 700 };
const oneFixed = 2 ** fractionBits;

function turned(thetaRad: number, x: number, y: number): Placement {
  return {
    tile: tileId('t'),
    size,
    mosaicFromTile: affineFromPose({ x, y, thetaRad }),
    state: 'solved',
    component: 0,
    tone: unitGain,
  };
}

const pose = fc.record({
  thetaRad: fc.integer({ min: -3141, max: 3141 }).map((n) => n / 1000),
  x: fc.integer({ min: -30_000_000, max: 30_000_000 }).map((n) => n / 1000),
  y: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
});

describe('fixed-point pieces of a row', () => {
  it('are within 0.003 px of the map, at every level, wherever the row is cut', () => {
    fc.assert(
      fc.property(
        pose,
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 400 }),
        ({ thetaRad, x, y }, level, cut) => {
          const step = 2 ** level;
          const first = Math.floor(x / step) - 20;
          const xs = Float64Array.from({ length: 700 }, (_, i) => (first + i + 0.5) * step - 0.5);
          const row = Math.round(y) + 50;
          const warp = warpOf(turned(thetaRad, x, y), level, { x0: xs[0], x1: xs[699], y0: row, y1: row });
          const pieces = new Int32Array(pieceLength * xs.length);
          const [us, vs] = [new Float64Array(xs.length), new Float64Array(xs.length)];
          warp.mapRow(xs, row, 0, xs.length, us, vs);
          const coordinates = (from: number) => {
            const found = new Int32Array(2 * xs.length);
            const count = warp.pieces({ xs, first, step }, row, from, xs.length, pieces);
            let i = from;
            for (let n = 0; n < count; n++) {
              const [end, u, v, du, dv] = pieces.subarray(n * pieceLength, (n + 1) * pieceLength);
              for (let k = 0; i < end; i++, k++) [found[2 * i], found[2 * i + 1]] = [u + k * du, v + k * dv];
            }
            expect(i).toBe(xs.length);
            return found;
          };
          const [whole, part] = [coordinates(0), coordinates(cut)];
          expect(part.subarray(2 * cut)).toEqual(whole.subarray(2 * cut));
          let worst = 0;
          for (let i = 0; i < xs.length; i++)
            worst = Math.max(
              worst,
              Math.abs(whole[2 * i] / oneFixed - us[i]),
              Math.abs(whole[2 * i + 1] / oneFixed - vs[i]),
            );
          expect(worst).toBeLessThan(0.003);
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });
});

describe('fixed-point sampling', () => {
  it('is bilinear interpolation to 2⁻¹⁰ of the range, in any direction', () => {
    const [width, height] = [64, 48];
    const wide = Uint16Array.from({ length: width * height }, (_, i) => Math.imul(i + 1, 2654435761) >>> 16);
    const narrow = Uint8Array.from(wide, (value) => value >> 8);
    const fixed = (low: number, high: number) => fc.integer({ min: low * oneFixed, max: high * oneFixed });
    const step = fc.integer({ min: -oneFixed, max: oneFixed });
    fc.assert(
      fc.property(
        fixed(20, 40),
        fixed(18, 30),
        step,
        step,
        fc.constantFrom(1, 0.8),
        fc.constantFrom(0, -9),
        (u, v, du, dv, gain, offset) => {
          const run = { from: 3, to: 15, u, v, du, dv };
          const out8 = new Uint8Array(20);
          const out16 = new Uint16Array(20);
          // The window begins at (5, 7) of the image: its pixel (0, 0) is at a negative index.
          const origin = -7 * width - 5;
          sampleFixed8(narrow, origin, width, run, gain, offset, out8, 2);
          sampleFixed16(wide, origin, width, run, gain, offset, out16, 2);
          for (let i = run.from; i < run.to; i++) {
            const x = (u + (i - run.from) * du) / oneFixed - 5;
            const y = (v + (i - run.from) * dv) / oneFixed - 7;
            const truth = (data: ArrayLike<number>) => {
              const [fx, fy] = [x - Math.floor(x), y - Math.floor(y)];
              const at = Math.floor(y) * width + Math.floor(x);
              const upper = data[at] + fx * (data[at + 1] - data[at]);
              const lower = data[at + width] + fx * (data[at + width + 1] - data[at + width]);
              return gain * (upper + fy * (lower - upper)) + offset;
            };
            const clamped = (value: number, high: number) => Math.min(high, Math.max(0, value));
            expect(Math.abs(out8[2 + i] - clamped(truth(narrow), 255))).toBeLessThan(0.5 + 255 * 2 ** -10);
            // Cutting to 11 bits is off by up to 2⁻¹¹ px along each axis.
            expect(Math.abs(out16[2 + i] - clamped(truth(wide), 65535))).toBeLessThan(0.5 + 65535 * 2 ** -10);
          }
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe('the part of a piece that has four neighbours', () => {
  const [lastU, lastV] = [lastInside(12), lastInside(7)];

  it('is every column inside, and no other, of a piece that comes from anywhere', () => {
    const random = seededRandom(4);
    const seen = { none: 0, all: 0, part: 0 };
    for (let round = 0; round < 400; round++) {
      const px = (least: number, most: number) => toFixed(least + (most - least) * random());
      const [start, columns] = [Math.floor(20 * random()), 1 + Math.floor(24 * random())];
      const step = (most: number) => toFixedStep(round % 5 === 0 ? 0 : most * (2 * random() - 1));
      const piece = [start + columns, px(-6, 18), px(-4, 11), step(1.2), step(0.7)];
      const pieces = Int32Array.from([9, 9, 9, 9, 9, ...piece]);
      const run = { from: -1, to: -1, u: -1, v: -1, du: -1, dv: -1 };
      setInside(run, start, pieces, 5, lastU, lastV);
      const [end, u0, v0, du, dv] = piece;
      const inside: number[] = [];
      for (let i = start; i < end; i++) {
        const [u, v] = [u0 + (i - start) * du, v0 + (i - start) * dv];
        if (u >= 0 && u <= lastU && v >= 0 && v <= lastV) inside.push(i);
      }
      if (inside.length === 0) expect(run.to).toBe(run.from);
      else
        expect(run).toEqual({
          from: inside[0],
          to: inside[0] + inside.length,
          u: u0 + (inside[0] - start) * du,
          v: v0 + (inside[0] - start) * dv,
          du,
          dv,
        });
      seen[inside.length === 0 ? 'none' : inside.length === columns ? 'all' : 'part']++;
    }
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(20);
  });

  it.each([
    [0, 0, true],
    [lastU, lastV, true],
    [-1, 0, false],
    [0, -1, false],
    [lastU + 1, 0, false],
    [0, lastV + 1, false],
  ])('holds the places %d, %d of the borders: %s', (u, v, isInside) => {
    const run = { from: 0, to: 0, u: 0, v: 0, du: 0, dv: 0 };
    setInside(run, 3, Int32Array.of(4, u, v, 0, 0), 0, lastU, lastV);
    expect(run.to - run.from).toBe(isInside ? 1 : 0);
    // The same as the last of two columns.
    setInside(run, 3, Int32Array.of(5, 100 - 64, 100 - 64, u - 36, v - 36), 0, lastU, lastV);
    expect(run.to - run.from).toBe(isInside ? 2 : 1);
  });
});
