import type { Adjustment } from './adjustment.ts';
import { connectedComponents } from './components.ts';
import type { Inverse } from './factor-update.ts';
import { moveToPins } from './pins.ts';
import type { SolveReport } from './pose-graph.ts';
import { adjust } from './reweighted-solve.ts';
import { inverseDiagonal } from './selected-inverse.ts';
import { writeReport } from './solve-report.ts';
import { breathe } from './solve-run.ts';
import type { Solve } from './solve-run.ts';
import { solveFactored } from './sparse-cholesky.ts';
import type { CholeskyFactor } from './sparse-cholesky.ts';
import { tileSigmas } from './tile-sigma.ts';

/** Where a solve came to rest, and the equations there. */
export interface Settled {
  readonly adjustment: Adjustment;
  readonly factor: CholeskyFactor;
  /** Diagonal blocks of the inverse of the equations, [nodes · k²]. */
  readonly diagonal: Float64Array;
  /** Before the gauge is fixed. */
  readonly poses: Float64Array;
  readonly weights: Float64Array;
  readonly active: Uint8Array;
  readonly trusted: Uint8Array;
}

/** The model's own adjustment from where the links that are wrong have been told from the right ones, and the answer. */
export async function finishSolve(
  solve: Solve,
  poses: Float64Array,
): Promise<{ readonly report: SolveReport; readonly settled: Settled | null }> {
  const { system, active, weights, trusted, pins, options } = solve;
  const { label } = connectedComponents(system.nodes.length, system.from, system.to, active);
  moveToPins(system, pins, label, poses, options.model !== 'translation');
  if (!active.includes(1)) return { report: writeReport(solve, poses, 'no-links', null), settled: null };
  const { adjustment, factor, converged } = await adjust(solve, poses);
  const diagonal = await findInverse(solve, factor);
  const settled = {
    adjustment,
    factor,
    diagonal,
    poses: poses.slice(),
    weights: weights.slice(),
    active: active.slice(),
    trusted: trusted.slice(),
  };
  const inverse: Inverse = { solve: (rhs) => solveFactored(factor, rhs), diagonal };
  const sigma = tileSigmas(adjustment, inverse, poses, weights, active);
  return { report: writeReport(solve, poses, converged ? 'converged' : 'max-iterations', sigma), settled };
}

async function findInverse(solve: Solve, factor: CholeskyFactor): Promise<Float64Array> {
  await breathe(solve, errorsNote);
  return inverseDiagonal(factor);
}

/** The note of the progress report when the poses stand and only their errors are still to be found. */
export const errorsNote = 'errors of the tiles';
