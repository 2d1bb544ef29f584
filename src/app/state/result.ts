import { effectOf } from '../../core/edits/edit-effect.ts';
import type { EditList } from '../../core/edits/edit.ts';
import type { SolutionError } from '../../core/edits/solution-error.ts';
import type { StitchOptions } from '../../core/options.ts';
import type { StitchResult } from '../../core/stitch.ts';
import type { Layout, Tile } from '../../core/tiles/tile.ts';
import type { MatcherStatus, ModelSource } from '../../../workers/protocol.ts';
import type { ProjectState } from './project.ts';

/** A finished run with everything it was made from; replaced whole. */
export interface StitchRun {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly ownModel: ModelSource | null;
  readonly options: StitchOptions;
  readonly excluded: ReadonlySet<string>;
  readonly corrections: EditList;
  /** What the last edit did to the error; null for a run from matches. */
  readonly change: RunChange | null;
  /** Who matched; null when every pair was known and no matcher was loaded. */
  readonly matcher: MatcherStatus | null;
  readonly outcome: StitchResult;
  readonly matchedPairs: number;
  readonly knownPairs: number;
  readonly elapsedMs: number;
}

/** What the user must know of a run, in whole sentences: of what was found, and of what it was found with. */
export function warningsOfRun(run: StitchRun | null): readonly string[] {
  const fallback = run?.matcher?.fallback;
  const { warnings = [] } = run?.outcome ?? {};
  return fallback ? [...warnings, fallback] : warnings;
}

/** The error before and after an edit, both of the same links: those that count after it. */
export interface RunChange {
  readonly label: string;
  readonly before: SolutionError;
  readonly after: SolutionError;
  /** From the edit to the new poses. */
  readonly solveMs: number;
}

/** Slice `result`. */
export interface ResultState {
  readonly run: StitchRun | null;
  /** Grows with every change of what the workers compose: chunks of an older revision are stale. */
  readonly revision: number;
}

export const noResult: ResultState = { run: null, revision: 0 };

/** What separates a run from the project's decisions. */
export type Staleness =
  /** Nothing: the run is what the project asks for. */
  | 'current'
  /** Blend, interpolation, tones: the workers need to be told, nothing is computed. */
  | 'compose'
  /** Exclusions, options of the solve, or the drawing order: poses follow from the stored pair results. */
  | 'solve'
  /** A mask for matching, or a pair that was not proposed: the few pairs that it touches are matched by themselves. */
  | 'rematch'
  /** Tiles, layout, matcher, model or options of matching: only a new run helps. */
  | 'match';

/** The least work that brings the run up to the project. */
export function stalenessOf(run: StitchRun, project: ProjectState): Staleness {
  const { layout, options, corrections } = project.edits;
  const isMatchStale =
    run.tiles !== project.tiles ||
    run.layout !== layout ||
    run.ownModel !== project.ownModel ||
    run.options.matcher !== options.matcher ||
    !isSamePlain(run.options.pair, options.pair);
  if (isMatchStale) return 'match';
  if (run.corrections !== corrections) {
    if (!isSamePlain(matchedBy(run.corrections), matchedBy(corrections))) return 'rematch';
    if (!isSamePlain(run.corrections, corrections)) return 'solve';
  }
  if (!isSamePlain(run.options.solve, options.solve)) return 'solve';
  if (run.options.shading !== options.shading) return 'solve';
  // The drawing order is part of the mosaic.
  if (run.options.compose.topmost !== options.compose.topmost) return 'solve';
  return isSamePlain(run.options.compose, options.compose) ? 'current' : 'compose';
}

/** What of the corrections decides which pairs are matched, and on which pixels. */
function matchedBy(corrections: EditList): unknown {
  const { matchingMasks, extraPairs } = effectOf(corrections);
  return [[...matchingMasks], extraPairs];
}

/** Options are plain data with a fixed order of fields. */
function isSamePlain(p: unknown, q: unknown): boolean {
  return JSON.stringify(p) === JSON.stringify(q);
}
