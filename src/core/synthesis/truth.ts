import { affineToArray } from '../geometry/affine2.ts';
import type { SyntheticGridPlan } from './synthetic-grid.ts';

/** One tile of truth.json, in the words and conventions of solution.json. */
export interface TrueTile {
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly width: number;
  readonly height: number;
  /** [a, b, c, d, e, f], centre convention; the mosaic's frame is the source's. */
  readonly mosaicFromTile: readonly [number, number, number, number, number, number];
  readonly mesh?: {
    readonly columns: number;
    readonly rows: number;
    readonly dx: readonly number[];
    readonly dy: readonly number[];
  };
  /** source = gain · tile + offset. */
  readonly gain: number;
  readonly offset: number;
}

/** What truth.json of a synthetic grid holds. */
export interface Truth {
  readonly version: 1;
  readonly source: string;
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly overlap: { readonly x: number; readonly y: number };
  readonly sourceSize: { readonly width: number; readonly height: number };
  readonly tiles: readonly TrueTile[];
}

/** The truth of a plan; `source` names the picture it is cut from. */
export function truthOf(plan: SyntheticGridPlan, source: string): Truth {
  const { seed, rows, columns, overlap, sourceSize } = plan;
  const tiles = plan.tiles.map((tile): TrueTile => {
    const { mesh } = tile;
    return {
      file: tile.name,
      row: tile.row,
      column: tile.column,
      width: tile.size.width,
      height: tile.size.height,
      mosaicFromTile: affineToArray(tile.mosaicFromTile),
      ...(mesh && { mesh: { columns: mesh.columns, rows: mesh.rows, dx: [...mesh.dx], dy: [...mesh.dy] } }),
      gain: tile.tone.gain,
      offset: tile.tone.offset,
    };
  });
  return { version: 1, source, seed, rows, columns, overlap, sourceSize, tiles };
}
