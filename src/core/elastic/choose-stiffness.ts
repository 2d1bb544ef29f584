import { partOf } from '../progress.ts';
import type { RunContext } from '../progress.ts';
import type { Stiffness } from './mesh-stiffness.ts';
import { gridPart } from './grid-part.ts';
import { holdOut } from './held-out.ts';
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
const mostTiles = 25;
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
  const part = gridPart(tiles, measurements, isPatch, mostTiles);
  let best: ChosenStiffness | null = null;
  for (const [k, softness] of softnesses.entries()) {
    const { stretch, bend, linear } = options.stiffness;
    const stiffness = { stretch: softness * stretch, bend: softness * bend, linear };
    const shared = options.shared && { ...options.shared, bend: softness * options.shared.bend };
    const probe = { ...options, stiffness, shared, isProbe: true };
    const own = partOf(ctx, 'solve', k / softnesses.length, (k + 1) / softnesses.length, 'how soft the tiles are');
    const found = await holdOut(part.tiles, part.measurements, part.isPatch, probe, own);
    const needed = best !== null && best.fittedPx > patchErrorPx ? anyGain : worthwhile;
    if (best !== null && !(found.heldOutPx < needed * best.heldOutPx && best.heldOutPx > noisePx)) break;
    best = { ...found, stiffness, shared };
  }
  return best ?? { stiffness: options.stiffness, shared: options.shared, fittedPx: 0, heldOutPx: 0 };
}
