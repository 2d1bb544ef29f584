import { connectedComponents } from '../../src/core/graph/components.ts';
import { findWeakLinks } from '../../src/core/graph/cut-pairs.ts';
import type { Cell } from './cells.ts';
import { testGraph } from './test-graph.ts';
import type { TestGraphKind } from './test-graph.ts';

export const reachHeader = [
  'tiles',
  'wrong links',
  'seed',
  'tiles with two right links',
  'right links join them to the largest part',
  '… and not by one alone',
];

/** One row, without a solve: how many tiles one who knows which links are right could place. */
export function reachRow(kind: TestGraphKind): Promise<readonly Cell[]> {
  const { graph, wrong } = testGraph(kind);
  const index = new Map(graph.nodes.map(({ id }, i) => [id, i]));
  const from = Int32Array.from(graph.links, ({ pair }) => index.get(pair.a) ?? 0);
  const to = Int32Array.from(graph.links, ({ pair }) => index.get(pair.b) ?? 0);
  const right = Uint8Array.from(wrong, (isWrong) => (isWrong ? 0 : 1));
  const count = new Int32Array(graph.nodes.length);
  for (let l = 0; l < from.length; l++)
    if (right[l] === 1) {
      count[from[l]]++;
      count[to[l]]++;
    }
  const held = [...count.keys()].filter((i) => count[i] >= 2);
  const reached = (links: Uint8Array): string => {
    const { label } = connectedComponents(count.length, from, to, links);
    return `${((100 * held.filter((i) => label[i] === 0).length) / held.length).toFixed(2)} %`;
  };
  const firm = right.slice();
  for (const l of findWeakLinks(count.length, from, to, right).bridges) firm[l] = 0;
  return Promise.resolve([kind.tiles, kind.wrongFraction, kind.seed, held.length, reached(right), reached(firm)]);
}
