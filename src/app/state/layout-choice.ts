import { StitchError } from '../../core/errors.ts';
import type { Pose2 } from '../../core/geometry/pose2.ts';
import { applyPattern, firstNumber, gridFromPattern, parsePattern } from '../../core/tiles/file-name-pattern.ts';
import type { LayoutRanking } from '../../core/tiles/layout-ranking.ts';
import { medianSize, neighbourSigmaFraction, tilesByCell } from '../../core/tiles/nominal-poses.ts';
import { cellOf, scanOrders, type ScanOrder } from '../../core/tiles/scan-order.ts';
import type { GridCell, Overlap, Tile, TileId } from '../../core/tiles/tile.ts';
import type { PositionTable } from '../../../workers/protocol.ts';
import { layoutAsGiven, type GivenLayout } from './given-layout.ts';
import type { LayoutProblem, ResolvedLayout } from './resolved-layout.ts';

/** How the user (or the ranking) says where tiles belong; plain data, so that undo can keep it. */
export type LayoutChoice =
  /** The reading of the names at this place of the ranking. */
  | { readonly kind: 'hypothesis'; readonly index: number }
  /** Placeholders `{rrr}{ccc}{iii}` or a regular expression; see `parsePattern`. `scan` is for running numbers. */
  | { readonly kind: 'pattern'; readonly pattern: string; readonly scan: ScanSetting | null }
  /** Tiles in the order of their numbers along a scan. */
  | { readonly kind: 'scan'; readonly scan: ScanSetting }
  /** A positions file of the drop. */
  | { readonly kind: 'table'; readonly path: string }
  /** Stage positions in the images' own metadata. */
  | { readonly kind: 'stage' }
  /** Tile by tile: how a project had its files that have other names now. */
  | { readonly kind: 'given'; readonly layout: GivenLayout };

/** A grid that is visited in an order. */
export interface ScanSetting {
  readonly rows: number;
  readonly columns: number;
  readonly order: ScanOrder;
}

/** What a choice is resolved against. */
export interface LayoutEvidence {
  readonly tiles: readonly Tile[];
  readonly ranking: LayoutRanking | null;
  readonly positionTables: readonly PositionTable[];
}

/** Overlap that is assumed for a layout typed in by hand until it is estimated or set. */
export const assumedOverlap: Overlap = { x: 0.1, y: 0.1 };

/** The layout that a choice means for these tiles; `overlap` overrides the choice's own for grids. */
export function resolveLayout(choice: LayoutChoice, overlap: Overlap | null, evidence: LayoutEvidence): ResolvedLayout {
  try {
    const resolved = layoutOf(choice, evidence);
    const { layout } = resolved;
    if (layout?.kind !== 'grid') return resolved;
    tilesByCell(layout);
    return overlap ? { ...resolved, layout: { ...layout, overlap } } : resolved;
  } catch (error) {
    if (!(error instanceof StitchError)) throw error;
    return { layout: null, problems: [problemOf(error)] };
  }
}

/**
 * Index along the scan of every tile: the number in the names where exactly one number varies and none occurs twice;
 * else the place in the sorted list.
 */
export function scanIndices(tiles: readonly Tile[]): ReadonlyMap<TileId, number> {
  const [numbers] = varyingNumbers(tiles);
  const isNumbered = varyingNumbers(tiles).length === 1 && new Set(numbers).size === tiles.length;
  if (!isNumbered) return new Map(tiles.map((tile, place) => [tile.id, place]));
  const least = numbers.reduce((p, q) => Math.min(p, q), Infinity);
  const first = firstNumber(least, tiles.length);
  return new Map(tiles.map((tile, place) => [tile.id, numbers[place] - first]));
}

/** A pattern to start from: the numbers that vary become `{r}` and `{c}` (two of them) or `{i}` (one). */
export function suggestPattern(tiles: readonly Tile[]): string {
  const name = baseName(tiles[0]?.file ?? '');
  const varying = varyingRuns(tiles);
  const letters = varying.length === 1 ? ['i'] : ['r', 'c'];
  let run = 0;
  return name.replace(/\d+/g, (digits) => {
    const place = varying.indexOf(run++);
    const letter = letters[place - Math.max(0, varying.length - letters.length)];
    return place >= 0 && letter ? `{${letter}}` : digits;
  });
}

/** Rows and columns nearest to a square that hold `count` tiles. */
export function squareGrid(count: number): { readonly rows: number; readonly columns: number } {
  const columns = Math.max(1, Math.ceil(Math.sqrt(count)));
  return { rows: Math.max(1, Math.ceil(count / columns)), columns };
}

/** Positions of a table by tile: the whole path first, then the bare file name. */
export function posesOfTable(table: PositionTable, tiles: readonly Tile[]): ReadonlyMap<TileId, Pose2> {
  const byPath = new Map(table.positions.map((position) => [position.file, position]));
  const byName = new Map(table.positions.map((position) => [baseName(position.file), position]));
  const poses = new Map<TileId, Pose2>();
  for (const tile of tiles) {
    const position = byPath.get(tile.file) ?? byName.get(baseName(tile.file));
    if (position) poses.set(tile.id, { x: position.x, y: position.y, thetaRad: 0 });
  }
  return poses;
}

function layoutOf(choice: LayoutChoice, { tiles, ranking, positionTables }: LayoutEvidence): ResolvedLayout {
  switch (choice.kind) {
    case 'hypothesis': {
      const layout = ranking?.hypotheses[choice.index]?.layout ?? null;
      if (layout) return { layout, problems: [] };
      if (ranking && ranking.hypotheses.length > 0)
        throw new StitchError(
          'layout-unknown',
          `The project asks for reading ${choice.index + 1} of the file names; they allow ${ranking.hypotheses.length}. Choose one of them, or another source of the positions.`,
        );
      throw new StitchError(
        'layout-unknown',
        'No layout could be read from the file names. Give a name pattern, or rows, columns and the scan order.',
      );
    }
    case 'pattern':
      return layoutOfPattern(choice.pattern, choice.scan, tiles);
    case 'scan':
      return layoutOfScan(choice.scan, tiles, scanIndices(tiles));
    case 'table': {
      const table = positionTables.find(({ path }) => path === choice.path);
      if (!table) throw new StitchError('bad-layout-file', `"${choice.path}" is not among the dropped files any more.`);
      return layoutOfPoses(posesOfTable(table, tiles), tiles, `no position in "${table.path}"`);
    }
    case 'stage': {
      const poses = new Map(tiles.flatMap((tile) => (tile.stage ? [[tile.id, tile.stage] as const] : [])));
      return layoutOfPoses(poses, tiles, 'no stage position in its metadata');
    }
    case 'given':
      return layoutAsGiven(choice.layout, tiles);
  }
}

function layoutOfScan(
  { rows, columns, order }: ScanSetting,
  tiles: readonly Tile[],
  indices: ReadonlyMap<TileId, number>,
): ResolvedLayout {
  const cells = new Map<TileId, GridCell>();
  const problems: LayoutProblem[] = [];
  for (const tile of tiles) {
    const index = indices.get(tile.id);
    if (index !== undefined && index < rows * columns) cells.set(tile.id, cellOf(index, rows, columns, order));
    else
      problems.push({
        file: tile.file,
        code: 'pattern-mismatch',
        message: `"${tile.file}" is number ${(index ?? 0) + 1}, but ${rows} × ${columns} cells hold ${rows * columns} tiles. Enlarge the grid.`,
      });
  }
  return { layout: { kind: 'grid', rows, columns, cells, overlap: assumedOverlap }, problems };
}

/** Names that do not fit, and the second of two tiles in one cell, are left out and named; the rest is the grid. */
function layoutOfPattern(text: string, scan: ScanSetting | null, tiles: readonly Tile[]): ResolvedLayout {
  const pattern = parsePattern(text);
  const { rows, errors } = applyPattern(
    pattern,
    tiles.map((tile) => tile.file),
  );
  const taken = new Set<string>();
  const usable = tiles.filter((_, k) => {
    const { reading } = rows[k];
    if (!reading) return false;
    const key = JSON.stringify(reading);
    return !taken.has(key) && taken.add(key);
  });
  const problems = errors.map(problemOf);
  if (usable.length === 0) return { layout: null, problems };
  const order = scan ?? { rows: null, columns: null, order: scanOrders[0] };
  return { layout: gridFromPattern(pattern, usable, order, assumedOverlap), problems };
}

function layoutOfPoses(poses: ReadonlyMap<TileId, Pose2>, tiles: readonly Tile[], absence: string): ResolvedLayout {
  const problems = tiles
    .filter((tile) => !poses.has(tile.id))
    .map((tile) => ({
      file: tile.file,
      code: 'bad-layout-file' as const,
      message: `"${tile.file}" has ${absence}; it is left out of the mosaic.`,
    }));
  if (poses.size === 0) return { layout: null, problems };
  const { width, height } = medianSize(tiles);
  // The stage's own error, as for a grid: half of the variance of the difference of two neighbours.
  const sigmaPx = ((neighbourSigmaFraction / Math.SQRT2) * (width + height)) / 2;
  return { layout: { kind: 'positions', poses, sigmaPx }, problems };
}

/** Which runs of digits in the file names vary over the tiles; none when the names have different shapes. */
function varyingRuns(tiles: readonly Tile[]): readonly number[] {
  const runs = digitRuns(tiles);
  const length = runs[0]?.length ?? 0;
  if (runs.some((run) => run.length !== length)) return [];
  return Array.from({ length }, (_, k) => k).filter((k) => new Set(runs.map((run) => run[k])).size > 1);
}

/** The numbers at `varyingRuns`, tile by tile. */
function varyingNumbers(tiles: readonly Tile[]): readonly (readonly number[])[] {
  const runs = digitRuns(tiles);
  return varyingRuns(tiles).map((k) => runs.map((run) => run[k]));
}

function digitRuns(tiles: readonly Tile[]): readonly (readonly number[])[] {
  return tiles.map((tile) => (baseName(tile.file).match(/\d+/g) ?? []).map(Number));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function problemOf(error: StitchError): LayoutProblem {
  return { file: error.detail.file ?? '', code: error.code, message: error.message };
}
