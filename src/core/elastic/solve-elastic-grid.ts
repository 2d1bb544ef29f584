import { partOf } from '../progress.ts';
import type { RunContext } from '../progress.ts';
import { chooseStiffness } from './choose-stiffness.ts';
import type { ChosenStiffness } from './choose-stiffness.ts';
import { gridPart } from './grid-part.ts';
import type { Measurements } from './measurements.ts';
import { solveElastic } from './solve-elastic.ts';
import type { ElasticOptions, ElasticSolution, ElasticTile } from './solve-elastic.ts';

/** Tiles that are solved with a fine mesh each. */
const mostTilesAtOnce = 49;
/** Where choosing the stiffness and, of large grids, the shared mesh end, as shares of the time: rough. */
const choosingShare = 0.3;
const sharedShare = 0.4;

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
  const choosing = partOf(ctx, 'solve', 0, choosingShare, 'how soft the tiles are');
  const chosen = await chooseStiffness(tiles, measurements, isPatch, options, choosing);
  const soft = { ...options, stiffness: chosen.stiffness, shared: chosen.shared };
  if (tiles.length <= mostTilesAtOnce) {
    const bending = partOf(ctx, 'solve', choosingShare, 1, 'bending the tiles');
    return { solution: await solveElastic(tiles, measurements, soft, bending), chosen };
  }
  const sharing = partOf(ctx, 'solve', choosingShare, sharedShare, 'the mesh that the tiles share');
  const part = gridPart(tiles, measurements, isPatch, mostTilesAtOnce);
  const { shared } = await solveElastic(part.tiles, part.measurements, soft, sharing);
  const whole = shared === null ? { ...soft, shared: null } : { ...soft, known: shared };
  const bending = partOf(ctx, 'solve', sharedShare, 1, 'bending the tiles');
  return { solution: await solveElastic(tiles, measurements, whole, bending), chosen };
}
