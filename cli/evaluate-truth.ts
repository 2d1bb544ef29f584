import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Affine2 } from '../src/core/geometry/affine2.ts';
import type { Size } from '../src/core/geometry/rect.ts';
import type { TransformModel } from '../src/core/matching/link.ts';
import type { DisplacementMesh } from '../src/core/geometry/displacement-mesh.ts';
import type { TrueGrid, TruthModel, TruthSet } from '../src/core/synthesis/truth-set.ts';
import type { Truth, TrueTile } from '../src/core/synthesis/truth.ts';
import type { Overlap } from '../src/core/tiles/tile.ts';
import { CommandError } from './arguments.ts';

/** A tile of a grid whose truth is known; plain data, so that it crosses a thread. */
export interface GridTile {
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
  readonly mesh: DisplacementMesh | null;
  readonly noiseSigma: number | null;
}

/** A grid whose truth is known. */
export interface TruthGrid {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly overlap: Overlap;
  /** Model that pairs are verified and solved with: `affine` where tiles are bent. */
  readonly model: TransformModel;
  readonly source: string;
  readonly isProcedural: boolean;
  readonly hasOverlap: boolean;
  /** Why nothing is shared, for grids without overlap. */
  readonly disjoint: string | null;
  readonly tiles: readonly GridTile[];
}

/** A folder written by `synthesize` (or `sample`), its truth read. */
export interface TruthFolder {
  readonly name: string;
  readonly folder: string;
  readonly preset: string;
  /** Of truth.json. */
  readonly sha256: string;
  readonly grids: readonly TruthGrid[];
}

/**
 * Reads DIR/truth.json; null when the folder has none.
 * @throws CommandError when it is no truth of version 1 or 2.
 */
export async function readTruthFolder(folder: string): Promise<TruthFolder | null> {
  const path = join(folder, 'truth.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const name = basename(resolve(folder));
  const sha256 = createHash('sha256').update(text).digest('hex');
  const truth = parseTruth(text, path);
  const grids =
    truth.version === 1 ? [gridOfVersion1(truth, name, path)] : truth.grids.map((grid) => gridOf(grid, path));
  if (grids.length === 0) throw new CommandError(`${path} lists no grid`);
  return { name, folder, preset: truth.version === 1 ? 'sample' : truth.preset, sha256, grids };
}

function parseTruth(text: string, path: string): Truth | TruthSet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  const list = version === 1 ? 'tiles' : 'grids';
  const isTruth = (version === 1 || version === 2) && Array.isArray((value as Record<string, unknown>)[list]);
  if (!isTruth) throw new CommandError(`${path} is no truth of version 1 or 2; write the folder again with synthesize`);
  return value as Truth | TruthSet;
}

const modelOf: Readonly<Record<TruthModel, TransformModel>> = {
  rigid: 'rigid',
  similarity: 'similarity',
  affine: 'affine',
  mesh: 'affine',
};

function gridOf(grid: TrueGrid, path: string): TruthGrid {
  const model = Object.hasOwn(modelOf, grid.model) ? modelOf[grid.model] : undefined;
  if (!model) throw new CommandError(`${path}: grid ${grid.name} has the unknown model ${String(grid.model)}`);
  const { name, rows, columns, nominal, source, hasOverlap } = grid;
  return {
    name,
    rows,
    columns,
    overlap: nominal.overlap,
    model,
    source,
    isProcedural: source.startsWith('procedural'),
    hasOverlap,
    disjoint: grid.disjoint ?? null,
    tiles: grid.tiles.map((tile) => tileOf(tile, tile.imaging.noiseSigma, path)),
  };
}

function gridOfVersion1({ rows, columns, overlap, source, tiles }: Truth, name: string, path: string): TruthGrid {
  const isBent = tiles.some((tile) => tile.mesh);
  return {
    name,
    rows,
    columns,
    overlap,
    model: isBent ? 'affine' : 'rigid',
    source,
    isProcedural: source.startsWith('procedural'),
    hasOverlap: true,
    disjoint: null,
    tiles: tiles.map((tile) => tileOf(tile, null, path)),
  };
}

function tileOf(tile: TrueTile, noiseSigma: number | null, path: string): GridTile {
  const { file, row, column, width, height, mosaicFromTile, mesh } = tile;
  const [a, b, c, d, e, f] = mosaicFromTile;
  if (![a, b, c, d, e, f, width, height, row, column].every(Number.isFinite))
    throw new CommandError(`${path}: ${file} has no finite pose, size or cell`);
  return {
    file,
    row,
    column,
    size: { width, height },
    mosaicFromTile: { a, b, c, d, e, f },
    mesh: mesh
      ? { columns: mesh.columns, rows: mesh.rows, dx: Float64Array.from(mesh.dx), dy: Float64Array.from(mesh.dy) }
      : null,
    noiseSigma,
  };
}
