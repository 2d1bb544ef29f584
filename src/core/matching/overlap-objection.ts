import type { OverlapEvidence } from './link.ts';

/** What an overlap must show at least: standard deviations, their lead over the best other place, share of the structure that agrees. */
export interface NeededEvidence {
  readonly z: number;
  readonly lead: number;
  readonly structureNcc: number;
}

/**
 * What an overlap must show beside matches that are proof by themselves, chosen on the training images and on procedural
 * specimens (docs/adr/0008).
 */
export const needed: NeededEvidence = { z: 3, lead: 0.5, structureNcc: 0.93 };
/** The same where there may be nothing but noise, in which matches agree now and then. */
export const neededFaint: NeededEvidence = { z: 4.5, lead: 1.5, structureNcc: 0.93 };
/** The same when no matches speak for it. */
export const neededAlone: NeededEvidence = { z: 6, lead: 2, structureNcc: 0.95 };
/** Repeated structure under noise fits by chance up to `lowZ`, with matches in plenty: only what is the same throughout counts there. */
const lowZ = 5.5;
const lowZStructureNcc = 0.98;
/** What stands in for the structure of the whole where charges, streaks or dirt are in one of the images alone. */
const neededSpared = { z: 14, lead: 10, sparedNcc: 0.9 } as const;

/** Why an overlap proves nothing, as the end of a sentence; null when it does. */
export function objectionTo(
  { z, rivalZ, structureNcc, sparedNcc }: Omit<OverlapEvidence, 'kind'>,
  least: NeededEvidence,
): string | null {
  if (!(z >= least.z))
    return `their best fit stands out by ${z.toFixed(1)} standard deviations, where ${least.z} are needed`;
  if (!(z - rivalZ >= least.lead))
    return `they fit elsewhere about as well (${z.toFixed(1)} and ${rivalZ.toFixed(1)} standard deviations)`;
  const leastNcc = z < lowZ ? Math.max(lowZStructureNcc, least.structureNcc) : least.structureNcc;
  const isSpared = z >= neededSpared.z && z - rivalZ >= neededSpared.lead && (sparedNcc ?? 0) >= neededSpared.sparedNcc;
  if (structureNcc !== null && !(structureNcc >= leastNcc) && !isSpared)
    return `only ${Math.floor(100 * Math.max(0, structureNcc))} % of their structure agrees, where ${100 * leastNcc} % are needed`;
  return null;
}
