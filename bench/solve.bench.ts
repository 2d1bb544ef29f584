import { defaultSolveOptions } from '../src/core/graph/pose-graph.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import { silentContext } from '../src/core/progress.ts';
import { makeSyntheticGraph } from '../src/core/testing/synthetic-graph.ts';
import type { SyntheticGraph } from '../src/core/testing/synthetic-graph.ts';
import { markdownTable, writeBetweenMarkers } from './markdown.ts';
import { judge } from './solve/judge.ts';

const size = { width: 1000, height: 800 };
const options = { ...defaultSolveOptions, model: 'rigid' as const };

/** Tiles of the graphs; square grids. */
const sides: Readonly<Record<string, number>> = { '100': 10, '1000': 32, '10000': 100, '100000': 316 };

/** A grid as the issue states it: link noise 0.1 px and 0.01°, stage error 10 px, half of the wrong links a period off. */
function testGraph(side: number, wrongFraction: number, periodPx: number, seed: number): SyntheticGraph {
  return makeSyntheticGraph({
    ...size,
    rows: side,
    columns: side,
    model: 'rigid',
    stageSigmaPx: 10,
    linkSigmaPx: 0.1,
    linkSigmaRad: (0.01 * Math.PI) / 180,
    wrongFraction,
    wrongWindowPx: 100,
    periodPx,
    seed,
  });
}

async function timed(graph: SyntheticGraph['graph']) {
  const start = performance.now();
  const before = process.cpuUsage();
  const report = await solvePoseGraph(graph, options, silentContext);
  const { user, system } = process.cpuUsage(before);
  return { report, cpuS: (user + system) / 1e6, wallS: (performance.now() - start) / 1000 };
}

/** One row of the table: a graph solved, and the same graph with its right links alone (what noise leaves). */
async function row(tiles: string, wrongFraction: number, periodPx: number, seed: number) {
  const synthetic = testGraph(sides[tiles] ?? 10, wrongFraction, periodPx, seed);
  const { report, cpuS, wallS } = await timed(synthetic.graph);
  const found = judge(synthetic, report, size);
  const right = synthetic.graph.links.filter((_, l) => !synthetic.wrong[l]);
  const oracle = { ...synthetic, graph: { ...synthetic.graph, links: right }, wrong: right.map(() => false) };
  const noise = wrongFraction === 0 ? found : judge(oracle, (await timed(oracle.graph)).report, size);
  const missedByNoise = new Set(noise.wrongTiles);
  return [
    tiles,
    wrongFraction,
    seed,
    cpuS.toFixed(1),
    wallS.toFixed(1),
    found.solved,
    found.medianPx.toFixed(3),
    noise.medianPx.toFixed(3),
    found.wrongTiles.length,
    found.wrongTiles.filter((id) => missedByNoise.has(id)).length,
    `${(100 * (1 - found.heldBack.length / Math.max(1, found.holdable))).toFixed(2)} %`,
    found.priorWorstPx.toFixed(0),
    found.rightRemoved,
    found.wrongKept,
  ];
}

const header = [
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
  'tiles with two right links that are solved',
  'worst of the others, px',
  'right links refused',
  'wrong links kept',
];

function numbersOf(args: readonly string[], flag: string, fallback: readonly number[]): readonly number[] {
  const at = args.indexOf(flag);
  return at === -1 ? fallback : (args[at + 1] ?? '').split(',').map(Number);
}

/**
 * Solves generated graphs of known truth: `--tiles 100,1000,10000`, `--wrong 0,0.1,0.3`, `--seeds 10` (how many),
 * `--period 80` (px), `--write` (into docs/solver.md).
 */
export async function run(args: readonly string[]): Promise<void> {
  const seeds = numbersOf(args, '--seeds', [10])[0];
  const [period] = numbersOf(args, '--period', [80]);
  const rows: (string | number)[][] = [];
  console.log(header.join(' | '));
  for (const tiles of numbersOf(args, '--tiles', [100, 1000, 10000]))
    for (const wrong of numbersOf(args, '--wrong', [0, 0.1, 0.3]))
      for (let seed = 1; seed <= seeds; seed++) {
        rows.push(await row(String(tiles), wrong, period, seed));
        console.log(rows[rows.length - 1].join(' | '));
      }
  if (!args.includes('--write')) return;
  const command = `\`npm run bench -- solve ${args.join(' ')}\`, Node ${process.versions.node}, one thread.`;
  await writeBetweenMarkers('docs/solver.md', 'solve', `${markdownTable(header, rows)}\n\n${command}`);
}
