import { makeSyntheticGraph } from '../../src/core/testing/synthetic-graph.ts';
import type { SyntheticGraph } from '../../src/core/testing/synthetic-graph.ts';

/** Size of the tiles of the test graphs, px. */
export const tileSize = { width: 1000, height: 800 };

/** What the graphs of the bench differ in. */
export interface TestGraphKind {
  /** 100, 1000, 10000 or 100000; the nearest square grid is made. */
  readonly tiles: number;
  readonly wrongFraction: number;
  /** Half of the wrong links are this far off along x, px. */
  readonly periodPx: number;
  readonly seed: number;
}

/** A grid as the issue states it: link noise 0.1 px and 0.01°, stage error 10 px, half of the wrong links a period off. */
export function testGraph({ tiles, wrongFraction, periodPx, seed }: TestGraphKind): SyntheticGraph {
  const side = Math.round(Math.sqrt(tiles));
  return makeSyntheticGraph({
    ...tileSize,
    rows: side,
    columns: side,
    model: 'rigid',
    stageSigmaPx: 10,
    linkSigmaPx: 0.1,
    linkSigmaRad: (0.01 * Math.PI) / 180,
    wrongFraction,
    wrongWindowPx: 100,
    periodPx,
    seed,
  });
}
