import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Affine2 } from '../../src/core/geometry/affine2.ts';
import { affineOfPose, buildLinkSystem, poseStride, sumsStride } from '../../src/core/graph/link-system.ts';
import type { LinkSystem } from '../../src/core/graph/link-system.ts';
import type { PoseGraph } from '../../src/core/graph/pose-graph.ts';
import { stagePoses } from '../../src/core/graph/stage.ts';
import type { TileId } from '../../src/core/tiles/tile.ts';

/** What the C++ program prints of a solve. */
export interface CeresReport {
  readonly version: string;
  readonly converged: boolean;
  readonly iterations: number;
  /** Σ w|r|² as ours, px²; with a Huber loss that loss's. */
  readonly cost: number;
  /** Processor time of building the problem and solving it, s. */
  readonly cpuS: number;
  /** Residuals it was given. */
  readonly residuals: number;
  /** Peak memory of its process, bytes. */
  readonly peakBytes: number;
}

/** Ceres as a program of its own that reads a graph. */
export interface Ceres {
  /** @param robustPx scale of the Huber loss on a link's rms residual, px; 0 for plain least squares. */
  readonly solve: (
    graph: PoseGraph,
    robustPx: number,
  ) => Promise<{ readonly report: CeresReport; readonly mosaicFromTile: ReadonlyMap<TileId, Affine2> }>;
  readonly close: () => Promise<void>;
}

/** Compiles `solve_graph.cpp`; a sentence that says what is missing where it cannot be. */
export async function startCeres(): Promise<Ceres | string> {
  const folder = await mkdtemp(join(tmpdir(), 'ceres-bench-'));
  const close = () => rm(folder, { recursive: true, force: true });
  const program = join(folder, 'solve-graph');
  const source = fileURLToPath(new URL('solve_graph.cpp', import.meta.url));
  const flags = ['-O3', '-DNDEBUG', '-std=c++17', '-I/usr/include/eigen3'];
  try {
    execFileSync('g++', [...flags, source, '-lceres', '-lglog', '-o', program], { stdio: 'pipe' });
  } catch (cause) {
    await close();
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    return isAbsent ? 'g++ is absent' : 'g++ does not find Ceres (libceres-dev)';
  }
  const solve: Ceres['solve'] = async (graph, robustPx) => {
    const system = buildLinkSystem(graph.nodes, graph.links, 'rigid');
    const [input, output] = [join(folder, 'graph'), join(folder, 'poses')];
    await writeFile(input, graphFile(system));
    const { stdout } = await promisify(execFile)(program, [input, output, String(robustPx)], {
      env: { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
    });
    const { buffer, byteOffset, byteLength } = Uint8Array.from(await readFile(output));
    const poses = new Float64Array(buffer, byteOffset, byteLength / 8);
    return { report: JSON.parse(stdout) as CeresReport, mosaicFromTile: affinesOf(system, poses) };
  };
  return { solve, close };
}

/** The doubles that the program reads: see its head. */
function graphFile(system: LinkSystem): Float64Array {
  const { poses } = stagePoses(system);
  const [tiles, links] = [system.nodes.length, system.links.length];
  const values = new Float64Array(2 + 3 * tiles + (2 + sumsStride) * links);
  values.set([tiles, links]);
  for (let i = 0; i < tiles; i++) {
    const o = poseStride * i;
    values.set([poses[o], poses[o + 1], Math.atan2(poses[o + 3], poses[o + 2])], 2 + 3 * i);
  }
  for (let l = 0; l < links; l++) {
    const at = 2 + 3 * tiles + (2 + sumsStride) * l;
    values.set([system.from[l], system.to[l]], at);
    values.set(system.sums.subarray(sumsStride * l, sumsStride * (l + 1)), at + 2);
  }
  return values;
}

function affinesOf(system: LinkSystem, places: Float64Array): ReadonlyMap<TileId, Affine2> {
  const poses = new Float64Array(poseStride * system.nodes.length);
  for (let i = 0; i < system.nodes.length; i++) {
    const [cos, sin] = [Math.cos(places[3 * i + 2]), Math.sin(places[3 * i + 2])];
    poses.set([places[3 * i], places[3 * i + 1], cos, sin, -sin, cos], poseStride * i);
  }
  return new Map(system.nodes.map(({ id }, i) => [id, affineOfPose(system, poses, i)]));
}
