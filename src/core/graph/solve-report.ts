import type { Affine2 } from '../geometry/affine2.ts';
import type { TileId } from '../tiles/tile.ts';
import { pairKey } from '../tiles/tile.ts';
import { connectedComponents } from './components.ts';
import { fixGauge } from './gauge.ts';
import { affineOfPose, linkCost, rmsOfCost, sumsStride } from './link-system.ts';
import { pinnedComponents } from './pins.ts';
import type { EdgeReport, SolveReport, TileState } from './pose-graph.ts';
import type { Solve } from './solve-run.ts';
import { placeUnlinked } from './unlinked-tiles.ts';

/** Fixes the gauge, places what no link reaches and writes the answer. */
export function writeReport(
  solve: Solve,
  poses: Float64Array,
  termination: SolveReport['termination'],
  sigma: Float64Array | null,
): SolveReport {
  const { system, stage, active, weights, options, pins } = solve;
  const { label, sizes } = connectedComponents(system.nodes.length, system.from, system.to, active);
  let cost = 0;
  const edges = system.links.map((link, l): EdgeReport => {
    const ofLink = linkCost(system, poses, l);
    const isActive = active[l] !== 0;
    if (isActive) cost += weights[l] * ofLink;
    const edge = {
      pairKey: pairKey(link.pair),
      residualPx: rmsOfCost(system, l, ofLink),
      weight: isActive ? weights[l] : 0,
      removed: !isActive,
    };
    if (system.manual[l] === 1) return { ...edge, manual: true };
    return system.excluded[l] === 1 ? { ...edge, excluded: true } : edge;
  });
  const pinned = pinnedComponents(pins, label);
  fixGauge(options.model, poses, stage, label, sizes, pins);
  placeUnlinked(system, poses, stage, label, sizes, pinned);
  const contested = contestedIslands(solve, label);
  const mosaicFromTile = new Map<TileId, Affine2>();
  const state = new Map<TileId, TileState>();
  const sigmaPx = new Map<TileId, number>();
  const component = new Map<TileId, number>();
  const components: TileId[][] = sizes.map(() => []);
  system.nodes.forEach(({ id, prior }, i) => {
    const isSolved = sizes[label[i]] > 1 && !contested.has(label[i]);
    state.set(id, isSolved ? 'solved' : stage.known[i] === 1 ? 'prior' : 'unplaced');
    if (isSolved || stage.known[i] === 1) {
      mosaicFromTile.set(id, affineOfPose(system, poses, i));
      sigmaPx.set(id, isSolved && sigma !== null ? sigma[i] : prior.sigmaPx);
    }
    component.set(id, label[i]);
    components[label[i]].push(id);
  });
  return {
    mosaicFromTile,
    state,
    sigmaPx,
    component,
    components,
    edges,
    termination,
    iterations: solve.iterations,
    cost,
  };
}

/**
 * Components other than the largest that removed links join to others: where such an island lies is for the stage to say
 * though its inside is held by links. An island that no link ever reached is as solved as the rest.
 */
function contestedIslands({ system, active }: Solve, label: Int32Array): ReadonlySet<number> {
  const contested = new Set<number>();
  for (let l = 0; l < active.length; l++) {
    const [a, b] = [label[system.from[l]], label[system.to[l]]];
    if (a === b || active[l] !== 0 || system.excluded[l] === 1 || !(system.sums[sumsStride * l] > 0)) continue;
    for (const component of [a, b]) if (component !== 0) contested.add(component);
  }
  return contested;
}
