import type { Pose2 } from '../geometry/pose2.ts';
import { compareNames, nameFields } from '../tiles/name-fields.ts';
import { cellKey, nominalPriors } from '../tiles/nominal-poses.ts';
import { findGroups } from '../tiles/tile-groups.ts';
import type { TileGroup } from '../tiles/tile-groups.ts';
import type { GridCell, Tile, TileGrid, TileId } from '../tiles/tile.ts';

/** A section whose layout is known. */
export interface LaidOutSection {
  readonly tiles: readonly Tile[];
  readonly layout: TileGrid;
}

/**
 * The layout of one section read into the names of another: tiles whose names say the same place are in the same cell,
 * the overlap is the same. A section with fewer tiles has empty cells. Null when a tile's place is none of the
 * reference's; the section then needs a layout of its own.
 */
export function layoutLike(reference: LaidOutSection, tiles: readonly Tile[]): TileGrid | null {
  const known = placesOf(reference.tiles);
  const own = placesOf(tiles);
  const { layout } = reference;
  const cellOf = new Map<string, GridCell>();
  for (const [place, tile] of known) {
    const cell = layout.cells.get(tile.id);
    if (cell) cellOf.set(place, cell);
  }
  const cells = new Map<TileId, GridCell>();
  for (const [place, tile] of own) {
    const cell = cellOf.get(place);
    if (cell === undefined) return null;
    cells.set(tile.id, cell);
  }
  return cells.size < 1
    ? null
    : { kind: 'grid', rows: layout.rows, columns: layout.columns, cells, overlap: layout.overlap };
}

/** The tiles of the largest grid by the numbers that place them in it, or by their turn where names have none. */
function placesOf(tiles: readonly Tile[]): ReadonlyMap<string, Tile> {
  const [group] = findGroups(tiles.map((tile) => ({ ...tile, file: tile.file.slice(tile.file.lastIndexOf('/') + 1) })));
  const members = new Set(group.tiles.map(({ id }) => id));
  const fields = placeFields(group);
  const sorted = tiles.filter(({ id }) => members.has(id)).sort((p, q) => compareNames(p.file, q.file));
  return new Map(
    sorted.map((tile, turn) => {
      const { values } = nameFields({ ...tile, file: tile.file.slice(tile.file.lastIndexOf('/') + 1) });
      return [fields === null ? `#${turn}` : fields.map((field) => values[field]).join(), tile];
    }),
  );
}

function placeFields({ scheme }: TileGroup): readonly number[] | null {
  if (scheme.kind === 'index') return [scheme.field];
  return scheme.kind === 'cells' ? [scheme.first, scheme.second].filter((field) => field !== null) : null;
}

/** Where a section has the tile of a cell: the centre of the tile in its mosaic, px. */
export interface CellPlace extends GridCell {
  readonly x: number;
  readonly y: number;
  /** False where no link carries the tile. */
  readonly isSolved: boolean;
}

/**
 * The grid with the places of an earlier section as its nominal poses, unturned: the solution's gauge has no turn on
 * average, and how a single tile was turned says nothing of the next section. Cells that the earlier section does not
 * have keep their pitch, carried along with the mean of the others.
 */
export function layoutAfter(layout: TileGrid, tiles: readonly Tile[], earlier: readonly CellPlace[]): TileGrid {
  const placeOf = new Map(earlier.map((place) => [cellKey(place.row, place.column), place]));
  const priors = nominalPriors({ ...layout, poses: new Map() }, tiles);
  const known: { readonly id: TileId; readonly pose: Pose2; readonly nominal: Pose2 }[] = [];
  const unknown: { readonly id: TileId; readonly nominal: Pose2 }[] = [];
  for (const tile of tiles) {
    const cell = layout.cells.get(tile.id);
    const nominal = priors.get(tile.id)?.pose;
    if (!cell || !nominal) continue;
    const place = placeOf.get(cellKey(cell.row, cell.column));
    if (!place) unknown.push({ id: tile.id, nominal });
    else {
      const x = place.x - (tile.size.width - 1) / 2;
      const y = place.y - (tile.size.height - 1) / 2;
      known.push({ id: tile.id, nominal, pose: { x, y, thetaRad: 0 } });
    }
  }
  if (known.length === 0) return layout;
  const shiftX = known.reduce((sum, { pose, nominal }) => sum + pose.x - nominal.x, 0) / known.length;
  const shiftY = known.reduce((sum, { pose, nominal }) => sum + pose.y - nominal.y, 0) / known.length;
  const poses = new Map<TileId, Pose2>(known.map(({ id, pose }) => [id, pose]));
  for (const { id, nominal } of unknown)
    poses.set(id, { x: nominal.x + shiftX, y: nominal.y + shiftY, thetaRad: nominal.thetaRad });
  return { ...layout, poses };
}
