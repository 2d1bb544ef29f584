import type { SolutionTile } from '../solution-json.ts';

/** A solved tile of a solution, of 101 × 51 px in the first cell, where the mosaic begins. */
export function plainSolutionTile(file: string, change: Partial<SolutionTile> = {}): SolutionTile {
  return {
    ...{ file, row: 0, column: 0, width: 101, height: 51, mosaicFromTile: [1, 0, 0, 1, 0, 0] },
    ...{ state: 'solved', gain: 1, offset: 0, sigmaPx: 0.1, component: 0 },
    ...change,
  };
}
