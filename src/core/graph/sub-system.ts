import { poseStride, sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { LinkMotions, StagePoses } from './stage.ts';

/** Some tiles of a system and the links among them, in the same order. */
export interface SubSystem {
  readonly system: LinkSystem;
  readonly motions: LinkMotions;
  readonly stage: StagePoses;
  /** Index in the whole of each of its nodes and links. */
  readonly nodes: Int32Array;
  readonly links: Int32Array;
}

/** @param isInside [nodes] 1 for the tiles to take. */
export function subSystem(whole: LinkSystem, motions: LinkMotions, stage: StagePoses, isInside: Uint8Array): SubSystem {
  const { from, to } = whole;
  const nodes = indicesOf(whole.nodes.length, (i) => isInside[i] === 1);
  const links = indicesOf(from.length, (l) => isInside[from[l]] === 1 && isInside[to[l]] === 1);
  const place = new Int32Array(whole.nodes.length);
  nodes.forEach((i, at) => (place[i] = at));
  const floor = gather(whole.floor, links);
  const system = {
    ...whole,
    nodes: Array.from(nodes, (i) => whole.nodes[i]),
    links: Array.from(links, (l) => whole.links[l]),
    manual: Uint8Array.from(links, (l) => whole.manual[l]),
    excluded: Uint8Array.from(links, (l) => whole.excluded[l]),
    from: links.map((l) => place[from[l]]),
    to: links.map((l) => place[to[l]]),
    centre: gather(whole.centre, nodes, 2),
    lever: gather(whole.lever, nodes),
    sums: gather(whole.sums, links, sumsStride),
    floor,
    stiffFloor: whole.stiffFloor === whole.floor ? floor : gather(whole.stiffFloor, links),
  };
  return {
    system,
    motions: { theta: gather(motions.theta, links), dx: gather(motions.dx, links), dy: gather(motions.dy, links) },
    stage: { poses: gather(stage.poses, nodes, poseStride), known: Uint8Array.from(nodes, (i) => stage.known[i]) },
    nodes,
    links,
  };
}

function indicesOf(count: number, isTaken: (index: number) => boolean): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index).filter(isTaken);
}

/** `stride` values each of some of the entries. */
export function gather(values: Float64Array, indices: Int32Array, stride = 1): Float64Array {
  const out = new Float64Array(stride * indices.length);
  indices.forEach((index, at) => {
    out.set(values.subarray(stride * index, stride * (index + 1)), stride * at);
  });
  return out;
}
