import { StitchError } from '../../core/errors.ts';
import { applyAffine } from '../../core/geometry/affine2.ts';
import type { Affine2, Point } from '../../core/geometry/affine2.ts';
import type { SampleType } from '../../core/raster/raster.ts';
import { tileId } from '../../core/tiles/tile.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import type { Solution, SolutionTile } from '../solution-json.ts';
import { lostRotationPx } from '../tile-configuration.ts';

/** Inlier matches of an accepted link, full-resolution px of the tiles, centre convention; weights 0…1. */
export interface LinkMatches {
  /** Tile ids. */
  readonly a: string;
  readonly b: string;
  /** [2N] x, y. */
  readonly inA: ArrayLike<number>;
  readonly inB: ArrayLike<number>;
  /** [N] */
  readonly weights: ArrayLike<number>;
}

/** What is handed to another program. */
export interface HandOffInput {
  readonly solution: Solution;
  /** Matches of the links; empty where they were not kept. */
  readonly links: readonly LinkMatches[];
  /** The tiles as they were inspected: sample types and stage positions; empty where only the solution is at hand. */
  readonly tiles: readonly Tile[];
}

/** A text file, to be written in UTF-8. */
export interface HandOffFile {
  readonly name: string;
  readonly text: string;
}

export interface HandOff {
  readonly files: readonly HandOffFile[];
  /** What the format could not hold and what the other program will ask for, whole sentences. */
  readonly warnings: readonly string[];
}

/** Where a hand-off file puts a tile, mosaic px, centre convention. */
export interface HandOffPlace {
  readonly file: string;
  readonly mosaicFromTile: Affine2;
}

/** One format of hand-off. */
export interface HandOffFormat {
  /**
   * Pure: the same solution gives the same files.
   * @throws StitchError `bad-options` when a tile's name cannot be written in the format
   */
  write(input: HandOffInput): HandOff;
  /**
   * The places in the format's own files, for round trips.
   * @throws StitchError `bad-layout-file`
   */
  read(files: readonly HandOffFile[]): readonly HandOffPlace[];
}

/** A placed tile of a solution with what is known of its file. */
export interface PlacedTile {
  readonly id: string;
  readonly file: string;
  readonly page: number;
  readonly section: number;
  readonly entry: SolutionTile;
  readonly mosaicFromTile: Affine2;
  /** Null where the tiles were not inspected. */
  readonly sampleType: SampleType | null;
  readonly channels: 1 | 3 | null;
  readonly stage: Point | null;
}

/** The placed tiles in the solution's order; unplaced ones have no place to hand on. */
export function placedTiles({ solution, tiles }: HandOffInput): readonly PlacedTile[] {
  const byId = new Map<string, Tile>(tiles.map((tile) => [tile.id, tile]));
  return solution.tiles.flatMap((entry) => {
    if (entry.mosaicFromTile === null) return [];
    const [a, b, c, d, e, f] = entry.mosaicFromTile;
    const page = entry.page ?? 0;
    const id = tileId(entry.file, page);
    const tile = byId.get(id);
    return [
      {
        id,
        file: entry.file,
        page,
        section: entry.section ?? 0,
        entry,
        mosaicFromTile: { a, b, c, d, e, f },
        sampleType: tile?.sampleType ?? null,
        channels: tile?.channels ?? null,
        stage: tile?.stage ?? null,
      },
    ];
  });
}

/** Groups by section, in ascending order. */
export function bySection(tiles: readonly PlacedTile[]): ReadonlyMap<number, readonly PlacedTile[]> {
  const sections = [...new Set(tiles.map(({ section }) => section))].sort((p, q) => p - q);
  return new Map(sections.map((section) => [section, tiles.filter((tile) => tile.section === section)]));
}

/** The translation that keeps a tile's centre where it was solved: the best that a list of positions can say. */
export function keptTranslation({ mosaicFromTile, entry }: PlacedTile): Point {
  const x = (entry.width - 1) / 2;
  const y = (entry.height - 1) / 2;
  const centre = applyAffine(mosaicFromTile, x, y);
  return { x: centre.x - x, y: centre.y - y };
}

/** Below this nobody sees what was lost. */
const losslessPx = 0.05;

/**
 * What is lost when only `kept` of each pose is written: the rotation and stretch, the displacement mesh, pages, and the
 * tiles without a place.
 */
export function lossWarnings(
  input: HandOffInput,
  kept: 'translation' | 'affine',
  canNamePages: boolean,
): readonly string[] {
  const tiles = placedTiles(input);
  const warnings: string[] = [];
  if (kept === 'translation') {
    const lost = tiles.map(({ mosaicFromTile, entry }) => lostRotationPx(mosaicFromTile, entry));
    const worst = Math.max(0, ...lost);
    if (worst > losslessPx)
      warnings.push(
        `Positions only: rotation and stretch of up to ${worst.toFixed(1)} px across a tile are dropped ` +
          `(${lost.filter((px) => px > 0.5).length} tiles lose more than half a pixel). solution.json keeps them.`,
      );
  }
  const bent = Math.max(0, ...tiles.map(({ entry }) => largestDisplacementPx(entry)));
  if (bent > losslessPx)
    warnings.push(
      `The elastic mesh is dropped: displacements of up to ${bent.toFixed(2)} px. solution.json keeps them.`,
    );
  const pages = tiles.filter(({ page }) => page > 0).length;
  if (pages > 0 && !canNamePages)
    warnings.push(`${pages} tiles are later pages of their files; the format names files only.`);
  const unplaced = input.solution.tiles.length - tiles.length;
  if (unplaced > 0) warnings.push(`${unplaced} tiles without a place are left out.`);
  return warnings;
}

function largestDisplacementPx({ mesh }: SolutionTile): number {
  if (mesh === undefined) return 0;
  return mesh.dx.reduce((most, dx, i) => Math.max(most, Math.hypot(dx, mesh.dy[i])), 0);
}

/**
 * A file's name for a line of text.
 * @throws StitchError `bad-options` when it holds one of the `forbidden` characters or a line break
 */
export function lineName(file: string, forbidden: string, format: string): string {
  const bad = [...file].find((character) => `${forbidden}\n\r`.includes(character));
  if (bad === undefined) return file;
  throw new StitchError(
    'bad-options',
    `${file}: ${format} cannot name this file, because its name holds ${JSON.stringify(bad)}. Rename the file and stitch again.`,
    { file },
  );
}

/** Numbers that a mosaic's files may hold: pixel size, or null. */
export function pixelSizeOf({ pixelSizeNm }: Solution): number | null {
  return pixelSizeNm ?? null;
}

/**
 * The text of the one file that a reader needs.
 * @throws RangeError when it is not among the files: a programmer's error
 */
export function textOf(files: readonly HandOffFile[], ending: string): string {
  const found = files.find(({ name }) => name.endsWith(ending));
  if (found === undefined) throw new RangeError(`no file ending in ${ending}`);
  return found.text;
}
