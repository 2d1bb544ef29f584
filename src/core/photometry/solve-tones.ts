import { StitchError } from '../errors.ts';
import { connectedComponents } from '../graph/components.ts';
import { gemanMcClureWeight, medianOf } from '../graph/robust-loss.ts';
import { analysePattern } from '../graph/cholesky-pattern.ts';
import { factoriseSome, solveFactored, startFactorisation } from '../graph/sparse-cholesky.ts';
import type { CholeskyPattern } from '../graph/cholesky-pattern.ts';
import type { IntensityMoments, Link } from '../matching/link.ts';
import type { GainOffset } from './gain-offset.ts';
import { unitGain } from './gain-offset.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';

/** One sigma of a tile's log gain before anything is measured. */
const priorLogGain = 0.3;
/** Shading and dirt: the log gains of two overlaps of one tile differ by this much even without noise. */
const shadingLogGain = 0.01;
/** The same for brightness, as a fraction of the contrast (standard deviation) of the samples. */
const shadingBrightness = 0.05;
/** Neighbouring samples are not independent: so many count as one. */
const samplesPerIndependent = 16;
/** Residuals beyond this many medians lose their say. */
const mediansOfScale = 4;
const reweightings = 12;
/** Re-weighting ends when no tile moves by more than this any more: a log gain, and a brightness in contrasts. */
const settledStep = 1e-4;

/** An overlap as the solver sees it: tile indices and moments. */
interface Overlap {
  readonly from: number;
  readonly to: number;
  readonly moments: IntensityMoments;
  readonly correlation: number;
  /** Where the link puts the tile `to` in the frame of `from`, px. */
  readonly dx: number;
  readonly dy: number;
}

/**
 * Gain and offset of every tile, value' = gain · value + offset, solved over all overlaps at once so that overlapping
 * samples agree. With P the mean of all samples and value' = P + e^λ (value − P) + β:
 *
 *   Σ_l w_l (λ_a − λ_b − ½ ln(var_b / var_a))² + Σ_i λ_i² / σ_λ²
 *   Σ_l w_l (β_a − β_b + e^{λ_a}(m_a − P) − e^{λ_b}(m_b − P))² + Σ_i β_i² / σ_β²
 *
 * one after the other, each a sparse linear problem, robustly re-weighted (Geman–McClure). The weight of a log gain is
 * 1 / ((1 − ρ²)/(ρ² n) + 0.01²): an overlap without common texture (ρ → 0) says nothing of gain, one without any variance
 * says nothing at all. Gauge, for each connected component: mean λ is 0 and the mean brightness of the overlaps is kept.
 * Everything is relative to the contrast of the samples, so 8-bit, 16-bit and float tiles are treated alike. The result
 * does not depend on the order of links.
 *
 * @returns one entry for every tile of `tiles`; gain 1, offset 0 where nothing is known.
 * @throws StitchError `numerical-failure` naming the pair whose moments are not finite.
 */
export function solveTones(links: readonly Link[], tiles: readonly TileId[]): ReadonlyMap<TileId, GainOffset> {
  const ids = [...tiles].sort();
  const overlaps = overlapsOf(links, new Map(ids.map((id, i) => [id, i])));
  const tones = new Map<TileId, GainOffset>(tiles.map((id) => [id, unitGain]));
  if (overlaps.length === 0) return tones;

  const from = Int32Array.from(overlaps, (overlap) => overlap.from);
  const to = Int32Array.from(overlaps, (overlap) => overlap.to);
  const places = walkedPlaces(ids.length, from, to, overlaps);
  const pattern = analysePattern(from, to, places.x, places.y);
  const { label, sizes } = connectedComponents(ids.length, from, to, null);
  const { pivot, contrast } = levelsOf(overlaps);

  const logGain = solveDifferences(
    pattern,
    from,
    to,
    Float64Array.from(overlaps, ({ moments: m }) => 0.5 * Math.log(m.varianceB / m.varianceA)),
    Float64Array.from(overlaps, ({ moments, correlation }) => {
      const r2 = Math.min(1, Math.max(0, correlation)) ** 2;
      return (1 - r2) / (r2 * independent(moments) + 1e-12) + shadingLogGain ** 2;
    }),
    priorLogGain,
    settledStep,
  );
  removeMean(logGain, label, sizes.length);

  const evened = (i: number, mean: number): number => pivot + Math.exp(logGain[i]) * (mean - pivot);
  const shift = solveDifferences(
    pattern,
    from,
    to,
    Float64Array.from(overlaps, ({ from: a, to: b, moments: m }) => evened(b, m.meanB) - evened(a, m.meanA)),
    Float64Array.from(overlaps, ({ moments: m, correlation }) => {
      const noise = ((1 - Math.min(1, correlation ** 2)) * (m.varianceA + m.varianceB)) / independent(m);
      return noise + (shadingBrightness * contrast) ** 2;
    }),
    contrast / shadingBrightness,
    settledStep * contrast,
  );
  keepBrightness(shift, overlaps, evened, label, sizes.length);

  ids.forEach((id, i) => {
    if (sizes[label[i]] < 2) return;
    const gain = Math.exp(logGain[i]);
    tones.set(id, { gain, offset: pivot * (1 - gain) + shift[i] });
  });
  return tones;
}

function overlapsOf(links: readonly Link[], index: ReadonlyMap<TileId, number>): Overlap[] {
  const sorted = links
    .map((link) => ({ key: pairKey(link.pair), link }))
    .sort((p, q) => (p.key < q.key ? -1 : p.key > q.key ? 1 : 0));
  const overlaps: Overlap[] = [];
  for (const { link } of sorted) {
    const moments = link.intensities;
    const from = index.get(link.pair.a);
    const to = index.get(link.pair.b);
    if (moments === null || from === undefined || to === undefined || from === to) continue;
    const { count, meanA, meanB, varianceA, varianceB, covariance } = moments;
    if (!Number.isFinite(count + meanA + meanB + varianceA + varianceB + covariance)) {
      throw new StitchError(
        'numerical-failure',
        `The brightness of the overlap of ${link.pair.a} and ${link.pair.b} is not finite; exclude this link or switch evening of tones off.`,
        { pair: [link.pair.a, link.pair.b] },
      );
    }
    // Without any variance the overlap is blank: nothing was imaged there that could be compared.
    if (!(count > 1 && varianceA > 0 && varianceB > 0)) continue;
    const { e: dx, f: dy } = link.aFromB;
    overlaps.push({ from, to, moments, correlation: covariance / Math.sqrt(varianceA * varianceB), dx, dy });
  }
  return overlaps;
}

function independent({ count }: IntensityMoments): number {
  return Math.max(1, count / samplesPerIndependent);
}

/** Mean level of all overlaps and their typical contrast (standard deviation of samples within and between overlaps). */
function levelsOf(overlaps: readonly Overlap[]): { readonly pivot: number; readonly contrast: number } {
  let total = 0;
  let sum = 0;
  for (const { moments: m } of overlaps) {
    total += 2 * m.count;
    sum += m.count * (m.meanA + m.meanB);
  }
  const deviations = Float64Array.from(overlaps, ({ moments: m }) => Math.sqrt((m.varianceA + m.varianceB) / 2));
  return { pivot: sum / total, contrast: medianOf(deviations) };
}

/** Least Σ (z_a − z_b − d)² / v + Σ z² / prior², with Geman–McClure weights on the residuals. */
function solveDifferences(
  pattern: CholeskyPattern,
  from: Int32Array,
  to: Int32Array,
  differences: Float64Array,
  variances: Float64Array,
  prior: number,
  settled: number,
): Float64Array {
  const n = pattern.nodeCount;
  let solution = new Float64Array(n);
  const weights = Float64Array.from(variances, (variance) => 1 / variance);
  // Residuals are judged against their own sigma, so that a poor overlap is not taken for a wrong one.
  const normalised = new Float64Array(differences.length);
  for (let iteration = 0; iteration < reweightings; iteration++) {
    const diagonal = new Float64Array(n).fill(1 / prior ** 2);
    const offDiagonal = new Float64Array(weights.length);
    const right = new Float64Array(n);
    for (let l = 0; l < weights.length; l++) {
      const w = weights[l];
      diagonal[from[l]] += w;
      diagonal[to[l]] += w;
      offDiagonal[l] = -w;
      right[from[l]] += w * differences[l];
      right[to[l]] -= w * differences[l];
    }
    const factor = startFactorisation(pattern, 1, diagonal, offDiagonal);
    if (factoriseSome(factor, Infinity) !== -1)
      throw new StitchError(
        'numerical-failure',
        'The tones of the tiles could not be solved; switch evening of tones off.',
      );
    solveFactored(factor, right);
    let step = 0;
    for (let i = 0; i < n; i++) step = Math.max(step, Math.abs(right[i] - solution[i]));
    solution = right;
    if (iteration > 0 && step < settled) break;
    for (let l = 0; l < weights.length; l++)
      normalised[l] = Math.abs(solution[from[l]] - solution[to[l]] - differences[l]) / Math.sqrt(variances[l]);
    const scale = Math.max(mediansOfScale, mediansOfScale * medianOf(normalised));
    for (let l = 0; l < weights.length; l++) weights[l] = gemanMcClureWeight(normalised[l], scale) / variances[l];
  }
  return solution;
}

/** Subtracts from each component its mean. */
function removeMean(values: Float64Array, label: Int32Array, count: number): void {
  const sums = new Float64Array(count);
  const members = new Float64Array(count);
  for (let i = 0; i < values.length; i++) {
    sums[label[i]] += values[i];
    members[label[i]]++;
  }
  for (let i = 0; i < values.length; i++) values[i] -= sums[label[i]] / members[label[i]];
}

/** Shifts each component so that the mean of its overlaps' samples is what it was before. */
function keepBrightness(
  shift: Float64Array,
  overlaps: readonly Overlap[],
  evened: (i: number, mean: number) => number,
  label: Int32Array,
  count: number,
): void {
  const change = new Float64Array(count);
  const samples = new Float64Array(count);
  for (const { from, to, moments: m } of overlaps) {
    const c = label[from];
    change[c] += evened(from, m.meanA) + shift[from] - m.meanA + evened(to, m.meanB) + shift[to] - m.meanB;
    samples[c] += 2;
  }
  for (let i = 0; i < shift.length; i++) if (samples[label[i]] > 0) shift[i] -= change[label[i]] / samples[label[i]];
}

/**
 * Places that keep the fill of a grid low: from the links' own shifts along a breadth-first walk. Where those say nothing,
 * the depth in the walk and the rank of discovery serve.
 */
function walkedPlaces(n: number, from: Int32Array, to: Int32Array, overlaps: readonly Overlap[]) {
  const { starts, neighbours, edges } = adjacencyWithEdges(n, from, to);
  const x = new Float64Array(n);
  const y = new Float64Array(n);
  const depth = new Float64Array(n).fill(-1);
  const rank = new Float64Array(n);
  const queue = new Int32Array(n);
  let head = 0;
  let tail = 0;
  for (let root = 0; root < n; root++) {
    if (depth[root] >= 0) continue;
    depth[root] = 0;
    queue[tail++] = root;
    while (head < tail) {
      const i = queue[head];
      rank[i] = head++;
      for (let p = starts[i]; p < starts[i + 1]; p++) {
        const j = neighbours[p];
        if (depth[j] >= 0) continue;
        const { dx, dy } = overlaps[edges[p]];
        const sign = from[edges[p]] === i ? 1 : -1;
        x[j] = x[i] + sign * dx;
        y[j] = y[i] + sign * dy;
        depth[j] = depth[i] + 1;
        queue[tail++] = j;
      }
    }
  }
  const isFlat = x.every((value) => value === 0) && y.every((value) => value === 0);
  return isFlat ? { x: depth, y: rank } : { x, y };
}

/** Neighbours of every node and the links to them: of node i at starts[i] … starts[i + 1] − 1. */
function adjacencyWithEdges(n: number, from: Int32Array, to: Int32Array) {
  const starts = new Int32Array(n + 1);
  for (let l = 0; l < from.length; l++) {
    starts[from[l] + 1]++;
    starts[to[l] + 1]++;
  }
  for (let i = 0; i < n; i++) starts[i + 1] += starts[i];
  const next = starts.slice(0, n);
  const neighbours = new Int32Array(2 * from.length);
  const edges = new Int32Array(2 * from.length);
  for (let l = 0; l < from.length; l++) {
    neighbours[next[from[l]]] = to[l];
    edges[next[from[l]]++] = l;
    neighbours[next[to[l]]] = from[l];
    edges[next[to[l]]++] = l;
  }
  return { starts, neighbours, edges };
}
