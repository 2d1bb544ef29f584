import type { Affine2 } from '../geometry/affine2.ts';
import { applyAffine, composeAffine, invertAffine, rotationOf } from '../geometry/affine2.ts';
import { fitModel, residualRms } from '../matching/moment-fit.ts';
import type { GraphNode, PoseGraph } from '../graph/pose-graph.ts';
import { sampleMoments } from '../matching/link-moments.ts';
import type { Link, TransformModel } from '../matching/link.ts';
import { noCorrespondences } from '../matching/matcher.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';

/** A grid of tiles with known poses and links with known errors. Lengths in px, angles in rad. */
export interface SyntheticGraphOptions {
  readonly rows: number;
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly overlap: number;
  readonly model: TransformModel;
  /** True tiles against the nominal grid, one sigma. */
  readonly stageSigmaPx: number;
  readonly rotationSigmaRad: number;
  /** One sigma of the four entries of the linear part against the rotation (affine), of the scale (similarity). */
  readonly linearSigma: number;
  /** Noise of a matched point, one sigma per axis in each tile. */
  readonly matchSigmaPx: number;
  readonly matches: number;
  /** Common error of all matches of a link: shift and turn, one sigma. */
  readonly linkSigmaPx: number;
  readonly linkSigmaRad: number;
  /** Fraction of wrong links: half uniform within ± wrongWindowPx, half shifted by one period along x. */
  readonly wrongFraction: number;
  readonly wrongWindowPx: number;
  readonly periodPx: number;
  readonly seed: number;
}

export const defaultSyntheticGraph: SyntheticGraphOptions = {
  rows: 4,
  columns: 5,
  width: 1000,
  height: 800,
  overlap: 0.1,
  model: 'rigid',
  stageSigmaPx: 10,
  rotationSigmaRad: 0.005,
  linearSigma: 0.01,
  matchSigmaPx: 0,
  matches: 40,
  linkSigmaPx: 0,
  linkSigmaRad: 0,
  wrongFraction: 0,
  wrongWindowPx: 100,
  periodPx: 40,
  seed: 1,
};

export interface SyntheticGraph {
  readonly graph: PoseGraph;
  readonly truth: ReadonlyMap<TileId, Affine2>;
  /** Parallel to graph.links. */
  readonly wrong: readonly boolean[];
}

/** mulberry32 and Box–Muller. */
export function seededRandom(seed: number): { uniform: () => number; normal: () => number } {
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/** Name of the tile in a cell; ids sort like the cells. */
export function gridTileId(row: number, column: number): TileId {
  return tileId(`r${String(row).padStart(4, '0')}c${String(column).padStart(4, '0')}.tif`);
}

/** Tiles of a grid, their true poses and a link for every pair of neighbours. */
export function makeSyntheticGraph(partial: Partial<SyntheticGraphOptions> = {}): SyntheticGraph {
  const options = { ...defaultSyntheticGraph, ...partial };
  const { rows, columns, width, height, overlap } = options;
  const draw = seededRandom(options.seed);
  const nodes: GraphNode[] = [];
  const truth = new Map<TileId, Affine2>();
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const id = gridTileId(row, column);
      const x = column * width * (1 - overlap);
      const y = row * height * (1 - overlap);
      const prior = { pose: { x, y, thetaRad: 0 }, sigmaPx: Math.max(1, options.stageSigmaPx), sigmaRad: 0.02 };
      nodes.push({ id, size: { width, height }, prior });
      truth.set(id, truePose(options, draw, x, y));
    }
  }
  const links: Link[] = [];
  const wrong: boolean[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (const [dr, dc] of [
        [0, 1],
        [1, 0],
      ]) {
        if (row + dr >= rows || column + dc >= columns) continue;
        const isWrong = draw.uniform() < options.wrongFraction;
        wrong.push(isWrong);
        links.push(
          makeLink(options, draw, truth, gridTileId(row, column), gridTileId(row + dr, column + dc), dc === 1, isWrong),
        );
      }
    }
  }
  return { graph: { nodes, links }, truth, wrong };
}

type Draw = ReturnType<typeof seededRandom>;

function truePose(options: SyntheticGraphOptions, draw: Draw, x: number, y: number): Affine2 {
  const { model, width, height, linearSigma } = options;
  const theta = model === 'translation' ? 0 : options.rotationSigmaRad * draw.normal();
  const scale = model === 'similarity' ? 1 + linearSigma * draw.normal() : 1;
  const bend = model === 'affine' ? linearSigma : 0;
  const a = scale * Math.cos(theta) + bend * draw.normal();
  const b = scale * Math.sin(theta) + bend * draw.normal();
  const c = -scale * Math.sin(theta) + bend * draw.normal();
  const d = scale * Math.cos(theta) + bend * draw.normal();
  const centreX = x + (width - 1) / 2 + options.stageSigmaPx * draw.normal();
  const centreY = y + (height - 1) / 2 + options.stageSigmaPx * draw.normal();
  return {
    a,
    b,
    c,
    d,
    e: centreX - (a * (width - 1) + c * (height - 1)) / 2,
    f: centreY - (b * (width - 1) + d * (height - 1)) / 2,
  };
}

function makeLink(
  options: SyntheticGraphOptions,
  draw: Draw,
  truth: ReadonlyMap<TileId, Affine2>,
  a: TileId,
  b: TileId,
  isHorizontal: boolean,
  isWrong: boolean,
): Link {
  const { width, height, overlap, matches, matchSigmaPx } = options;
  const poseA = truth.get(a);
  const poseB = truth.get(b);
  if (poseA === undefined || poseB === undefined) throw new RangeError(`no tile ${a} or ${b}`);
  const bFromA = composeAffine(invertAffine(poseB), poseA);
  const error = { x: options.linkSigmaPx * draw.normal(), y: options.linkSigmaPx * draw.normal() };
  const turn = options.linkSigmaRad * draw.normal();
  if (isWrong && draw.uniform() < 0.5) error.x += options.periodPx;
  else if (isWrong) {
    error.x += options.wrongWindowPx * (2 * draw.uniform() - 1);
    error.y += options.wrongWindowPx * (2 * draw.uniform() - 1);
  }
  const pointsA = new Float64Array(2 * matches);
  const pointsB = new Float64Array(2 * matches);
  const middle = isHorizontal
    ? { x: width * (1 - overlap / 2), y: height / 2 }
    : { x: width / 2, y: height * (1 - overlap / 2) };
  for (let i = 0; i < matches; i++) {
    const x = isHorizontal ? width * (1 - overlap * draw.uniform()) : width * draw.uniform();
    const y = isHorizontal ? height * draw.uniform() : height * (1 - overlap * draw.uniform());
    const q = applyAffine(bFromA, x, y);
    pointsB[2 * i] = q.x + matchSigmaPx * draw.normal();
    pointsB[2 * i + 1] = q.y + matchSigmaPx * draw.normal();
    pointsA[2 * i] = x - turn * (y - middle.y) + error.x + matchSigmaPx * draw.normal();
    pointsA[2 * i + 1] = y + turn * (x - middle.x) + error.y + matchSigmaPx * draw.normal();
  }
  const moments = sampleMoments(
    { a: pointsA, b: pointsB },
    Array.from({ length: matches }, (_, i) => i),
  );
  const aFromB = fitModel(options.model, moments) ?? invertAffine(bFromA);
  return {
    kind: 'link',
    pair: {
      a,
      b,
      aFromB: { x: aFromB.e, y: aFromB.f, thetaRad: rotationOf(aFromB) },
      sigmaPx: 15,
      expectedOverlap: null,
    },
    correspondences: noCorrespondences,
    matchMs: 0,
    model: options.model,
    aFromB,
    inlierMask: new Uint8Array(0),
    inliers: matches,
    confidence: 1,
    rmsPx: residualRms(moments, aFromB),
    moments,
    intensities: null,
  };
}

/** Where tiles are judged: at their four corners or at their centre, as fractions of the size less one. */
const judgedAt = {
  corners: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  centre: [[0.5, 0.5]],
} as const;

/** `placeErrors` at the corners of the tiles. */
export function cornerErrors(
  solved: ReadonlyMap<TileId, Affine2>,
  truth: ReadonlyMap<TileId, Affine2>,
  ids: readonly TileId[],
  size: { readonly width: number; readonly height: number },
  align: TransformModel = 'rigid',
): number[] {
  return placeErrors(solved, truth, ids, size, align, 'corners');
}

/**
 * Distances, px, of the corners or the centre of each listed tile from the truth after the best rigid motion of the
 * whole (found from the same points), the largest per tile.
 */
export function placeErrors(
  solved: ReadonlyMap<TileId, Affine2>,
  truth: ReadonlyMap<TileId, Affine2>,
  ids: readonly TileId[],
  size: { readonly width: number; readonly height: number },
  align: TransformModel,
  at: keyof typeof judgedAt,
): number[] {
  const places = judgedAt[at].map(([x, y]) => [x * (size.width - 1), y * (size.height - 1)] as const);
  const a: number[] = [];
  const b: number[] = [];
  for (const id of ids) {
    const pose = solved.get(id);
    const target = truth.get(id);
    if (pose === undefined || target === undefined) throw new RangeError(`no pose of ${id}`);
    for (const [x, y] of places) {
      const p = applyAffine(target, x, y);
      const q = applyAffine(pose, x, y);
      a.push(p.x, p.y);
      b.push(q.x, q.y);
    }
  }
  const points = { a: Float64Array.from(a), b: Float64Array.from(b) };
  const indices = Array.from({ length: points.a.length / 2 }, (_, i) => i);
  const n = places.length;
  // The median tile is right even when a few are far off: align on all, then on the nearer half.
  let truthFromSolved = fitModel(align, sampleMoments(points, indices));
  let errors: number[] = [];
  for (let pass = 0; pass < 8; pass++) {
    if (truthFromSolved === null) throw new RangeError('no alignment');
    const map = truthFromSolved;
    const distances = indices.map((i) => {
      const p = applyAffine(map, points.b[2 * i], points.b[2 * i + 1]);
      return Math.hypot(p.x - points.a[2 * i], p.y - points.a[2 * i + 1]);
    });
    errors = ids.map((_, t) => Math.max(...distances.slice(n * t, n * t + n)));
    const median = [...errors].sort((p, q) => p - q)[errors.length >> 1];
    const near = indices.filter((i) => errors[Math.floor(i / n)] <= Math.max(2 * median, 1e-9));
    truthFromSolved = fitModel(align, sampleMoments(points, near));
  }
  return errors;
}
