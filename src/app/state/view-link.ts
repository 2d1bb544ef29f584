import { pairKey, tileId } from '../../core/tiles/tile.ts';
import { heatKinds, startingOverlays, tintKinds, type OverlaySwitch } from '../viewer/overlays.ts';
import type { QuarterTurns } from '../viewer/turn.ts';
import { compareModes, evidenceLooks, initialView, resultTabs, type ViewState } from './view.ts';

/** What a link says at once: how things are shown. */
export type LinkedSettings = Partial<
  Pick<ViewState, 'overlays' | 'turns' | 'isPixelShown' | 'pixelSizeNm' | 'evidence' | 'compare'>
>;

/** What a link says of a mosaic, for when there is one. */
export type LinkedPlace = Partial<Pick<ViewState, 'tab' | 'selectedPair' | 'viewport' | 'display'>>;

const switches: readonly OverlaySwitch[] = ['outlines', 'names', 'links', 'seams', 'residuals'];
const turnsOf: readonly QuarterTurns[] = [0, 1, 2, 3];

/** The view as the part of an address after `#`: what differs from the start, never image data; '' for nothing. */
export function linkOf(view: ViewState, hasMosaic: boolean): string {
  const { overlays, display, viewport } = view;
  const link = new URLSearchParams();
  const shown = switches.filter((id) => overlays[id]).join(' ');
  if (shown !== 'links') link.set('show', shown);
  if (overlays.heat !== 'none') link.set('heat', overlays.heat);
  if (overlays.tint !== 'none') link.set('tint', overlays.tint);
  if (overlays.residualTimes !== startingOverlays.residualTimes) link.set('arrows', String(overlays.residualTimes));
  if (view.turns !== 0) link.set('turn', String(view.turns));
  if (view.isPixelShown) link.set('pixel', '1');
  if (view.pixelSizeNm !== null) link.set('nm', String(view.pixelSizeNm));
  if (view.compare !== initialView.compare) link.set('compare', view.compare);
  if (view.evidence !== initialView.evidence) link.set('evidence', view.evidence);
  if (hasMosaic) {
    if (view.tab !== initialView.tab) link.set('tab', view.tab);
    const [a, b] = view.selectedPair?.split('\u0000') ?? [];
    if (a !== undefined && b !== undefined) {
      link.set('a', a);
      link.set('b', b);
    }
    if (viewport)
      link.set('at', [viewport.x.toFixed(1), viewport.y.toFixed(1), viewport.zoom.toPrecision(4)].join(' '));
    const { low, high, gamma, invert } = display;
    link.set('grey', [...[low, high, gamma].map((n) => n.toPrecision(5)), invert ? 'inverted' : ''].join(' ').trim());
  }
  return link.toString();
}

/** What a link says; what it does not say, or says in a way that makes no sense, is absent. */
export function readLink(text: string): { readonly settings: LinkedSettings; readonly place: LinkedPlace } {
  const link = new URLSearchParams(text.replace(/^#/, ''));
  const overlays = readOverlays(link);
  const turns = oneOf(turnsOf, Number(link.get('turn') ?? NaN));
  const nm = positive(link.get('nm'));
  const compare = oneOf(compareModes, link.get('compare'));
  const evidence = oneOf(evidenceLooks, link.get('evidence'));
  const tab = oneOf(resultTabs, link.get('tab'));
  const [a, b] = [link.get('a'), link.get('b')];
  const viewport = readViewport(link.get('at'));
  const display = readDisplay(link.get('grey'));
  return {
    settings: {
      ...(overlays && { overlays }),
      ...(turns !== undefined && { turns }),
      ...(link.get('pixel') === '1' && { isPixelShown: true }),
      ...(nm !== null && { pixelSizeNm: nm }),
      ...(compare && { compare }),
      ...(evidence && { evidence }),
    },
    place: {
      ...(tab && { tab }),
      ...(a !== null && b !== null && { selectedPair: pairKey({ a: tileId(a), b: tileId(b) }) }),
      ...(viewport && { viewport }),
      ...(display && { display }),
    },
  };
}

function readOverlays(link: URLSearchParams): ViewState['overlays'] | null {
  if (!['show', 'heat', 'tint', 'arrows'].some((name) => link.has(name))) return null;
  const shown = (link.get('show') ?? 'links').split(' ');
  const on = Object.fromEntries(switches.map((id) => [id, shown.includes(id)])) as Record<OverlaySwitch, boolean>;
  return {
    ...on,
    heat: oneOf(heatKinds, link.get('heat')) ?? 'none',
    tint: oneOf(tintKinds, link.get('tint')) ?? 'none',
    residualTimes: Math.min(500, positive(link.get('arrows')) ?? startingOverlays.residualTimes),
  };
}

function readViewport(text: string | null): ViewState['viewport'] {
  const [x = NaN, y = NaN, zoom = NaN] = numbersOf(text);
  return [x, y, zoom].every(Number.isFinite) && zoom > 0 ? { x, y, zoom } : null;
}

function readDisplay(text: string | null): ViewState['display'] | null {
  const [low = NaN, high = NaN, gamma = NaN] = numbersOf(text);
  if (![low, high].every(Number.isFinite) || !(high > low) || !(gamma > 0.05 && gamma < 20)) return null;
  return { low, high, gamma, invert: text?.endsWith('inverted') ?? false };
}

function numbersOf(text: string | null): readonly number[] {
  return text === null || text.trim() === '' ? [] : text.split(' ').map(Number);
}

function positive(text: string | null): number | null {
  const value = text === null || text === '' ? NaN : Number(text);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function oneOf<T>(all: readonly T[], value: unknown): T | undefined {
  return all.find((each) => each === value);
}
