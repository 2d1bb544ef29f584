import { placeErrors } from '../../src/core/testing/synthetic-graph.ts';
import type { Ceres } from '../ceres/ceres.ts';
import type { Cell } from './cells.ts';
import { medianOf } from './cells.ts';
import { testGraph, tileSize } from './test-graph.ts';
import type { TestGraphKind } from './test-graph.ts';
import { robustRigid, timedSolve } from './truth.ts';

/** Plain least squares: nothing is weighed down, nothing removed. */
const noLoss = { ...robustRigid, removal: null, robustScalePx: Infinity };
/** Turns of each solver on a graph without loss; one with. */
const turns = 7;

export const besideCeresHeader = [
  'tiles',
  'wrong links',
  'loss',
  'ours to the poses, processor s',
  'with sigmaPx and report',
  'Ceres, processor s',
  'poses / Ceres',
  'all / Ceres',
  'Ceres, iterations',
  'cost, ours',
  'cost, Ceres',
  'difference',
  'median error, ours, px',
  'median error, Ceres, px',
  'Ceres, peak MB',
];

/**
 * One graph by both solvers, taking turns; the medians of their processor times count. Ours starts at the graph of objects
 * and is timed twice: until the poses stand, and with the report and every tile's `sigmaPx`, which Ceres is not asked for.
 * Ceres goes from flat arrays of the square roots of the moment matrices to the poses.
 */
export async function besideCeresRow(kind: TestGraphKind, ceres: Ceres): Promise<readonly Cell[]> {
  const { graph, truth } = testGraph(kind);
  const isRobust = kind.wrongFraction > 0;
  const options = isRobust ? robustRigid : noLoss;
  const ids = graph.nodes.map(({ id }) => id);
  const run = async () => ({
    ours: await timedSolve(graph, options),
    theirs: await ceres.solve(graph, isRobust ? options.robustScalePx : 0),
  });
  const all = [await run()];
  for (let turn = 1; turn < (isRobust ? 1 : turns); turn++) all.push(await run());
  const [{ ours, theirs }] = all;
  const oursS = medianOf(all.map((one) => one.ours.cpuS));
  const posesS = medianOf(all.map((one) => one.ours.posesS));
  const theirsS = medianOf(all.map((one) => one.theirs.report.cpuS));
  const errorOf = (poses: typeof theirs.mosaicFromTile) =>
    medianOf(placeErrors(poses, truth, ids, tileSize, 'rigid', 'corners')).toFixed(3);
  const difference = Math.abs(ours.report.cost / theirs.report.cost - 1);
  return [
    kind.tiles,
    kind.wrongFraction,
    isRobust ? 'ours robust, Ceres Huber' : 'none',
    posesS.toFixed(2),
    oursS.toFixed(2),
    theirsS.toFixed(2),
    (posesS / theirsS).toFixed(2),
    (oursS / theirsS).toFixed(2),
    `${theirs.report.iterations}${theirs.report.converged ? '' : ', not converged'}`,
    isRobust ? '' : ours.report.cost.toFixed(4),
    isRobust ? '' : theirs.report.cost.toFixed(4),
    isRobust ? '' : difference.toExponential(1),
    errorOf(ours.report.mosaicFromTile),
    errorOf(theirs.mosaicFromTile),
    Math.round(theirs.report.peakBytes / 2 ** 20),
  ];
}
