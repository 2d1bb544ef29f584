/** What a plot shows: one list of places, and values at each of them. */
export interface PlotSpec {
  /** Places along x: centres of bins, or numbers of categories; ascending. */
  readonly x: readonly number[];
  /** Ends of the axis. */
  readonly xRange: readonly [number, number];
  /** Where the axis has numbers, and how they are written; left out, no axis. */
  readonly xAxis?: { readonly ticks: readonly number[]; readonly text: (x: number) => string };
  /** What is shown keeps its number and shapes; its values may change. */
  readonly series: readonly PlotSeries[];
  /** Counts that differ by powers of ten: the arsinh of each, which is 0 at 0 and a logarithm beyond 1. */
  readonly isLog?: boolean;
  /** Places that are marked by a line. */
  readonly marks?: readonly number[];
  /** What stands at a place, for the pointer. */
  readonly readout: (index: number) => string;
}

/** Values of one kind; colours are names of tokens. */
export interface PlotSeries {
  readonly label: string;
  readonly shape: 'area' | 'bars' | 'bars-left' | 'bars-right';
  readonly values: readonly number[];
  readonly colour: string;
  /** One for each value, where bars differ. */
  readonly colours?: readonly string[];
}
