import { countText } from '../../../core/count-text.ts';
import { effectOf } from '../../../core/edits/edit-effect.ts';
import type { EditList } from '../../../core/edits/edit.ts';
import { linkErrorPx } from '../../../core/edits/solution-error.ts';
import { applyAffine } from '../../../core/geometry/affine2.ts';
import { affineFromPose } from '../../../core/geometry/pose2.ts';
import type { EdgeReport, SolveReport } from '../../../core/graph/pose-graph.ts';
import type { Link, PairResult, RejectionReason } from '../../../core/matching/link.ts';
import { pairKey } from '../../../core/tiles/tile.ts';
import type { LinkState } from '../../viewer/link-state.ts';
import { linkQuality, linkState, residualOf } from '../../viewer/link-state.ts';
import { shortNames, tileName } from '../../viewer/tile-name.ts';

/** One line of the link table. */
export interface LinkRow {
  readonly pairKey: string;
  readonly nameA: string;
  readonly nameB: string;
  /** The names without what all tiles of the run share: 'r1_c1', 'r1_c2'. */
  readonly shortA: string;
  readonly shortB: string;
  readonly state: LinkState;
  /** 0 (worst) … 1 (best); null for rejected pairs. */
  readonly quality: number | null;
  readonly matches: number;
  readonly inliers: number | null;
  /** Mean of the inliers, 0…1. */
  readonly confidence: number | null;
  /** At the solution, of an excluded link too: how far it is off without its own say, px. */
  readonly residualPx: number | null;
  /** How far the matches put b from where the layout had it, px. */
  readonly shiftPx: number | null;
  /** Why there is no link. */
  readonly reason: RejectionReason | null;
  readonly detail: string | null;
  /** Landmarks that stand in for the matches; 0 for nearly all. */
  readonly landmarks: number;
  /** How far the matches are off where landmarks stand in for them, px. */
  readonly replacedPx: number | null;
}

/** Columns that can be sorted by. */
export const linkColumns = ['pair', 'state', 'matches', 'inliers', 'confidence', 'residual', 'shift'] as const;
export type LinkColumn = (typeof linkColumns)[number];

/** `worst`: the order in which links want to be looked at. */
export interface LinkOrder {
  readonly by: LinkColumn | 'worst';
  readonly descending: boolean;
}

/** Which rows the table shows. */
export interface LinkFilter {
  readonly states: ReadonlySet<LinkState>;
  /** Every word must occur in one of the two names. */
  readonly text: string;
  /** Only pairs that were rejected for this; absent or null lets every reason through. */
  readonly reason?: RejectionReason | null;
  /** Limits that let the suspicious through; a pair without the number does not pass a limit on it. */
  readonly minResidualPx?: number | null;
  readonly maxConfidence?: number | null;
  readonly maxMatches?: number | null;
}

/** Short names of the reasons. */
export const reasonLabels: Readonly<Record<RejectionReason, string>> = {
  'too-few-matches': 'too few matches',
  'no-consensus': 'no consensus',
  implausible: 'implausible',
  'no-texture': 'no texture',
  'read-failed': 'unreadable',
};

/** The rows of a run, in the order of `results`. */
export function linkRows(input: {
  readonly results: readonly PairResult[];
  readonly edges: readonly EdgeReport[];
  readonly excluded: ReadonlySet<string>;
  readonly mosaicFromTile: SolveReport['mosaicFromTile'];
  /** What was corrected by hand. */
  readonly corrections?: EditList;
}): readonly LinkRow[] {
  const landmarksOf = effectOf(input.corrections ?? []).landmarks;
  const edgeOf = new Map(input.edges.map((edge) => [edge.pairKey, edge]));
  const short = shortNames(input.results.flatMap(({ pair }) => [tileName(pair.a), tileName(pair.b)]));
  return input.results.map((result) => {
    const nameA = tileName(result.pair.a);
    const nameB = tileName(result.pair.b);
    const key = pairKey(result.pair);
    const edge = edgeOf.get(key) ?? null;
    const link = result.kind === 'link' ? result : null;
    const landmarks = landmarksOf.get(key)?.length ?? 0;
    return {
      pairKey: key,
      nameA,
      nameB,
      shortA: short.get(nameA) ?? nameA,
      shortB: short.get(nameB) ?? nameB,
      state: linkState(result, edge, input.excluded.has(key)),
      quality: linkQuality(result, edge),
      matches: result.correspondences.confidence.length,
      inliers: link?.inliers ?? null,
      confidence: link?.confidence ?? null,
      residualPx: link && !edge ? unsolvedResidual(link, input.mosaicFromTile) : residualOf(result, edge),
      shiftPx: link === null ? null : stageShiftPx(link),
      reason: result.kind === 'rejected' ? result.reason : null,
      detail: result.kind === 'rejected' ? result.detail : null,
      landmarks,
      replacedPx: link && landmarks > 0 ? linkErrorPx(link, input.mosaicFromTile) : null,
    };
  });
}

/** Of a link that no edge of the solve stands for, where the solution has its tiles; of its own fit where it has none. */
function unsolvedResidual(link: Link, mosaicFromTile: SolveReport['mosaicFromTile']): number | null {
  return linkErrorPx(link, mosaicFromTile) ?? residualOf(link, null);
}

/** What became of a pair and why, in a sentence that names it. */
export function rowSentence(row: LinkRow): string {
  const pair = `${row.nameA} ↔ ${row.nameB}`;
  if (row.landmarks > 0) {
    const matches = row.replacedPx === null ? '' : `, which are ${row.replacedPx.toFixed(2)} px off`;
    return `${pair}: held by ${countText(row.landmarks, 'landmark')} of yours instead of its matches${matches}.`;
  }
  if (row.state === 'rejected') {
    const why = row.reason === null ? '' : reasonLabels[row.reason];
    return `${pair}: ${row.detail?.trim() || why}`;
  }
  const agreed = `${row.inliers ?? 0} of ${row.matches} matches agree`;
  const left = row.residualPx === null ? 'an unknown residual' : `${row.residualPx.toFixed(2)} px`;
  if (row.state === 'excluded')
    return `${pair}: excluded by you. ${agreed}; without it the tiles stand ${left} off here.`;
  if (row.state === 'removed')
    return `${pair}: removed by the solver. ${agreed}, but the other links leave ${left} here.`;
  return `${pair}: ${agreed}; the solution leaves ${left} here.`;
}

/** |measured − layout| of where b is in the frame of a, at the middle of the link's matches, px. */
export function stageShiftPx(link: Link): number {
  const { x, y } = stageShift(link);
  return Math.hypot(x, y);
}

/** Measured minus layout position of b in the frame of a, at the middle of the link's matches, px. */
export function stageShift(link: Link): { readonly x: number; readonly y: number } {
  const [x, y] = link.moments.meanB;
  const measured = applyAffine(link.aFromB, x, y);
  const stage = applyAffine(affineFromPose(link.pair.aFromB), x, y);
  return { x: measured.x - stage.x, y: measured.y - stage.y };
}

/** The rows the filter lets through. */
export function filterRows(rows: readonly LinkRow[], filter: LinkFilter): readonly LinkRow[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    if (!filter.states.has(row.state) || !isWithin(row, filter)) return false;
    const names = `${row.nameA} ${row.nameB}`.toLowerCase();
    return words.every((word) => names.includes(word));
  });
}

function isWithin(row: LinkRow, filter: LinkFilter): boolean {
  const { reason = null, minResidualPx = null, maxConfidence = null, maxMatches = null } = filter;
  if (reason !== null && row.reason !== reason) return false;
  if (minResidualPx !== null && !(row.residualPx !== null && row.residualPx >= minResidualPx)) return false;
  if (maxConfidence !== null && !(row.confidence !== null && row.confidence <= maxConfidence)) return false;
  return maxMatches === null || row.matches <= maxMatches;
}

/** A sorted copy; rows without a value come last in both directions, equals in the order of their keys. */
export function sortRows(rows: readonly LinkRow[], order: LinkOrder): readonly LinkRow[] {
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((p, q) => {
    const missing = Number(isMissing(p, order.by)) - Number(isMissing(q, order.by));
    return missing || sign * compareBy(p, q, order.by) || compareText(p.pairKey, q.pairKey);
  });
}

const stateRank: Readonly<Record<LinkState, number>> = { link: 0, removed: 0, rejected: 1, excluded: 2 };

function compareBy(p: LinkRow, q: LinkRow, by: LinkOrder['by']): number {
  switch (by) {
    case 'worst':
      return stateRank[p.state] - stateRank[q.state] || (p.quality ?? 0) - (q.quality ?? 0);
    case 'pair':
      return compareNames(p.nameA, q.nameA) || compareNames(p.nameB, q.nameB);
    case 'state':
      return compareText(p.state, q.state);
    case 'matches':
    case 'inliers':
    case 'confidence':
    case 'residual':
    case 'shift':
      return (valueOf(p, by) ?? 0) - (valueOf(q, by) ?? 0);
  }
}

function isMissing(row: LinkRow, by: LinkOrder['by']): boolean {
  if (by === 'worst' || by === 'pair' || by === 'state') return false;
  return valueOf(row, by) === null;
}

function valueOf(row: LinkRow, by: 'matches' | 'inliers' | 'confidence' | 'residual' | 'shift'): number | null {
  switch (by) {
    case 'matches':
      return row.matches;
    case 'inliers':
      return row.inliers;
    case 'confidence':
      return row.confidence;
    case 'residual':
      return row.residualPx;
    case 'shift':
      return row.shiftPx;
  }
}

const collator = new Intl.Collator('en', { numeric: true });

function compareNames(p: string, q: string): number {
  return collator.compare(p, q);
}

function compareText(p: string, q: string): number {
  return p < q ? -1 : p > q ? 1 : 0;
}

/**
 * The pair to look at after (`step` 1) or before (−1) `selectedKey` in worst-first order: links by rising quality, then
 * rejected pairs. What the user has excluded is dealt with: from there the next is the worst of what is left, and no step
 * leads to it. The worst of all when nothing is selected; null at the end.
 */
export function neighbourByWorst(rows: readonly LinkRow[], selectedKey: string | null, step: 1 | -1): string | null {
  const open = rows.filter(({ state }) => state !== 'excluded');
  const sorted = sortRows(open, { by: 'worst', descending: false });
  const at = sorted.findIndex((row) => row.pairKey === selectedKey);
  if (at < 0) return sorted.at(0)?.pairKey ?? null;
  return at + step < 0 ? null : (sorted.at(at + step)?.pairKey ?? null);
}
