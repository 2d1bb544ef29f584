import { fitModel } from '../matching/moment-fit.ts';
import { sumsStride } from './link-system.ts';
import type { LinkSystem } from './link-system.ts';
import type { LinkMotions } from './stage.ts';

/** Loops that close worse than this many times the root mean square of the rest are spoilt by a wrong link. */
const clippedAt = 3;
/** … or more of so few that they hardly tell: by √(1 + this / how many). */
const fewLoops = 4;
/** Rounds of leaving those out at most. */
const clippingRounds = 20;
/** Loops that close as well as the best of so many are taken for right to begin with … */
const bestFifth = 0.2;
/** … and never the best alone, which closes by chance. */
const leastRank = 1;

/**
 * Root mean square distance by which loops of right links fail to close under the model of the system, px: what it cannot
 * express, and noise. Loops that are spoilt by wrong links are clipped, from the best fifth upwards. 0 without loops.
 */
export function rightClosure(system: LinkSystem, motions: LinkMotions, active: Uint8Array): number {
  const closures = Float64Array.from(loopClosures(system, maps(system, motions), active)).sort();
  if (closures.length === 0) return 0;
  const rank = Math.max(leastRank, Math.floor(bestFifth * (closures.length - 1)));
  let scale = closures[Math.min(rank, closures.length - 1)];
  let kept = rank + 1;
  for (let round = 0; round < clippingRounds; round++) {
    let sum = 0;
    let count = 0;
    const limit = clippedAt * Math.sqrt(1 + fewLoops / kept) * scale;
    while (count < closures.length && closures[count] <= limit) sum += closures[count++] ** 2;
    kept = count;
    const next = Math.sqrt(sum / count);
    if (Math.abs(next - scale) <= 1e-3 * scale) return next;
    scale = next;
  }
  return scale;
}

/** Of each link the map of b's pixels to a's, both about the tiles' centres: [a, b, c, d, x, y]. */
function maps(system: LinkSystem, { theta, dx, dy }: LinkMotions): Float64Array {
  const { links, sums, model } = system;
  const out = new Float64Array(mapStride * links.length);
  for (let l = 0; l < links.length; l++) {
    const fit = model === 'similarity' || model === 'affine' ? fitModel(model, links[l].moments) : null;
    const at = mapStride * l;
    if (fit === null) {
      const [cos, sin] = [Math.cos(theta[l]), Math.sin(theta[l])];
      out.set([cos, sin, -sin, cos, dx[l], dy[l]], at);
      continue;
    }
    const { a, b, c, d } = fit;
    const [px, py, qx, qy] = sums.subarray(sumsStride * l + 1, sumsStride * l + 5);
    out.set([a, b, c, d, px - a * qx - c * qy, py - b * qx - d * qy], at);
  }
  return out;
}

const mapStride = 6;

/** The distances by which the maps miss closing the loops of three and four links, px. */
function loopClosures({ nodes, from, to, sums }: LinkSystem, motion: Float64Array, active: Uint8Array): number[] {
  const edges = neighbourLinks(nodes.length, from, to, active);
  const other = (l: number, i: number): number => (from[l] === i ? to[l] : from[l]);
  const meanIn = (l: number, i: number, axis: 0 | 1): number => sums[sumsStride * l + (from[l] === i ? 1 : 3) + axis];
  const closures: number[] = [];
  const close = (loop: readonly number[], a: number, last: number): void => {
    // Where the tiles of a loop of four meet.
    const x = meanIn(loop[0], a, 0) + meanIn(last, a, 0);
    const y = meanIn(loop[0], a, 1) + meanIn(last, a, 1);
    closures.push(closeLoop(loop, a, from, to, motion, x, y));
  };
  for (let a = 0; a < nodes.length; a++) {
    const around = edges[a].filter((l) => other(l, a) > a);
    for (let p = 0; p < around.length; p++) {
      for (let q = p + 1; q < around.length; q++) {
        const b = other(around[p], a);
        const c = other(around[q], a);
        if (b === c) continue;
        for (const first of edges[b]) {
          const d = other(first, b);
          if (d === c && b < c) close([around[p], first, around[q]], a, around[q]);
          if (d === c || d <= a) continue;
          for (const second of edges[d])
            if (other(second, d) === c) close([around[p], first, second, around[q]], a, around[q]);
        }
      }
    }
  }
  return closures;
}

function neighbourLinks(n: number, from: Int32Array, to: Int32Array, active: Uint8Array): number[][] {
  const edges: number[][] = Array.from({ length: n }, () => []);
  for (let l = 0; l < from.length; l++) {
    if (active[l] === 0) continue;
    edges[from[l]].push(l);
    edges[to[l]].push(l);
  }
  return edges;
}

/** How far the point (x, y) of tile `start`, about its centre, comes back from itself after going round, px. */
function closeLoop(
  links: readonly number[],
  start: number,
  from: Int32Array,
  to: Int32Array,
  motion: Float64Array,
  x: number,
  y: number,
): number {
  let u = x;
  let v = y;
  let at = start;
  for (const l of links) {
    const o = mapStride * l;
    const [a, b, c, d] = [motion[o], motion[o + 1], motion[o + 2], motion[o + 3]];
    const isForward = from[l] === at;
    if (isForward) {
      // From a to b: the inverse.
      const det = a * d - b * c;
      const dx = u - motion[o + 4];
      const dy = v - motion[o + 5];
      u = (d * dx - c * dy) / det;
      v = (a * dy - b * dx) / det;
    } else {
      const w = u;
      u = a * w + c * v + motion[o + 4];
      v = b * w + d * v + motion[o + 5];
    }
    at = isForward ? to[l] : from[l];
  }
  return Math.hypot(u - x, v - y);
}
