import type { SolveReport } from '../graph/pose-graph.ts';
import type { Link } from '../matching/link.ts';
import { applyAffine } from '../geometry/affine2.ts';
import type { RunContext } from '../progress.ts';
import { StitchError } from '../errors.ts';
import { thumbnailOf } from '../tiles/thumbnail.ts';
import type { Tile, TileId, TileReader } from '../tiles/tile.ts';
import { fitShading } from './fit-shading.ts';
import { fieldOf, shadingBasis } from './shading-basis.ts';
import type { ShadingBasis } from './shading-basis.ts';
import { overlapEvidence, tileCells, tileSurface } from './shading-evidence.ts';
import type { OverlapEvidence, TileCells } from './shading-evidence.ts';
import type { ShadingField } from './shading-field.ts';

/** What was found of the shading. */
export interface ShadingEstimate {
  /** Null where there is none to take out. */
  readonly field: ShadingField | null;
  /** Tiles that it was estimated from. */
  readonly tiles: number;
  /** Lowest and highest value of the field, and one sigma of it, root mean square over the tile; 0 without a field. */
  readonly least: number;
  readonly most: number;
  readonly sigma: number;
  /** A whole sentence for the user. */
  readonly sentence: string;
}

/** All that a shading is estimated from. */
export interface ShadingRequest {
  readonly tiles: readonly Tile[];
  readonly links: readonly Link[];
  readonly report: SolveReport;
}

/** Long side of a reduced tile, cells. */
const cellsPerSide = 96;
/** With fewer tiles shading and tissue cannot be told apart. */
const leastTiles = 6;
/** So many tiles are read at most, in patches of neighbours spread over the grid. */
const mostTiles = 400;
const patchTiles = 50;
/** Degree of the surface: vignetting and slopes for small grids, more where there are tiles enough to tell it. */
const fewTiles = { below: 20, degree: 2 } as const;
const fullDegree = 4;
/** A field that nowhere departs from 1 by more is none. */
const leastDeparture = 0.003;

/**
 * Estimates the illumination that all tiles share, from tiles at reduced scale and their solved places: `fitShading` over
 * the overlaps and the surfaces of the tiles. Damaged, clipped and dark tiles are left out.
 * @throws an abort, and what the reader throws but for damaged tiles
 */
export async function estimateShading(
  request: ShadingRequest,
  reader: TileReader,
  context: RunContext,
): Promise<ShadingEstimate> {
  const chosen = tilesToRead(request);
  if (chosen.length < leastTiles)
    return nothing(chosen.length, `Shading needs ${leastTiles} solved tiles or more to be told from what they show.`);
  const cells = await readCells(chosen, request, reader, context);
  const basis = shadingBasis(cells.size < fewTiles.below ? fewTiles.degree : fullDegree);
  if (cells.size < leastTiles)
    return nothing(cells.size, 'Too few tiles are bright and unclipped enough to see a shading.');
  const ids = [...cells.keys()];
  const list = [...cells.values()];
  const centres = list.map(({ mosaicFromTile, size }) => applyAffine(mosaicFromTile, size.width / 2, size.height / 2));
  const fit = fitShading({
    basis,
    surfaces: list.map((tile) => tileSurface(tile, basis)),
    overlaps: overlapsAmong(ids, list, request.links, basis),
    x: Float64Array.from(centres, ({ x }) => x),
    y: Float64Array.from(centres, ({ y }) => y),
  });
  if (fit === null) return nothing(list.length, 'The tiles do not determine a shading.');
  const field = fieldOf(basis, fit.coefficients);
  const least = field.values.reduce((low, value) => Math.min(low, value), Infinity);
  const most = field.values.reduce((high, value) => Math.max(high, value), 0);
  if (Math.max(most - 1, 1 - least) < leastDeparture)
    return nothing(list.length, `The ${list.length} tiles share no shading that stands out of what they show.`);
  const sigma = sigmaOf(basis, fit.sigmas, fit.coefficients);
  const sentence =
    `All tiles share a shading from ${percentOf(least)} to ${percentOf(most)} of their mean, ` +
    `known to ${percentOf(sigma)} from ${list.length} tiles; it is taken out.`;
  return { field, tiles: list.length, least, most, sigma, sentence };
}

function nothing(tiles: number, sentence: string): ShadingEstimate {
  return { field: null, tiles, least: 1, most: 1, sigma: 0, sentence };
}

function percentOf(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** Solved tiles; of many, patches of neighbours that start at evenly spaced tiles. */
function tilesToRead({ tiles, links, report }: ShadingRequest): readonly Tile[] {
  const solved = tiles.filter(({ id }) => report.state.get(id) === 'solved').sort((p, q) => (p.id < q.id ? -1 : 1));
  if (solved.length <= mostTiles) return solved;
  const neighbours = new Map<TileId, TileId[]>(solved.map(({ id }) => [id, []]));
  for (const { pair } of links) {
    neighbours.get(pair.a)?.push(pair.b);
    neighbours.get(pair.b)?.push(pair.a);
  }
  const taken = new Set<TileId>();
  const patches = mostTiles / patchTiles;
  for (let patch = 0; patch < patches; patch++) {
    const queue = [solved[Math.floor(((patch + 0.5) * solved.length) / patches)].id];
    for (let head = 0, left = patchTiles; head < queue.length && left > 0; head++) {
      if (taken.has(queue[head]) || !neighbours.has(queue[head])) continue;
      taken.add(queue[head]);
      left--;
      queue.push(...(neighbours.get(queue[head]) ?? []));
    }
  }
  return solved.filter(({ id }) => taken.has(id));
}

async function readCells(
  tiles: readonly Tile[],
  { report }: ShadingRequest,
  reader: TileReader,
  context: RunContext,
): Promise<ReadonlyMap<TileId, TileCells>> {
  const found = new Map<TileId, TileCells>();
  for (const [done, tile] of tiles.entries()) {
    context.signal.throwIfAborted();
    context.onProgress({ stage: 'photometry', done, total: tiles.length, note: tile.file });
    const mosaicFromTile = report.mosaicFromTile.get(tile.id);
    if (!mosaicFromTile) continue;
    try {
      const small = await thumbnailOf(tile, reader, context.signal, cellsPerSide);
      const cells = tileCells(small, tile.sampleType, { size: tile.size, mosaicFromTile });
      if (cells) found.set(tile.id, cells);
    } catch (error) {
      // A damaged tile says nothing of the others; it is named where it is composed.
      if (!(error instanceof StitchError)) throw error;
    }
    await context.yieldNow();
  }
  return found;
}

function overlapsAmong(
  ids: readonly TileId[],
  cells: readonly TileCells[],
  links: readonly Link[],
  basis: ShadingBasis,
): readonly OverlapEvidence[] {
  const index = new Map(ids.map((id, i) => [id, i]));
  const sorted = [...links].sort((p, q) =>
    p.pair.a !== q.pair.a ? (p.pair.a < q.pair.a ? -1 : 1) : p.pair.b < q.pair.b ? -1 : 1,
  );
  return sorted.flatMap(({ pair }) => {
    const from = index.get(pair.a);
    const to = index.get(pair.b);
    if (from === undefined || to === undefined) return [];
    const evidence = overlapEvidence(cells, from, to, basis);
    return evidence ? [evidence] : [];
  });
}

/** Root mean square over the tile of one sigma of the surface, of the coefficients that are kept. */
function sigmaOf(basis: ShadingBasis, sigmas: Float64Array, coefficients: Float64Array): number {
  const steps = 16;
  const phi = new Float64Array(basis.count);
  let sum = 0;
  for (let j = 0; j < steps; j++)
    for (let i = 0; i < steps; i++) {
      basis.evaluate((2 * i + 1) / steps - 1, (2 * j + 1) / steps - 1, phi);
      for (let k = 0; k < basis.count; k++) if (coefficients[k] !== 0) sum += (phi[k] * sigmas[k]) ** 2;
    }
  return Math.sqrt(sum / (steps * steps));
}
