import { errorsNote } from '../../src/core/graph/finish-solve.ts';
import { defaultSolveOptions } from '../../src/core/graph/pose-graph.ts';
import type { PoseGraph, SolveOptions, SolveReport } from '../../src/core/graph/pose-graph.ts';
import { solvePoseGraph } from '../../src/core/graph/solve.ts';
import { silentContext } from '../../src/core/progress.ts';
import type { Progress } from '../../src/core/progress.ts';
import type { SyntheticGraph } from '../../src/core/testing/synthetic-graph.ts';
import type { Cell } from './cells.ts';
import { judge } from './judge.ts';
import type { Judgement } from './judge.ts';
import { testGraph, tileSize } from './test-graph.ts';
import type { TestGraphKind } from './test-graph.ts';

/** What the app does with rigid tiles. */
export const robustRigid: SolveOptions = { ...defaultSolveOptions, model: 'rigid' };

/** A cold solve, the processor and wall time it took, and the processor time until the poses stood. */
export async function timedSolve(
  graph: PoseGraph,
  options: SolveOptions,
): Promise<{
  readonly report: SolveReport;
  readonly cpuS: number;
  readonly posesS: number;
  readonly wallS: number;
}> {
  const start = performance.now();
  const before = process.cpuUsage();
  const cpuS = (): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  let posesS = 0;
  const onProgress = ({ note }: Progress): void => {
    if (note === errorsNote) posesS = cpuS();
  };
  const report = await solvePoseGraph(graph, options, { ...silentContext, onProgress });
  return { report, cpuS: cpuS(), posesS, wallS: (performance.now() - start) / 1000 };
}

export const truthHeader = [
  'tiles',
  'wrong links',
  'seed',
  'processor, s',
  'wall, s',
  'solved',
  'median, px',
  'median with right links alone, px',
  'solved but > 1 px off',
  '… of them also with right links alone',
  '… with the right ones of the links it kept',
  'tiles with two right links that are solved',
  'worst of the others, px',
  'right links refused',
  'wrong links kept',
];

/**
 * One row: a graph solved, and the same graph with its right links alone (what noise leaves), and with those of them that
 * the solve kept (what noise leaves where right links were refused, too).
 */
export async function truthRow(kind: TestGraphKind): Promise<readonly Cell[]> {
  const synthetic = testGraph(kind);
  const { report, cpuS, wallS } = await timedSolve(synthetic.graph, robustRigid);
  const found = judge(synthetic, report, tileSize);
  const isSpoilt = kind.wrongFraction > 0;
  const noise = isSpoilt ? await judgeLinks(synthetic, (l) => !synthetic.wrong[l]) : found;
  const kept = isSpoilt ? await judgeLinks(synthetic, (l) => !synthetic.wrong[l] && !report.edges[l].removed) : found;
  const alsoMissedBy = ({ wrongTiles }: Judgement): number => {
    const missed = new Set(wrongTiles);
    return found.wrongTiles.filter((id) => missed.has(id)).length;
  };
  return [
    kind.tiles,
    kind.wrongFraction,
    kind.seed,
    cpuS.toFixed(1),
    wallS.toFixed(1),
    found.solved,
    found.medianPx.toFixed(3),
    noise.medianPx.toFixed(3),
    found.wrongTiles.length,
    alsoMissedBy(noise),
    alsoMissedBy(kept),
    `${(100 * (1 - found.heldBack.length / Math.max(1, found.holdable))).toFixed(2)} %`,
    found.priorWorstPx.toFixed(0),
    found.rightRemoved,
    found.wrongKept,
  ];
}

/** The judgement of a solve with some of the links alone. */
async function judgeLinks(synthetic: SyntheticGraph, isThere: (l: number) => boolean): Promise<Judgement> {
  const links = synthetic.graph.links.filter((_, l) => isThere(l));
  const wrong = synthetic.wrong.filter((_, l) => isThere(l));
  const graph = { ...synthetic.graph, links };
  return judge({ ...synthetic, graph, wrong }, (await timedSolve(graph, robustRigid)).report, tileSize);
}
