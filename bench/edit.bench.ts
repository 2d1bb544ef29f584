import { effectOf } from '../src/core/edits/edit-effect.ts';
import { graphEdits } from '../src/core/edits/apply-edits.ts';
import { addEdit, type Edit, type EditList } from '../src/core/edits/edit.ts';
import { editedMosaic } from '../src/core/edits/edited-mosaic.ts';
import { measuredPairs, solutionError } from '../src/core/edits/solution-error.ts';
import { defaultSolveOptions } from '../src/core/graph/pose-graph.ts';
import { resolvePoseGraph, solveForEdits, type SolvedGraph } from '../src/core/graph/resolve.ts';
import { silentContext } from '../src/core/progress.ts';
import { gridTileId, makeSyntheticGraph } from '../src/core/testing/synthetic-graph.ts';
import type { Tile } from '../src/core/tiles/tile.ts';
import { plainTile } from '../src/core/testing/plain-tile.ts';

/**
 * Times an edit from the click to the new mosaic: the list to the solver's edits, the warm solve, the error before and
 * after, and the placements; drawing the visible chunks is not in it. Wall and processor time, median of the edits.
 */
export async function run(): Promise<readonly object[]> {
  const rows: object[] = [];
  for (const side of [10, 50]) rows.push(...(await benchGrid(side)));
  return rows;
}

async function benchGrid(side: number): Promise<readonly object[]> {
  const { graph } = makeSyntheticGraph({
    rows: side,
    columns: side,
    model: 'affine',
    linearSigma: 0.002,
    matchSigmaPx: 0.3,
    wrongFraction: 0.02,
  });
  const tiles: readonly Tile[] = graph.nodes.map(({ id, size }) => plainTile(id, size));
  const poses = new Map(graph.nodes.map(({ id, prior }) => [id, prior.pose]));
  const layout = { kind: 'positions', poses, sigmaPx: 10 } as const;
  const began = performance.now();
  let solved = await solveForEdits({ ...graph }, defaultSolveOptions, silentContext);
  const coldMs = performance.now() - began;
  const middle = side >> 1;
  const [a, b] = [gridTileId(middle, middle), gridTileId(middle, middle + 1)];
  const landmark = (y: number): Edit => ({
    kind: 'landmark',
    a,
    b,
    inA: { x: 950, y },
    inB: { x: 50, y },
    sigmaPx: 0.1,
  });
  const edits: readonly (readonly [string, Edit])[] = [
    ['exclude a link', { kind: 'exclude-link', a: gridTileId(1, 1), b: gridTileId(1, 2) }],
    ['set a landmark', landmark(100)],
    ['set another', landmark(700)],
    [
      'pin a tile',
      { kind: 'pin-tile', tile: a, pose: { x: middle * 900, y: middle * 720, thetaRad: 0 }, sigmaPx: 0.05 },
    ],
    ['put a tile on top', { kind: 'raise-tile', tile: b }],
  ];
  const rows: object[] = [];
  let list: EditList = [];
  for (const [name, edit] of edits) {
    list = addEdit(list, edit);
    const before: SolvedGraph = solved;
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    const effect = effectOf(list);
    const said = graphEdits(graph, effect);
    solved = await resolvePoseGraph(solved, said, silentContext);
    const measured = measuredPairs({ ...graph, edits: said }, solved.report);
    solutionError(measured, before.report.mosaicFromTile);
    solutionError(measured, solved.report.mosaicFromTile);
    editedMosaic({ tiles, layout, topmost: 'first', effect }, solved.report, new Map());
    const used = process.cpuUsage(cpu);
    rows.push({
      tiles: side * side,
      edit: name,
      'wall ms': Math.round(performance.now() - wall),
      'cpu ms': Math.round((used.user + used.system) / 1000),
      'cold solve ms': Math.round(coldMs),
    });
  }
  return rows;
}
