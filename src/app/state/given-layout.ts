import type { Pose2 } from '../../core/geometry/pose2.ts';
import type { Layout, Overlap, Tile, TileId } from '../../core/tiles/tile.ts';
import type { ResolvedLayout } from './resolved-layout.ts';

/** A layout as plain data, tile by tile: it asks nothing of the names. */
export type GivenLayout =
  | {
      readonly kind: 'grid';
      readonly rows: number;
      readonly columns: number;
      readonly overlap: Overlap;
      readonly places: readonly { readonly tile: string; readonly row: number; readonly column: number }[];
    }
  | {
      readonly kind: 'positions';
      readonly sigmaPx: number;
      readonly places: readonly ({ readonly tile: string } & Pose2)[];
    };

/** A layout as it may be saved. */
export function givenLayout(layout: Layout): GivenLayout {
  if (layout.kind === 'positions') {
    const places = [...layout.poses].map(([tile, { x, y, thetaRad }]) => ({ tile, x, y, thetaRad }));
    return { kind: 'positions', sigmaPx: layout.sigmaPx, places };
  }
  const { rows, columns, overlap, cells } = layout;
  const places = [...cells].map(([tile, { row, column }]) => ({ tile, row, column }));
  return { kind: 'grid', rows, columns, overlap: { x: overlap.x, y: overlap.y }, places };
}

/** The layout of these tiles; a tile that has no place in it is named and left out. */
export function layoutAsGiven(given: GivenLayout, tiles: readonly Tile[]): ResolvedLayout {
  const layout = given.kind === 'grid' ? gridAsGiven(given, tiles) : positionsAsGiven(given, tiles);
  const placed = layout.kind === 'grid' ? layout.cells : layout.poses;
  const problems = tiles
    .filter(({ id }) => !placed.has(id))
    .map(({ file }) => ({
      file,
      code: 'bad-layout-file' as const,
      message: `"${file}" has no place in the project; it is left out of the mosaic.`,
    }));
  return { layout: placed.size === 0 ? null : layout, problems };
}

function gridAsGiven(
  { rows, columns, overlap, places }: Extract<GivenLayout, { kind: 'grid' }>,
  tiles: readonly Tile[],
) {
  const inside = places.filter(({ row, column }) => row < rows && column < columns);
  const cells = new Map(ofTiles(inside, tiles).map(([id, { row, column }]) => [id, { row, column }]));
  return { kind: 'grid', rows, columns, cells, overlap } as const;
}

function positionsAsGiven({ sigmaPx, places }: Extract<GivenLayout, { kind: 'positions' }>, tiles: readonly Tile[]) {
  const poses = new Map(ofTiles(places, tiles).map(([id, { x, y, thetaRad }]) => [id, { x, y, thetaRad }]));
  return { kind: 'positions', poses, sigmaPx } as const;
}

function ofTiles<T extends { readonly tile: string }>(
  places: readonly T[],
  tiles: readonly Tile[],
): readonly (readonly [TileId, T])[] {
  const placeOf = new Map(places.map((place) => [place.tile, place]));
  return tiles.flatMap(({ id }) => {
    const place = placeOf.get(id);
    return place ? [[id, place] as const] : [];
  });
}
