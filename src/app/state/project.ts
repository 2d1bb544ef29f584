import { effectOf } from '../../core/edits/edit-effect.ts';
import type { EditList } from '../../core/edits/edit.ts';
import { defaultStitchOptions, type StitchOptions } from '../../core/options.ts';
import type { LayoutRanking } from '../../core/tiles/layout-ranking.ts';
import { tileId, type Layout, type Overlap, type Tile } from '../../core/tiles/tile.ts';
import type { InspectReport, ModelSource, NamedFile, TileSource } from '../../../workers/protocol.ts';
import { posesOfTable, resolveLayout, type LayoutChoice } from './layout-choice.ts';
import type { LayoutProblem } from './resolved-layout.ts';

/** What the user decides and can undo. Replaced whole, so that identity tells whether anything changed. */
export interface Edits {
  readonly layoutChoice: LayoutChoice;
  /** Overrides the overlap of the chosen layout; null = as found. */
  readonly overlap: Overlap | null;
  /** What choice and overlap mean for the tiles; null when they mean nothing. */
  readonly layout: Layout | null;
  readonly layoutProblems: readonly LayoutProblem[];
  readonly options: StitchOptions;
  /** What the user corrected by hand, in the order in which it was done. */
  readonly corrections: EditList;
  /** Keys of the links that the corrections exclude. */
  readonly excluded: ReadonlySet<string>;
}

interface Snapshot {
  readonly edits: Edits;
  /** What the edit after this snapshot changed; edits of the same thing in a row are one step. */
  readonly label: string;
}

/** Which page of files with several is stitched: one of each, or every page as a tile of its own. */
export type PageChoice = { readonly kind: 'page'; readonly page: number } | { readonly kind: 'all' };

/** Which of the tiles that were dropped are stitched. */
export type TileChoice = Pick<ProjectState, 'pages' | 'group'>;

/** Slice `project`: the files, what their headers say, and the user's decisions. */
export interface ProjectState {
  /** Everything dropped, with the dropped folder in the path. */
  readonly files: readonly NamedFile[];
  readonly inspection: InspectReport | null;
  readonly pages: PageChoice;
  /** Key of the group of files that is stitched when several grids were dropped; null = all tiles. */
  readonly group: string | null;
  /** Tiles of the open section of a stack; null = all. */
  readonly sectionTiles: ReadonlySet<string> | null;
  /** The tiles to stitch: of the chosen group and pages. */
  readonly tiles: readonly Tile[];
  readonly ranking: LayoutRanking | null;
  /** The user's own model bundle; null = the one that comes with the app. */
  readonly ownModel: ModelSource | null;
  readonly edits: Edits;
  readonly past: readonly Snapshot[];
  readonly future: readonly Snapshot[];
  /** What the last edit, undo or redo did, for the user. */
  readonly lastStep: string;
}

const firstHypothesis: LayoutChoice = { kind: 'hypothesis', index: 0 };

export const emptyProject: ProjectState = {
  files: [],
  inspection: null,
  pages: { kind: 'page', page: 0 },
  group: null,
  sectionTiles: null,
  tiles: [],
  ranking: null,
  ownModel: null,
  edits: {
    layoutChoice: firstHypothesis,
    overlap: null,
    layout: null,
    layoutProblems: [],
    options: defaultStitchOptions,
    corrections: [],
    excluded: new Set(),
  },
  past: [],
  future: [],
  lastStep: '',
};

/** The decisions that an edit may change; the layout follows from choice and overlap. */
export type EditChange = Partial<Pick<Edits, 'layoutChoice' | 'overlap' | 'options' | 'corrections'>>;

/**
 * The project with a decision changed and the old ones kept for undo; changes of one thing by one `label` in a row are one
 * step. Two landmarks of a pair have one name and are two steps.
 */
export function editProject(project: ProjectState, label: string, change: EditChange): ProjectState {
  const edits = editsWith(project, change);
  const last = project.past.at(-1);
  const isOneThing =
    last?.label === label &&
    project.future.length === 0 &&
    changedEntries(last.edits.corrections, project.edits.corrections) ===
      changedEntries(project.edits.corrections, edits.corrections) &&
    last.edits.corrections.length === edits.corrections.length;
  const past = isOneThing ? project.past : [...project.past, { edits: project.edits, label }];
  return { ...project, edits, past, future: [], lastStep: label };
}

/** Names the corrections that are not in both lists as they are. */
function changedEntries(before: EditList, after: EditList): string {
  const changed = [
    ...before.filter((entry) => !after.includes(entry)),
    ...after.filter((entry) => !before.includes(entry)),
  ];
  return [...new Set(changed.map(({ id }) => id))].sort().join(' ');
}

export function undoEdit(project: ProjectState): ProjectState {
  const last = project.past.at(-1);
  if (!last) return project;
  const undone = { edits: project.edits, label: last.label };
  return {
    ...project,
    edits: last.edits,
    past: project.past.slice(0, -1),
    future: [undone, ...project.future],
    lastStep: `undo ${last.label}`,
  };
}

export function redoEdit(project: ProjectState): ProjectState {
  const [next, ...future] = project.future;
  if (!next) return project;
  return {
    ...project,
    edits: next.edits,
    past: [...project.past, { edits: project.edits, label: next.label }],
    future,
    lastStep: `redo ${next.label}`,
  };
}

/** The project with the tiles of a new inspection; corrections by name survive, undo does not. */
export function withInspection(project: ProjectState, inspection: InspectReport): ProjectState {
  const groups = tileGroups(inspection.tiles);
  const group = groups.some(({ key }) => key === project.group) ? project.group : null;
  return withTiles({ ...project, inspection, group, past: [], future: [] });
}

/** Recomputes the tiles after the choice of pages or of the group; the old ranking does not hold any more. */
export function withTiles(project: ProjectState): ProjectState {
  const { inspection, group, pages } = project;
  if (!inspection) return { ...project, tiles: [], ranking: null };
  const inSection = inspection.tiles.filter(({ id }) => project.sectionTiles?.has(id) ?? true);
  const inGroup = inSection.filter((tile) => group === null || groupKey(tile) === group);
  const pagesOf = new Map(inspection.multiPage.map((entry) => [entry.file, entry.pages]));
  const tiles = inGroup.flatMap((tile) => tilesOfPages(tile, pagesOf.get(tile.file) ?? 1, pages));
  const unranked = { ...project, tiles, ranking: null };
  return { ...unranked, edits: editsWith(unranked, { layoutChoice: project.edits.layoutChoice }) };
}

/**
 * Adopts a ranking; a layout that the user gave by pattern, table or stage stays. Otherwise a positions file that names
 * every tile is believed: it was put there for that.
 */
export function withRanking(project: ProjectState, ranking: LayoutRanking): ProjectState {
  const ranked = { ...project, ranking };
  const kept = project.edits.layoutChoice;
  const layoutChoice = kept.kind === 'hypothesis' || kept.kind === 'scan' ? firstChoice(project) : kept;
  return { ...ranked, edits: editsWith(ranked, { layoutChoice }) };
}

function firstChoice({ inspection, tiles }: ProjectState): LayoutChoice {
  const whole = inspection?.positionTables.find((table) => posesOfTable(table, tiles).size === tiles.length);
  return whole && tiles.length > 0 ? { kind: 'table', path: whole.path } : firstHypothesis;
}

/** The project with decisions of an earlier visit, which cannot be undone. */
export function withDecisions(project: ProjectState, decisions: Required<EditChange>): ProjectState {
  return { ...project, edits: editsWith(project, decisions), past: [], future: [], lastStep: '' };
}

/** Tiles with their files, for the workers. */
export function tileSources(project: ProjectState, files: readonly NamedFile[]): readonly TileSource[] {
  const fileOf = new Map(files.map(({ path, file }) => [path, file]));
  return project.tiles.flatMap((tile) => {
    const file = fileOf.get(tile.file);
    return file ? [{ tile, file }] : [];
  });
}

/** Tiles whose names differ in their numbers only, in one folder and format. */
export interface TileGroup {
  readonly key: string;
  readonly count: number;
  /** The first name, for the user. */
  readonly example: string;
}

/** Groups of at least two tiles, largest first: more than one means that the drop may hold several grids. */
export function tileGroups(tiles: readonly Tile[]): readonly TileGroup[] {
  const groups = new Map<string, { count: number; example: string }>();
  for (const tile of tiles) {
    const key = groupKey(tile);
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { count: 1, example: tile.file });
  }
  return [...groups]
    .map(([key, { count, example }]) => ({ key, count, example }))
    .filter(({ count }) => count > 1)
    .sort((p, q) => q.count - p.count);
}

/** The path with every number, and every letter that stands alone as a row or column may, made alike. */
export function groupKey(tile: Tile): string {
  return tile.file.replace(/\d+/g, '#').replace(/(^|[^A-Za-z])[A-Z](?=[^A-Za-z])/g, '$1@');
}

function tilesOfPages(tile: Tile, pages: number, choice: PageChoice): readonly Tile[] {
  if (pages < 2) return [tile];
  if (choice.kind === 'page') return [atPage(tile, Math.min(choice.page, pages - 1))];
  return Array.from({ length: pages }, (_, page) => atPage(tile, page));
}

function atPage(tile: Tile, page: number): Tile {
  return page === tile.page ? tile : { ...tile, page, id: tileId(tile.file, page) };
}

function editsWith(project: ProjectState, change: EditChange): Edits {
  const corrected = { ...project.edits, ...change };
  const edits =
    'corrections' in change ? { ...corrected, excluded: effectOf(corrected.corrections).excluded } : corrected;
  if (!('layoutChoice' in change || 'overlap' in change)) return edits;
  const { layout, problems } = resolveLayout(edits.layoutChoice, edits.overlap, {
    tiles: project.tiles,
    ranking: project.ranking,
    positionTables: project.inspection?.positionTables ?? [],
  });
  return { ...edits, layout, layoutProblems: problems };
}
