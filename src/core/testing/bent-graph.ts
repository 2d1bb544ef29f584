import type { PoseGraph } from '../graph/pose-graph.ts';
import { applyAffine, composeAffine, identityAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { fitModel } from '../matching/moment-fit.ts';
import { sampleMoments } from '../matching/link-moments.ts';
import type { Link } from '../matching/link.ts';
import { makeSyntheticGraph, seededRandom } from './synthetic-graph.ts';

/** How the tiles of a grid are distorted. */
export interface Bending {
  /** One sigma of the entries of each tile's linear part against a rotation. */
  readonly linearSigma: number;
  /** One sigma of a tile's turn, rad. */
  readonly rotationSigmaRad: number;
  /** Lines start slowly: pixels are off by this much along x at the left edge, and by 1/e of it 6 % of the width in. */
  readonly lineStartPx: number;
  /** One sigma per axis of a smooth displacement of each tile's own, px. */
  readonly smoothPx: number;
}

const side = 2048;
const matches = 200;
const matchSigmaPx = 0.7;

interface Distortion {
  readonly dx: (x: number, y: number) => number;
  readonly dy: (x: number, y: number) => number;
}

type Draw = ReturnType<typeof seededRandom>;

/** Three waves per axis of about the tile's length. */
function smoothWaves(draw: Draw, sigma: number): (x: number, y: number) => number {
  const waves = Array.from({ length: 3 }, () => ({
    kx: (1.5 * Math.PI * (2 * draw.uniform() - 1)) / side,
    ky: (1.5 * Math.PI * (2 * draw.uniform() - 1)) / side,
    phase: 2 * Math.PI * draw.uniform(),
  }));
  const amplitude = sigma * Math.sqrt(2 / 3);
  return (x, y) => waves.reduce((sum, { kx, ky, phase }) => sum + amplitude * Math.sin(kx * x + ky * y + phase), 0);
}

function distortionOf({ lineStartPx, smoothPx }: Bending, draw: Draw): Distortion {
  const start = lineStartPx * (1 + 0.1 * draw.normal());
  const waveX = smoothWaves(draw, smoothPx);
  const waveY = smoothWaves(draw, smoothPx);
  return { dx: (x, y) => waveX(x, y) - start * Math.exp(-x / (0.06 * side)), dy: waveY };
}

/**
 * A square grid of bent tiles of 2048 px, 10 % of overlap, the stage 10 px off, and links of 200 matches that are 0.7 px off.
 *
 * @param across tiles in a row.
 * @param wrongFraction half of the wrong links are anywhere within ± 100 px, half 80 px off along x.
 * @returns the graph, and which of its links are wrong.
 */
export function bentGraph(
  bending: Bending,
  across: number,
  wrongFraction: number,
  seed: number,
): { readonly graph: PoseGraph; readonly wrong: readonly boolean[] } {
  const { graph, truth } = makeSyntheticGraph({
    rows: across,
    columns: across,
    width: side,
    height: side,
    model: 'affine',
    linearSigma: bending.linearSigma,
    rotationSigmaRad: bending.rotationSigmaRad,
    stageSigmaPx: 10,
    matches: 3,
    seed,
  });
  const draw = seededRandom(seed + 77);
  const distortions = new Map(graph.nodes.map(({ id }) => [id, distortionOf(bending, draw)]));
  const wrong: boolean[] = [];
  const links = graph.links.map((link) => {
    const [poseA, poseB] = [truth.get(link.pair.a), truth.get(link.pair.b)];
    const [bendA, bendB] = [distortions.get(link.pair.a), distortions.get(link.pair.b)];
    if (!poseA || !poseB || !bendA || !bendB) throw new RangeError('no such tile');
    const isWrong = draw.uniform() < wrongFraction;
    wrong.push(isWrong);
    return bentLink(link, composeAffine(invertAffine(poseB), poseA), bendA, bendB, isWrong, draw);
  });
  return { graph: { ...graph, links }, wrong };
}

function bentLink(link: Link, bFromA: Affine2, a: Distortion, b: Distortion, isWrong: boolean, draw: Draw): Link {
  const isHorizontal = Math.abs(bFromA.e) > Math.abs(bFromA.f);
  const shift = { x: 0, y: 0 };
  if (isWrong && draw.uniform() < 0.5) shift.x = 80;
  else if (isWrong) {
    shift.x = 100 * (2 * draw.uniform() - 1);
    shift.y = 100 * (2 * draw.uniform() - 1);
  }
  const pointsA = new Float64Array(2 * matches);
  const pointsB = new Float64Array(2 * matches);
  for (let m = 0; m < matches; m++) {
    const x = isHorizontal ? side * (1 - 0.1 * draw.uniform()) : side * draw.uniform();
    const y = isHorizontal ? side * draw.uniform() : side * (1 - 0.1 * draw.uniform());
    const q = applyAffine(bFromA, x, y);
    pointsA[2 * m] = x + a.dx(x, y) + shift.x + matchSigmaPx * draw.normal();
    pointsA[2 * m + 1] = y + a.dy(x, y) + shift.y + matchSigmaPx * draw.normal();
    pointsB[2 * m] = q.x + b.dx(q.x, q.y);
    pointsB[2 * m + 1] = q.y + b.dy(q.x, q.y);
  }
  const moments = sampleMoments(
    { a: pointsA, b: pointsB },
    Array.from({ length: matches }, (_, m) => m),
  );
  return { ...link, moments, aFromB: fitModel('affine', moments) ?? identityAffine, inliers: matches };
}
