import { medianOf } from '../graph/robust-loss.ts';
import type { RunContext } from '../progress.ts';
import { misfitsOf } from './measurements.ts';
import type { Measurements } from './measurements.ts';
import { solveElastic } from './solve-elastic.ts';
import type { ElasticOptions, ElasticTile } from './solve-elastic.ts';

/** How well a solution of four fifths of the measurements predicts the last fifth. */
export interface HeldOut {
  /** Median misfit of the patches that were fitted, and of those that were held out, px. */
  readonly fittedPx: number;
  readonly heldOutPx: number;
}

/** One measurement in so many is held out. */
const folds = 5;

/** True for the fifth of the measurements that is held out: spread over every overlap, the same on every machine. */
export function isHeldOut(k: number): boolean {
  return (Math.imul(k + 1, 2654435761) >>> 8) % folds === 0;
}

/** The measurements that `keep` accepts. */
export function measurementsWhere(all: Measurements, keep: (k: number) => boolean): Measurements {
  const kept: number[] = [];
  const starts = new Int32Array(all.starts.length);
  for (let l = 0; l < all.from.length; l++) {
    for (let k = all.starts[l]; k < all.starts[l + 1]; k++) if (keep(k)) kept.push(k);
    starts[l + 1] = kept.length;
  }
  const points = (values: Float32Array) =>
    Float32Array.from({ length: 2 * kept.length }, (_, n) => values[2 * kept[n >> 1] + (n & 1)]);
  return {
    ...all,
    starts,
    a: points(all.a),
    b: points(all.b),
    weight: Float32Array.from(kept, (k) => all.weight[k]),
  };
}

/** Solves without a fifth of the patches and predicts it. */
export async function holdOut(
  tiles: readonly ElasticTile[],
  measurements: Measurements,
  isPatch: Uint8Array,
  options: ElasticOptions,
  ctx: RunContext,
): Promise<HeldOut> {
  const isTested = (k: number) => isPatch[k] === 1 && isHeldOut(k);
  const fitted = measurementsWhere(measurements, (k) => !isTested(k));
  const tested = measurementsWhere(measurements, isTested);
  const solution = await solveElastic(tiles, fitted, options, ctx);
  const isFittedPatch: boolean[] = [];
  for (let k = 0; k < isPatch.length; k++) if (!isTested(k)) isFittedPatch.push(isPatch[k] === 1);
  return {
    fittedPx: medianOf(solution.misfits.filter((_, k) => isFittedPatch[k])),
    heldOutPx: medianOf(misfitsOf(tested, tiles, solution.poses, solution.meshes)),
  };
}
