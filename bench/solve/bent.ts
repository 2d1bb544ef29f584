import { defaultSolveOptions } from '../../src/core/graph/pose-graph.ts';
import { solvePoseGraph } from '../../src/core/graph/solve.ts';
import type { TransformModel } from '../../src/core/matching/link.ts';
import { silentContext } from '../../src/core/progress.ts';
import { bentGraph } from '../../src/core/testing/bent-graph.ts';
import type { Bending } from '../../src/core/testing/bent-graph.ts';
import type { Cell } from './cells.ts';
import type { TestGraphKind } from './test-graph.ts';

const turned = { linearSigma: 0, rotationSigmaRad: 0.005, lineStartPx: 0, smoothPx: 0 };

const bendings: Readonly<Record<string, Bending>> = {
  'turned by 0.3°': turned,
  'turned by 1.1°': { ...turned, rotationSigmaRad: 0.02 },
  'stretched and sheared by 1 %': { ...turned, linearSigma: 0.01 },
  'stretched and sheared by 2 %': { ...turned, linearSigma: 0.02 },
  'lines start 12 px late': { ...turned, linearSigma: 0.003, rotationSigmaRad: 0.01, lineStartPx: 12 },
  'bent by 3 px': { ...turned, smoothPx: 3 },
  'bent by 6 px': { ...turned, smoothPx: 6 },
  'bent by 10 px': { ...turned, smoothPx: 10 },
};

const models: readonly TransformModel[] = ['translation', 'rigid', 'affine'];
/** Grids of more tiles show nothing more. */
const mostTiles = 400;

export const bentHeader = [
  'tiles',
  'each tile is',
  'wrong links',
  'grids',
  'right links',
  ...models.flatMap((model) => [`${model}: right links refused`, 'wrong ones kept', 'tiles not solved']),
];

/** Rows of all distortions for each size of grid and share of wrong links, summed over the seeds. */
export async function* bentRows(kinds: readonly TestGraphKind[]): AsyncGenerator<readonly Cell[]> {
  const groups = new Map<string, TestGraphKind[]>();
  for (const kind of kinds) {
    if (kind.tiles > mostTiles) continue;
    const key = `${kind.tiles} ${kind.wrongFraction}`;
    groups.set(key, [...(groups.get(key) ?? []), kind]);
  }
  for (const group of groups.values())
    for (const [name, bending] of Object.entries(bendings)) yield await bentRow(name, bending, group);
}

async function bentRow(name: string, bending: Bending, kinds: readonly TestGraphKind[]): Promise<readonly Cell[]> {
  const across = Math.round(Math.sqrt(kinds[0].tiles));
  const graphs = kinds.map(({ wrongFraction, seed }) => bentGraph(bending, across, wrongFraction, seed));
  const wrongLinks = graphs.reduce((sum, { wrong }) => sum + wrong.filter(Boolean).length, 0);
  const rightLinks = graphs.reduce((sum, { wrong }) => sum + wrong.length, -wrongLinks);
  const cells: Cell[] = [];
  for (const model of models) {
    const found = { refused: 0, kept: 0, unsolved: 0 };
    for (const { graph, wrong } of graphs) {
      const report = await solvePoseGraph(graph, { ...defaultSolveOptions, model }, silentContext);
      found.refused += report.edges.filter(({ removed }, l) => removed && !wrong[l]).length;
      found.kept += report.edges.filter(({ removed }, l) => !removed && wrong[l]).length;
      found.unsolved += [...report.state.values()].filter((state) => state !== 'solved').length;
    }
    cells.push(found.refused, wrongLinks === 0 ? '' : `${found.kept} of ${wrongLinks}`, found.unsolved);
  }
  return [across * across, name, kinds[0].wrongFraction, kinds.length, rightLinks, ...cells];
}
