import type { EdgeReport } from '../../core/graph/pose-graph.ts';
import type { PairResult } from '../../core/matching/link.ts';

/**
 * What became of a pair: `link` holds tiles together · `excluded` by the user · `removed` by the solver as one of the
 * worst · `rejected` by verification.
 */
export const linkStates = ['link', 'removed', 'rejected', 'excluded'] as const;
export type LinkState = (typeof linkStates)[number];

/** Number of steps of the --quality-0 … --quality-4 scale. */
export const QUALITY_STEPS = 5;
/** Upper residual, px, of the classes best to last but one; 3.5 px is where the solver starts to remove links. */
const RESIDUAL_STEPS_PX = [0.75, 1.5, 2.5, 3.5] as const;
/** So many inliers and residuals speak for themselves; with fewer, a small residual proves less. */
const AMPLE_INLIERS = 30;

/** @see LinkState */
export function linkState(result: PairResult, edge: EdgeReport | null, isExcluded: boolean): LinkState {
  if (result.kind === 'rejected') return 'rejected';
  if (isExcluded) return 'excluded';
  return edge?.removed === true ? 'removed' : 'link';
}

/** Residual of a link at the solution where there is one, else of its own fit, px; null for a rejected pair. */
export function residualOf(result: PairResult, edge: EdgeReport | null): number | null {
  if (result.kind === 'rejected') return null;
  const residual = edge?.residualPx ?? result.rmsPx;
  return Number.isFinite(residual) ? residual : null;
}

/** 0 (worst) … 1 (best): the lower of what the residual and what the number of inliers say; null without a link. */
export function linkQuality(result: PairResult, edge: EdgeReport | null): number | null {
  if (result.kind === 'rejected') return null;
  const residual = residualOf(result, edge);
  if (residual === null) return 0;
  return Math.min(residualQuality(residual), Math.min(1, result.inliers / AMPLE_INLIERS));
}

/** 1 at 0 px, falling by one step of the scale at each of 0.75, 1.5, 2.5 and 3.5 px, towards 0 beyond. */
export function residualQuality(residualPx: number): number {
  let from = 0;
  for (let step = 0; step < RESIDUAL_STEPS_PX.length; step++) {
    const to = RESIDUAL_STEPS_PX[step];
    if (residualPx <= to) return 1 - (step + (residualPx - from) / (to - from)) / QUALITY_STEPS;
    from = to;
  }
  return from / residualPx / QUALITY_STEPS;
}

/** Index into the quality colours, 0 = worst … 4 = best; a value on a border belongs to the better class. */
export function qualityStep(quality: number): number {
  return Math.max(0, Math.min(QUALITY_STEPS - 1, Math.floor(quality * QUALITY_STEPS + 1e-9)));
}
