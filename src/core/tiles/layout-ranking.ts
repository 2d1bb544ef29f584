import type { RunContext } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';
import {
  axisEvidence,
  measureSurfaces,
  nullSigmas,
  sampleNeighbours,
  samplingOrder,
  surfaceBook,
} from './neighbour-evidence.ts';
import type { AxisEvidence, NeighbourSample, SurfaceBook } from './neighbour-evidence.ts';
import { median } from './nominal-poses.ts';
import type { Layout, TileGrid, TileId } from './tile.ts';

/** One reading of the file names, with the evidence for it. */
export interface LayoutHypothesis {
  readonly layout: Layout;
  /** A sentence for the user: "names end in _row_column", "1…12 in 3 rows × 4 columns, snake by rows from the top left". */
  readonly description: string;
  /** Share 0…1 of the belief over all hypotheses after looking at thumbnails. */
  readonly confidence: number;
  /** Median correlation of neighbouring thumbnails under this layout, −1…1; null when not measured. */
  readonly correlation: number | null;
}

/** Hypotheses, best first. */
export interface LayoutRanking {
  readonly hypotheses: readonly LayoutHypothesis[];
  /** True when the first two are too close to choose without asking. */
  readonly isClose: boolean;
}

/**
 * Rounds of looking: at small thumbnails first (an eighth of the work at half the size), then closer at the hypotheses
 * that are still within `beliefGap` of the best, at most `survivors` and at least `fewest` of them.
 */
const rounds = [
  { scale: 0.5, perAxis: 8, survivors: 8, fewest: 3, beliefGap: 8 },
  { scale: 1, perAxis: 20, survivors: Infinity, fewest: 0, beliefGap: Infinity },
] as const;
/** Log odds of pairs are not independent (same tissue, same stage): they count this fraction. */
const evidenceWeight = 0.6;
/** The runner-up is close when it has at least this share of the winner's confidence. */
const closeRatio = 0.4;

/** What was seen for one grid. */
export interface GridEvidence {
  readonly x: AxisEvidence;
  readonly y: AxisEvidence;
}

/** True for a grid, false for free positions. */
export const isGrid = (layout: Layout): layout is TileGrid => layout.kind === 'grid';

function evidenceFor(book: SurfaceBook, sample: NeighbourSample, nulls: Record<'x' | 'y', Float64Array>): GridEvidence {
  return {
    x: axisEvidence(book, sample.x, sample.countX, nulls.x),
    y: axisEvidence(book, sample.y, sample.countY, nulls.y),
  };
}

const logOddsOf = (evidence: GridEvidence): number => evidence.x.logOdds + evidence.y.logOdds;

/** What was seen of the hypotheses, by position in the list. */
interface Gathered {
  readonly evidence: ReadonlyMap<number, GridEvidence>;
  /**
   * How far those that were not looked at again lay behind the best of their round. Rounds are not compared: what is seen
   * from close by may be less than from afar (turned tiles), and nobody who was left behind wins by that.
   */
  readonly behind: ReadonlyMap<number, number>;
}

/** Looks at more neighbours of fewer hypotheses, ever closer. */
async function gatherEvidence(
  book: SurfaceBook,
  hypotheses: readonly LayoutHypothesis[],
  ctx: RunContext,
): Promise<Gathered> {
  const order = samplingOrder(gridTiles(hypotheses));
  const found = new Map<number, GridEvidence>();
  const behind = new Map<number, number>();
  let alive = [...hypotheses.keys()].filter((k) => isGrid(hypotheses[k].layout));
  for (const { scale, perAxis, survivors, fewest, beliefGap } of rounds) {
    const pages = scale === 1 ? book : surfaceBook(book.thumbnails, scale);
    const samples = new Map<number, NeighbourSample>();
    for (const k of alive) {
      const { layout } = hypotheses[k];
      if (isGrid(layout)) samples.set(k, sampleNeighbours(layout, order, perAxis, book.thumbnails));
    }
    for (const [done, sample] of [...samples.values()].entries()) {
      ctx.onProgress({ stage: 'layout', done, total: samples.size, note: 'comparing neighbours' });
      await measureSurfaces(pages, [...sample.x, ...sample.y], ctx);
    }
    const nulls = { x: nullSigmas(pages, 'x'), y: nullSigmas(pages, 'y') };
    for (const [k, sample] of samples) found.set(k, evidenceFor(pages, sample, nulls));
    const scoreOf = (k: number): number => beliefOf(hypotheses[k], found.get(k));
    alive = alive.sort((p, q) => scoreOf(q) - scoreOf(p) || p - q);
    const near = alive.filter((k) => scoreOf(k) >= scoreOf(alive[0]) - beliefGap).length;
    const kept = Math.max(fewest, Math.min(survivors, near));
    for (const k of alive.slice(kept)) behind.set(k, scoreOf(alive[0]) - scoreOf(k));
    alive = alive.slice(0, kept);
  }
  return { evidence: found, behind };
}

/** All tiles that a grid among the hypotheses places. */
function gridTiles(hypotheses: readonly LayoutHypothesis[]): ReadonlySet<TileId> {
  const tiles = new Set<TileId>();
  for (const { layout } of hypotheses) if (isGrid(layout)) for (const id of layout.cells.keys()) tiles.add(id);
  return tiles;
}

/** Logarithm of the belief in a hypothesis, up to a constant. */
function beliefOf(hypothesis: LayoutHypothesis, evidence: GridEvidence | undefined): number {
  const seen = evidence === undefined ? 0 : evidenceWeight * logOddsOf(evidence);
  return Math.log(Math.max(hypothesis.confidence, 1e-12)) + seen;
}

/** A hypothesis with its evidence; null for free positions. */
export interface RankedHypothesis {
  readonly hypothesis: LayoutHypothesis;
  readonly evidence: GridEvidence | null;
}

/** `rankLayouts` over an open book, with the evidence kept for the overlap. */
export async function rankWithEvidence(
  book: SurfaceBook,
  hypotheses: readonly LayoutHypothesis[],
  ctx: RunContext,
): Promise<readonly RankedHypothesis[]> {
  const { evidence: found, behind } = await gatherEvidence(book, hypotheses, ctx);
  // Free positions are not correlated: the share that they had before looking stays theirs.
  const fixed = hypotheses.reduce((sum, { layout, confidence }) => sum + (isGrid(layout) ? 0 : confidence), 0);
  const seenLast = hypotheses.map((hypothesis, k) => beliefOf(hypothesis, found.get(k)));
  const top = hypotheses.reduce(
    (most, { layout }, k) => (isGrid(layout) && !behind.has(k) ? Math.max(most, seenLast[k]) : most),
    -Infinity,
  );
  const beliefs = seenLast.map((belief, k) => top - (behind.get(k) ?? top - belief));
  const shares = hypotheses.map(({ layout }, k) => (isGrid(layout) ? Math.exp(beliefs[k] - top) : 0));
  const sum = shares.reduce((partial, share) => partial + share, 0);
  return hypotheses
    .map((hypothesis, k): RankedHypothesis => {
      const evidence = found.get(k) ?? null;
      const seen = evidence === null ? [] : [...evidence.x.correlations, ...evidence.y.correlations];
      const confidence = isGrid(hypothesis.layout) ? ((1 - fixed) * shares[k]) / sum : hypothesis.confidence;
      return {
        hypothesis: { ...hypothesis, confidence, correlation: seen.length === 0 ? null : median(seen) },
        evidence,
      };
    })
    .sort((p, q) => q.hypothesis.confidence - p.hypothesis.confidence);
}

/** The ranking of hypotheses that are already in order. */
export function rankingOf(hypotheses: readonly LayoutHypothesis[]): LayoutRanking {
  const isClose = hypotheses.length > 1 && hypotheses[1].confidence >= closeRatio * hypotheses[0].confidence;
  return { hypotheses, isClose };
}

/**
 * Orders layouts by what thumbnails of the neighbours they claim say: under the right one, the facing strips of most
 * neighbours correlate at one common overlap (2…45 %) and little sideways shift; chance correlations are scattered.
 * At most 40 neighbours of a hypothesis are looked at, and correlations are shared between hypotheses.
 * @param thumbnails whole tiles, box-averaged to about 256 px on the long side, all at one scale; tiles without a
 * thumbnail are not looked at.
 */
export async function rankLayouts(
  hypotheses: readonly LayoutHypothesis[],
  thumbnails: ReadonlyMap<TileId, FloatRaster>,
  ctx: RunContext,
): Promise<LayoutRanking> {
  const ranked = await rankWithEvidence(surfaceBook(thumbnails), hypotheses, ctx);
  return rankingOf(ranked.map(({ hypothesis }) => hypothesis));
}

/** The tiles whose thumbnails `rankLayouts` may ask for: a small part of a large grid, so that not all need decoding. */
export function tilesToLookAt(hypotheses: readonly LayoutHypothesis[]): ReadonlySet<TileId> {
  const wanted = new Set<TileId>();
  const order = samplingOrder(gridTiles(hypotheses));
  for (const { layout } of hypotheses) {
    if (!isGrid(layout)) continue;
    const sample = sampleNeighbours(layout, order, rounds[rounds.length - 1].perAxis, null);
    for (const { a, b } of [...sample.x, ...sample.y]) wanted.add(a).add(b);
  }
  return wanted;
}
