import { linkMisfit, poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { medianOf } from './robust-loss.ts';
import type { LinkMotions } from './stage.ts';

/** No distance from the stage counts for more than this: stages do jump. */
const mostStageOdds = 8;
/** … of each tile of a group, and of no more than so many: rows and columns jump as a whole. */
const mostStageTiles = 3;
/** A stage is not taken for more regular than this share of what the layout states. */
const leastShareOfStated = 1 / 3;
/** Errors this many times as frequent as if they were spread evenly are usual: a lattice, a repeated structure. */
const usualRatio = 20;

/** What the review of attachments works on; `accepted`, `poses` are changed in place. */
export interface Attachments {
  readonly system: LinkSystem;
  readonly motions: LinkMotions;
  /** [links] 0 for links that are not to be used. */
  readonly active: Uint8Array;
  /** [links] 1 for links that fit the poses and are believed. */
  readonly accepted: Uint8Array;
  readonly poses: Float64Array;
  /** Poses at the stage, in the same frame as `poses` up to a shift. */
  readonly stage: Float64Array;
  readonly stageKnown: Uint8Array;
  /** Two statements that differ by less agree, px. */
  readonly tolerancePx: number;
  /** Loops of four right links close within this, px; longer ones by more (`loop-noise.ts`). */
  readonly shortLoopPx: number;
  /** [nodes] 1 for those about which groups are reviewed; all when null. */
  readonly near: Uint8Array | null;
}

/**
 * What the links of a graph themselves say of right and wrong ones. With p the share of right links, 1/2πτ² the density
 * at which right ones agree, F = 1/πR² that of wrong ones when they are spread evenly and f(e) that of their errors e as
 * they are (wrong links are often wrong alike), a place of a group that n links propose has the log-odds against all
 * links being wrong
 *
 *   n·ln(p / (1 − p)F) + (n − 1)·ln(1 / 2πτ²) + Σ_others ln(f(e_l) / F) + ln N(r; σ)
 *
 * with r the group's mean distance from where the stage has it beside its neighbours, known to σ.
 */
export interface LinkOdds {
  /** ln(p / (1 − p)F) + ln(1 / 2πτ²): of each link that agrees. */
  readonly agreement: number;
  readonly sharpness: number;
  /** Variance of the distance of neighbours from the stage's, per axis, px². */
  readonly stageVariance: number;
  /** F, px⁻². */
  readonly evenDensity: number;
  /** Counts of the errors of refused links in square cells and those around them; key of `cellKey`. */
  readonly around: ReadonlyMap<number, number>;
  readonly cellPx: number;
  readonly refused: number;
  /** The error that wrong links have most often, if they have one, px. */
  readonly usualError: readonly [number, number] | null;
}

/** Learns them from the accepted links and from the refused ones between tiles that are held by others. */
export function learnLinkOdds({ system, active, accepted, stage, poses, tolerancePx }: Attachments): LinkOdds {
  const { from } = system;
  const near = new Float64Array(from.length);
  const cellPx = 2 * tolerancePx;
  const cells = new Map<number, number>();
  const errors: (readonly [number, number])[] = [];
  let right = 0;
  let refused = 0;
  let furthest = 4 * tolerancePx;
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0) continue;
    furthest = Math.max(furthest, linkMisfit(system, stage, l));
    if (accepted[l] !== 0) near[right++] = offStage(system, stage, poses, l);
    else {
      const error = [errorAlong(system, poses, l, 0), errorAlong(system, poses, l, 1)] as const;
      errors.push(error);
      const key = cellKey(...error, cellPx);
      cells.set(key, (cells.get(key) ?? 0) + 1);
      refused++;
    }
  }
  const share = Math.min(0.99, Math.max(0.5, right / Math.max(1, right + refused)));
  const shown = medianOf(near.subarray(0, right)) ** 2 / (2 * Math.LN2); // a Rayleigh median is σ·√(2 ln 2)
  const stated = medianOf(Float64Array.from(system.nodes, ({ prior }) => prior.sigmaPx));
  const evenDensity = 1 / (Math.PI * furthest ** 2);
  const sharpness = Math.log(1 / (2 * Math.PI * (tolerancePx / 2) ** 2));
  return {
    agreement: Math.log(share / (1 - share) / evenDensity) + sharpness,
    sharpness,
    stageVariance: Math.max(1, shown, 2 * (leastShareOfStated * stated) ** 2),
    evenDensity,
    around: countAround(cells),
    cellPx,
    refused,
    usualError: usualErrorOf(cells, errors, cellPx, refused * evenDensity),
  };
}

/** How far the displacement between the tiles of link l is from the stage's, px. */
function offStage({ from, to }: LinkSystem, stage: Float64Array, poses: Float64Array, l: number): number {
  const i = poseStride * from[l];
  const j = poseStride * to[l];
  return Math.hypot(
    poses[i] - poses[j] - stage[i] + stage[j],
    poses[i + 1] - poses[j + 1] - stage[i + 1] + stage[j + 1],
  );
}

/** m_a(p̄) − m_b(q̄) of link l on one axis, px: by how much the tile `to` would have to move. */
function errorAlong({ from, to, sums }: LinkSystem, poses: Float64Array, l: number, axis: 0 | 1): number {
  const i = poseStride * from[l] + axis;
  const j = poseStride * to[l] + axis;
  const o = sumsStride * l;
  return (
    poses[i] -
    poses[j] +
    (poses[i + 2] * sums[o + 1] + poses[i + 4] * sums[o + 2]) -
    (poses[j + 2] * sums[o + 3] + poses[j + 4] * sums[o + 4])
  );
}

/** Keys of cells fit 31 bits: a map finds those faster. */
const cellRows = 1 << 15;
const furthestCell = cellRows / 2 - 2;

function cellKey(x: number, y: number, cellPx: number): number {
  return (cellOf(x / cellPx) + cellRows / 2) * cellRows + cellOf(y / cellPx) + cellRows / 2;
}

function cellOf(place: number): number {
  return Math.max(-furthestCell, Math.min(furthestCell, Math.round(place)));
}

/** Of each cell, what is counted in it and in those around it. */
function countAround(cells: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const around = new Map<number, number>();
  for (const [key, count] of cells)
    for (let dx = -1; dx <= 1; dx++)
      for (let dy = -1; dy <= 1; dy++) {
        const other = key + dx * cellRows + dy;
        around.set(other, (around.get(other) ?? 0) + count);
      }
  return around;
}

/** The mean of the errors round the fullest cell. */
function usualErrorOf(
  cells: ReadonlyMap<number, number>,
  errors: readonly (readonly [number, number])[],
  cellPx: number,
  evenPerPx: number,
): readonly [number, number] | null {
  let most = 0;
  let key = 0;
  for (const [cell, count] of cells) {
    if (count < most || (count === most && cell > key)) continue;
    most = count;
    key = cell;
  }
  if (most < 5 || most < usualRatio * evenPerPx * cellPx ** 2) return null;
  const column = Math.floor(key / cellRows);
  const x = (column - cellRows / 2) * cellPx;
  const y = (key - column * cellRows - cellRows / 2) * cellPx;
  const near = errors.filter((error) => Math.hypot(error[0] - x, error[1] - y) < 1.5 * cellPx);
  const mean = (axis: 0 | 1): number => near.reduce((sum, error) => sum + error[axis], 0) / near.length;
  return [mean(0), mean(1)];
}

/** ln(f(e) / F) of a link that does not agree, without what the `own` links under review add to f themselves. */
export function dissentOdds(
  { around, cellPx, refused, evenDensity }: LinkOdds,
  system: LinkSystem,
  poses: Float64Array,
  l: number,
  own: number,
): number {
  const key = cellKey(errorAlong(system, poses, l, 0), errorAlong(system, poses, l, 1), cellPx);
  const others = Math.max(0, (around.get(key) ?? 0) - own);
  return Math.log(Math.max(1, others / (Math.max(1, refused) * cellPx ** 2 * evenDensity)));
}

/** The links between a group and the rest whose tiles the stage knows, and how many tiles they have on either side. */
export interface StageWitnesses {
  readonly links: number;
  readonly inner: number;
  readonly outer: number;
}

/**
 * ln N(r; σ) and the factor 2πτ² that n agreeing links have too few, r the mean distance of a group from where the stage has
 * it beside its neighbours; 0 where the stage knows nothing.
 *
 * @param x, y sum over the witnesses' links of that distance, px.
 */
export function stageOdds(
  { stageVariance, evenDensity, sharpness }: LinkOdds,
  { links, inner, outer }: StageWitnesses,
  x: number,
  y: number,
): number {
  if (links === 0) return Math.log(evenDensity) - sharpness;
  // Each tile's own stage error has half the variance of a difference; the mean over a boundary averages both ends.
  const variance = (stageVariance / 2) * (1 / inner + 1 / outer);
  const most = mostStageOdds * Math.min(mostStageTiles, inner);
  const offset = (x ** 2 + y ** 2) / links ** 2;
  return -Math.log(2 * Math.PI * variance) - Math.min(most, offset / (2 * variance)) - sharpness;
}
