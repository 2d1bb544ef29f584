import type { RunContext } from '../progress.ts';
import { chooseAnchors } from './adjustment.ts';
import type { TransformModel } from '../matching/link.ts';
import { connectedComponents } from './components.ts';
import { isStiff, linkMisfit } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { noPins, pinnedComponents } from './pins.ts';
import type { Pins } from './pins.ts';
import type { SolveOptions } from './pose-graph.ts';
import { medianOf } from './robust-loss.ts';
import type { CholeskyPattern } from './cholesky-pattern.ts';
import type { LinkMotions, StagePoses } from './stage.ts';

/** Re-weightings or Gauss–Newton steps of one model at most. */
export const maxIterations = 60;
/** In the end links are judged at no less than this many median misfits: what the model cannot express is no blunder. */
const mediansOfScale = 2.5;

/**
 * One sigma of the entries of a tile's linear part about its rigid solution, to begin with: 5 % of stretch or shear. Then
 * it is what the tiles themselves show: a thin overlap says little of a tile's stretch across it, and that little is
 * matching noise under the lever of the tile. Stiff tiles come out stiff and tiles that stretch keep their stretch.
 */
const firstLinearSigma = 0.05;

/** Everything that the phases of one solve share. */
export interface Solve {
  /** What right links may be off by under the model, px (`modelErrorOf`) … */
  readonly modelErrorPx: number;
  /** … and under the stiff one that tells them from wrong ones. */
  readonly stiffErrorPx: number;
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

/** The model that tells right links from wrong ones: what may stretch can bend to a wrong link. */
export function stiffModelOf(model: TransformModel): 'translation' | 'rigid' {
  return isStiff(model) ? model : 'rigid';
}

/** A solve at its beginning: all active links are believed alike. */
export function beginSolve(given: Omit<Solve, 'weights' | 'trusted' | 'pins' | 'iterations' | 'linearSigma'>): Solve {
  const { active } = given;
  return {
    ...given,
    weights: Float64Array.from(active),
    trusted: active.slice(),
    pins: noPins,
    iterations: 0,
    linearSigma: firstLinearSigma,
  };
}

/** Reports a step and gives the thread back, so that an abort is heard. */
export async function breathe(solve: Solve, note: string): Promise<void> {
  solve.ctx.signal.throwIfAborted();
  solve.iterations++;
  solve.ctx.onProgress({ stage: 'solve', done: solve.iterations, total: 0, note });
  await solve.ctx.yieldNow();
}

/** The scale at which links are judged at the poses, px. */
export function robustScale(solve: Solve, poses: Float64Array): number {
  const least = Math.max(solve.options.robustScalePx, errorUnderModel(solve));
  return Math.max(least, mediansOfScale * medianMisfit(solve.system, poses, solve.trusted));
}

/** What right links may be off by under the model of the options, px. */
export function errorUnderModel({ options, modelErrorPx, stiffErrorPx }: Solve): number {
  return isStiff(options.model) ? stiffErrorPx : modelErrorPx;
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
