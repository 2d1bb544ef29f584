import { findStack, type Section, type Stack } from '../../core/stack/find-stack.ts';
import { flagSections, type SectionFlag, type SectionRecord } from '../../core/stack/section-quality.ts';
import { cellPlacesOf, qualityOf, type SolvedSection } from '../../core/stack/section-quality.ts';
import { affineToArray } from '../../core/geometry/affine2.ts';
import type { StitchOptions } from '../../core/options.ts';
import { pairKey, type Tile } from '../../core/tiles/tile.ts';
import type { StitchRun } from './result.ts';

/** A section of the drop and what has become of it. */
export interface SectionEntry {
  readonly section: Section<Tile>;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** What its last run found; null before. */
  readonly record: SectionRecord | null;
  /** How it was matched and solved; null before. */
  readonly options: StitchOptions | null;
  /** Why it failed, a whole sentence; empty otherwise. */
  readonly failure: string;
}

/** Slice `sections`: the stack in the drop, if there is one. Only `app/jobs` writes it. */
export interface SectionsState {
  readonly entries: readonly SectionEntry[];
  /** A stack that the names may show, but need not: the user is asked. */
  readonly offered: Stack<Tile> | null;
  /** Name of the section that is open; null without a stack. */
  readonly current: string | null;
  /** Start every section from the places of the last good one before it. */
  readonly usesPrevious: boolean;
}

export const noSections: SectionsState = { entries: [], offered: null, current: null, usesPrevious: false };

/** The sections that the names of all tiles show. */
export function sectionsIn(tiles: readonly Tile[]): SectionsState {
  const stack = findStack(tiles, false);
  return stack ? withStack(stack) : { ...noSections, offered: findStack(tiles, true) };
}

/** Takes a stack on; its first section is open. */
export function withStack({ sections }: Stack<Tile>): SectionsState {
  const entries = sections.map(
    (section) => ({ section, state: 'waiting', record: null, options: null, failure: '' }) as const,
  );
  return { ...noSections, entries, current: sections[0].name };
}

/** True for a section that is stitched as the options ask; how it is composed does not matter. */
export function isUpToDate({ state, options }: SectionEntry, wanted: StitchOptions): boolean {
  if (state !== 'done' || !options) return false;
  const { compose } = wanted;
  return JSON.stringify({ ...options, compose }) === JSON.stringify({ ...wanted, compose });
}

/** The state with one entry changed. */
export function withEntry(state: SectionsState, name: string, change: Partial<SectionEntry>): SectionsState {
  const entries = state.entries.map((entry) => (entry.section.name === name ? { ...entry, ...change } : entry));
  return { ...state, entries };
}

/** Why sections stand out, one list an entry. */
export function sectionFlags({ entries }: SectionsState): readonly (readonly SectionFlag[])[] {
  return flagSections(entries.map(({ state, record }) => (state === 'done' ? record : null)));
}

/** What a run says of its section. */
export function recordOf({ tiles, layout, outcome }: StitchRun): SectionRecord {
  const placed = new Map(outcome.mosaic.placements.map((placement) => [placement.tile, placement]));
  const edges = new Map(outcome.report.edges.map((edge) => [edge.pairKey, edge]));
  const solved: SolvedSection = {
    tiles: tiles.map(({ id, size }) => {
      const placement = placed.get(id);
      const cell = layout.kind === 'grid' ? layout.cells.get(id) : undefined;
      return {
        state: placement?.state ?? 'unplaced',
        row: cell?.row ?? null,
        column: cell?.column ?? null,
        width: size.width,
        height: size.height,
        mosaicFromTile: placement ? affineToArray(placement.mosaicFromTile) : null,
      };
    }),
    links: outcome.pairs.map((result) => {
      const edge = edges.get(pairKey(result.pair));
      if (result.kind === 'rejected') return { state: 'rejected', residualPx: null };
      return { state: edge && !edge.removed ? 'link' : 'excluded', residualPx: edge?.residualPx ?? null };
    }),
  };
  return { quality: qualityOf(solved), places: cellPlacesOf(solved) };
}
