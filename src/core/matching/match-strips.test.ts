import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { normaliseForMatching } from '../raster/normalise.ts';
import { downsample } from '../raster/resample.ts';
import type { Correspondences, MatchContext, Matcher } from './matcher.ts';
import { matchingScale, matchStrips } from './match-strips.ts';
import type { StripContext } from './match-strips.ts';
import type { Strip } from './overlap-intensities.ts';

const signal = { aborted: false, throwIfAborted: () => undefined };

function stripOf(x: number, y: number, width: number, height: number, of: Raster['data'] | null = null): Strip {
  const data = of ?? Float32Array.from({ length: width * height }, (_, k) => (k % 97) / 7 + Math.floor(k / width) / 31);
  return { region: { x, y, width, height }, raster: { data, width, height } };
}

interface Seen {
  readonly a: FloatRaster;
  readonly b: FloatRaster;
  readonly context: MatchContext;
}

/** A matcher that puts every n-th pixel of a where the layout does, and keeps what it was handed. */
function matcherOf(more: Partial<Matcher>, spacing = 5, sigmaPx?: number) {
  const seen: Seen[] = [];
  const matcher: Matcher = {
    scale: 0.5,
    multipleOf: 8,
    minConfidence: 0,
    match: async (a, b, context): Promise<Correspondences> => {
      seen.push({ a, b, context });
      const points: number[] = [];
      for (let y = 1; y < a.height; y += spacing) for (let x = 1; x < a.width; x += spacing) points.push(x, y);
      const bFromA = invertAffine(context.aFromB);
      const inB = points.map((_, i) => {
        const p = applyAffine(bFromA, points[i - (i % 2)], points[i - (i % 2) + 1]);
        return i % 2 === 0 ? p.x : p.y;
      });
      const n = points.length / 2;
      return {
        a: Float32Array.from(points),
        b: Float32Array.from(inB),
        confidence: new Float32Array(n).fill(0.5),
        ...(sigmaPx !== undefined && { sigmaPx: new Float32Array(n).fill(sigmaPx) }),
      };
    },
    dispose: async () => undefined,
    ...more,
  };
  return { matcher, seen };
}

const layout: Affine2 = translation(210.5, -3.25);
const context: StripContext = { signal, seed: 77, aFromB: layout, searchRadiusPx: 30 };

describe('the scale of a pair', () => {
  const scaleOf = (width: number, height: number, more: Partial<Matcher>) =>
    matchingScale(matcherOf(more).matcher, { x: 0, y: 0, width, height }, { x: 0, y: 0, width: 2000, height: 2000 });

  it('is the coarsest with 160 cells of 8 px in the smaller strip', () => {
    const scales = { scale: 0.25, scales: [1, 0.25, 0.5] };
    // 160 · 64 = 10,240 px.
    expect(scaleOf(400, 410, scales)).toBe(0.25);
    expect(scaleOf(400, 409, scales)).toBe(0.5);
    expect(scaleOf(200, 205, scales)).toBe(0.5);
    expect(scaleOf(200, 204, scales)).toBe(1);
    expect(scaleOf(20, 20, scales)).toBe(1);
  });

  it('has five cells across it', () => {
    const scales = { scale: 0.25, scales: [0.25, 0.5, 1] };
    expect(scaleOf(160, 2000, scales)).toBe(0.25);
    expect(scaleOf(159, 2000, scales)).toBe(0.5);
    expect(scaleOf(2000, 79, scales)).toBe(1);
    const other = matchingScale(
      matcherOf(scales).matcher,
      { x: 0, y: 0, width: 2000, height: 2000 },
      { x: 0, y: 0, width: 2000, height: 100 },
    );
    expect(other).toBe(0.5);
  });

  it("is not coarser than the matcher's own, and its own where it has no other", () => {
    expect(scaleOf(1000, 1000, { scale: 0.5, scales: [0.25, 0.5, 1] })).toBe(0.5);
    expect(scaleOf(20, 20, { scale: 0.5 })).toBe(0.5);
  });
});

describe('matching two strips', () => {
  const [a, b] = [stripOf(200, 0, 110, 130), stripOf(0, 5, 98, 120)];

  it('hands over what it saw at its scale, cropped and normalised, and where the layout puts it', async () => {
    const { matcher, seen } = matcherOf({});
    const found = await matchStrips(a, b, matcher, context);
    expect(seen.length).toBe(1);
    const [one] = seen;
    // 55 × 65 and 49 × 60 px at half scale, cut to multiples of eight from the upper-left corner.
    expect([one.a.width, one.a.height, one.b.width, one.b.height]).toEqual([48, 64, 48, 56]);
    const whole = normaliseForMatching(downsample(a.raster, 0.5));
    expect(one.a.data[64 - 1 + 3 * 48 - 63 + 2]).toBe(whole.data[3 * 55 + 2]);
    expect(one.context).toMatchObject({ seed: 77, searchRadiusPx: 15, scale: 0.5, signal });
    // q = (p − origin + ½)/2 − ½ in both strips.
    const p = applyAffine(one.context.aFromB, 10, 20);
    const q = { x: 2 * 10.5 - 0.5, y: 2 * 20.5 - 0.5 + 5 };
    const inA = applyAffine(layout, q.x, q.y);
    expect(p.x).toBeCloseTo((inA.x - 200 + 0.5) / 2 - 0.5, 9);
    expect(p.y).toBeCloseTo((inA.y + 0.5) / 2 - 0.5, 9);
    expect(found.a.length).toBe(2 * found.confidence.length);
    expect(found.sigmaPx).toBeUndefined();
    for (let i = 0; i < found.confidence.length; i++) {
      expect(found.a[2 * i] - found.b[2 * i]).toBeCloseTo(210.5, 3);
      expect(found.a[2 * i + 1] - found.b[2 * i + 1]).toBeCloseTo(-3.25, 3);
    }
    expect(found.a[0]).toBeCloseTo(200 + 2.5, 5);
  });

  it('says how far a match may be off in px of the tiles', async () => {
    const { matcher } = matcherOf({ scale: 0.25, multipleOf: 1 }, 5, 0.3);
    const { sigmaPx, confidence } = await matchStrips(a, b, matcher, context);
    expect(sigmaPx?.length).toBe(confidence.length);
    expect(sigmaPx?.[0]).toBeCloseTo(1.2, 6);
  });

  it.each([
    ['u8', 255, new Uint8Array(64 * 64).map((_, k) => k % 251)],
    ['u16', 65535, new Uint16Array(64 * 64).map((_, k) => 40 * (k % 251))],
  ] as const)('gives %s samples as fractions of white where the matcher asks for it', async (_name, white, data) => {
    const { matcher, seen } = matcherOf({ scale: 1, normalisation: 'unit' });
    await matchStrips(stripOf(0, 0, 64, 64, data), stripOf(0, 0, 64, 64, data), matcher, context);
    for (const k of [0, 7, 700]) expect(seen[0].a.data[k]).toBeCloseTo(data[k] / white, 6);
    for (const k of [0, 7, 700]) expect(seen[0].b.data[k]).toBeCloseTo(data[k] / white, 6);
  });

  it('stretches floats, which have no white', async () => {
    const { matcher, seen } = matcherOf({ scale: 1, normalisation: 'unit' });
    const floats = stripOf(0, 0, 64, 64);
    await matchStrips(floats, floats, matcher, context);
    expect(seen[0].a.data).toEqual(normaliseForMatching(floats.raster as FloatRaster).data);
  });

  it('has no matches of slivers', async () => {
    const { matcher, seen } = matcherOf({ multipleOf: 8 });
    for (const [wide, high] of [
      [15, 100],
      [100, 15],
      [1, 1],
    ]) {
      const sliver = stripOf(0, 0, wide, high);
      expect((await matchStrips(sliver, b, matcher, context)).confidence.length).toBe(0);
      expect((await matchStrips(a, sliver, matcher, context)).confidence.length).toBe(0);
    }
    expect(seen.length).toBe(0);
  });

  it('ends where it is told to', async () => {
    const { matcher, seen } = matcherOf({});
    const abort = new Error('stop');
    const ended = { aborted: true, throwIfAborted: () => Promise.reject(abort) };
    const throwing = {
      ...ended,
      throwIfAborted: () => {
        throw abort;
      },
    };
    await expect(matchStrips(a, b, matcher, { ...context, signal: throwing })).rejects.toBe(abort);
    expect(seen.length).toBe(0);
  });
});

describe('strips of more cells than the matcher takes', () => {
  const wide = stripOf(0, 0, 640, 160);
  const straight: StripContext = { ...context, aFromB: translation(4, -2), searchRadiusPx: 60 };
  // 100 cells: 80 × 80 px of 640 × 160.
  const limit = 100;

  it('are matched whole first, then in windows of a with what b may show of them', async () => {
    const { matcher, seen } = matcherOf({ scale: 1, maxTokens: limit });
    const found = await matchStrips(wide, wide, matcher, straight);
    const [coarse, ...windows] = seen;
    expect(coarse.context.scale).toBeCloseTo(0.99 * Math.sqrt((64 * limit) / (640 * 160)), 9);
    expect(coarse.context.searchRadiusPx).toBeCloseTo(60 * (coarse.context.scale ?? NaN), 9);
    // The coarse pass has found where b lies: 48 px are left of the radius, of which a window's side is four.
    const scale = 80 / (4 * 48);
    const radius = 48 * scale;
    for (const one of windows) {
      expect(one.context.scale).toBeCloseTo(scale, 9);
      expect(one.context.searchRadiusPx).toBeCloseTo(radius, 9);
      expect(one.a.width * one.a.height).toBeLessThanOrEqual(64 * limit);
      expect(one.b.width * one.b.height).toBeLessThanOrEqual(64 * limit);
      expect([one.a.width % 8, one.a.height % 8, one.b.width % 8, one.b.height % 8]).toEqual([0, 0, 0, 0]);
      // b's piece holds a's window and the radius about it, as far as b goes.
      const p = applyAffine(invertAffine(one.context.aFromB), one.a.width - 1, 0);
      expect(p.x).toBeLessThan(one.b.width);
    }
    // 266 × 66 px at this scale: seven by two windows of 40 px and 40 px of margin are 80 × 80 px.
    expect(windows.length).toBe(14);
    expect(windows.map((one) => one.a.width)).toEqual([40, 40, 40, 40, 40, 40, 24, 40, 40, 40, 40, 40, 40, 24]);
    expect(windows.map((one) => one.a.height)).toEqual([40, 40, 40, 40, 40, 40, 40, 24, 24, 24, 24, 24, 24, 24]);
    const xs = Array.from(found.confidence, (_, i) => found.a[2 * i]);
    expect(Math.min(...xs)).toBeLessThan(12);
    expect(Math.max(...xs)).toBeGreaterThan(590);
    for (let i = 0; i < found.confidence.length; i++) {
      expect(found.a[2 * i] - found.b[2 * i]).toBeCloseTo(4, 2);
      expect(found.a[2 * i + 1] - found.b[2 * i + 1]).toBeCloseTo(-2, 2);
    }
  });

  it('are cut without overlap or gap', async () => {
    const { matcher } = matcherOf({ scale: 1, maxTokens: limit }, 1);
    const found = await matchStrips(wide, wide, matcher, straight);
    const places = new Set<string>();
    for (let i = 0; i < found.confidence.length; i++)
      places.add(`${found.a[2 * i].toFixed(2)},${found.a[2 * i + 1].toFixed(2)}`);
    expect(places.size).toBe(found.confidence.length);
  });

  it('keep the whole radius where the coarse pass found too little', async () => {
    const { matcher, seen } = matcherOf({ scale: 1, maxTokens: 400 }, 80);
    await matchStrips(wide, wide, matcher, straight);
    const [coarse, ...windows] = seen;
    expect(coarse.context.searchRadiusPx / (coarse.context.scale ?? NaN)).toBeCloseTo(60, 9);
    expect(windows.length).toBeGreaterThan(0);
    for (const { context: one } of windows) expect(one.searchRadiusPx / (one.scale ?? NaN)).toBeCloseTo(60, 6);
  });

  it('are left to the coarse pass where windows would be no finer', async () => {
    const { matcher, seen } = matcherOf({ scale: 1, maxTokens: limit }, 60);
    // A radius of 100 px asks for a scale of 80/400, below the coarse pass's 0.2475.
    const found = await matchStrips(wide, wide, matcher, { ...straight, searchRadiusPx: 100 });
    expect(seen.length).toBe(1);
    expect(found.confidence.length).toBeGreaterThan(0);
  });

  it('keep the coarse matches where the windows have none', async () => {
    let calls = 0;
    const { matcher } = matcherOf({ scale: 1, maxTokens: limit });
    const once: Matcher = {
      ...matcher,
      match: async (p, q, told) =>
        calls++ === 0
          ? matcher.match(p, q, told)
          : { a: new Float32Array(0), b: new Float32Array(0), confidence: new Float32Array(0) },
    };
    const found = await matchStrips(wide, wide, once, straight);
    expect(calls).toBeGreaterThan(1);
    expect(found.confidence.length).toBeGreaterThan(10);
  });

  it('are matched whole as long as they fit', async () => {
    const { matcher, seen } = matcherOf({ scale: 0.25, maxTokens: limit });
    await matchStrips(wide, wide, matcher, straight);
    expect(seen.map(({ context: { scale } }) => scale)).toEqual([0.25]);
  });
});
