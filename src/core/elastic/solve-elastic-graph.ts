import { applyAffine, composeAffine, determinant, rotationOf } from '../geometry/affine2.ts';
import type { Affine2, Point } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { EdgeReport, GraphNode, PoseGraph, SolveReport } from '../graph/pose-graph.ts';
import type { Link } from '../matching/link.ts';
import type { RunContext } from '../progress.ts';
import { patchVariance } from '../refine/refined-overlap.ts';
import type { RefinedOverlap } from '../refine/refined-overlap.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';
import type { Measurements } from './measurements.ts';
import { solveElasticGrid } from './solve-elastic-grid.ts';
import { defaultElasticOptions } from './solve-elastic.ts';
import type { ElasticOptions, ElasticSolution } from './solve-elastic.ts';

/** How well bent tiles meet, and how much they had to bend. */
export interface ElasticFit {
  /** Median and 90th percentile of the distance of the two places of a patch in the mosaic, px. */
  readonly medianPx: number;
  readonly p90Px: number;
  readonly patches: number;
  /** Median misfit, px, of the four fifths of the patches that a second solve was given and of the fifth that it was not. */
  readonly fittedPx: number;
  readonly heldOutPx: number;
  /** One sigma of the stretch of a mesh: how soft the tiles showed themselves to be (`chooseStiffness`). */
  readonly softness: number;
  /** Singular values of the meshes relative to their tiles' affines: the smallest and the largest anywhere. */
  readonly leastStretch: number;
  readonly mostStretch: number;
  /** Tiles that were made stiffer to stay within the bounds. */
  readonly stiffened: readonly TileId[];
  readonly converged: boolean;
}

/** A solution with bent tiles. */
export interface ElasticReport extends SolveReport {
  readonly meshes: ReadonlyMap<TileId, DisplacementMesh>;
  readonly elastic: ElasticFit;
}

/** Variance of a match along an axis, px²: beside a patch it hardly counts, but where there are none it holds. */
const matchVariance = 1;
/** Neighbouring matches share their error: ten count as one. */
const independentShare = 0.1;
/** An overlap with so many patches needs no matches: their errors are shared by neighbours and would bend the tiles. */
const enoughPatches = 8;
/** A link that the first solve removed is believed again when so many patches agree with the bent tiles. */
const leastAgreeing = 8;
const agreeingShare = 0.6;
/** Meshes are kept to 1/10,000 px: what is shown and what is written to a file are the same. */
const meshSteps = 1e4;

/**
 * Bends the tiles of a solved graph so that the patches of all overlaps meet (`solveElastic`), from the affine solution
 * `start`. Scale, direction and place of each component stay those of the start: the mean area and turn of its tiles,
 * and the mean of their centres. Tiles that nothing measures move with their neighbours.
 *
 * @throws StitchError `numerical-failure`; an abort is rethrown.
 */
export async function solveElasticGraph(
  { nodes, links }: PoseGraph,
  start: SolveReport,
  refined: readonly RefinedOverlap[],
  ctx: RunContext,
  options: ElasticOptions = defaultElasticOptions,
): Promise<ElasticReport> {
  const placed = nodes.flatMap((node): PlacedNode[] => {
    const pose = start.mosaicFromTile.get(node.id);
    return pose && start.state.get(node.id) !== 'unplaced' ? [{ node, pose }] : [];
  });
  placed.sort((p, q) => (p.node.id < q.node.id ? -1 : 1));
  const measured = measurementsOf(placed, links, start, refined);
  const tiles = placed.map(({ node, pose }) => ({ size: node.size, mosaicFromTile: pose }));
  const { solution, chosen } = await solveElasticGrid(tiles, measured.points, measured.isPatch, options, ctx);
  const moved = keepGauge(placed, start, solution, measured.points);
  const patchMisfits = solution.misfits.filter((_, k) => measured.isPatch[k] === 1).sort();
  const quantile = (share: number) =>
    patchMisfits.length === 0 ? 0 : patchMisfits[Math.floor(share * (patchMisfits.length - 1))];
  return {
    ...start,
    mosaicFromTile: new Map([
      ...start.mosaicFromTile,
      ...placed.map(({ node }, i) => [node.id, moved.poses[i]] as const),
    ]),
    meshes: new Map(
      placed.flatMap(({ node }, i) => (isFlat(moved.meshes[i]) ? [] : [[node.id, moved.meshes[i]] as const])),
    ),
    edges: edgesOf(start.edges, measured, solution),
    elastic: {
      medianPx: quantile(0.5),
      p90Px: quantile(0.9),
      patches: patchMisfits.length,
      fittedPx: chosen.fittedPx,
      heldOutPx: chosen.heldOutPx,
      softness: chosen.stiffness.stretch,
      leastStretch: solution.leastStretch,
      mostStretch: solution.mostStretch,
      stiffened: solution.stiffened.map((i) => placed[i].node.id),
      converged: solution.converged,
    },
  };
}

interface PlacedNode {
  readonly node: GraphNode;
  readonly pose: Affine2;
}

interface Measured {
  readonly points: Measurements;
  readonly isPatch: Uint8Array;
  /** Keys of the overlaps. */
  readonly keys: readonly string[];
}

/** Patches of all overlaps, and the inliers of the links that the start believes, in the order of pair keys. */
function measurementsOf(
  placed: readonly PlacedNode[],
  links: readonly Link[],
  start: SolveReport,
  refined: readonly RefinedOverlap[],
): Measured {
  const index = new Map(placed.map(({ node }, i) => [node.id, i]));
  const removed = new Set(start.edges.filter((edge) => edge.removed).map((edge) => edge.pairKey));
  const patchesOf = new Map(refined.map((overlap) => [pairKey(overlap.pair), overlap]));
  const linkOf = new Map(links.map((link) => [pairKey(link.pair), link]));
  const keys = [...new Set([...patchesOf.keys(), ...linkOf.keys()])].sort();
  const columns = { from: [] as number[], to: [] as number[], starts: [0] };
  const [a, b, weight, isPatch]: number[][] = [[], [], [], []];
  const used: string[] = [];
  for (const key of keys) {
    const overlap = patchesOf.get(key);
    const link = linkOf.get(key);
    const pair = overlap?.pair ?? link?.pair;
    const from = pair && index.get(pair.a);
    const to = pair && index.get(pair.b);
    if (from === undefined || to === undefined) continue;
    const add = (points: { readonly a: Float32Array; readonly b: Float32Array }, k: number, variance: number) => {
      a.push(points.a[2 * k], points.a[2 * k + 1]);
      b.push(points.b[2 * k], points.b[2 * k + 1]);
      weight.push(1 / variance);
    };
    if (overlap)
      for (let k = 0; k < overlap.correlation.length; k++) {
        add(overlap, k, patchVariance(overlap, k));
        isPatch.push(1);
      }
    if (link && !removed.has(key) && (overlap?.correlation.length ?? 0) < enoughPatches)
      for (let k = 0; k < link.inlierMask.length; k++) {
        if (link.inlierMask[k] === 0) continue;
        add(link.correspondences, k, matchVariance / independentShare);
        isPatch.push(0);
      }
    columns.from.push(from);
    columns.to.push(to);
    columns.starts.push(weight.length);
    used.push(key);
  }
  return {
    points: {
      from: Int32Array.from(columns.from),
      to: Int32Array.from(columns.to),
      starts: Int32Array.from(columns.starts),
      a: Float32Array.from(a),
      b: Float32Array.from(b),
      weight: Float32Array.from(weight),
    },
    isPatch: Uint8Array.from(isPatch),
    keys: used,
  };
}

/** What the bent tiles leave of each link; a removed link whose patches agree is a link again. */
function edgesOf(edges: readonly EdgeReport[], { keys, points, isPatch }: Measured, solution: ElasticSolution) {
  const overlapOf = new Map(keys.map((key, l) => [key, l]));
  return edges.map((edge): EdgeReport => {
    const l = overlapOf.get(edge.pairKey);
    if (l === undefined) return edge;
    let [squares, weights, patches, agreeing] = [0, 0, 0, 0];
    for (let k = points.starts[l]; k < points.starts[l + 1]; k++) {
      const w = points.weight[k] * solution.robust[k];
      squares += w * solution.misfits[k] ** 2;
      weights += w;
      patches += isPatch[k];
      agreeing += isPatch[k] * solution.robust[k];
    }
    if (!(weights > 0)) return edge;
    const isBelieved = agreeing >= leastAgreeing && agreeing >= agreeingShare * patches;
    if (edge.removed && !isBelieved) return edge;
    const weight = patches > 0 ? agreeing / patches : edge.weight;
    return { ...edge, residualPx: Math.sqrt(squares / weights), weight, removed: false };
  });
}

/** Lays each component on its start by a similarity, and moves tiles that nothing measures along. */
function keepGauge(
  placed: readonly PlacedNode[],
  start: SolveReport,
  solution: ElasticSolution,
  { from, to, starts }: Measurements,
): { readonly poses: readonly Affine2[]; readonly meshes: readonly DisplacementMesh[] } {
  const isMeasured = new Uint8Array(placed.length);
  for (let l = 0; l < from.length; l++) if (starts[l + 1] > starts[l]) isMeasured[from[l]] = isMeasured[to[l]] = 1;
  const members = new Map<number, number[]>();
  placed.forEach(({ node }, i) => {
    if (isMeasured[i] === 0) return;
    const component = start.component.get(node.id) ?? 0;
    members.set(component, [...(members.get(component) ?? []), i]);
  });
  const poses = [...solution.poses];
  const meshes = [...solution.meshes];
  for (const tiles of members.values()) {
    const gauge = gaugeOf(tiles, placed, solution.poses);
    for (const i of tiles) {
      poses[i] = composeAffine(gauge, poses[i]);
      meshes[i] = turnMesh(gauge, meshes[i]);
    }
  }
  const centresBefore = placed.map(({ node, pose }) => centreUnder(pose, node));
  const shifts = placed.map(({ node }, i) => {
    const now = centreUnder(poses[i], node);
    return { x: now.x - centresBefore[i].x, y: now.y - centresBefore[i].y };
  });
  placed.forEach(({ pose }, i) => {
    if (isMeasured[i] === 1) return;
    const shift = shiftOfNearest(centresBefore[i], centresBefore, shifts, isMeasured);
    poses[i] = { ...pose, e: pose.e + shift.x, f: pose.f + shift.y };
  });
  return { poses, meshes };
}

function centreUnder(pose: Affine2, { size }: GraphNode): Point {
  return applyAffine(pose, (size.width - 1) / 2, (size.height - 1) / 2);
}

/** The similarity that gives the tiles the mean area of their pixels, 1, and the start's mean turn and mean centre. */
function gaugeOf(tiles: readonly number[], placed: readonly PlacedNode[], poses: readonly Affine2[]): Affine2 {
  let [logArea, sine, cosine] = [0, 0, 0];
  const before = { x: 0, y: 0 };
  const after = { x: 0, y: 0 };
  for (const i of tiles) {
    const { node, pose } = placed[i];
    logArea += Math.log(Math.max(1e-6, determinant(poses[i])));
    const turn = rotationOf(pose) - rotationOf(poses[i]);
    sine += Math.sin(turn);
    cosine += Math.cos(turn);
    const [p, q] = [centreUnder(pose, node), centreUnder(poses[i], node)];
    before.x += p.x / tiles.length;
    before.y += p.y / tiles.length;
    after.x += q.x / tiles.length;
    after.y += q.y / tiles.length;
  }
  const scale = Math.exp(-logArea / (2 * tiles.length));
  const angle = Math.atan2(sine, cosine);
  const [a, b] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  return { a, b, c: -b, d: a, e: before.x - (a * after.x - b * after.y), f: before.y - (b * after.x + a * after.y) };
}

function turnMesh({ a, b, c, d }: Affine2, { columns, rows, dx, dy }: DisplacementMesh): DisplacementMesh {
  const round = (value: number) => Math.round(value * meshSteps) / meshSteps + 0;
  const length = columns * rows;
  return {
    columns,
    rows,
    dx: Float64Array.from({ length }, (_, k) => round(a * dx[k] + c * dy[k])),
    dy: Float64Array.from({ length }, (_, k) => round(b * dx[k] + d * dy[k])),
  };
}

function isFlat({ dx, dy }: DisplacementMesh): boolean {
  return dx.every((value) => value === 0) && dy.every((value) => value === 0);
}

/** How far the nearest measured tile moved. */
function shiftOfNearest(
  centre: Point,
  centres: readonly Point[],
  shifts: readonly Point[],
  isMeasured: Uint8Array,
): Point {
  let [nearest, least] = [-1, Infinity];
  for (let i = 0; i < centres.length; i++) {
    const distance = Math.hypot(centres[i].x - centre.x, centres[i].y - centre.y);
    if (isMeasured[i] === 1 && distance < least) [nearest, least] = [i, distance];
  }
  return nearest === -1 ? { x: 0, y: 0 } : shifts[nearest];
}
