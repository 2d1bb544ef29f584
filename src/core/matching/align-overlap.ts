import { applyAffine, composeAffine, identityAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { solveSymmetric } from '../geometry/symmetric-matrix.ts';
import { alignmentLevel, cropToOverlap, noiseOnLevel, pyramidScales, sufficientScale } from './alignment-level.ts';
import type { AlignmentLevel } from './alignment-level.ts';
import { covarianceOf, covarianceInFullPixels, meanPlaceOf, normalEquations, signalShare } from './cell-normals.ts';
import type { TransformModel } from './link.ts';
import { cornerShiftPx, isAlignable } from './motion-limits.ts';
import { parameterCount, projectToModel, smallMotion } from './motion-model.ts';
import { alignmentBlurPx, noiseLevelOf, sparedCorrelation, structureCorrelation } from './noise-level.ts';
import type { NoiseLevel, Variances } from './noise-level.ts';
import { layCells, measureCells, measureStride } from './overlap-cells.ts';
import type { OverlapCells } from './overlap-cells.ts';
import { scoreCells, sparedVariances, usualToneSidePx } from './cell-scores.ts';
import type { CellScores } from './cell-scores.ts';
import type { Strip } from './overlap-intensities.ts';

/** Options of `alignOverlap`; all have defaults. */
export interface AlignOverlapOptions {
  /** How far the start may be wrong, full-resolution px: sets how coarse the pyramid begins. 3 when absent. */
  readonly startErrorPx?: number;
  /** Gaussian blur of both images at full resolution, px; from the measured noise when absent. */
  readonly blurPx?: number;
  /** `ample`: no finer than a large overlap needs to be placed to 0.01 px; full resolution when absent. */
  readonly resolution?: 'full' | 'ample';
}

/** Outcome of a direct alignment. */
export interface OverlapAlignment {
  readonly aFromB: Affine2;
  /** Normalised correlation of the aligned overlap, after blur and without brightness beyond 64 px. */
  readonly ncc: number;
  /** The same of the structure alone, the variance of the noise taken out: near 1 when both show the same thing. */
  readonly structureNcc: number;
  /** The same within cells, the quarter that agrees least left out: what charging spares; null where noise hides it. */
  readonly sparedNcc: number | null;
  /** Gauss–Newton steps over all levels. */
  readonly iterations: number;
  /** Where the parameters are counted from: centre of the overlap in tile a, full-resolution px. */
  readonly centre: readonly [number, number];
  /**
   * [k × k] covariance, row-major, of the displacement d(p) = t + M·(p − centre) that may still be missing, px in a:
   * tx, ty; for `rigid` also the angle, rad; for `similarity` then the log of the scale; for `affine` instead
   * Mxx, Mxy, Myx, Myy. From the Gauss–Newton matrix and the variance of the cells' residual scores.
   */
  readonly covariance: Float64Array;
}

/** Side of a cell, px of the level. */
const cellSide = 16;
const maxIterations = 25;
/** Longest step, px of the level; how much steps that turn back are shortened, and to what at most. */
const longestStepPx = 2;
const backoff = 0.6;
const leastGain = 0.5;
/** What is taken for converged when the iterations are used up: far below what such weak structure determines, px. */
const nearlyConvergedPx = 0.1;
/** A step that moves no corner of the overlap by more ends a level, px of the level. */
const convergedPx = 0.002;
const coarseConvergedPx = 0.05;
/** An alignment that leads further than this many start errors away is another place. */
const driftFactor = 4;
/** Structure that agrees as well is taken to be the same; below, charges may be in the way. */
export const sameStructureNcc = 0.93;
/** Shift that the slope of the score is measured with, px of the level. */
const slopeShiftPx = 0.5;

/**
 * Aligns the whole overlap of two strips at full resolution, from a start that is right to a few px, by
 * inverse-compositional Gauss–Newton from coarse to fine,
 *
 *   minimise Σ_cells w Σ_p [ b(bFromA(p)) − γ·a(p + d(p)) − o ]²   over d in the model,
 *
 * γ one gain, o one offset for each block of 64 px, w small for cells whose residual stands out. Both images are
 * blurred alike by as much as their noise asks for. Null when nothing is common, when it does not converge, or when it
 * leads away from the start.
 *
 * @param aFromB full-resolution px of the tiles, in the model's class or near it.
 * @see Baker, Matthews 2004, "Lucas–Kanade 20 years on"; Evangelidis, Psarakis 2008 (gain and offset)
 */
export function alignOverlap(
  a: Strip,
  b: Strip,
  aFromB: Affine2,
  model: TransformModel,
  options: AlignOverlapOptions = {},
): OverlapAlignment | null {
  if (!isAlignable(aFromB)) return null;
  const startErrorPx = options.startErrorPx ?? 3;
  const common = cropToOverlap(a, b, aFromB, 8 + 2 * startErrorPx);
  if (common === null) return null;
  const noise = [noiseLevelOf(common.a.raster), noiseLevelOf(common.b.raster)] as const;
  const blurPx = options.blurPx ?? alignmentBlurPx(...noise);
  const levels = new Map<number, AlignmentLevel>();
  const levelAt = (scale: number): AlignmentLevel => {
    const level = levels.get(scale) ?? alignmentLevel(common.a, common.b, scale, blurPx);
    levels.set(scale, level);
    return level;
  };
  const task = { ...common, noise, blurPx, levelAt, startErrorPx, isAmple: options.resolution === 'ample' };
  const usual = alignAtTone(task, aFromB, model, usualToneSidePx);
  if (usual !== null && usual.structureNcc >= sameStructureNcc) return usual;
  // Charges change the brightness within less than a block, and most of all what is coarse: what fits badly or not at
  // all may fit without both.
  const local = alignAtTone({ ...task, startErrorPx: 1 }, aFromB, model, cellSide);
  return (local?.sparedNcc ?? 0) > (usual?.sparedNcc ?? 0) ? local : usual;
}

interface AlignmentTask {
  readonly a: Strip;
  readonly b: Strip;
  readonly noise: readonly [NoiseLevel, NoiseLevel];
  readonly blurPx: number;
  /** The strips at a scale, blurred: made when first asked for. */
  readonly levelAt: (scale: number) => AlignmentLevel;
  readonly startErrorPx: number;
  readonly isAmple: boolean;
}

/** From coarse to fine with one offset for each block of `toneSidePx`, px of each level. */
function alignAtTone(
  { a, b, noise, blurPx, levelAt, startErrorPx, isAmple }: AlignmentTask,
  aFromB: Affine2,
  model: TransformModel,
  toneSidePx: number,
): OverlapAlignment | null {
  const { region } = b;
  const middle = [region.x + (region.width - 1) / 2, region.y + (region.height - 1) / 2] as const;
  const start = projectToModel(aFromB, model, ...middle);
  let motion = start;
  let iterations = 0;
  let fine: LevelOutcome | null = null;
  const finestScale = isAmple ? sufficientScale(a, b) : 1;
  const side = Math.min(a.region.width, a.region.height, b.region.width, b.region.height);
  for (const scale of pyramidScales(side, startErrorPx, finestScale)) {
    fine = alignLevel(levelAt(scale), motion, model, toneSidePx, scale === finestScale);
    if (fine === null) return null;
    iterations += fine.iterations;
    motion = fine.aFromB;
    if (!(cornerShiftPx(start, motion, b.region) <= driftFactor * Math.max(1, startErrorPx))) return null;
  }
  if (fine === null) return null;
  const { aFromB: found, ncc, centre, covariance } = fine;
  const [noiseA, noiseB] = noise.map((level) => noiseOnLevel(level.noise, finestScale, blurPx).value);
  const structureNcc = structureCorrelation(fine.variances, noiseA, noiseB);
  const sparedNcc = sparedCorrelation(fine.spared, noiseA, noiseB);
  return { aFromB: found, ncc, structureNcc, sparedNcc, iterations, centre, covariance };
}

interface LevelOutcome extends Omit<OverlapAlignment, 'structureNcc' | 'sparedNcc'> {
  readonly variances: Variances;
  readonly spared: Variances;
}

/** Gauss–Newton on one level, in px of the level; the outcome is in full-resolution px of the tiles again. */
function alignLevel(
  level: AlignmentLevel,
  aFromB: Affine2,
  model: TransformModel,
  toneSidePx: number,
  isFinest: boolean,
): LevelOutcome | null {
  const { a, b } = level;
  let motion = composeAffine(level.aFromTile, composeAffine(aFromB, invertAffine(level.bFromTile)));
  const cells = layCells(a, b, invertAffine(motion), cellSide, level.marginPx);
  if (cells === null) return null;
  const sums = new Float64Array((cells.template.length / 9) * measureStride);
  const centre = meanPlaceOf(cells);
  const measure = (at: Affine2): CellScores => {
    measureCells(cells, a, b, invertAffine(at), null, sums);
    return scoreCells(cells, sums, toneSidePx);
  };
  let scores = measure(motion);
  const right = measure({ ...motion, e: motion.e + slopeShiftPx });
  const down = measure({ ...motion, f: motion.f + slopeShiftPx });
  const share = signalShare(scores, right, down, slopeShiftPx);
  const limit = isFinest ? convergedPx : coarseConvergedPx;
  let previous: Float64Array = new Float64Array(parameterCount[model]);
  let gain = 1 / share;
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const { matrix, right: step } = normalEquations(cells, scores, model, centre);
    if (!solveSymmetric(matrix, step.length, step)) return null;
    // Steps that turn back say that the slope of the score is larger here than where it was measured.
    if (dot(step, previous) < 0) gain = Math.max(leastGain, gain * backoff);
    previous = step;
    const full = latticeShiftPx(smallMotion(model, scaled(step, gain), centre), cells);
    const shortened = gain * Math.min(1, longestStepPx / full);
    motion = composeAffine(smallMotion(model, scaled(step, shortened), centre), motion);
    if (!isAlignable(motion)) return null;
    scores = measure(motion);
    if (full > (iteration < maxIterations ? limit : nearlyConvergedPx)) continue;
    const spared = sparedVariances(cells, sums);
    const found = { motion, ncc: scores.ncc, variances: scores.variances, spared, iterations: iteration };
    if (!isFinest) return outcomeOf(level, found, centre, new Float64Array(0));
    const covariance = covarianceOf(cells, scores, model, centre, share);
    return covariance && outcomeOf(level, found, centre, covariance);
  }
  return null;
}

function dot(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, value, i) => sum + value * q[i], 0);
}

function scaled(step: Float64Array, factor: number): Float64Array {
  return step.map((value) => factor * value);
}

function outcomeOf(
  level: AlignmentLevel,
  {
    motion,
    ...found
  }: Pick<LevelOutcome, 'ncc' | 'variances' | 'spared' | 'iterations'> & { readonly motion: Affine2 },
  centre: readonly [number, number],
  covariance: Float64Array,
): LevelOutcome {
  const tileFromLevel = invertAffine(level.aFromTile);
  const middle = applyAffine(tileFromLevel, centre[0], centre[1]);
  return {
    aFromB: composeAffine(tileFromLevel, composeAffine(motion, level.bFromTile)),
    ...found,
    centre: [middle.x, middle.y],
    covariance: covarianceInFullPixels(covariance, level.scale),
  };
}

/** How far a motion moves the corners of the lattice, px of the level. */
function latticeShiftPx(moved: Affine2, { x, y, columns, rows, side }: OverlapCells): number {
  return cornerShiftPx(identityAffine, moved, { x, y, width: columns * side + 1, height: rows * side + 1 });
}
