import { scoreStride } from '../matching/cell-scores.ts';
import type { WeightedScores } from '../matching/cell-normals.ts';
import { seededRandom } from '../random.ts';

/** What a cell of `drawnScores` asks for, and how surely. */
export interface DrawnCell {
  /** H d = u. */
  readonly displacement: readonly [number, number];
  /** Hxx, Hxy, Hyy; drawn, positive definite, when absent. */
  readonly curvature?: readonly [number, number, number];
  /** Drawn between 0.3 and 1 when absent. */
  readonly weight?: number;
}

/** Scores u = H·d of cells, H drawn. */
export function drawnScores(cells: readonly DrawnCell[], seed = 1): WeightedScores {
  const random = seededRandom(seed);
  const scores = new Float64Array(cells.length * scoreStride);
  const weights = cells.map(({ displacement: [dx, dy], curvature, weight }, k) => {
    const drawn = [40 + 60 * random(), 40 * random() - 20, 40 + 60 * random()] as const;
    const [xx, xy, yy] = curvature ?? drawn;
    const share = 0.3 + 0.7 * random();
    scores.set([xx * dx + xy * dy, xy * dx + yy * dy, xx, xy, yy], k * scoreStride);
    return weight ?? share;
  });
  return { cells: scores, weights: Float64Array.from(weights) };
}
