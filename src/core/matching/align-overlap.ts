import { applyAffine, composeAffine, determinant, invertAffine, isFiniteAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { invertSymmetric, solveSymmetric } from '../geometry/symmetric-matrix.ts';
import { alignmentLevel, cropToOverlap, noiseOnLevel, sufficientScale } from './alignment-level.ts';
import type { AlignmentLevel } from './alignment-level.ts';
import type { TransformModel } from './link.ts';
import { fillBasis, parameterCount, projectToModel, smallMotion } from './motion-model.ts';
import { alignmentBlurPx, noiseLevelOf, sparedCorrelation, structureCorrelation } from './noise-level.ts';
import type { NoiseLevel, Variances } from './noise-level.ts';
import { layCells, measureCells, measureStride } from './overlap-cells.ts';
import type { OverlapCells } from './overlap-cells.ts';
import { scoreCells, scoreStride, sparedVariances, usualToneSidePx } from './cell-scores.ts';
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
/** Fewest pixels of the overlap's shorter side on a coarse level. */
const leastCoarseSide = 24;
/** A coarse level is right to about this, px of the level; the start error in it should not be more. */
const basinPx = 1.5;
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
  if (!isFiniteAffine(aFromB) || Math.abs(determinant(aFromB)) < 0.25) return null;
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
  for (const scale of pyramidScales(a, b, startErrorPx, finestScale)) {
    fine = alignLevel(levelAt(scale), motion, model, toneSidePx, scale === finestScale);
    if (fine === null) return null;
    iterations += fine.iterations;
    motion = fine.aFromB;
    if (!(cornerShiftPx(start, motion, b) <= driftFactor * Math.max(1, startErrorPx))) return null;
  }
  if (fine === null) return null;
  const { aFromB: found, ncc, centre, covariance } = fine;
  const [noiseA, noiseB] = noise.map((level) => noiseOnLevel(level.noise, finestScale, blurPx).value);
  const structureNcc = structureCorrelation(fine.variances, noiseA, noiseB);
  const sparedNcc = sparedCorrelation(fine.spared, noiseA, noiseB);
  return { aFromB: found, ncc, structureNcc, sparedNcc, iterations, centre, covariance };
}

/** The finest last; coarser by halves before, as far as the start error asks and the overlap allows. */
function pyramidScales(a: Strip, b: Strip, startErrorPx: number, finest: number): readonly number[] {
  const side = Math.min(a.region.width, a.region.height, b.region.width, b.region.height);
  const scales = [finest];
  for (let scale = finest / 2; startErrorPx * scale * 2 > basinPx && side * scale >= leastCoarseSide; scale /= 2)
    scales.unshift(scale);
  return scales;
}

/** Largest distance between two motions over the corners of b's strip, px. */
function cornerShiftPx(from: Affine2, to: Affine2, { region }: Strip): number {
  const { x, y, width, height } = region;
  const shifts = [
    [x, y],
    [x + width - 1, y],
    [x, y + height - 1],
    [x + width - 1, y + height - 1],
  ].map(([u, v]) => {
    const p = applyAffine(from, u, v);
    const q = applyAffine(to, u, v);
    return Math.hypot(p.x - q.x, p.y - q.y);
  });
  return Math.max(...shifts);
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
  const centre = centreOf(cells);
  const measure = (at: Affine2): CellScores => {
    measureCells(cells, a, b, invertAffine(at), null, sums);
    return scoreCells(cells, sums, toneSidePx);
  };
  let scores = measure(motion);
  const share = signalShare(scores, measure, motion);
  const limit = isFinest ? convergedPx : coarseConvergedPx;
  let previous: Float64Array | null = null;
  let gain = 1 / share;
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const { matrix, right: step } = assemble(cells, scores, model, centre);
    if (!solveSymmetric(matrix, step.length, step)) return null;
    // Steps that turn back say that the slope of the score is larger here than where it was measured.
    if (previous !== null && dot(step, previous) < 0) gain = Math.max(leastGain, gain * backoff);
    previous = step;
    const full = latticeShift(smallMotion(model, scaled(step, gain), centre), cells);
    const shortened = gain * Math.min(1, longestStepPx / full);
    motion = composeAffine(smallMotion(model, scaled(step, shortened), centre), motion);
    if (!isFiniteAffine(motion) || Math.abs(determinant(motion)) < 0.25) return null;
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
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += p[i] * q[i];
  return sum;
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
    covariance: inFullPixels(covariance, level.scale),
  };
}

/** Shifts of a level are 1/scale of it; angles and stretches are the same. */
function inFullPixels(covariance: Float64Array, scale: number): Float64Array {
  const k = Math.round(Math.sqrt(covariance.length));
  return covariance.map((value, i) => value / (Math.floor(i / k) < 2 ? scale : 1) / (i % k < 2 ? scale : 1));
}

/** Mean place of the pixels that both show. */
function centreOf({ count, centre }: OverlapCells): readonly [number, number] {
  let [x, y, n] = [0, 0, 0];
  for (let cell = 0; cell < count.length; cell++) {
    x += count[cell] * centre[2 * cell];
    y += count[cell] * centre[2 * cell + 1];
    n += count[cell];
  }
  return [x / n, y / n];
}

function latticeShift(moved: Affine2, { x, y, columns, rows, side }: OverlapCells): number {
  let largest = 0;
  for (const u of [x, x + columns * side])
    for (const v of [y, y + rows * side]) {
      const p = applyAffine(moved, u, v);
      largest = Math.max(largest, Math.hypot(p.x - u, p.y - v));
    }
  return largest;
}

/**
 * What part of the template's curvature is structure that both images have: the measured slope of the score against
 * the Gauss–Newton matrix. Noise has gradients too, which make steps too short and the covariance too small.
 */
function signalShare(scores: CellScores, measure: (motion: Affine2) => CellScores, motion: Affine2): number {
  const h = slopeShiftPx;
  const right = measure({ ...motion, e: motion.e + h });
  const down = measure({ ...motion, f: motion.f + h });
  let [slope, curvature] = [0, 0];
  for (let o = 0; o < scores.cells.length; o += scoreStride) {
    slope += scores.cells[o] - right.cells[o] + scores.cells[o + 1] - down.cells[o + 1];
    curvature += h * (scores.cells[o + 2] + scores.cells[o + 4]);
  }
  return Math.min(1.2, Math.max(0.2, slope / curvature));
}

interface NormalEquations {
  readonly matrix: Float64Array;
  readonly right: Float64Array;
}

/** Σ w JᵀHJ and Σ w Jᵀu over the cells; J the model's derivatives at the cell's centre. */
function assemble(
  { centre: places }: OverlapCells,
  { cells, weights }: CellScores,
  model: TransformModel,
  centre: readonly [number, number],
): NormalEquations {
  const k = parameterCount[model];
  const matrix = new Float64Array(k * k);
  const right = new Float64Array(k);
  const [rowX, rowY] = [new Float64Array(k), new Float64Array(k)];
  for (let cell = 0; cell < weights.length; cell++) {
    const w = weights[cell];
    if (w === 0) continue;
    fillBasis(model, places[2 * cell] - centre[0], places[2 * cell + 1] - centre[1], rowX, rowY);
    const o = cell * scoreStride;
    const [ux, uy, xx, xy, yy] = [w * cells[o], w * cells[o + 1], w * cells[o + 2], w * cells[o + 3], w * cells[o + 4]];
    for (let i = 0; i < k; i++) {
      right[i] += rowX[i] * ux + rowY[i] * uy;
      const hx = rowX[i] * xx + rowY[i] * xy;
      const hy = rowX[i] * xy + rowY[i] * yy;
      for (let j = 0; j <= i; j++) matrix[i * k + j] += hx * rowX[j] + hy * rowY[j];
    }
  }
  return { matrix, right };
}

/** B⁻¹ Σ w² Jᵀ(s²H)J B⁻¹ with s² from the cells' scores at the solution; B the slope of the score. */
function covarianceOf(
  cells: OverlapCells,
  scores: CellScores,
  model: TransformModel,
  centre: readonly [number, number],
  share: number,
): Float64Array | null {
  const k = parameterCount[model];
  let [squares, n] = [0, 0];
  for (let cell = 0; cell < scores.weights.length; cell++) {
    if (scores.weights[cell] === 0) continue;
    const [ux, uy, xx, xy, yy] = scores.cells.subarray(cell * scoreStride, (cell + 1) * scoreStride);
    const det = xx * yy - xy * xy;
    if (!(det > 1e-9 * (xx + yy) ** 2)) continue;
    squares += (scores.weights[cell] * (yy * ux * ux - 2 * xy * ux * uy + xx * uy * uy)) / det;
    n += 2;
  }
  const variance = squares / Math.max(1, n - k);
  const inverse = invertSymmetric(assemble(cells, scores, model, centre).matrix, k);
  return inverse && inverse.map((value) => (value * variance) / share ** 2);
}
