import { sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import { rightClosure } from './loops.ts';
import type { LinkMotions } from './stage.ts';

/** A right link is off by no more than right loops fail to close, times this. */
const closuresOfError = 1.8;
/** … and by no more than links' matches miss the links' own best poses, times this. */
const bendsOfError = 5;

/**
 * What right links may be off by, px, because tiles are not what the model of the system says (turned, stretched, bent).
 * Loops show it, where not too many are spoilt by wrong links; and what bends a tile bends its overlaps, where every link
 * shows it by itself: the smaller of the two, so that neither spoilt loops nor noisy matches make it large.
 */
export function modelErrorOf(system: LinkSystem, motions: LinkMotions, active: Uint8Array): number {
  return Math.min(closuresOfError * rightClosure(system, motions, active), bendsOfError * meanBend(system, active));
}

/** Mean over the active links of the root mean square by which their matches miss the link's own best pose, px. */
function meanBend({ sums, floor, manual }: LinkSystem, active: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let l = 0; l < floor.length; l++) {
    if (active[l] === 0 || manual[l] === 1) continue;
    sum += Math.sqrt(floor[l] / sums[sumsStride * l]);
    count++;
  }
  return count > 0 ? sum / count : 0;
}
