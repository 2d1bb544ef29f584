import { applyAffine } from '../../src/core/geometry/affine2.ts';
import { noEdits } from '../../src/core/graph/graph-edits.ts';
import type { SolveReport } from '../../src/core/graph/pose-graph.ts';
import { resolvePoseGraph, solveForEdits } from '../../src/core/graph/resolve.ts';
import { silentContext } from '../../src/core/progress.ts';
import { seededRandom } from '../../src/core/testing/synthetic-graph.ts';
import { pairKey } from '../../src/core/tiles/tile.ts';
import type { Cell } from './cells.ts';
import { medianOf } from './cells.ts';
import { testGraph, tileSize } from './test-graph.ts';
import type { TestGraphKind } from './test-graph.ts';
import { robustRigid, timedSolve } from './truth.ts';

/** Links that are left out in turn, each alone; the warm solves of the first few are compared with cold ones. */
const exclusions = 12;
const compared = 4;

export const excludeHeader = [
  'tiles',
  'wrong links',
  'seed',
  'cold, processor s',
  'warm after leaving out one link: median, processor s',
  'slowest of 12',
  'furthest corner from the cold solve, px',
  'largest difference of sigmaPx',
  'tiles in another state',
  'links judged otherwise',
];

/** One row: links drawn at random (every other one among the refused, if there are any) are left out, each alone. */
export async function excludeRow(kind: TestGraphKind): Promise<readonly Cell[]> {
  const { graph } = testGraph(kind);
  const draw = seededRandom(kind.seed + 1000);
  const solved = await solveForEdits(graph, robustRigid, silentContext);
  const refused = graph.links.flatMap((_, l) => (solved.report.edges[l].removed ? [l] : []));
  const times: number[] = [];
  const coldS: number[] = [];
  const worst = { corner: 0, sigma: 0, states: 0, links: 0 };
  for (let e = 0; e < exclusions; e++) {
    const among = e % 2 === 1 && refused.length > 0 ? refused : graph.links.map((_, l) => l);
    const { pair } = graph.links[among[Math.floor(draw.uniform() * among.length)]];
    const edits = { ...noEdits, excludedLinks: new Set([pairKey(pair)]) };
    const before = process.cpuUsage();
    const warm = await resolvePoseGraph(solved, edits, silentContext);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1e6);
    if (e >= compared) continue;
    const cold = await timedSolve({ ...graph, edits }, robustRigid);
    coldS.push(cold.cpuS);
    const found = compare(warm.report, cold.report);
    worst.corner = Math.max(worst.corner, found.corner);
    worst.sigma = Math.max(worst.sigma, found.sigma);
    worst.states += found.states;
    worst.links += found.links;
  }
  return [
    kind.tiles,
    kind.wrongFraction,
    kind.seed,
    medianOf(coldS).toFixed(2),
    medianOf(times).toFixed(2),
    Math.max(...times).toFixed(2),
    worst.corner.toExponential(1),
    worst.sigma.toExponential(1),
    worst.states,
    worst.links,
  ];
}

function compare(warm: SolveReport, cold: SolveReport) {
  let corner = 0;
  let sigma = 0;
  let states = 0;
  for (const [id, pose] of cold.mosaicFromTile) {
    const other = warm.mosaicFromTile.get(id);
    if (other === undefined || warm.state.get(id) !== cold.state.get(id)) {
      states++;
      continue;
    }
    for (const [x, y] of [
      [0, 0],
      [tileSize.width - 1, tileSize.height - 1],
    ]) {
      const p = applyAffine(pose, x, y);
      const q = applyAffine(other, x, y);
      corner = Math.max(corner, Math.hypot(p.x - q.x, p.y - q.y));
    }
    const stated = cold.sigmaPx.get(id) ?? 0;
    sigma = Math.max(sigma, Math.abs((warm.sigmaPx.get(id) ?? 0) - stated) / Math.max(1e-9, stated));
  }
  const links = cold.edges.filter((edge, l) => edge.removed !== warm.edges[l].removed).length;
  return { corner, sigma, states, links };
}
