import type { Layout } from './tile.ts';

/** One reading of the file names, with the evidence for it. */
export interface LayoutHypothesis {
  readonly layout: Layout;
  /** A sentence for the user: "names end in _row_column", "1…12 in 3 rows × 4 columns, snake by rows from the top left". */
  readonly description: string;
  /** Share 0…1 of the belief over all hypotheses after looking at thumbnails. */
  readonly confidence: number;
  /** Median correlation of neighbouring thumbnails under this layout, −1…1; null when not measured. */
  readonly correlation: number | null;
}

/** Hypotheses, best first. */
export interface LayoutRanking {
  readonly hypotheses: readonly LayoutHypothesis[];
  /** True when the first two are too close to choose without asking. */
  readonly isClose: boolean;
}
