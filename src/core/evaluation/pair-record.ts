import type { RejectionReason } from '../matching/link.ts';
import type { CornerDistances } from './corner-errors.ts';

/** Σ of distances, px, and how many they are of: sums add up over pairs. */
export type ErrorSum = readonly [sum: number, count: number];

/** Matches by confidence: `counts[k]` of them in k/10 … (k + 1)/10, `close[k]` of these within 1.5 px of the truth. */
export interface Reliability {
  readonly counts: readonly number[];
  readonly close: readonly number[];
}

/** What the same matches would have given under the reference system's mapping and its affine RANSAC. */
export interface ReferenceRecord {
  readonly matches: number;
  readonly inliers: number;
  /** |T_gt(p_b) − p_a| of the inliers, under the reference's mapping. */
  readonly inlierError: ErrorSum;
  /** Under the reference's mapping; null without a motion. */
  readonly corners: CornerDistances | null;
  /** The same matches and the same affine RANSAC, mapped correctly. */
  readonly correctInliers: number;
  readonly correctInlierError: ErrorSum;
  readonly correctCorners: CornerDistances | null;
}

/** Likeness of a mosaic from estimated poses and the one from true poses, after one global gain and offset. */
export interface ImageQuality {
  readonly peakSignalToNoiseDb: number;
  readonly structuralSimilarity: number;
}

/** One pair under one matcher; plain data, full-resolution px. */
export interface PairRecord {
  /** File names. */
  readonly a: string;
  readonly b: string;
  /** Share of b's area that a shows too. */
  readonly overlap: number;
  /** Larger of the two tiles' noise levels, grey levels; null when unknown. */
  readonly noise: number | null;
  /** Wall time of reading from memory, cropping, resizing, matching and verifying. */
  readonly matchMs: number;
  /** Processor time of the same, all threads; null when other pairs ran in the same process. */
  readonly cpuMs: number | null;
  /** The matcher's own, after the confidence filter and before the alignment at full resolution. */
  readonly matches: number;
  /** Of these, RANSAC inliers at 3 px under the truth's model. */
  readonly inliers: number;
  readonly inlierError: ErrorSum;
  /** Inliers of the link as the solver gets it. */
  readonly linkError: ErrorSum;
  readonly rejection: RejectionReason | null;
  /** Corner errors of the link as the solver gets it; null without a link, and without a true overlap. */
  readonly pairwise: CornerDistances | null;
  /** Of the link that the matches alone give: the overlap is neither aligned at full resolution nor asked as a whole. */
  readonly unaligned: CornerDistances | null;
  /** After the solve; null when there was none. */
  readonly solved: CornerDistances | null;
  /** Of the direct alignment started at the truth; null when it was not run. */
  readonly floor: CornerDistances | 'failed' | null;
  readonly reliability: Reliability;
  readonly reference: ReferenceRecord | null;
  /** Mosaic of the two tiles under the link; null when not measured. */
  readonly quality: ImageQuality | null;
  readonly referenceQuality: ImageQuality | null;
}
