import type { RunContext } from '../progress.ts';
import { chooseStiffness } from './choose-stiffness.ts';
import type { ChosenStiffness } from './choose-stiffness.ts';
import { gridPart } from './grid-part.ts';
import type { Measurements } from './measurements.ts';
import { solveElastic } from './solve-elastic.ts';
import type { ElasticOptions, ElasticSolution, ElasticTile } from './solve-elastic.ts';

/** Tiles that are solved with a fine mesh each. */
const mostTilesAtOnce = 49;

/**
 * Bends the tiles of a grid of any size as softly as they show themselves to be. A mesh that is fine enough for the start
 * of a scan line is needed once, not for each of thousands of tiles: what all tiles share is solved on a part of a large
 * grid, and then every tile bends slowly on top of it.
 * @param isPatch [N] 1 for measurements that may be held out to choose the stiffness.
 */
export async function solveElasticGrid(
  tiles: readonly ElasticTile[],
  measurements: Measurements,
  isPatch: Uint8Array,
  options: ElasticOptions,
  ctx: RunContext,
): Promise<{ readonly solution: ElasticSolution; readonly chosen: ChosenStiffness }> {
  const chosen = await chooseStiffness(tiles, measurements, isPatch, options, ctx);
  const soft = { ...options, stiffness: chosen.stiffness, shared: chosen.shared };
  if (tiles.length <= mostTilesAtOnce) return { solution: await solveElastic(tiles, measurements, soft, ctx), chosen };
  const part = gridPart(tiles, measurements, isPatch, mostTilesAtOnce);
  const { shared } = await solveElastic(part.tiles, part.measurements, soft, ctx);
  const whole = shared === null ? { ...soft, shared: null } : { ...soft, known: shared };
  return { solution: await solveElastic(tiles, measurements, whole, ctx), chosen };
}
