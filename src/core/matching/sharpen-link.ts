import { applyAffine, identityAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { alignOverlap, sameStructureNcc } from './align-overlap.ts';
import type { OverlapAlignment } from './align-overlap.ts';
import { cropToOverlap } from './alignment-level.ts';
import { linkMoments, scaleMoments, squaredResidual } from './link-moments.ts';
import type { Link, LinkMoments, OverlapEvidence, TransformModel } from './link.ts';
import type { Correspondences } from './matcher.ts';
import { parameterCount } from './motion-model.ts';
import type { Strip } from './overlap-intensities.ts';
import { squaredResiduals } from './ransac.ts';
import { alignPatchLattice } from './patch-lattice.ts';
import type { AlignedPatches } from './patch-lattice.ts';
import { bendOfMatches } from './smooth-consensus.ts';
import { fitRobustly } from './verify.ts';

/**
 * Fewest patches of a fit. A thin or noisy overlap has fewer; the motion of the overlap aligned as a whole, which needs
 * none, is better founded then.
 */
const leastPatches = 12;
/** Places that a motion of the whole overlap is handed on by: along its longer side, and across. */
const wholePlaces = [8, 3] as const;

/** Variance of the places beyond noise, px²: what it starts from, and what interpolation leaves at least. */
const typicalMisfit = 0.01;
const leastMisfit = 1e-5;
const misfitRounds = 3;
/** Variances of noise added to the square of the robust scale: what noise explains is no outlier. */
const noiseSquares = 8;
/** Variance of a fit in terms of independent patches: measured on synthetic pairs. */
const sharedNoise = 2;
const leastWeightFactor = 0.1;
/** Variance of a direct alignment in terms of its covariance, likewise. */
const sharedWholeNoise = 1.3;
/** What a start at the matches' bends must leave of 1 − correlation to be preferred: a cubic alone takes 2 % off noise. */
const bentResidual = 0.95;
const patchRobustScale = 0.2;
const strayPx = 3;

/** A motion measured on the overlap's patches. */
export interface SharpMotion {
  readonly model: TransformModel;
  readonly aFromB: Affine2;
  /** Weights sum to the number of patches; their scatter about `aFromB` is that of the measurement. */
  readonly moments: LinkMoments;
  readonly patches: AlignedPatches;
}

/**
 * The motion of `model` through the overlap's patches, aligned at full resolution from a start right to a pixel or two;
 * null when there are too few of them.
 */
export function sharpMotion(
  a: Strip,
  b: Strip,
  start: Affine2,
  model: TransformModel,
  bendAt: ((x: number, y: number) => readonly [number, number]) | null,
  ransacPx: number,
  startErrorPx = 3,
): SharpMotion | null {
  const whole = alignOverlap(a, b, start, model === 'translation' ? 'rigid' : model, {
    startErrorPx,
    resolution: 'ample',
  });
  const patches = straightOrBent(a, b, start, whole, bendAt);
  const isEnough = patches !== null && patches.precision.length >= leastPatches;
  // What does not bend is best placed by the whole of it; patches of a stiff overlap only repeat it with some loss.
  // Charges look like bends to patches: where they agree no better than the whole, they are not heard.
  const known = isEnough && !(whole !== null && isBetterSpared(whole, patches)) ? patches : null;
  if (whole !== null && model !== 'translation' && !(known !== null && known.isBent))
    return wholeMotion(a, b, whole, model, known);
  if (!isEnough) return null;
  const matches = { a: patches.a, b: patches.b, confidence: patches.correlation };
  const all = new Uint8Array(patches.precision.length).fill(1);
  const scaleSquares = patches.precision.map((value) => (patchRobustScale * ransacPx) ** 2 + noiseSquares / value);
  let misfit = typicalMisfit;
  for (let round = 0; ; round++) {
    const weights = weightsOf(patches.precision, misfit);
    const fit = fitRobustly(matches, all, model, scaleSquares, weights);
    if (fit === null) return null;
    if (round === misfitRounds)
      return { model, aFromB: fit.aFromB, moments: honestMoments(fit, model, patches, misfit), patches };
    misfit = misfitOf(squaredResiduals(matches, fit.aFromB), patches.precision);
  }
}

/** Whether charges or dirt disturb an overlap, and its patches more than its whole. */
function isBetterSpared(whole: OverlapAlignment, patches: AlignedPatches): boolean {
  return patches.structureNcc < sameStructureNcc && (whole.sparedNcc ?? 0) > (patches.sparedNcc ?? 0);
}

/**
 * Patches from where the overlap aligned as a whole puts them, or from where the matches say that it bends: bends of
 * more than a patch can be wrong are not found without them, and in noise the matches seem to bend when nothing does.
 */
function straightOrBent(
  a: Strip,
  b: Strip,
  start: Affine2,
  whole: OverlapAlignment | null,
  bendAt: ((x: number, y: number) => readonly [number, number]) | null,
): AlignedPatches | null {
  const straight = alignPatchLattice(a, b, whole?.aFromB ?? start, null);
  if (bendAt === null) return straight;
  const bent = alignPatchLattice(a, b, start, bendAt);
  if (straight === null || bent === null) return straight ?? bent;
  return 1 - bent.ncc < bentResidual * (1 - straight.ncc) ? bent : straight;
}

/**
 * The motion of the overlap aligned as a whole, as if places all over it had said so; their scatter, which the moments
 * hold beside the fit, is what the covariance of the alignment asks for.
 */
function wholeMotion(
  a: Strip,
  b: Strip,
  { aFromB, ncc, structureNcc, sparedNcc, covariance }: OverlapAlignment,
  model: TransformModel,
  known: AlignedPatches | null,
): SharpMotion | null {
  const common = cropToOverlap(a, b, aFromB, 0);
  if (common === null) return null;
  const bFromA = invertAffine(aFromB);
  const { x, y, width, height } = common.a.region;
  const [columns, rows] = width > height ? wholePlaces : [wholePlaces[1], wholePlaces[0]];
  const count = columns * rows;
  const parameters = parameterCount[model];
  const variance = (covariance[0] + covariance[parameters + 1]) / 2;
  const places = new Float32Array(2 * count);
  const partners = new Float32Array(2 * count);
  for (let k = 0; k < count; k++) {
    const u = x + (((k % columns) + 0.5) * width) / columns - 0.5;
    const v = y + ((Math.floor(k / columns) + 0.5) * height) / rows - 0.5;
    const q = applyAffine(bFromA, u, v);
    places.set([u, v], 2 * k);
    partners.set([q.x, q.y], 2 * k);
  }
  const patches: AlignedPatches = known ?? {
    a: places,
    b: partners,
    precision: new Float32Array(count).fill(1 / (count * variance)),
    correlation: new Float32Array(count).fill(Math.max(0, ncc)),
    shift: new Float64Array(2 * count),
    bFromA,
    ncc,
    isBent: false,
    structureNcc,
    sparedNcc,
  };
  const exact = linkMoments({ a: places, b: partners, confidence: new Float32Array(count) }, null);
  const cost = sharedWholeNoise * variance * count * (2 * count - parameters);
  const { aa } = exact;
  return { model, aFromB, moments: { ...exact, aa: [aa[0] + cost / 2, aa[1], aa[2] + cost / 2] }, patches };
}

/**
 * The moments with their weight scaled so that what the solver makes of them, s²/Σw with s² = Σw|r|²/(2Σw − k), is the
 * variance of the fit: robust weights take away from the scatter, and neighbouring patches share some of their noise.
 */
function honestMoments(
  { aFromB, moments }: { readonly aFromB: Affine2; readonly moments: LinkMoments },
  model: TransformModel,
  { precision }: AlignedPatches,
  misfit: number,
): LinkMoments {
  const information = precision.reduce((sum, value) => sum + 1 / (1 / value + misfit), 0);
  const variance = (sharedNoise * precision.length) / (information * moments.weight);
  const scatter = squaredResidual(moments, identityAffine, aFromB) / moments.weight;
  const factor = (parameterCount[model] + scatter / variance) / (2 * moments.weight);
  return scaleMoments(moments, Math.min(2, Math.max(leastWeightFactor, factor)));
}

/** Inverse variances, by noise and by what the model cannot follow, relative to their mean. */
function weightsOf(precision: Float32Array, misfit: number): Float32Array {
  const weights = precision.map((value) => 1 / (1 / value + misfit));
  const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length;
  return weights.map((value) => value / mean);
}

/** Variance an axis of what noise does not explain of the residuals, px²: weighted by what is known of each patch. */
function misfitOf(squares: Float64Array, precision: Float32Array): number {
  let [sum, weight] = [0, 0];
  for (let i = 0; i < squares.length; i++) {
    // A patch that is known well says most about what the model leaves; one that strays far, no more than three px.
    const w = Math.min(precision[i], 1 / leastMisfit);
    sum += w * (Math.min(squares[i], strayPx * strayPx) / 2 - 1 / precision[i]);
    weight += w;
  }
  return Math.max(leastMisfit, sum / weight);
}

/**
 * A link whose motion and moments are the patches', its inliers moved to where the patches round them lie, and the share
 * of the structure that agrees; the link as it is, and null, when the overlap cannot be aligned.
 */
export function sharpenLink(
  link: Link,
  a: Strip,
  b: Strip,
  ransacPx: number,
  startErrorPx?: number,
): { readonly link: Link } & Pick<OverlapEvidence, 'structureNcc' | 'sparedNcc'> {
  const bendAt = bendOfMatches(link.correspondences, link.inlierMask, link.aFromB, ransacPx);
  const sharp = sharpMotion(a, b, link.aFromB, link.model, bendAt, ransacPx, startErrorPx);
  if (sharp === null) return { link, structureNcc: null, sparedNcc: null };
  const correspondences = moveInliers(link.correspondences, link.inlierMask, sharp.patches);
  const sharpened = { ...link, ...motionOf(sharp, correspondences, link.inlierMask), correspondences };
  const { structureNcc, sparedNcc } = sharp.patches;
  return { link: sharpened, structureNcc, sparedNcc };
}

/** What of a link follows from its motion. */
export function motionOf(
  { aFromB, moments, model }: SharpMotion,
  correspondences: Correspondences,
  inlierMask: Uint8Array,
): Pick<Link, 'aFromB' | 'moments' | 'model' | 'rmsPx'> {
  const squares = squaredResiduals(correspondences, aFromB);
  let [sum, count] = [0, 0];
  for (let i = 0; i < inlierMask.length; i++) {
    if (inlierMask[i] === 0) continue;
    sum += squares[i];
    count++;
  }
  return { aFromB, moments, model, rmsPx: Math.sqrt(sum / Math.max(1, count)) };
}

/** Inliers keep their place in a; their place in b is what the nearest patches say. */
function moveInliers(matches: Correspondences, mask: Uint8Array, patches: AlignedPatches): Correspondences {
  const b = matches.b.slice();
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const [x, y] = [matches.a[2 * i], matches.a[2 * i + 1]];
    const [dx, dy] = shiftNear(patches, x, y);
    const place = applyAffine(patches.bFromA, x + dx, y + dy);
    b[2 * i] = place.x;
    b[2 * i + 1] = place.y;
  }
  return { ...matches, b };
}

/** Reach of a patch's word, px: two of them overlap. */
const reachPx = 24;

/** Mean of the patches' shifts, weighted by their precision and by a bell of their distance, at a place in a; px. */
export function shiftNear(
  { a, precision, shift }: Pick<AlignedPatches, 'a' | 'precision' | 'shift'>,
  x: number,
  y: number,
): readonly [number, number] {
  let [dx, dy, sum] = [0, 0, 1e-12];
  for (let k = 0; k < precision.length; k++) {
    const square = (a[2 * k] - x) ** 2 + (a[2 * k + 1] - y) ** 2;
    const w = precision[k] * Math.exp(-Math.min(60, square / (2 * reachPx * reachPx)));
    dx += w * shift[2 * k];
    dy += w * shift[2 * k + 1];
    sum += w;
  }
  return [dx / sum, dy / sum];
}
