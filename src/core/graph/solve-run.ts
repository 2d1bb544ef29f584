import type { RunContext } from '../progress.ts';
import { chooseAnchors } from './adjustment.ts';
import { connectedComponents } from './components.ts';
import { linkMisfit } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { pinnedComponents } from './pins.ts';
import type { Pins } from './pins.ts';
import type { SolveOptions } from './pose-graph.ts';
import { medianOf } from './robust-loss.ts';
import type { CholeskyPattern } from './cholesky-pattern.ts';
import type { LinkMotions, StagePoses } from './stage.ts';

/** Re-weightings or Gauss–Newton steps of one model at most. */
export const maxIterations = 60;
/** In the end links are judged at no less than this many median misfits: what the model cannot express is no blunder. */
const mediansOfScale = 2.5;

/** Everything that the phases of one solve share. */
export interface Solve {
  /** What loops of right links fail to close by because tiles are not as stiff as the model, px. */
  readonly modelErrorPx: number;
  readonly system: LinkSystem;
  readonly options: SolveOptions;
  readonly ctx: RunContext;
  readonly stage: StagePoses;
  readonly motions: LinkMotions;
  readonly pattern: CholeskyPattern;
  /** [links] 0 once removed. */
  readonly active: Uint8Array;
  readonly weights: Float64Array;
  /** [links] 0 while a link that the rigid model calls wrong has no say in the bending of tiles. */
  readonly trusted: Uint8Array;
  readonly pins: Pins;
  iterations: number;
  linearSigma: number;
}

/** Reports a step and gives the thread back, so that an abort is heard. */
export async function breathe(solve: Solve, note: string): Promise<void> {
  solve.ctx.signal.throwIfAborted();
  solve.iterations++;
  solve.ctx.onProgress({
    stage: 'solve',
    done: solve.iterations,
    total: Math.max(maxIterations, solve.iterations),
    note,
  });
  await solve.ctx.yieldNow();
}

/** The scale at which links are judged at the poses, px. */
export function robustScale({ options, system, trusted, modelErrorPx }: Solve, poses: Float64Array): number {
  const isStiff = options.model === 'translation' || options.model === 'rigid';
  const least = Math.max(options.robustScalePx, isStiff ? modelErrorPx : 0);
  return Math.max(least, mediansOfScale * medianMisfit(system, poses, trusted));
}

/** Sets the weights of the links by their misfits; manual links keep 1. */
export function weigh(
  system: LinkSystem,
  poses: Float64Array,
  active: Uint8Array,
  scale: number,
  weightOf: (misfit: number, scale: number) => number,
  weights: Float64Array,
): void {
  for (let l = 0; l < weights.length; l++)
    weights[l] = active[l] === 0 ? 0 : system.manual[l] === 1 ? 1 : weightOf(linkMisfit(system, poses, l), scale);
}

/** Median misfit of the active links, px. */
export function medianMisfit(system: LinkSystem, poses: Float64Array, active: Uint8Array): number {
  const misfits = new Float64Array(active.length);
  let count = 0;
  for (let l = 0; l < active.length; l++) if (active[l] !== 0) misfits[count++] = linkMisfit(system, poses, l);
  return medianOf(misfits.subarray(0, count));
}

/** The nodes that hold the gauge: one in every component that no pin holds. */
export function anchorsOf(solve: Solve, poses: Float64Array): number[] {
  const { system, active, pins } = solve;
  const { label, sizes } = connectedComponents(system.nodes.length, system.from, system.to, active);
  const held = pinnedComponents(pins, label);
  return chooseAnchors(label, sizes.length, poses).filter((i) => !held.has(label[i]));
}
