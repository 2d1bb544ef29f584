import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialView, type ViewState } from './view.ts';
import { linkOf, readLink } from './view-link.ts';

const looked: ViewState = {
  ...initialView,
  tab: 'inspector',
  selectedPair: 'tile 1&2.tif\u0000tüle=3.tif',
  overlays: { ...initialView.overlays, outlines: true, links: false, heat: 'agreement', residualTimes: 200 },
  turns: 3,
  isPixelShown: true,
  pixelSizeNm: 4.5,
  compare: 'swipe',
  evidence: 'residuals',
  viewport: { x: 1234.5, y: -6.5, zoom: 0.125 },
  display: { low: 12.5, high: 60000, gamma: 1.5, invert: true },
};

describe('a link to a view', () => {
  it('says nothing of a view as it starts', () => {
    expect(linkOf(initialView, false)).toBe('');
  });

  it('brings back everything that is looked at', () => {
    const { settings, place } = readLink(`#${linkOf(looked, true)}`);
    expect({ ...initialView, ...settings, ...place }).toEqual(looked);
  });

  it('says nothing of a place before there is a mosaic', () => {
    expect(readLink(linkOf(looked, false)).place).toEqual({});
  });

  it('shows no overlay at all when it says so', () => {
    const none = { ...initialView, overlays: { ...initialView.overlays, links: false } };
    expect(readLink(linkOf(none, false)).settings.overlays?.links).toBe(false);
  });

  it('leaves out what makes no sense, whatever is put there', () => {
    expect(readLink('#at=1 2 0&tab=nowhere&turn=9&nm=-3&grey=5 5 1&compare=x')).toEqual({ settings: {}, place: {} });
    fc.assert(
      fc.property(fc.webFragments(), fc.string(), (fragment, value) => {
        const { place } = readLink(`${fragment}&at=${encodeURIComponent(value)}&grey=${encodeURIComponent(value)}`);
        if (place.viewport) expect(place.viewport.zoom).toBeGreaterThan(0);
        if (place.display) expect(place.display.high).toBeGreaterThan(place.display.low);
      }),
    );
  });
});
