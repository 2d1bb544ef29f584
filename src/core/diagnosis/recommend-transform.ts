import { isHeldOut } from '../elastic/held-out.ts';
import { solveElasticGraph } from '../elastic/solve-elastic-graph.ts';
import type { Point } from '../geometry/affine2.ts';
import { placeInMosaic } from '../geometry/displacement-mesh.ts';
import type { PoseGraph, SolveOptions, SolveReport } from '../graph/pose-graph.ts';
import { solvePoseGraph } from '../graph/solve.ts';
import { transformModels } from '../matching/link.ts';
import type { TransformModel } from '../matching/link.ts';
import { partOf } from '../progress.ts';
import type { RunContext } from '../progress.ts';
import { refinedLinks } from '../refine/refined-links.ts';
import type { RefinedOverlap } from '../refine/refined-overlap.ts';
import type { TileId } from '../tiles/tile.ts';

/** What a tile may do: a linear model, or bend on top of an affine one. */
export type Transform = TransformModel | 'elastic';

/** How well a transform predicts patches that it was not given. */
export interface TransformScore {
  readonly transform: Transform;
  /** Median and 90th percentile of the seam shift of a held-out fifth of the patches, px. */
  readonly heldOutPx: number;
  readonly heldOutP90Px: number;
}

/** The simplest transform that explains the data within noise, and the numbers of all. */
export interface Recommendation {
  readonly scores: readonly TransformScore[];
  readonly recommended: Transform;
  /** Held-out patches that the scores are of. */
  readonly patches: number;
  /** Whole sentences with the numbers. */
  readonly sentence: string;
}

/** A simpler transform will do when it is this much worse at most, as a factor and in px. */
const worseFactor = 1.2;
const worsePx = 0.05;
const worseP90Px = 0.15;
/** Fewer held-out patches than this decide nothing. */
const leastPatches = 12;
/** The share of the time that a stiff transform takes beside the elastic one: rough. */
const stiffShare = 0.05;
const comparing = 'comparing the transforms';

/**
 * Solves the graph with every transform from four fifths of the patches and predicts the last fifth. Nothing is chosen:
 * the caller shows it.
 * @returns null when there are too few patches.
 */
export async function recommendTransform(
  graph: PoseGraph,
  refined: readonly RefinedOverlap[],
  options: SolveOptions,
  ctx: RunContext,
): Promise<Recommendation | null> {
  const { given, heldOut } = split(refined);
  const patches = heldOut.reduce((sum, { correlation }) => sum + correlation.length, 0);
  if (patches < leastPatches) return null;
  const links = refinedLinks(graph.links, given);
  const scores: TransformScore[] = [];
  let affine: SolveReport | null = null;
  for (const [k, model] of transformModels.entries()) {
    const part = partOf(ctx, 'solve', stiffShare * k, stiffShare * (k + 1), comparing);
    // No link is removed: what a stiffer model cannot follow must show in its score.
    const report = await solvePoseGraph({ ...graph, links }, { ...options, model, removal: null }, part);
    scores.push(scoreOf(model, graph, report, heldOut));
    affine = report;
  }
  if (affine) {
    const rest = partOf(ctx, 'solve', stiffShare * transformModels.length, 1, comparing);
    scores.push(scoreOf('elastic', graph, await solveElasticGraph(graph, affine, given, rest), heldOut));
  }
  const recommended = simplest(scores);
  return { scores, recommended, patches, sentence: sentenceOf(scores, recommended) };
}

function split(refined: readonly RefinedOverlap[]) {
  let index = 0;
  const first = refined.map(({ correlation }) => {
    const at = index;
    index += correlation.length;
    return at;
  });
  const part = (isIn: (k: number) => boolean) => refined.map((overlap, l) => patchesWhere(overlap, first[l], isIn));
  return { given: part((k) => !isHeldOut(k)), heldOut: part(isHeldOut) };
}

function patchesWhere(overlap: RefinedOverlap, first: number, isIn: (k: number) => boolean): RefinedOverlap {
  const kept = [...overlap.correlation.keys()].filter((k) => isIn(first + k));
  const pick = (values: Float32Array, width: number) =>
    Float32Array.from(
      { length: width * kept.length },
      (_, n) => values[width * kept[Math.floor(n / width)] + (n % width)],
    );
  const { a, b, covariance, correlation } = overlap;
  return {
    ...overlap,
    a: pick(a, 2),
    b: pick(b, 2),
    covariance: pick(covariance, 3),
    correlation: pick(correlation, 1),
  };
}

function scoreOf(
  transform: Transform,
  { nodes }: PoseGraph,
  { mosaicFromTile, meshes }: SolveReport,
  overlaps: readonly RefinedOverlap[],
): TransformScore {
  const sizes = new Map(nodes.map(({ id, size }) => [id, size]));
  const place = (tile: TileId, x: number, y: number): Point | null => {
    const pose = mosaicFromTile.get(tile);
    const size = sizes.get(tile);
    if (!pose || !size) return null;
    return placeInMosaic({ size, mosaicFromTile: pose, mesh: meshes?.get(tile) }, x, y);
  };
  const shifts: number[] = [];
  for (const { pair, a, b, correlation } of overlaps)
    for (let k = 0; k < correlation.length; k++) {
      const p = place(pair.a, a[2 * k], a[2 * k + 1]);
      const q = place(pair.b, b[2 * k], b[2 * k + 1]);
      shifts.push(p && q ? Math.hypot(p.x - q.x, p.y - q.y) : Infinity);
    }
  shifts.sort((p, q) => p - q);
  const at = (share: number) => shifts[Math.floor(share * (shifts.length - 1))];
  return { transform, heldOutPx: at(0.5), heldOutP90Px: at(0.9) };
}

function simplest(scores: readonly TransformScore[]): Transform {
  const best = Math.min(...scores.map(({ heldOutPx }) => heldOutPx));
  const bestP90 = Math.min(...scores.map(({ heldOutP90Px }) => heldOutP90Px));
  const chosen = scores.find(
    ({ heldOutPx, heldOutP90Px }) =>
      heldOutPx <= worseFactor * best + worsePx && heldOutP90Px <= worseFactor * bestP90 + worseP90Px,
  );
  return chosen?.transform ?? scores.reduce((p, q) => (q.heldOutPx < p.heldOutPx ? q : p)).transform;
}

function sentenceOf(scores: readonly TransformScore[], recommended: Transform): string {
  const numbers = scores
    .map(({ transform, heldOutPx, heldOutP90Px }) => `${transform} ${px(heldOutPx)} (90 %: ${px(heldOutP90Px)})`)
    .join(', ');
  return `Seams of patches that were held out: ${numbers} px. The simplest that explains them within noise is ${recommended}.`;
}

const px = (value: number) => value.toFixed(2);
