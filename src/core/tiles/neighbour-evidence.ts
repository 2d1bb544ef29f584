import { seedOf } from '../random.ts';
import type { Size } from '../geometry/rect.ts';
import type { RunContext } from '../progress.ts';
import { downsample } from '../raster/resample.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { median } from './nominal-poses.ts';
import { correlationSurface, stripSource } from './strip-correlation.ts';
import type { SearchRange, SideAxis, StripSource } from './strip-correlation.ts';
import type { TileGrid, TileId } from './tile.ts';

/** Long side of the coarse thumbnails on which neighbours are looked for, px. */
const coarseSide = 128;
/** Overlaps that are looked for, as a fraction of the tile. */
const overlapRange = { least: 0.022, most: 0.45 };
/** Largest sideways shift that is looked for, as a fraction of the tile. */
const sidewaysFraction = 0.06;
/** Neighbours of one grid may differ this much in overlap, as a fraction of the tile (stage error). */
const overlapSpread = 0.023;
/** Correlations are counted in standard deviations of wrong positions; below this many a pair speaks against. */
const neutralSigmas = 5;
/** Least and most that one pair may say (natural logarithm of odds): empty tiles are common, no pair decides alone. */
const pairOdds = { least: -1.5, most: 12 };
/** At most this many surfaces tell how strips correlate that do not belong together. */
const maxNullSurfaces = 48;
/** With fewer surfaces than this they cannot tell the chance correlation of every overlap by itself. */
const fewSurfaces = 8;
/** An overlap may seem so many times as noisy, against the law, as the median one. */
const mostOfLaw = 2;
/** Surfaces between two yields of the thread. */
const surfacesPerYield = 8;

/** Two tiles that a layout puts beside (`x`: b right of a) or below each other (`y`: b below a). */
export interface Neighbours {
  readonly a: TileId;
  readonly b: TileId;
  readonly axis: SideAxis;
}

/** Neighbours of a grid: some of them, and how many there are, by axis. */
export interface NeighbourSample {
  readonly x: readonly Neighbours[];
  readonly y: readonly Neighbours[];
  readonly countX: number;
  readonly countY: number;
}

/** What the sampled neighbours of one axis say. */
export interface AxisEvidence {
  /** Sum of the pairs' log odds, scaled to all pairs of the grid; 0 when nothing speaks for the layout. */
  readonly logOdds: number;
  /** Common overlap, coarse px; null when nothing correlates. */
  readonly overlap: number | null;
  /** For each sampled pair its best correlation near the common overlap. */
  readonly correlations: readonly number[];
  /** The sampled pairs that support the common overlap. */
  readonly supporters: readonly Neighbours[];
}

/** Coarse thumbnails and the correlation surfaces measured so far, shared by all hypotheses. */
export interface SurfaceBook {
  readonly thumbnails: ReadonlyMap<TileId, FloatRaster>;
  /** Coarse px per px of the thumbnails. */
  readonly scale: number;
  /** Median size of the coarse thumbnails. */
  readonly coarseSize: Size;
  readonly ranges: Readonly<Record<SideAxis, SearchRange>>;
  readonly sources: Map<TileId, StripSource>;
  readonly surfaces: Readonly<Record<SideAxis, Map<string, Float32Array>>>;
}

function searchRange(across: number, along: number): SearchRange {
  const sideways = Math.ceil(sidewaysFraction * along);
  const minOverlap = Math.max(2, Math.round(overlapRange.least * across));
  return {
    minOverlap,
    maxOverlap: Math.max(minOverlap, Math.round(overlapRange.most * across)),
    minSideways: -sideways,
    maxSideways: sideways,
  };
}

/** An empty book over thumbnails of one scale; `side` × 128 px is the long side that they are compared at. */
export function surfaceBook(thumbnails: ReadonlyMap<TileId, FloatRaster>, side = 1): SurfaceBook {
  const width = median([...thumbnails.values()].map((thumbnail) => thumbnail.width));
  const height = median([...thumbnails.values()].map((thumbnail) => thumbnail.height));
  const scale = Math.min(1, (side * coarseSide) / Math.max(1, width, height));
  return {
    thumbnails,
    scale,
    coarseSize: { width: width * scale, height: height * scale },
    ranges: { x: searchRange(width * scale, height * scale), y: searchRange(height * scale, width * scale) },
    sources: new Map(),
    surfaces: { x: new Map(), y: new Map() },
  };
}

const neighbourKey = ({ a, b }: Neighbours): string => `${a}\u0000${b}`;

function sourceOf(book: SurfaceBook, id: TileId): StripSource | null {
  const known = book.sources.get(id);
  if (known !== undefined) return known;
  const thumbnail = book.thumbnails.get(id);
  if (thumbnail === undefined) return null;
  const source = stripSource(book.scale < 1 ? downsample(thumbnail, book.scale) : thumbnail);
  book.sources.set(id, source);
  return source;
}

/** Measures the surfaces that are not in the book yet; gives the thread back now and then. */
export async function measureSurfaces(
  book: SurfaceBook,
  wanted: readonly Neighbours[],
  ctx: RunContext,
): Promise<void> {
  let measured = 0;
  for (const pair of wanted) {
    const surfaces = book.surfaces[pair.axis];
    const key = neighbourKey(pair);
    if (surfaces.has(key)) continue;
    const a = sourceOf(book, pair.a);
    const b = sourceOf(book, pair.b);
    if (a === null || b === null) continue;
    surfaces.set(key, correlationSurface(a, b, pair.axis, book.ranges[pair.axis]));
    if (++measured % surfacesPerYield === 0) {
      await ctx.yieldNow();
      ctx.signal.throwIfAborted();
    }
  }
}

/** Tiles in a fixed pseudo-random order, so that all hypotheses sample the same tiles and share their surfaces. */
export function samplingOrder(tiles: Iterable<TileId>): readonly TileId[] {
  return [...tiles]
    .map((id) => ({ id, rank: Math.imul(seedOf(id) ^ 0x9e3779b9, 0x85ebca6b) >>> 0 }))
    .sort((p, q) => p.rank - q.rank || (p.id < q.id ? -1 : 1))
    .map(({ id }) => id);
}

/** Up to `perAxis` neighbours each way that have thumbnails (all when `thumbnails` is null), in sampling order. */
export function sampleNeighbours(
  grid: TileGrid,
  order: readonly TileId[],
  perAxis: number,
  thumbnails: ReadonlyMap<TileId, FloatRaster> | null,
): NeighbourSample {
  const stride = grid.columns + 1;
  const byCell = new Map<number, TileId>();
  for (const [id, cell] of grid.cells) byCell.set(cell.row * stride + cell.column, id);
  const x: Neighbours[] = [];
  const y: Neighbours[] = [];
  let countX = 0;
  let countY = 0;
  for (const a of order) {
    const cell = grid.cells.get(a);
    if (cell === undefined) continue;
    const right = byCell.get(cell.row * stride + cell.column + 1);
    const below = byCell.get((cell.row + 1) * stride + cell.column);
    const isSeen = thumbnails === null || thumbnails.has(a);
    if (right !== undefined) {
      countX++;
      if (isSeen && x.length < perAxis && (thumbnails?.has(right) ?? true)) x.push({ a, b: right, axis: 'x' });
    }
    if (below !== undefined) {
      countY++;
      if (isSeen && y.length < perAxis && (thumbnails?.has(below) ?? true)) y.push({ a, b: below, axis: 'y' });
    }
  }
  return { x, y, countX, countY };
}

/**
 * Standard deviation of the correlation of strips that do not belong together, by overlap. With many surfaces of the
 * axis: the median |r| / 0.6745 at that overlap and its neighbours, which the few right positions do not move. With few
 * (a right surface is then half of what there is), the law σ ∝ 1 / √area with one constant over both axes and all
 * overlaps; half of the law is the least that is ever claimed. Coarse texture agrees about the right position, too: where
 * an overlap seems much noisier than most, against the law, that is taken for the right one and not for chance.
 */
export function nullSigmas(book: SurfaceBook, axis: SideAxis): Float64Array {
  const perRoot = median([...sigmasPerRoot(book, 'x'), ...sigmasPerRoot(book, 'y')]);
  const range = book.ranges[axis];
  const lanes = range.maxSideways - range.minSideways + 1;
  const overlaps = range.maxOverlap - range.minOverlap + 1;
  const surfaces = nullSurfaces(book, axis);
  const sigmas = new Float64Array(overlaps);
  const ofLaw = new Float64Array(overlaps);
  for (let w = 0; w < overlaps; w++) {
    const law = perRoot / Math.sqrt((range.minOverlap + w) * lengthAlong(book, axis));
    const values: number[] = [];
    for (const surface of surfaces) {
      const to = Math.min(overlaps, w + 2) * lanes;
      for (let k = Math.max(0, w - 1) * lanes; k < to; k++) if (surface[k] !== 0) values.push(Math.abs(surface[k]));
    }
    // Nothing but flat strips: no correlation is significant.
    if (values.length === 0) sigmas[w] = 1;
    else sigmas[w] = surfaces.length < fewSurfaces ? law : Math.max(median(values) / 0.6745, law / 2);
    ofLaw[w] = values.length === 0 ? 0 : sigmas[w] / law;
  }
  if (surfaces.length < fewSurfaces) return sigmas;
  const most = mostOfLaw * median([...ofLaw]);
  return sigmas.map((sigma, w) => (ofLaw[w] > most ? (sigma * most) / ofLaw[w] : sigma));
}

/** Length of a seam, coarse px. */
function lengthAlong(book: SurfaceBook, axis: SideAxis): number {
  return axis === 'x' ? book.coarseSize.height : book.coarseSize.width;
}

function nullSurfaces(book: SurfaceBook, axis: SideAxis): Float32Array[] {
  const all = [...book.surfaces[axis].values()];
  const step = Math.max(1, all.length / maxNullSurfaces);
  return Array.from({ length: Math.min(all.length, maxNullSurfaces) }, (_, k) => all[Math.floor(k * step)]);
}

/** |r| · √area / 0.6745 of all positions on the surfaces of an axis. */
function sigmasPerRoot(book: SurfaceBook, axis: SideAxis): number[] {
  const range = book.ranges[axis];
  const along = lengthAlong(book, axis);
  const lanes = range.maxSideways - range.minSideways + 1;
  const values: number[] = [];
  for (const surface of nullSurfaces(book, axis))
    for (let k = 0; k < surface.length; k++) {
      const area = (range.minOverlap + Math.floor(k / lanes)) * along;
      if (surface[k] !== 0) values.push((Math.abs(surface[k]) * Math.sqrt(area)) / 0.6745);
    }
  return values;
}

/** Best correlation of a pair by overlap, in null sigmas, with the correlation itself. */
interface Profile {
  readonly pair: Neighbours;
  readonly sigmas: Float64Array;
  readonly correlations: Float64Array;
}

function profileOf(pair: Neighbours, surface: Float32Array, nulls: Float64Array, spread: number): Profile {
  const overlaps = nulls.length;
  const lanes = surface.length / overlaps;
  const best = new Float64Array(overlaps);
  for (let w = 0; w < overlaps; w++) {
    let r = -1;
    for (let lane = 0; lane < lanes; lane++) r = Math.max(r, surface[w * lanes + lane]);
    best[w] = r;
  }
  const sigmas = new Float64Array(overlaps);
  const correlations = new Float64Array(overlaps);
  for (let w = 0; w < overlaps; w++) {
    let top = -Infinity;
    for (let v = Math.max(0, w - spread); v <= Math.min(overlaps - 1, w + spread); v++)
      if (best[v] / nulls[v] > top) {
        top = best[v] / nulls[v];
        correlations[w] = best[v];
      }
    sigmas[w] = top;
  }
  return { pair, sigmas, correlations };
}

const oddsOf = (sigmas: number): number => Math.max(pairOdds.least, Math.min(pairOdds.most, sigmas - neutralSigmas));

/** What measured neighbours say together: right ones correlate at one common overlap, wrong ones at none. */
export function axisEvidence(
  book: SurfaceBook,
  sample: readonly Neighbours[],
  count: number,
  nulls: Float64Array,
): AxisEvidence {
  const nothing: AxisEvidence = { logOdds: 0, overlap: null, correlations: [], supporters: [] };
  if (sample.length === 0) return nothing;
  const { axis } = sample[0];
  const range = book.ranges[axis];
  const spread = Math.max(1, Math.round((overlapSpread * range.maxOverlap) / overlapRange.most));
  const profiles = sample.flatMap((pair) => {
    const surface = book.surfaces[axis].get(neighbourKey(pair));
    return surface === undefined ? [] : [profileOf(pair, surface, nulls, spread)];
  });
  if (profiles.length === 0) return nothing;
  let at = 0;
  let best = -Infinity;
  let bestSigmas = -Infinity;
  for (let w = 0; w < nulls.length; w++) {
    let sum = 0;
    let sigmas = 0;
    for (const profile of profiles) {
      sum += oddsOf(profile.sigmas[w]);
      sigmas += profile.sigmas[w];
    }
    // Odds are cut at the top; the sigmas choose the overlap among equals.
    if (sum > best || (sum === best && sigmas > bestSigmas)) {
      best = sum;
      bestSigmas = sigmas;
      at = w;
    }
  }
  const supporters = profiles.filter((profile) => oddsOf(profile.sigmas[at]) > 0).map((profile) => profile.pair);
  const correlations = profiles.map((profile) => profile.correlations[at]);
  if (best <= 0) return { ...nothing, correlations };
  return { logOdds: (best * count) / profiles.length, overlap: range.minOverlap + at, correlations, supporters };
}

/**
 * The overlap (fraction of the tile) of supporting neighbours, measured on the thumbnails as they were handed in near
 * the coarse overlap, median over the pairs; null without supporters.
 */
export async function refineOverlap(
  book: SurfaceBook,
  evidence: AxisEvidence,
  ctx: RunContext,
): Promise<number | null> {
  if (evidence.overlap === null || evidence.supporters.length === 0) return null;
  const fine = new Map<TileId, StripSource>();
  const fineSource = (id: TileId): StripSource | null => {
    const known = fine.get(id) ?? (book.scale === 1 ? sourceOf(book, id) : null);
    if (known !== null) return known;
    const thumbnail = book.thumbnails.get(id);
    if (thumbnail === undefined) return null;
    const source = stripSource(thumbnail);
    fine.set(id, source);
    return source;
  };
  const fractions: number[] = [];
  for (const pair of evidence.supporters) {
    const a = fineSource(pair.a);
    const b = fineSource(pair.b);
    const across = a === null ? 0 : pair.axis === 'x' ? a.width : a.height;
    const coarse = coarsePeak(book, pair, evidence.overlap);
    if (a === null || b === null || coarse === null) continue;
    fractions.push(finePeak(a, b, pair.axis, coarse, 1 / book.scale) / across);
    ctx.signal.throwIfAborted();
    await ctx.yieldNow();
  }
  return fractions.length === 0 ? null : median(fractions);
}

interface Peak {
  readonly overlap: number;
  readonly sideways: number;
}

/** The best position of a pair near an overlap on its surface; √overlap evens out the thin strips' larger chance. */
function coarsePeak(book: SurfaceBook, pair: Neighbours, near: number): Peak | null {
  const range = book.ranges[pair.axis];
  const surface = book.surfaces[pair.axis].get(neighbourKey(pair));
  if (surface === undefined) return null;
  const spread = Math.max(1, Math.round((overlapSpread * range.maxOverlap) / overlapRange.most));
  const around: SearchRange = {
    ...range,
    minOverlap: Math.max(range.minOverlap, near - spread),
    maxOverlap: Math.min(range.maxOverlap, near + spread),
  };
  const lanes = range.maxSideways - range.minSideways + 1;
  const from = (around.minOverlap - range.minOverlap) * lanes;
  const to = (around.maxOverlap - range.minOverlap + 1) * lanes;
  return peakOf(surface.subarray(from, to), around);
}

function finePeak(a: StripSource, b: StripSource, axis: SideAxis, coarse: Peak, factor: number): number {
  const reach = Math.ceil(factor) + 1;
  const overlap = Math.round(coarse.overlap * factor);
  const sideways = Math.round(coarse.sideways * factor);
  const range: SearchRange = {
    minOverlap: Math.max(2, overlap - reach),
    maxOverlap: overlap + reach,
    minSideways: sideways - reach,
    maxSideways: sideways + reach,
  };
  return peakOf(correlationSurface(a, b, axis, range), range).overlap;
}

function peakOf(surface: Float32Array, range: SearchRange): Peak {
  const lanes = range.maxSideways - range.minSideways + 1;
  let at = 0;
  let best = -Infinity;
  for (let k = 0; k < surface.length; k++) {
    const score = surface[k] * Math.sqrt(range.minOverlap + Math.floor(k / lanes));
    if (score > best) {
      best = score;
      at = k;
    }
  }
  return { overlap: range.minOverlap + Math.floor(at / lanes), sideways: range.minSideways + (at % lanes) };
}
