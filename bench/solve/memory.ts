import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cell } from './cells.ts';
import { testGraph } from './test-graph.ts';
import type { TestGraphKind } from './test-graph.ts';
import { robustRigid, timedSolve } from './truth.ts';

export const memoryHeader = [
  'tiles',
  'wrong links',
  'seed',
  'processor, s',
  'peak memory before the solve, MB',
  'peak memory, MB',
  'tiles solved',
];

/** One row: a robust solve in a process of its own, which makes the graph as well, and the most that process ever held. */
export async function memoryRow(kind: TestGraphKind): Promise<readonly Cell[]> {
  const script = fileURLToPath(new URL('../solve.bench.ts', import.meta.url));
  const code = `const { alone } = await import(${JSON.stringify(script)}); await alone(${JSON.stringify(kind)});`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as readonly Cell[];
}

/** What the process of a row prints. */
export async function memoryAlone(kind: TestGraphKind): Promise<readonly Cell[]> {
  const { graph } = testGraph(kind);
  const peakMb = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
  const before = peakMb();
  const { report, cpuS } = await timedSolve(graph, robustRigid);
  const solved = [...report.state.values()].filter((state) => state === 'solved').length;
  return [kind.tiles, kind.wrongFraction, kind.seed, cpuS.toFixed(1), before, peakMb(), solved];
}
