import type { EdgeReport, TileState } from '../../../core/graph/pose-graph.ts';
import type { Link, PairResult, RejectedPair } from '../../../core/matching/link.ts';
import { countText } from '../../../core/count-text.ts';
import { tileName } from '../../viewer/tile-name.ts';

/** What the sentence may lean on besides the pair's own record. */
export interface ExplanationContext {
  /** Inlier threshold of verification, full-resolution px; null when unknown. */
  readonly ransacPx: number | null;
  /** States of tile a and tile b after the solve; null before it. */
  readonly tileStates: readonly [TileState, TileState] | null;
  /** What the solved positions leave on the link, px; null when unknown. */
  readonly leftPx?: number | null;
  /** Landmarks that stand in for the matches. */
  readonly landmarks?: number;
}

const nothingKnown: ExplanationContext = { ransacPx: null, tileStates: null };

/** One line that says why the pair is a link or not, with the numbers that decided. */
export function explainPair(
  result: PairResult,
  edge: EdgeReport | null,
  isExcluded: boolean,
  context: ExplanationContext = nothingKnown,
): string {
  const { landmarks = 0 } = context;
  if (landmarks > 0 && !isExcluded)
    return `Held by ${countText(landmarks, 'landmark')} of yours${replaced(result, edge, context)}`;
  if (result.kind === 'rejected') return `Rejected: ${reasonOf(result)} ${fateOf(result, context)}`.trim();
  if (isExcluded) {
    const { leftPx = null } = context;
    const left = leftPx === null ? '' : `; without it the tiles stand ${px(leftPx)} off here`;
    return `Excluded by you: ${agreement(result, context)}${left}. ${fateOf(result, context)}`.trim();
  }
  if (edge?.removed === true)
    return (
      `Removed by the solver: ${agreement(result, context)}, but the other links leave ` +
      `${px(edge.residualPx)} here, more than it allows. ${fateOf(result, context)}`
    ).trim();
  return `Accepted: ${agreement(result, context)}${outcome(edge)}.`;
}

/** What landmarks leave, and what the matches say that they stand in for. */
function replaced(result: PairResult, edge: EdgeReport | null, context: ExplanationContext): string {
  const apart = edge === null ? '' : `, ${px(edge.residualPx)} apart`;
  if (result.kind === 'rejected') return `${apart}; its matches were rejected: ${reasonOf(result)}`;
  const { leftPx = null } = context;
  const off = leftPx === null ? '' : ` and are ${px(leftPx)} off now`;
  return `${apart}, instead of its matches: ${agreement(result, context)}${off}.`;
}

function agreement(link: Link, context: ExplanationContext): string {
  const matches = link.correspondences.confidence.length;
  const within = context.ransacPx === null ? '' : ` within ${trimmed(context.ransacPx)}\u00a0px`;
  return `${count(link.inliers)} of ${count(matches)} matches agree${within}`;
}

/** Below this the robust loss has taken most of a link's say. */
const LOWERED_WEIGHT = 0.5;

function outcome(edge: EdgeReport | null): string {
  if (edge === null) return '; not solved yet';
  const weight =
    edge.weight < LOWERED_WEIGHT ? `, and the solver counts the link at ${Math.round(edge.weight * 100)} %` : '';
  return `; the solved positions leave ${px(edge.residualPx)} here${weight}`;
}

function reasonOf(result: RejectedPair): string {
  const detail = result.detail.trim();
  if (detail !== '') return asClause(detail);
  const matches = count(result.correspondences.confidence.length);
  switch (result.reason) {
    case 'too-few-matches':
      return `only ${matches} matches, too few to measure a shift.`;
    case 'no-consensus':
      return `too few of the ${matches} matches agree on one motion.`;
    case 'implausible':
      return 'the matches agree on a motion that no stage makes.';
    case 'no-texture':
      return 'the overlap has no texture to match.';
    case 'read-failed':
      return 'a tile could not be read.';
  }
}

/** As the rest of a sentence after a colon: no capital that starts it, one full stop that ends it. */
function asClause(detail: string): string {
  const isPlainWord = /^[A-Z][a-z]*\b/.test(detail);
  const start = isPlainWord ? detail[0].toLowerCase() + detail.slice(1) : detail;
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

function fateOf(result: PairResult, context: ExplanationContext): string {
  if (context.tileStates === null) return '';
  const [a, b] = context.tileStates;
  const carried = [a === 'prior' ? result.pair.a : null, b === 'prior' ? result.pair.b : null].filter(
    (id) => id !== null,
  );
  if (a === 'unplaced' || b === 'unplaced')
    return `${tileName(a === 'unplaced' ? result.pair.a : result.pair.b)} could not be placed.`;
  if (carried.length === 2) return 'Both tiles stay where the layout puts them.';
  if (carried.length === 1) return `${tileName(carried[0])} stays where the layout puts it.`;
  return 'Both tiles are placed through their other links.';
}

function px(value: number): string {
  return Number.isFinite(value)
    ? `${value.toFixed(value < 1 ? 2 : value < 10 ? 1 : 0)}\u00a0px`
    : 'an unknown residual';
}

function count(value: number): string {
  return value.toLocaleString('en-GB');
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(2)));
}
