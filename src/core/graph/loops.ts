import type { LinkSystem } from './link-system.ts';
import type { LinkMotions } from './stage.ts';

/** Loops are counted as right from the best on, so far. */
const bestFifth = 0.2;

/**
 * The distance by which the best fifth of the loops fail to close, px: what the model cannot express. Wrong links spoil
 * most loops long before they spoil the best fifth. 0 without loops.
 */
export function typicalClosure(system: LinkSystem, motions: LinkMotions, active: Uint8Array): number {
  const closures = Float64Array.from(loopClosures(system, motions, active)).sort();
  return closures.length === 0 ? 0 : closures[Math.floor(bestFifth * (closures.length - 1))];
}

/** The distances by which the link motions miss closing the loops of three and four links, px. */
function loopClosures({ nodes, from, to, lever }: LinkSystem, motions: LinkMotions, active: Uint8Array): number[] {
  const edges = neighbourLinks(nodes.length, from, to, active);
  const other = (l: number, i: number): number => (from[l] === i ? to[l] : from[l]);
  const closures: number[] = [];
  for (let a = 0; a < nodes.length; a++) {
    const around = edges[a].filter((l) => other(l, a) > a);
    for (let p = 0; p < around.length; p++) {
      for (let q = p + 1; q < around.length; q++) {
        const b = other(around[p], a);
        const c = other(around[q], a);
        if (b === c) continue;
        for (const first of edges[b]) {
          const d = other(first, b);
          if (d === c && b < c) closures.push(closeLoop([around[p], first, around[q]], a, from, to, motions, lever[a]));
          if (d === c || d <= a) continue;
          for (const second of edges[d])
            if (other(second, d) === c)
              closures.push(closeLoop([around[p], first, second, around[q]], a, from, to, motions, lever[a]));
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

function closeLoop(
  links: readonly number[],
  start: number,
  from: Int32Array,
  to: Int32Array,
  motions: LinkMotions,
  lever: number,
): number {
  let x = 0;
  let y = 0;
  let theta = 0;
  let at = start;
  for (const l of links) {
    const forward = from[l] === at;
    if (!forward) theta -= motions.theta[l];
    const sign = forward ? 1 : -1;
    x += sign * (Math.cos(theta) * motions.dx[l] - Math.sin(theta) * motions.dy[l]);
    y += sign * (Math.sin(theta) * motions.dx[l] + Math.cos(theta) * motions.dy[l]);
    if (forward) theta += motions.theta[l];
    at = forward ? to[l] : from[l];
  }
  const turn = theta - 2 * Math.PI * Math.round(theta / (2 * Math.PI));
  return Math.hypot(x, y, turn * lever);
}
