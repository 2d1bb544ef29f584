import { applyAffine, composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { rectArea } from '../geometry/rect.ts';
import { alignmentLevel, cropToOverlap, noiseOnLevel, sufficientScale } from './alignment-level.ts';
import { scoreCells, sparedVariances } from './cell-scores.ts';
import type { CellScores } from './cell-scores.ts';
import { fitPolynomial, isBelieved, polynomialAt, polynomialBasis, polynomialTerms } from './cell-polynomial.ts';
import type { CellPolynomial } from './cell-polynomial.ts';
import { cellShifts } from './cell-shifts.ts';
import type { CellShifts } from './cell-shifts.ts';
import { isAlignable } from './motion-limits.ts';
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
const stepsPerRung = 4;
/** A step that moves no cell by more ends a rung, px of the level. */
const settledPx = 0.02;
/** Least share of the overlap's correlation that a patch must have to count. */
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
  if (!isAlignable(aFromB)) return null;
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

/** Raises the motion as long as the images bear it out, and leaves it in the lattice's shifts. True when it moved. */
function climbLadder(lattice: Lattice): boolean {
  const { cells, shift } = lattice;
  const basis = polynomialBasis(cells);
  let scores = lattice.measure();
  let hasMoved = false;
  const move = (step: CellPolynomial) => {
    for (let k = 0; k < cells.count.length; k++) {
      const [dx, dy] = polynomialAt(step, basis, k);
      shift[2 * k] -= dx;
      shift[2 * k + 1] -= dy;
    }
    scores = lattice.measure();
    hasMoved = true;
  };
  for (const terms of polynomialTerms) {
    const first = fitPolynomial(scores, basis, terms);
    if (first === null || !isBelieved(first)) continue;
    move(first);
    for (let step = 1; step < stepsPerRung; step++) {
      const next = fitPolynomial(scores, basis, terms);
      if (next === null || next.largestPx < settledPx) break;
      move(next);
    }
  }
  return hasMoved;
}

type MeasuredPatches = Omit<AlignedPatches, 'structureNcc' | 'sparedNcc'>;

/** Reads each patch's own displacement at the smooth motion, twice when patches deviate by more than their noise. */
function readPatches(lattice: Lattice, noiseSlope: number): MeasuredPatches | null {
  let scores = lattice.measure();
  let local = cellShifts(lattice.cells, scores, noiseSlope, lattice.scale);
  if (local === null) return null;
  if (local.deviation > local.noise) {
    for (let i = 0; i < lattice.shift.length; i++) lattice.shift[i] -= local.shrunk[i];
    scores = lattice.measure();
    const again = cellShifts(lattice.cells, scores, noiseSlope, lattice.scale);
    if (again !== null) local = { ...again, deviation: local.deviation };
  }
  return patchesOf(lattice, scores, local);
}

function patchesOf(lattice: Lattice, scores: CellScores, local: CellShifts): MeasuredPatches | null {
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
