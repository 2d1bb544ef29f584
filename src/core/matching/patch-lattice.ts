import { fillMonomials } from '../geometry/cubic-monomials.ts';
import { invertSymmetric } from '../geometry/symmetric-matrix.ts';
import { applyAffine, composeAffine, determinant, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { rectArea } from '../geometry/rect.ts';
import { alignmentLevel, cropToOverlap, noiseOnLevel, sufficientScale } from './alignment-level.ts';
import { scoreCells, scoreStride, sparedVariances } from './cell-scores.ts';
import type { CellScores } from './cell-scores.ts';
import { alignmentBlurPx, noiseLevelOf, sparedCorrelation, structureCorrelation } from './noise-level.ts';
import type { Variances } from './noise-level.ts';
import { layCells, measureCells, measureStride } from './overlap-cells.ts';
import type { OverlapCells } from './overlap-cells.ts';
import type { Strip } from './overlap-intensities.ts';

/** Where the content of a patch of a lies in b, and how well that is known. */
export interface AlignedPatches {
  /** [2N] centre of the patch in a and the same place in b, full-resolution px of the tiles. */
  readonly a: Float32Array;
  readonly b: Float32Array;
  /** [N] inverse variance of the place by noise, 1/px². */
  readonly precision: Float32Array;
  /** [N] normalised correlation of the patch, 0…1. */
  readonly correlation: Float32Array;
  /** [2N] what to add to a place of a before `bFromA` to find it in b, noise shrunk away; px. */
  readonly shift: Float64Array;
  readonly bFromA: Affine2;
  /** Normalised correlation of the whole overlap, every patch where it was found. */
  readonly ncc: number;
  /** Whether the patches show more than the given motion: a smooth bend, or deviations that neighbours share. */
  readonly isBent: boolean;
  /** Correlation of the structure, noise taken out, under the smooth motion alone: lower for what is only alike. */
  readonly structureNcc: number;
  /** The same within cells, the quarter that agrees least left out; null where noise hides it. */
  readonly sparedNcc: number | null;
}

/** Side of a patch, px: several membranes wide, small against the bending of a scan line; less in small overlaps. */
const largestSide = 24;
const leastSide = 12;
/** Patches that a small overlap is cut into at least. */
const wantedPatches = 40;
/** Terms of the motions that are tried on top of the given one: affine, then x², xy, y², then the cubes. */
const ladder = [3, 6, 10] as const;
/** F value from which k more coefficients an axis are believed, 1 + fMargin/√(2k): one in a thousand by chance. */
const fMargin = 9;
const stepsPerRung = 4;
/** A patch that would move further than this from the smooth motion shows something else, px. */
const strayPx = 3;
/** Least share of a patch's gradients that is structure, of the median precision, and of the overlap's correlation, for it to count. */
const leastStructure = 0.3;
const leastPrecision = 0.3;
const leastCorrelation = 0.6;
/** Noise of a patch's correlation times the root of its pixels, which the blur makes dependent. */
const correlationNoise = 4;

/**
 * Measures where the overlap's patches lie in b, starting from a motion that is right to a pixel or two: first what a
 * smooth motion (as much of a cubic as the images bear out by F-test) adds to it, then each patch by one or two
 * Gauss–Newton steps from there. Patches share the noise-dependent blur, gain and offsets of `alignOverlap`; without
 * bending their weighted fit is its result. Null when nothing is common.
 *
 * @param bendAt displacement in a, at a place of b, that the matches suggest beyond `aFromB`, px; null when none.
 */
export function alignPatchLattice(
  a: Strip,
  b: Strip,
  aFromB: Affine2,
  bendAt: ((x: number, y: number) => readonly [number, number]) | null,
): AlignedPatches | null {
  if (Math.abs(determinant(aFromB)) < 0.25) return null;
  const common = cropToOverlap(a, b, aFromB, 12);
  if (common === null) return null;
  const noise = [noiseLevelOf(common.a.raster), noiseLevelOf(common.b.raster)] as const;
  const blurPx = alignmentBlurPx(...noise);
  const area = Math.min(rectArea(common.a.region), rectArea(common.b.region));
  const side = Math.min(largestSide, Math.max(leastSide, Math.floor(Math.sqrt(area / wantedPatches))));
  const scale = sufficientScale(common.a, common.b);
  const lattice = latticeOf(common.a, common.b, aFromB, scale, side, blurPx, bendAt);
  if (lattice === null) return null;
  const hasClimbed = climbLadder(lattice);
  const [inA, inB] = noise.map((level) => noiseOnLevel(level.noise, scale, blurPx));
  const { variances, spared } = lattice.agreement();
  const structureNcc = structureCorrelation(variances, inA.value, inB.value);
  const sparedNcc = sparedCorrelation(spared, inA.value, inB.value);
  const patches = readPatches(lattice, inA.slope);
  return patches && { ...patches, isBent: bendAt !== null || hasClimbed || patches.isBent, structureNcc, sparedNcc };
}

/** A lattice of cells on one level, with where each is looked for. */
interface Lattice {
  readonly scale: number;
  readonly cells: OverlapCells;
  /** b's level from a's level. */
  readonly bFromA: Affine2;
  readonly tileFromA: Affine2;
  readonly tileFromB: Affine2;
  /** [cells · 2] added to the place in a, px of the level. */
  readonly shift: Float64Array;
  measure(): CellScores;
  agreement(): { readonly variances: Variances; readonly spared: Variances };
}

function latticeOf(
  a: Strip,
  b: Strip,
  aFromB: Affine2,
  scale: number,
  side: number,
  blurPx: number,
  bendAt: ((x: number, y: number) => readonly [number, number]) | null,
): Lattice | null {
  const level = alignmentLevel(a, b, scale, blurPx);
  const bFromA = invertAffine(composeAffine(level.aFromTile, composeAffine(aFromB, invertAffine(level.bFromTile))));
  const cells = layCells(level.a, level.b, bFromA, Math.max(8, Math.round(side * scale)), level.marginPx);
  if (cells === null) return null;
  const tileFromA = invertAffine(level.aFromTile);
  const shift = new Float64Array(2 * cells.count.length);
  if (bendAt !== null)
    for (let k = 0; k < cells.count.length; k++) {
      const p = applyAffine(tileFromA, cells.centre[2 * k], cells.centre[2 * k + 1]);
      const q = applyAffine(invertAffine(aFromB), p.x, p.y);
      const [dx, dy] = bendAt(q.x, q.y);
      shift[2 * k] = -scale * dx;
      shift[2 * k + 1] = -scale * dy;
    }
  const sums = new Float64Array(cells.count.length * measureStride);
  const measure = () => {
    measureCells(cells, level.a, level.b, bFromA, shift, sums);
    return scoreCells(cells, sums);
  };
  const agreement = () => ({ variances: measure().variances, spared: sparedVariances(cells, sums) });
  return { scale, cells, bFromA, tileFromA, tileFromB: invertAffine(level.bFromTile), shift, measure, agreement };
}

/** A polynomial motion of the lattice, px of the level: coefficients along x and along y. */
interface Polynomial {
  readonly terms: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Raises the motion as long as the images bear it out, and leaves it in the lattice's shifts. True when it moved. */
function climbLadder(lattice: Lattice): boolean {
  const { cells, shift } = lattice;
  const basis = basisOf(cells);
  let scores = lattice.measure();
  let hasMoved = false;
  const move = (step: Polynomial) => {
    for (let k = 0; k < cells.count.length; k++) {
      const [dx, dy] = valueAt(step, basis, k);
      shift[2 * k] -= dx;
      shift[2 * k + 1] -= dy;
    }
    scores = lattice.measure();
    hasMoved = true;
  };
  for (const terms of ladder) {
    const first = fitScores(scores, basis, terms);
    if (first === null || !(first.fValue > 1 + fMargin / Math.sqrt(2 * terms))) continue;
    move(first);
    for (let step = 1; step < stepsPerRung; step++) {
      const next = fitScores(scores, basis, terms);
      if (next === null || next.largestPx < 0.02) break;
      move(next);
    }
  }
  return hasMoved;
}

/** Maps the lattice onto [−1, 1]². */
function frameOf({ x, y, columns, rows, side }: OverlapCells) {
  const halfWidth = (columns * side) / 2;
  const halfHeight = (rows * side) / 2;
  return { x: x + halfWidth, y: y + halfHeight, halfWidth, halfHeight };
}

/** [cells · 10] monomials at the cells' centres. */
function basisOf(cells: OverlapCells): Float64Array {
  const frame = frameOf(cells);
  const width = ladder[ladder.length - 1];
  const basis = new Float64Array(width * cells.count.length);
  for (let k = 0; k < cells.count.length; k++)
    fillMonomials(
      (cells.centre[2 * k] - frame.x) / frame.halfWidth,
      (cells.centre[2 * k + 1] - frame.y) / frame.halfHeight,
      basis.subarray(k * width, (k + 1) * width),
    );
  return basis;
}

function valueAt({ terms, x, y }: Polynomial, basis: Float64Array, cell: number): readonly [number, number] {
  const at = cell * ladder[ladder.length - 1];
  let [dx, dy] = [0, 0];
  for (let i = 0; i < terms; i++) {
    dx += x[i] * basis[at + i];
    dy += y[i] * basis[at + i];
  }
  return [dx, dy];
}

interface ScoreFit extends Polynomial {
  /** What a coefficient explains of the scores' squares against what is left a degree of freedom. */
  readonly fValue: number;
  /** Largest displacement of a cell, px of the level. */
  readonly largestPx: number;
}

/** The polynomial displacement that the cells' scores ask for, one Gauss–Newton step. */
function fitScores(scores: CellScores, basis: Float64Array, terms: number): ScoreFit | null {
  const n = 2 * terms;
  const width = ladder[ladder.length - 1];
  const matrix = new Float64Array(n * n);
  const right = new Float64Array(n);
  let [squares, known] = [0, 0];
  for (let k = 0; k < scores.weights.length; k++) {
    const w = scores.weights[k];
    const [ux, uy, xx, xy, yy] = scores.cells.subarray(k * scoreStride, (k + 1) * scoreStride);
    const det = xx * yy - xy * xy;
    if (w === 0 || !(det > 1e-9 * (xx + yy) ** 2)) continue;
    squares += (w * (yy * ux * ux - 2 * xy * ux * uy + xx * uy * uy)) / det;
    known += 2;
    for (let i = 0; i < terms; i++) {
      const p = w * basis[k * width + i];
      right[i] += p * ux;
      right[terms + i] += p * uy;
      for (let j = 0; j < terms; j++) {
        const q = p * basis[k * width + j];
        matrix[i * n + j] += q * xx;
        matrix[i * n + terms + j] += q * xy;
        matrix[(terms + i) * n + j] += q * xy;
        matrix[(terms + i) * n + terms + j] += q * yy;
      }
    }
  }
  if (known < 2 * n) return null;
  // A hundred-thousandth of the mean curvature keeps empty corners from bending.
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i] / n;
  for (let i = 0; i < n; i++) matrix[i * n + i] += 1e-5 * trace;
  const inverse = invertSymmetric(matrix, n);
  if (inverse === null) return null;
  const solution = new Float64Array(n);
  let explained = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) solution[i] += inverse[i * n + j] * right[j];
    explained += solution[i] * right[i];
  }
  const fit = { terms, x: solution.subarray(0, terms), y: solution.subarray(terms) };
  let largestPx = 0;
  for (let k = 0; k < scores.weights.length; k++)
    if (scores.weights[k] > 0) largestPx = Math.max(largestPx, Math.hypot(...valueAt(fit, basis, k)));
  const left = Math.max(1e-12 * squares, squares - explained) / (known - n);
  return { ...fit, fValue: explained / n / left, largestPx };
}

type MeasuredPatches = Omit<AlignedPatches, 'structureNcc' | 'sparedNcc'>;

/** Reads each patch's own displacement at the smooth motion, twice when patches deviate by more than their noise. */
function readPatches(lattice: Lattice, noiseSlope: number): MeasuredPatches | null {
  let scores = lattice.measure();
  let local = localShifts(lattice, scores, noiseSlope);
  if (local === null) return null;
  if (local.deviation > local.noise) {
    for (let i = 0; i < lattice.shift.length; i++) lattice.shift[i] -= local.shrunk[i];
    scores = lattice.measure();
    const again = localShifts(lattice, scores, noiseSlope);
    if (again !== null) local = { ...again, deviation: local.deviation };
  }
  return patchesOf(lattice, scores, local);
}

interface LocalShifts {
  /** [cells · 2] displacement along the patch's strong direction; along the weak one less: H·d/λ. */
  readonly shift: Float64Array;
  /** The same shrunk by noise against the spread that neighbours share. */
  readonly shrunk: Float64Array;
  /** [cells] inverse variances, 1/px²; 0 for patches that tell nothing. */
  readonly precision: Float64Array;
  /** Variance a patch that neighbours share, and typical variance by noise, px². */
  readonly deviation: number;
  readonly noise: number;
}

/** @param noiseSlope variance of the noise's slope in a, which says nothing about where the patch lies, per px². */
function localShifts({ cells, scale }: Lattice, scores: CellScores, noiseSlope: number): LocalShifts | null {
  const n = scores.weights.length;
  const shift = new Float64Array(2 * n);
  const precision = new Float64Array(n);
  let [squares, known] = [0, 0];
  for (let k = 0; k < n; k++) {
    const [ux, uy, xx, xy, yy] = scores.cells.subarray(k * scoreStride, (k + 1) * scoreStride);
    const det = xx * yy - xy * xy;
    if (scores.weights[k] === 0 || !(det > 1e-9 * (xx + yy) ** 2)) continue;
    squares += (scores.weights[k] * (yy * ux * ux - 2 * xy * ux * uy + xx * uy * uy)) / det;
    known += 2;
  }
  const variance = Math.max(1e-12, squares / Math.max(1, known));
  for (let k = 0; k < n; k++) {
    const [ux, uy, xx, xy, yy] = scores.cells.subarray(k * scoreStride, (k + 1) * scoreStride);
    const both = (xx + yy + Math.hypot(xx - yy, 2 * xy)) / 2;
    const structure = both - cells.count[k] * noiseSlope;
    if (scores.weights[k] === 0 || !(structure > leastStructure * both)) continue;
    shift[2 * k] = ux / structure;
    shift[2 * k + 1] = uy / structure;
    if (Math.hypot(ux, uy) > strayPx * scale * structure) shift[2 * k] = shift[2 * k + 1] = 0;
    else precision[k] = (scores.weights[k] * structure * structure) / (both * variance);
  }
  dropVague(precision);
  const deviation = sharedVariance(cells, shift, precision);
  const positive = precision.filter((value) => value > 0).sort();
  if (positive.length === 0) return null;
  const noise = 1 / positive[positive.length >> 1];
  const shrunk = shift.map((value, i) => {
    const p = precision[i >> 1];
    return p > 0 ? (value * deviation) / (deviation + 1 / p) : 0;
  });
  return { shift, shrunk, precision, deviation, noise };
}

/** Sets to 0 what is known far worse than the middle patch: a bent model would be pulled by what is hardly seen. */
function dropVague(precision: Float64Array): void {
  const known = precision.filter((value) => value > 0).sort();
  const least = leastPrecision * known[known.length >> 1];
  for (let k = 0; k < precision.length; k++) if (precision[k] < least) precision[k] = 0;
}

/** Mean product of the displacements of neighbours, an axis: noise is independent from patch to patch. */
function sharedVariance({ columns, rows }: OverlapCells, shift: Float64Array, precision: Float64Array): number {
  let [products, weights] = [0, 0];
  const add = (k: number, l: number) => {
    const w = Math.min(precision[k], precision[l]);
    products += (w * (shift[2 * k] * shift[2 * l] + shift[2 * k + 1] * shift[2 * l + 1])) / 2;
    weights += w;
  };
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      if (i + 1 < columns) add(j * columns + i, j * columns + i + 1);
      if (j + 1 < rows) add(j * columns + i, (j + 1) * columns + i);
    }
  return weights > 0 ? Math.max(0, products / weights) : 0;
}

function patchesOf(lattice: Lattice, scores: CellScores, local: LocalShifts): MeasuredPatches | null {
  const { cells, bFromA, tileFromA, tileFromB } = lattice;
  const kept: number[] = [];
  for (let k = 0; k < local.precision.length; k++) {
    if (
      local.precision[k] > 0 &&
      scores.correlation[k] > leastCorrelation * scores.ncc - correlationNoise / Math.sqrt(cells.count[k])
    )
      kept.push(k);
  }
  if (kept.length === 0) return null;
  const n = kept.length;
  const [a, b] = [new Float32Array(2 * n), new Float32Array(2 * n)];
  const [precision, correlation] = [new Float32Array(n), new Float32Array(n)];
  const shift = new Float64Array(2 * n);
  kept.forEach((k, i) => {
    const [x, y] = [cells.centre[2 * k], cells.centre[2 * k + 1]];
    // What b shows at the shifted place lies further on in a: the patch's centre is where it looked, less its own step.
    const [sx, sy] = [lattice.shift[2 * k] - local.shift[2 * k], lattice.shift[2 * k + 1] - local.shift[2 * k + 1]];
    const place = applyAffine(bFromA, x + sx, y + sy);
    const p = applyAffine(tileFromA, x, y);
    const q = applyAffine(tileFromB, place.x, place.y);
    a.set([p.x, p.y], 2 * i);
    b.set([q.x, q.y], 2 * i);
    precision[i] = local.precision[k] * lattice.scale ** 2;
    correlation[i] = Math.max(0, Math.min(1, scores.correlation[k]));
    shift[2 * i] = (lattice.shift[2 * k] - local.shrunk[2 * k]) / lattice.scale;
    shift[2 * i + 1] = (lattice.shift[2 * k + 1] - local.shrunk[2 * k + 1]) / lattice.scale;
  });
  return {
    a,
    b,
    precision,
    correlation,
    shift,
    bFromA: composeAffine(tileFromB, composeAffine(bFromA, invertAffine(tileFromA))),
    ncc: scores.ncc,
    isBent: local.deviation > local.noise,
  };
}
