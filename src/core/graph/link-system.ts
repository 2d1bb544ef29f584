import type { Affine2 } from '../geometry/affine2.ts';
import { StitchError } from '../errors.ts';
import { fitModel } from '../matching/moment-fit.ts';
import { squaredResidual } from '../matching/link-moments.ts';
import type { LinkMoments, TransformModel } from '../matching/link.ts';
import type { TileId } from '../tiles/tile.ts';
import { noEdits } from './graph-edits.ts';
import type { GraphEdits } from './graph-edits.ts';
import { medianOf } from './robust-loss.ts';
import { pairKey } from '../tiles/tile.ts';
import type { GraphNode } from './pose-graph.ts';

/**
 * The residual of an inlier p (tile a), q (tile b) is r = m_a(p) − m_b(q), px, with the pose of a tile about its centre c
 *
 *   m(p) = u + A·(p − c)
 *
 * A pose is six numbers [ux, uy, a, b, c, d] in one Float64Array; A = [[a, c], [b, d]] as in `Affine2`.
 */
export const poseStride = 6;

/** What the solver needs of a link. */
export interface SystemLink {
  readonly pair: { readonly a: TileId; readonly b: TileId };
  readonly moments: LinkMoments;
}

/** Links and tiles as flat arrays, in an order that does not depend on the caller's: nodes by id, links by pair key. */
export interface LinkSystem {
  /** Of the floors. */
  readonly model: TransformModel;
  readonly nodes: readonly GraphNode[];
  readonly links: readonly SystemLink[];
  /** [links] 1 where a person set the landmarks: never weighed down, never removed. */
  readonly manual: Uint8Array;
  /** [links] 1 where a person left the link out. */
  readonly excluded: Uint8Array;
  /** Variance on one axis that a weight of 1 stands for, px²: a match's own, over the share that is independent. */
  readonly unitVariance: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** [nodes · 2] centre of each tile in its own frame, px. */
  readonly centre: Float64Array;
  /** [nodes] half diagonal of each tile, px: the lever that turns a change of the linear part into px. */
  readonly lever: Float64Array;
  /** [links · sumsStride]: see `sumsStride`. */
  readonly sums: Float64Array;
  /** [links] least Σw|r|² any relative pose of the model leaves: what the matches themselves cannot agree on, px². */
  readonly floor: Float64Array;
  /** [links] the same of the stiff model that tells right links from wrong ones: `floor` itself where the model is stiff. */
  readonly stiffFloor: Float64Array;
}

/** Σw, p̄ − c_a (2), q̄ − c_b (2), aa (3), bb (3), ab (4): the moments of a link about the tile centres. */
export const sumsStride = 15;

/**
 * Flattens a graph.
 *
 * @throws StitchError `numerical-failure` naming the pair whose moments are not finite.
 * @throws RangeError when a link names a tile that is no node.
 */
export function buildLinkSystem(
  graphNodes: readonly GraphNode[],
  graphLinks: readonly SystemLink[],
  model: TransformModel,
  { excludedLinks }: Pick<GraphEdits, 'excludedLinks'> = noEdits,
): LinkSystem {
  const nodes = [...graphNodes].sort((p, q) => (p.id < q.id ? -1 : p.id > q.id ? 1 : 0));
  const keyed = graphLinks.map((link) => ({ key: pairKey(link.pair), link }));
  keyed.sort((p, q) => (p.key < q.key ? -1 : p.key > q.key ? 1 : 0));
  const links = keyed.map(({ link }) => link);
  const manual = new Uint8Array(links.length);
  const excluded = Uint8Array.from(keyed, ({ key }) => (excludedLinks.has(key) ? 1 : 0));
  const index = new Map(nodes.map((node, i) => [node.id, i]));
  const from = new Int32Array(links.length);
  const to = new Int32Array(links.length);
  const centre = new Float64Array(2 * nodes.length);
  const lever = new Float64Array(nodes.length);
  nodes.forEach((node, i) => {
    centre[2 * i] = (node.size.width - 1) / 2;
    centre[2 * i + 1] = (node.size.height - 1) / 2;
    lever[i] = Math.max(1, Math.hypot(node.size.width, node.size.height) / 2);
  });
  const sums = new Float64Array(sumsStride * links.length);
  const floor = new Float64Array(links.length);
  const stiffFloor = isStiff(model) ? floor : new Float64Array(links.length);
  links.forEach((link, l) => {
    const a = index.get(link.pair.a);
    const b = index.get(link.pair.b);
    if (a === undefined || b === undefined || a === b)
      throw new RangeError(`link ${link.pair.a} – ${link.pair.b} does not join two nodes of the graph`);
    from[l] = a;
    to[l] = b;
    const { weight, meanA, meanB, aa, bb, ab } = link.moments;
    const row = [weight, meanA[0] - centre[2 * a], meanA[1] - centre[2 * a + 1]];
    row.push(meanB[0] - centre[2 * b], meanB[1] - centre[2 * b + 1], ...aa, ...bb, ...ab);
    if (!row.every(Number.isFinite) || weight < 0) {
      throw new StitchError(
        'numerical-failure',
        `The matches of ${link.pair.a} and ${link.pair.b} are not finite numbers; exclude this link and solve again.`,
        { pair: [link.pair.a, link.pair.b] },
      );
    }
    sums.set(row, sumsStride * l);
    floor[l] = leastResidual(link.moments, model);
    if (stiffFloor !== floor) stiffFloor[l] = leastResidual(link.moments, 'rigid');
  });
  const unitVariance = unitVarianceOf({ sums, floor, manual, excluded });
  return { model, nodes, links, manual, excluded, unitVariance, from, to, centre, lever, sums, floor, stiffFloor };
}

/**
 * Matches count one in ten against what is stated in px: neighbouring matches share their error (a network's are drawn
 * towards the edge of a strip, which looks like 1 % of stretch in every link of a grid with 10 % overlap).
 */
export const independentShare = 0.1;
/** Matches are never taken for better than this, px: priors must stay above rounding … */
const leastMatchNoisePx = 1e-4;
/** … and, against what a person states, not than this. */
const leastUnitPx = 0.1;

/** What a weight of 1 stands for, px²: see `LinkSystem.unitVariance`. */
export function unitVarianceOf(system: Pick<LinkSystem, 'sums' | 'floor' | 'manual' | 'excluded'>): number {
  return Math.max(leastUnitPx ** 2, matchNoise(system) / independentShare);
}

/** Variance of a match on one axis, px²: the median over the measured links of what their own best pose leaves. */
export function matchNoise({
  sums,
  floor,
  manual,
  excluded,
}: Pick<LinkSystem, 'sums' | 'floor' | 'manual' | 'excluded'>): number {
  const variances = new Float64Array(floor.length);
  let count = 0;
  for (let l = 0; l < floor.length; l++)
    if (manual[l] === 0 && excluded[l] === 0) variances[count++] = floor[l] / Math.max(1, 2 * sums[sumsStride * l] - 6);
  return Math.max(leastMatchNoisePx ** 2, medianOf(variances.subarray(0, count)));
}

/** Σw|p − aFromB(q)|² of the link's own best relative pose within the model, px². */
export function leastResidual(moments: LinkMoments, model: TransformModel): number {
  const fit = fitModel(model, moments) ?? fitModel('translation', moments);
  return fit === null ? 0 : squaredResidual(moments, { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }, fit);
}

/** The same system with the floors of the stiff model that tells right links from wrong ones. */
export function asStiff(system: LinkSystem): LinkSystem {
  return isStiff(system.model) ? system : { ...system, model: 'rigid', floor: system.stiffFloor };
}

/** Whether tiles keep their shape under a model. */
export function isStiff(model: TransformModel): model is 'translation' | 'rigid' {
  return model === 'translation' || model === 'rigid';
}

/**
 * Takes from Σw p̃p̃ᵀ the part that no affine map of q explains (the scatter of the regression of p on q):
 *
 *   Σw|A_a p − A_b q|² = Σw|A_a F q − A_b q|² + tr(A_a S A_aᵀ),   F = Sab Sbb⁻¹,  S = Saa − F Sabᵀ
 *
 * The last term is matching noise; it pulls every linear part towards zero, which is why least squares over affine tiles
 * shrinks. Without it the cost is that of the noise measured in the tile's frame, which no pose can change.
 */
export function withoutScatter(sums: Float64Array): Float64Array {
  const out = sums.slice();
  for (let o = 0; o < out.length; o += sumsStride) {
    const xx = out[o + 8];
    const xy = out[o + 9];
    const yy = out[o + 10];
    const c0 = out[o + 11];
    const c1 = out[o + 12];
    const c2 = out[o + 13];
    const c3 = out[o + 14];
    const det = xx * yy - xy * xy;
    const trace = xx + yy;
    // Collinear or lone matches fit any F: nothing is known of their scatter across.
    if (!(det > 1e-9 * trace * trace)) continue;
    const f0 = (c0 * yy - c1 * xy) / det;
    const f1 = (c1 * xx - c0 * xy) / det;
    const f2 = (c2 * yy - c3 * xy) / det;
    const f3 = (c3 * xx - c2 * xy) / det;
    out[o + 5] = f0 * c0 + f1 * c1;
    out[o + 6] = f0 * c2 + f1 * c3;
    out[o + 7] = f2 * c2 + f3 * c3;
  }
  return out;
}

/** Σw|r|² of link l at the poses, px². */
export function linkCost(system: LinkSystem, poses: Float64Array, l: number): number {
  const { sums } = system;
  const o = sumsStride * l;
  const i = poseStride * system.from[l];
  const j = poseStride * system.to[l];
  const a = poses[i + 2];
  const b = poses[i + 3];
  const c = poses[i + 4];
  const d = poses[i + 5];
  const A = poses[j + 2];
  const B = poses[j + 3];
  const C = poses[j + 4];
  const D = poses[j + 5];
  const px = sums[o + 1];
  const py = sums[o + 2];
  const qx = sums[o + 3];
  const qy = sums[o + 4];
  const dx = poses[i] - poses[j] + (a * px + c * py) - (A * qx + C * qy);
  const dy = poses[i + 1] - poses[j + 1] + (b * px + d * py) - (B * qx + D * qy);
  const cost =
    sums[o] * (dx * dx + dy * dy) +
    (a * a + b * b) * sums[o + 5] +
    2 * (a * c + b * d) * sums[o + 6] +
    (c * c + d * d) * sums[o + 7] +
    (A * A + B * B) * sums[o + 8] +
    2 * (A * C + B * D) * sums[o + 9] +
    (C * C + D * D) * sums[o + 10] -
    2 *
      ((a * A + b * B) * sums[o + 11] +
        (a * C + b * D) * sums[o + 12] +
        (c * A + d * B) * sums[o + 13] +
        (c * C + d * D) * sums[o + 14]);
  return cost < 0 ? 0 : cost;
}

/** Root mean square residual of link l, px; 0 for a link without weight. */
export function linkRms(system: LinkSystem, poses: Float64Array, l: number): number {
  return rmsOfCost(system, l, linkCost(system, poses, l));
}

/** The root mean square residual that a cost of link l amounts to, px; 0 for a link without weight. */
export function rmsOfCost(system: LinkSystem, l: number, cost: number): number {
  const weight = system.sums[sumsStride * l];
  return weight > 0 ? Math.sqrt(cost / weight) : 0;
}

/**
 * Misfit of link l, px: the root mean square by which the poses disagree with the link's own best relative pose,
 * sqrt((Σw|r|² − floor) / Σw). Free of matching noise, so it tells a wrong link from a noisy one.
 */
export function linkMisfit(system: LinkSystem, poses: Float64Array, l: number): number {
  const weight = system.sums[sumsStride * l];
  if (!(weight > 0)) return 0;
  return Math.sqrt(Math.max(0, linkCost(system, poses, l) - system.floor[l]) / weight);
}

/** The pose of node i as mosaicFromTile. */
export function affineOfPose(system: LinkSystem, poses: Float64Array, i: number): Affine2 {
  const o = poseStride * i;
  const [ux, uy, a, b, c, d] = poses.subarray(o, o + poseStride);
  const cx = system.centre[2 * i];
  const cy = system.centre[2 * i + 1];
  return { a, b, c, d, e: ux - a * cx - c * cy, f: uy - b * cx - d * cy };
}
