import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  edgesOf,
  fitViewport,
  isReachable,
  keepInside,
  mosaicFromScreen,
  panBy,
  pixelUnder,
  scaleBar,
  screenFromMosaic,
  visibleEdges,
  wheelFactor,
  zoomAt,
  zoomLimits,
} from './viewport.ts';

const screen = { width: 800, height: 600 };

describe('viewport', () => {
  it('puts the outer corner of the first pixel, not its centre, at the corner of a picture shown 1:1', () => {
    const bounds = { x: 0, y: 0, width: 800, height: 600 };
    const view = fitViewport(bounds, screen, 0);
    expect(view).toEqual({ x: 399.5, y: 299.5, zoom: 1 });
    expect(screenFromMosaic(view, screen, 0, 0)).toEqual({ x: 0.5, y: 0.5 });
    const edges = edgesOf(bounds);
    expect(screenFromMosaic(view, screen, edges.left, edges.top)).toEqual({ x: 0, y: 0 });
    expect(screenFromMosaic(view, screen, edges.right, edges.bottom)).toEqual({ x: 800, y: 600 });
  });

  it('names the pixel whose square holds the cursor at 8 screen px a pixel', () => {
    const view = { x: 10, y: 20, zoom: 8 };
    expect(pixelUnder(view, screen, 400, 300)).toEqual({ x: 10, y: 20 });
    expect(pixelUnder(view, screen, 400 - 4, 300 + 3.99)).toEqual({ x: 10, y: 20 });
    expect(pixelUnder(view, screen, 400 + 4, 300 + 4)).toEqual({ x: 11, y: 21 });
    expect(pixelUnder(view, screen, 400 - 4.01, 300)).toEqual({ x: 9, y: 20 });
  });

  it('fits bounds with a negative origin', () => {
    const bounds = { x: -100, y: -50, width: 1600, height: 300 };
    const view = fitViewport(bounds, screen, 0);
    expect(view.zoom).toBe(0.5);
    expect(screenFromMosaic(view, screen, -100.5, 99.5).x).toBeCloseTo(0, 12);
    expect(screenFromMosaic(view, screen, 1499.5, 99.5).x).toBeCloseTo(800, 12);
  });

  const views = fc.record({
    x: fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((n) => n / 1000),
    y: fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((n) => n / 1000),
    zoom: fc.double({ min: 1e-3, max: 32, noNaN: true }),
  });
  const points = fc.record({
    x: fc.integer({ min: 0, max: 800_000 }).map((n) => n / 1000),
    y: fc.integer({ min: 0, max: 600_000 }).map((n) => n / 1000),
  });

  it('returns to the screen position it came from', () => {
    fc.assert(
      fc.property(views, points, (view, at) => {
        const p = mosaicFromScreen(view, screen, at.x, at.y);
        const back = screenFromMosaic(view, screen, p.x, p.y);
        expect(back.x).toBeCloseTo(at.x, 6);
        expect(back.y).toBeCloseTo(at.y, 6);
      }),
    );
  });

  it('keeps the mosaic point under the cursor while zooming, within limits', () => {
    fc.assert(
      fc.property(
        views,
        points,
        fc.integer({ min: 100, max: 10_000 }).map((n) => n / 1000),
        (view, at, factor) => {
          const before = mosaicFromScreen(view, screen, at.x, at.y);
          const zoomed = zoomAt(view, screen, at, factor, { min: 1e-3, max: 32 });
          expect(zoomed.zoom).toBeGreaterThanOrEqual(1e-3);
          expect(zoomed.zoom).toBeLessThanOrEqual(32);
          const after = screenFromMosaic(zoomed, screen, before.x, before.y);
          expect(after.x).toBeCloseTo(at.x, 4);
          expect(after.y).toBeCloseTo(at.y, 4);
        },
      ),
    );
  });

  it('moves the picture with the hand', () => {
    const view = { x: 5, y: 6, zoom: 2 };
    const moved = panBy(view, 10, -4);
    const before = screenFromMosaic(view, screen, 7, 7);
    const after = screenFromMosaic(moved, screen, 7, 7);
    expect(after.x - before.x).toBe(10);
    expect(after.y - before.y).toBe(-4);
  });

  it('shows as many mosaic pixels as the screen holds', () => {
    expect(visibleEdges({ x: 0, y: 0, zoom: 2 }, screen)).toEqual({ left: -200, top: -150, right: 200, bottom: 150 });
  });

  it('keeps the middle of the screen on the mosaic', () => {
    const bounds = { x: 0, y: 0, width: 10, height: 10 };
    expect(keepInside({ x: -40, y: 3, zoom: 1 }, bounds)).toEqual({ x: -0.5, y: 3, zoom: 1 });
    const inside = { x: 4, y: 3, zoom: 1 };
    expect(keepInside(inside, bounds)).toBe(inside);
  });

  it('tells a view that somebody may have had from one that a file makes up', () => {
    const bounds = { x: 0, y: 0, width: 100, height: 60 };
    const screen = { width: 400, height: 300 };
    const view = { x: 50, y: 20, zoom: 1 };
    expect(isReachable(view, bounds, screen)).toBe(true);
    for (const change of [{ x: 1e12 }, { zoom: 1e9 }, { zoom: 1e-9 }])
      expect(isReachable({ ...view, ...change }, bounds, screen)).toBe(false);
  });

  it('always lets the user reach 100 %', () => {
    const small = zoomLimits({ x: 0, y: 0, width: 4, height: 4 }, screen);
    expect(small.min).toBeLessThan(1);
    const large = zoomLimits({ x: 0, y: 0, width: 100000, height: 100000 }, screen);
    expect(large.min).toBeLessThan(600 / 100000);
    expect(large.max).toBe(32);
  });

  it('zooms in when the wheel turns away and takes lines and pages for what they are', () => {
    expect(wheelFactor(-100, 0, false)).toBeCloseTo(1.248, 3);
    expect(wheelFactor(100, 0, false) * wheelFactor(-100, 0, false)).toBeCloseTo(1, 12);
    expect(wheelFactor(-3, 1, false)).toBeCloseTo(wheelFactor(-48, 0, false), 12);
  });

  it('draws a scale bar of a round length', () => {
    expect(scaleBar(4, 1, 120)).toEqual({ px: 50, label: '200 nm' });
    expect(scaleBar(4, 0.1, 125)).toEqual({ px: 125, label: '5 µm' });
    expect(scaleBar(1000, 0.5, 120).label).toBe('200 µm');
    expect(scaleBar(0.25, 32, 128)).toEqual({ px: 128, label: '1 nm' });
  });
});
