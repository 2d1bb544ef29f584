import type { RunContext } from '../progress.ts';
import { analysePattern } from './cholesky-pattern.ts';
import { connectedComponents } from './components.ts';
import type { SolveLinks } from './landmarks.ts';
import { moveRigidly } from './link-motion.ts';
import { poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { SolveOptions } from './pose-graph.ts';
import { judgeLinks, tilesNear } from './robust-start.ts';
import { beginSolve } from './solve-run.ts';
import type { StagePoses } from './stage.ts';
import { gather, subSystem } from './sub-system.ts';
import type { SubSystem } from './sub-system.ts';

/** Tiles so many links from landmarks may be judged otherwise because of them … */
const coreLinks = 4;
/** … in a neighbourhood of so many links. */
const zoneLinks = 8;
/** A neighbourhood of more than this share of the tiles is no part of the whole. */
const mostOfWhole = 1 / 4;

/** What was known before landmarks were set. */
export interface BeforeLandmarks {
  readonly stage: StagePoses;
  readonly modelErrorPx: number;
  readonly stiffErrorPx: number;
  /** Poses that the search for wrong links begins with. */
  readonly start: Float64Array;
}

/**
 * What landmarks change of the judgement of links: wrong links are looked for in the neighbourhood of the landmarks alone, with
 * them and without; where the two differ it is their doing. `active` of the links and `poses` are changed in place.
 *
 * @param links measured ones, as they were judged, with landmarks among them.
 * @returns false where it is no small part of the whole, or what they change reaches its rim: it takes a cold search.
 */
export async function reviewLandmarks(
  links: SolveLinks,
  before: BeforeLandmarks,
  options: SolveOptions,
  ctx: RunContext,
  poses: Float64Array,
): Promise<boolean> {
  const { system, motions, active } = links;
  const set = [...system.manual.keys()].filter((l) => system.manual[l] === 1);
  const zone = tilesNear(system, set, zoneLinks);
  const core = tilesNear(system, set, coreLinks);
  const size = zone.reduce((sum, flag) => sum + flag, 0);
  if (size > mostOfWhole * zone.length) return false;
  const part = subSystem(system, motions, before.stage, zone);
  const without = await judgePart(part, false, before, options, ctx);
  const within = await judgePart(part, true, before, options, ctx);
  for (let at = 0; at < part.links.length; at++) {
    const l = part.links[at];
    if (system.manual[l] === 1 || within.active[at] === without.active[at]) continue;
    if (core[system.from[l]] === 0 || core[system.to[l]] === 0) return false;
    active[l] = within.active[at];
  }
  layInto(poses, part, within, core);
  return true;
}

/** Links and poses of a part, as a search in it alone has found them. */
interface JudgedPart {
  readonly active: Uint8Array;
  readonly poses: Float64Array;
}

async function judgePart(
  { system, motions, stage, nodes }: SubSystem,
  hasLandmarks: boolean,
  { start, modelErrorPx, stiffErrorPx }: BeforeLandmarks,
  options: SolveOptions,
  ctx: RunContext,
): Promise<JudgedPart> {
  const poses = gather(start, nodes, poseStride);
  const axis = (at: 0 | 1): Float64Array => poses.filter((_, s) => s % poseStride === at);
  const pattern = analysePattern(system.from, system.to, axis(0), axis(1));
  const active = countingLinks(system, hasLandmarks);
  const given = { system, motions, stage, modelErrorPx, stiffErrorPx };
  await judgeLinks(beginSolve({ ...given, options, ctx, pattern, active }), poses);
  return { active, poses };
}

function countingLinks({ manual, excluded, sums }: LinkSystem, hasLandmarks: boolean): Uint8Array {
  return manual.map((isManual, l) =>
    excluded[l] === 0 && sums[sumsStride * l] > 0 && (hasLandmarks || isManual === 0) ? 1 : 0,
  );
}

/** Lays the tiles of the core into the whole as they are in the part: by the motion that fits the rest of its tiles best. */
function layInto(poses: Float64Array, part: SubSystem, { active, poses: found }: JudgedPart, core: Uint8Array): void {
  const { system, nodes } = part;
  const { label, sizes } = connectedComponents(nodes.length, system.from, system.to, active);
  for (let component = 0; component < sizes.length; component++) {
    const members = [...nodes.keys()].filter((at) => label[at] === component);
    const rim = members.filter((at) => core[nodes[at]] === 0);
    // What nothing joins to the rest any more lies where the stage has it.
    if (rim.length === 0) continue;
    const motion = motionBetween(found, poses, rim, nodes);
    for (const at of members) {
      if (core[nodes[at]] === 0) continue;
      moveRigidly(found, at, motion);
      poses.set(found.subarray(poseStride * at, poseStride * (at + 1)), poseStride * nodes[at]);
    }
  }
}

/** The mean turn and shift of some tiles from where they were found in a part to where they are in the whole. */
function motionBetween(found: Float64Array, poses: Float64Array, tiles: readonly number[], nodes: Int32Array) {
  let dot = 0;
  let cross = 0;
  const [x, y, toX, toY] = [0, 0, 0, 0].map((_, s) =>
    tiles.reduce(
      (sum, at) => sum + (s < 2 ? found[poseStride * at + s] : poses[poseStride * nodes[at] + s - 2]) / tiles.length,
      0,
    ),
  );
  for (const at of tiles)
    for (let s = 2; s < poseStride; s += 2) {
      const [a, b] = [found[poseStride * at + s], found[poseStride * at + s + 1]];
      const [c, d] = [poses[poseStride * nodes[at] + s], poses[poseStride * nodes[at] + s + 1]];
      dot += a * c + b * d;
      cross += a * d - b * c;
    }
  const angle = Math.atan2(cross, dot);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return { cos, sin, dx: toX - cos * x + sin * y, dy: toY - sin * x - cos * y };
}
