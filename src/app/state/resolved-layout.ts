import type { ErrorCode } from '../../core/errors.ts';
import type { Layout } from '../../core/tiles/tile.ts';

/** A layout, or the reasons why there is none. */
export interface ResolvedLayout {
  readonly layout: Layout | null;
  readonly problems: readonly LayoutProblem[];
}

export interface LayoutProblem {
  readonly file: string;
  readonly code: ErrorCode;
  readonly message: string;
}
