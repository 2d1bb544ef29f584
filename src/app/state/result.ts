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
  /** Who matched; null when every pair was known and no matcher was loaded. */
  readonly matcher: MatcherStatus | null;
  readonly outcome: StitchResult;
  readonly matchedPairs: number;
  readonly knownPairs: number;
  readonly elapsedMs: number;
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
  /** Tiles, layout, matcher, model or options of matching: only a new run helps. */
  | 'match';

/** The least work that brings the run up to the project. */
export function stalenessOf(run: StitchRun, project: ProjectState): Staleness {
  const { layout, options, excluded } = project.edits;
  const isMatchStale =
    run.tiles !== project.tiles ||
    run.layout !== layout ||
    run.ownModel !== project.ownModel ||
    run.options.matcher !== options.matcher ||
    !isSamePlain(run.options.pair, options.pair);
  if (isMatchStale) return 'match';
  if (!isSameSet(run.excluded, excluded) || !isSamePlain(run.options.solve, options.solve)) return 'solve';
  // The drawing order is part of the mosaic.
  if (run.options.compose.topmost !== options.compose.topmost) return 'solve';
  return isSamePlain(run.options.compose, options.compose) ? 'current' : 'compose';
}

function isSameSet(p: ReadonlySet<string>, q: ReadonlySet<string>): boolean {
  return p === q || (p.size === q.size && [...p].every((key) => q.has(key)));
}

/** Options are plain data with a fixed order of fields. */
function isSamePlain(p: unknown, q: unknown): boolean {
  return JSON.stringify(p) === JSON.stringify(q);
}
