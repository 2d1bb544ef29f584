import type { RunContext } from '../progress.ts';
import type { Stiffness } from './elastic-system.ts';
import { holdOut, measurementsWhere } from './held-out.ts';
import type { HeldOut } from './held-out.ts';
import type { Measurements } from './measurements.ts';
import type { ElasticOptions, ElasticTile } from './solve-elastic.ts';

/** How much softer than the options' stiffness tiles may be; real and synthetic tiles differ by this much. */
const softnesses = [1, 5, 25] as const;
/**
 * A softer tile must predict what was held out better by this: what fits a little better is mostly noise. While the fit
 * leaves more than patches err by, any gain will do.
 */
const worthwhile = 0.8;
const anyGain = 0.98;
const patchErrorPx = 0.2;
/** The choice is made on so many tiles at most. */
const mostTiles = 60;
/** A tenth of a pixel of misfit is noise: nothing is gained by bending for less. */
const noisePx = 0.05;

/** The stiffness that was chosen, and how it predicts a held-out fifth of the patches. */
export interface ChosenStiffness extends HeldOut {
  readonly stiffness: Stiffness;
  readonly shared: Stiffness | null;
}

/**
 * The stiffest of three kinds of tile, each five times as soft as the one before, that predicts a held-out fifth of the patches
 * about as well as any. Of a large grid a connected part is looked at.
 */
export async function chooseStiffness(
  tiles: readonly ElasticTile[],
  measurements: Measurements,
  isPatch: Uint8Array,
  options: ElasticOptions,
  ctx: RunContext,
): Promise<ChosenStiffness> {
  const part = partOf(tiles.length, measurements, isPatch);
  let best: ChosenStiffness | null = null;
  for (const softness of softnesses) {
    const { stretch, bend, linear } = options.stiffness;
    const stiffness = { stretch: softness * stretch, bend: softness * bend, linear };
    const shared = options.shared && { ...options.shared, bend: softness * options.shared.bend };
    const probe = { ...options, stiffness, shared, isProbe: true };
    const found = await holdOut(tiles, part.measurements, part.isPatch, probe, ctx);
    const needed = best !== null && best.fittedPx > patchErrorPx ? anyGain : worthwhile;
    if (best !== null && !(found.heldOutPx < needed * best.heldOutPx && best.heldOutPx > noisePx)) break;
    best = { ...found, stiffness, shared };
  }
  return best ?? { stiffness: options.stiffness, shared: options.shared, fittedPx: 0, heldOutPx: 0 };
}

/** The measurements between the tiles that a breadth-first walk reaches first. */
function partOf(tileCount: number, all: Measurements, isPatch: Uint8Array) {
  if (tileCount <= mostTiles) return { measurements: all, isPatch };
  const neighbours = Array.from({ length: tileCount }, (): number[] => []);
  for (let l = 0; l < all.from.length; l++) {
    neighbours[all.from[l]].push(all.to[l]);
    neighbours[all.to[l]].push(all.from[l]);
  }
  const first = neighbours.reduce((most, list, i) => (list.length > neighbours[most].length ? i : most), 0);
  const reached = new Set([first]);
  for (const tile of reached) {
    for (const near of neighbours[tile]) if (reached.size < mostTiles) reached.add(near);
    if (reached.size >= mostTiles) break;
  }
  const overlapOf = new Int32Array(isPatch.length);
  for (let l = 0; l < all.from.length; l++) overlapOf.fill(l, all.starts[l], all.starts[l + 1]);
  const isIn = (k: number) => reached.has(all.from[overlapOf[k]]) && reached.has(all.to[overlapOf[k]]);
  return { measurements: measurementsWhere(all, isIn), isPatch: isPatch.filter((_, k) => isIn(k)) };
}
