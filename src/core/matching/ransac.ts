import type { Affine2 } from '../geometry/affine2.ts';
import { fitModel } from './moment-fit.ts';
import { linkMoments, sampleMoments } from './link-moments.ts';
import type { TransformModel } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { seededRandom } from '../random.ts';

/** Matches that determine a model. */
export const minimalSample: Readonly<Record<TransformModel, number>> = {
  translation: 1,
  rigid: 2,
  similarity: 2,
  affine: 3,
};

export interface ConsensusOptions {
  readonly model: TransformModel;
  /** Largest |aFromB(q) − p| of an inlier, in the units of the correspondences. */
  readonly thresholdPx: number;
  readonly seed: number;
  /** Hypotheses for which this is false are not considered; all are when absent. */
  readonly isAdmissible?: (aFromB: Affine2) => boolean;
  readonly maxIterations?: number;
}

export interface Consensus {
  readonly model: TransformModel;
  readonly aFromB: Affine2;
  /** [N] 1 for inliers. */
  readonly inlierMask: Uint8Array;
  readonly inliers: number;
  readonly iterations: number;
  /** `confident`: another all-inlier sample would have been missed with a probability below 10⁻⁴. */
  readonly termination: 'confident' | 'max-iterations';
}

const defaultIterations = 2000;
const missProbability = 1e-4;
/** Iterations over which the pool that samples are drawn from grows from the surest matches to all of them. */
const growingIterations = 400;

/**
 * The model that most matches agree with: MSAC cost Σ min(r², t²), samples drawn from the surest matches first
 * (PROSAC's order, linear growth), a least-squares refit on the inliers of every new best model (LO-RANSAC), and at
 * the end refits until the inliers no longer change. Null when no admissible model has more inliers than its sample.
 *
 * @see Torr, Zisserman 2000, MLESAC; Chum, Matas 2005, PROSAC; Chum, Matas, Kittler 2003, LO-RANSAC
 */
export function findConsensus(correspondences: Correspondences, options: ConsensusOptions): Consensus | null {
  const { model, thresholdPx, seed, isAdmissible = () => true, maxIterations = defaultIterations } = options;
  const count = correspondences.confidence.length;
  const size = minimalSample[model];
  if (count <= size) return null;
  const random = seededRandom(seed);
  const order = surestFirst(correspondences.confidence);
  const sample = new Uint32Array(size);
  let best: Scored | null = null;
  let needed = maxIterations;
  let iterations = 0;
  for (; iterations < needed; iterations++) {
    const pool = poolSize(iterations, size, count);
    drawSample(random, order, pool, sample);
    if (!isSpread(correspondences, sample, thresholdPx)) continue;
    const hypothesis = fitModel(model, sampleMoments(correspondences, sample));
    if (hypothesis === null || !isAdmissible(hypothesis)) continue;
    const scored = score(correspondences, hypothesis, thresholdPx);
    if (best !== null && scored.cost >= best.cost) continue;
    best = refine(correspondences, scored, model, thresholdPx, isAdmissible);
    needed = Math.min(maxIterations, Math.max(iterations + 1, iterationsFor(best.inliers / count, size)));
  }
  if (best === null || best.inliers <= size) return null;
  const termination = iterations < maxIterations ? 'confident' : 'max-iterations';
  const { aFromB, inlierMask, inliers } = best;
  return { model, aFromB, inlierMask, inliers, iterations, termination };
}

interface Scored {
  readonly aFromB: Affine2;
  readonly inlierMask: Uint8Array;
  readonly inliers: number;
  readonly cost: number;
}

function surestFirst(confidence: Float32Array): Uint32Array {
  const order = Uint32Array.from(confidence, (_, i) => i);
  return order.sort((i, j) => confidence[j] - confidence[i] || i - j);
}

function poolSize(iteration: number, size: number, count: number): number {
  // every other draw is from all matches, so that a misleading confidence costs a factor of two at most
  if (iteration % 2 === 1 || iteration >= growingIterations) return count;
  const start = Math.min(count, 4 * size);
  return Math.ceil(start + ((count - start) * iteration) / growingIterations);
}

function drawSample(random: () => number, order: Uint32Array, pool: number, sample: Uint32Array): void {
  for (let k = 0; k < sample.length; k++) {
    let index: number;
    do index = order[Math.floor(random() * pool)];
    while (sample.subarray(0, k).includes(index));
    sample[k] = index;
  }
}

/** Two matches closer than a few thresholds say nothing about rotation and scale. */
function isSpread({ b }: Correspondences, sample: Uint32Array, thresholdPx: number): boolean {
  for (let i = 1; i < sample.length; i++) {
    for (let j = 0; j < i; j++) {
      const dx = b[2 * sample[i]] - b[2 * sample[j]];
      const dy = b[2 * sample[i] + 1] - b[2 * sample[j] + 1];
      if (dx * dx + dy * dy < 9 * thresholdPx * thresholdPx) return false;
    }
  }
  return true;
}

function iterationsFor(inlierShare: number, size: number): number {
  const success = inlierShare ** size;
  if (success >= 1) return 1;
  // half of the draws are PROSAC's; count only the uniform half
  return Math.ceil((2 * Math.log(missProbability)) / Math.log1p(-success));
}

/** |aFromB(q) − p|² of every match. */
export function squaredResiduals({ a, b }: Correspondences, aFromB: Affine2): Float64Array {
  const squares = new Float64Array(a.length >> 1);
  for (let i = 0; i < squares.length; i++) {
    const x = b[2 * i];
    const y = b[2 * i + 1];
    const dx = aFromB.a * x + aFromB.c * y + aFromB.e - a[2 * i];
    const dy = aFromB.b * x + aFromB.d * y + aFromB.f - a[2 * i + 1];
    squares[i] = dx * dx + dy * dy;
  }
  return squares;
}

function score(correspondences: Correspondences, aFromB: Affine2, thresholdPx: number): Scored {
  const squares = squaredResiduals(correspondences, aFromB);
  const limit = thresholdPx * thresholdPx;
  const inlierMask = new Uint8Array(squares.length);
  let inliers = 0;
  let cost = 0;
  for (let i = 0; i < squares.length; i++) {
    if (squares[i] < limit) {
      inlierMask[i] = 1;
      inliers++;
      cost += squares[i];
    } else cost += limit;
  }
  return { aFromB, inlierMask, inliers, cost };
}

/** Refits on the inliers until neither they nor the cost improve; a first refit sees twice the threshold. */
function refine(
  correspondences: Correspondences,
  start: Scored,
  model: TransformModel,
  thresholdPx: number,
  isAdmissible: (aFromB: Affine2) => boolean,
): Scored {
  let best = start;
  const wide = score(correspondences, start.aFromB, 2 * thresholdPx).inlierMask;
  for (const first of [wide, start.inlierMask]) {
    let mask = first;
    for (let round = 0; round < 10; round++) {
      const refitted = fitModel(model, linkMoments(correspondences, mask));
      if (refitted === null || !isAdmissible(refitted)) break;
      const scored = score(correspondences, refitted, thresholdPx);
      if (scored.cost < best.cost) best = scored;
      if (scored.inlierMask.every((inlier, i) => inlier === mask[i])) break;
      mask = scored.inlierMask;
    }
  }
  return best;
}
