import { StitchError } from '../errors.ts';
import { applyAffine, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import { cauchyWeight, gemanMcClureWeight, medianOf } from '../graph/robust-loss.ts';
import type { RunContext } from '../progress.ts';
import { solveByConjugateGradients } from './conjugate-gradients.ts';
import type { CgTolerance } from './conjugate-gradients.ts';
import {
  displacementOf,
  meshSum,
  movedPose,
  rigidPart,
  setAffineUnknowns,
  sharedDisplacement,
} from './displaced-tile.ts';
import { addKnown, distances, rightSide } from './elastic-misfits.ts';
import { factoriseElastic } from './elastic-preconditioner.ts';
import type { CoarseFactor } from './elastic-preconditioner.ts';
import { assembleElastic, createElasticSystem } from './elastic-system.ts';
import { misfitsOf, misfitsUnder } from './measurements.ts';
import type { Measurements } from './measurements.ts';
import type { Stiffness } from './mesh-stiffness.ts';
import { meshStretches, relaxMesh } from './mesh-stretch.ts';
import { scanLattice, slowLattice } from './tile-unknowns.ts';
import type { Lattice } from './tile-unknowns.ts';

/** A tile as the elastic solve takes and gives it. */
export interface ElasticTile {
  readonly size: Size;
  readonly mosaicFromTile: Affine2;
}

/** What the elastic solve is asked for. */
export interface ElasticOptions {
  readonly stiffness: Stiffness;
  /** Of the mesh that all tiles share; null = none, and meshes that follow slow bending alone (it is left out, too, where tiles differ in size or are turned against each other). */
  readonly shared: Stiffness | null;
  /** Least scale of the robust loss on a patch's misfit, px. */
  readonly robustScalePx: number;
  /** Bounds on the singular values of the mesh relative to its tile's affine; a tile beyond them is made stiffer. */
  readonly leastStretch: number;
  readonly mostStretch: number;
  /** A mesh that all tiles are known to share: it is not solved for, and their own lattices follow slow bending alone. */
  readonly known?: DisplacementMesh;
  /** A quick look: one round of few re-weightings, nothing made stiffer. */
  readonly isProbe?: boolean;
}

export const defaultElasticOptions: ElasticOptions = {
  stiffness: { stretch: 1e-3, bend: 1.5e-3, linear: 4e-3 },
  shared: { stretch: 5e-2, bend: 5e-3, linear: Infinity },
  robustScalePx: 1,
  leastStretch: 0.9,
  mostStretch: 1.1,
};

/** What came out, and how. */
export interface ElasticSolution {
  /** One a tile, in the order given. */
  readonly poses: readonly Affine2[];
  readonly meshes: readonly DisplacementMesh[];
  /** The part of the meshes that all tiles share; null when there is none. */
  readonly shared: DisplacementMesh | null;
  /** [N] distance of the two places of each measurement in the mosaic, px. */
  readonly misfits: Float64Array;
  /** [N] factor 0…1 of the robust loss. */
  readonly robust: Float64Array;
  /** Singular values of the meshes relative to their affines: the smallest and the largest anywhere. */
  readonly leastStretch: number;
  readonly mostStretch: number;
  /** Indices of tiles that had to be made stiffer to stay within the bounds. */
  readonly stiffened: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
}

/** Re-weightings about one set of references, the first half with a loss that gives outliers up. */
const reweightings = 8;
/** … of a quick look, and of grids that are solved in two steps. */
const quickReweightings = 4;
/** The loss's scale is this many median misfits, at least `robustScalePx`. */
const mediansOfScale = 2;
/** The preconditioner follows the weights for so many steps; what they change later it need not know. */
const refactorings = 2;
/** References are renewed once: a tile's rigid part is then what the solution says, not what the start said. */
const rounds = 2;
const tolerance: CgTolerance = { largestPx: 2e-2, decreasePerTile: Infinity, timesInARow: 3 };
/**
 * What two tiles do together no seam shows, and conjugate gradients find it last: thousands of tiles are solved until the
 * cost, in which a measurement that errs by its sigma counts ½, gains no more than this a tile.
 */
const quickTolerance: CgTolerance = { largestPx: 0.5, decreasePerTile: 0.02, timesInARow: 2 };
const maxCgIterations = 300;
/** Tiles turned further than this against each other share no mesh: it lies in the mosaic's directions. */
const mostTurnRad = 0.15;
/** A tile that folds gets this much stiffer, so often at most. */
const stiffening = 1 / 2;
const maxStiffenings = 2;

/**
 * Elastic adjustment: a pose and a displacement mesh a tile that minimise, over all measurements p (in a), q (in b),
 *
 *   Σ ρ(w |m_a(p) − m_b(q)|²) + Σ_tiles stiffness(mesh, affine),   m(p) = A·p + D(p),
 *
 * A near a rigid motion, D bilinear on a regular lattice, without affine part. The start's rotations are references about
 * which everything is linear; x and y share one matrix, solved by conjugate gradients preconditioned with the affine
 * unknowns of all tiles together and the nodes of each tile. Tiles that nothing measures stay where they are.
 *
 * @throws StitchError `numerical-failure`; an abort is rethrown.
 */
export async function solveElastic(
  tiles: readonly ElasticTile[],
  measurements: Measurements,
  options: ElasticOptions,
  ctx: RunContext,
): Promise<ElasticSolution> {
  const lattices = tiles.map(({ size }) =>
    options.known || options.shared === null ? slowLattice(size) : scanLattice(size),
  );
  const isMeasured = new Uint8Array(tiles.length);
  for (let l = 0; l < measurements.from.length; l++)
    if (measurements.starts[l + 1] > measurements.starts[l])
      isMeasured[measurements.from[l]] = isMeasured[measurements.to[l]] = 1;
  const scales = new Float64Array(tiles.length).fill(1);
  const state: Solve = {
    tiles,
    lattices,
    isMeasured,
    measurements,
    options,
    ctx,
    scales,
    robust: new Float64Array(measurements.weight.length).fill(1),
    sharedScale: 1,
    iterations: 0,
    converged: true,
  };
  let poses = tiles.map((tile) => tile.mosaicFromTile);
  for (let attempt = 0; ; attempt++) {
    let result = await adjustAbout(state, poses, null, 0);
    for (let round = 1; round < rounds && !options.isProbe; round++)
      result = await adjustAbout(state, result.poses, result.unknowns, round);
    poses = [...result.poses];
    const stretches = result.meshes.map((mesh, i) => meshStretches(mesh, tiles[i].size, poses[i]));
    const folded = stretches.flatMap(([least, most], i) =>
      least < options.leastStretch || most > options.mostStretch ? [i] : [],
    );
    if (folded.length > 0 && attempt < maxStiffenings && !options.isProbe) {
      // A mesh that folds in many tiles at once is the one they share.
      if (2 * folded.length > tiles.length) state.sharedScale *= stiffening;
      for (const i of folded) scales[i] *= stiffening;
      continue;
    }
    if (options.isProbe) return finished(state, result, stretches);
    const relaxed = new Set(folded);
    const meshes = result.meshes.map((mesh, i) =>
      relaxed.has(i) ? relaxMesh(mesh, tiles[i].size, poses[i], options) : mesh,
    );
    if (relaxed.size === 0) return finished(state, result, stretches);
    const misfits = misfitsOf(measurements, tiles, poses, meshes);
    const within = meshes.map((mesh, i) => meshStretches(mesh, tiles[i].size, poses[i]));
    return finished(state, { ...result, meshes, misfits }, within);
  }
}

function finished(
  state: Solve,
  { poses, meshes, shared, misfits }: Displaced,
  stretches: readonly (readonly [number, number])[],
): ElasticSolution {
  return {
    poses,
    meshes,
    shared,
    misfits,
    robust: state.robust,
    leastStretch: stretches.reduce((least, [low]) => Math.min(least, low), 1),
    mostStretch: stretches.reduce((most, [, high]) => Math.max(most, high), 1),
    stiffened: [...state.scales].flatMap((scale, i) => (scale < 1 ? [i] : [])),
    iterations: state.iterations,
    converged: state.converged,
  };
}

/** Everything that the phases of one solve share. */
interface Solve {
  readonly tiles: readonly ElasticTile[];
  readonly lattices: readonly Lattice[];
  readonly isMeasured: Uint8Array;
  readonly measurements: Measurements;
  readonly options: ElasticOptions;
  readonly ctx: RunContext;
  /** [tiles] factor on the tile's sigmas of stiffness, lowered where it folds. */
  readonly scales: Float64Array;
  readonly robust: Float64Array;
  /** The same for the shared mesh. */
  sharedScale: number;
  iterations: number;
  converged: boolean;
}

interface Displaced {
  readonly poses: readonly Affine2[];
  readonly meshes: readonly DisplacementMesh[];
  readonly shared: DisplacementMesh | null;
  readonly misfits: Float64Array;
  /** Along x and along y. */
  readonly unknowns: readonly Float64Array[];
}

/**
 * Iteratively re-weighted least squares about the rigid parts of the given poses, from the unknowns of an earlier round.
 */
async function adjustAbout(
  solve: Solve,
  around: readonly Affine2[],
  earlier: readonly Float64Array[] | null,
  round: number,
): Promise<Displaced> {
  const { tiles, lattices, measurements, options, robust, isMeasured, ctx } = solve;
  const references = around.map((pose, i) => (isMeasured[i] === 1 ? rigidPart(pose, tiles[i].size) : pose));
  const centres = { x: new Float64Array(tiles.length), y: new Float64Array(tiles.length) };
  references.forEach((pose, i) => {
    const { width, height } = tiles[i].size;
    const centre = applyAffine(pose, (width - 1) / 2, (height - 1) / 2);
    centres.x[i] = centre.x;
    centres.y[i] = centre.y;
  });
  const { stretch, bend, linear } = options.stiffness;
  const { shared: freely } = options;
  const shared =
    freely && !options.known && canShare(references, tiles)
      ? { ...freely, stretch: solve.sharedScale * freely.stretch, bend: solve.sharedScale * freely.bend }
      : null;
  const stiffness = [...solve.scales].map((scale) => ({ stretch: scale * stretch, bend: scale * bend, linear }));
  const system = createElasticSystem(lattices, centres, measurements, stiffness, shared);
  const start = misfitsUnder(measurements, references);
  if (options.known) addKnown(start, measurements, tiles, options.known);
  const z = earlier ?? [new Float64Array(system.length), new Float64Array(system.length)];
  if (earlier) around.forEach((pose, i) => setAffineUnknowns(pose, references[i], tiles[i].size, z, system.offsets[i]));
  const weights = new Float64Array(measurements.weight.length);
  let misfits = new Float64Array(weights.length);
  let factor: CoarseFactor | null = null;
  const isQuick = options.isProbe === true || options.known !== undefined;
  // Of a large grid the second round begins with the weights of the first: outliers have been given up.
  const isAgain = earlier !== null && options.known !== undefined;
  const steps = isQuick ? quickReweightings : reweightings;
  const firstStep = isAgain ? steps / 2 : 0;
  for (let step = firstStep; step < steps; step++) {
    for (let k = 0; k < weights.length; k++) weights[k] = measurements.weight[k] * robust[k];
    assembleElastic(system, weights, linear);
    if (step < firstStep + refactorings) factor = factoriseElastic(system);
    if (factor === null) throw singular();
    // What the last step leaves unsolved counts; those before are only on the way.
    solve.converged = true;
    for (const axis of [0, 1]) {
      const rhs = rightSide(system, start, axis, weights);
      const enough = options.known ? quickTolerance : tolerance;
      const report = solveByConjugateGradients(system, factor, rhs, z[axis], enough, maxCgIterations);
      solve.iterations += report.iterations;
      solve.converged &&= report.converged;
      ctx.signal.throwIfAborted();
      ctx.onProgress({
        stage: 'solve',
        done: round * steps + step,
        total: (options.isProbe ? 1 : rounds) * steps,
        note: 'bending the tiles',
      });
      await ctx.yieldNow();
    }
    misfits = distances(system, start, z);
    const scale = Math.max(options.robustScalePx, mediansOfScale * medianOf(misfits));
    const weightOf = step < steps / 2 ? gemanMcClureWeight : cauchyWeight;
    for (let k = 0; k < robust.length; k++) robust[k] = weightOf(misfits[k], scale);
  }
  return {
    poses: references.map((pose, i) => movedPose(pose, tiles[i].size, z, system.offsets[i])),
    meshes: lattices.map((lattice, i) => {
      const own = displacementOf(system, lattice, z, i);
      return options.known ? meshSum(options.known, own, tiles[i].size) : own;
    }),
    shared: options.known ?? sharedDisplacement(system, z),
    misfits,
    unknowns: z,
  };
}

/** True where one mesh, in the mosaic's directions, can serve all tiles. */
function canShare(references: readonly Affine2[], tiles: readonly ElasticTile[]): boolean {
  const [first] = tiles;
  const angle = rotationOf(references[0]);
  return tiles.every(({ size }, i) => {
    const turn = Math.abs(
      Math.atan2(Math.sin(rotationOf(references[i]) - angle), Math.cos(rotationOf(references[i]) - angle)),
    );
    return size.width === first.size.width && size.height === first.size.height && turn < mostTurnRad;
  });
}

function singular(): StitchError {
  return new StitchError(
    'numerical-failure',
    'The elastic equations are singular; solve with the affine transform, and report the data.',
  );
}
