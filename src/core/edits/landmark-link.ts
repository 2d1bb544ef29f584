import { affineFromPose } from '../geometry/pose2.ts';
import { fitModel, residualRms } from '../geometry/rigid-fit.ts';
import { leastResidual } from '../graph/link-system.ts';
import { medianOf } from '../graph/robust-loss.ts';
import { sampleMoments } from '../matching/link-moments.ts';
import type { Link, PairResult, TransformModel } from '../matching/link.ts';
import type { TilePair } from '../tiles/tile.ts';
import type { Landmark } from './edit.ts';

/** Variance of a match when no link tells it, px²: 0.5 px an axis. */
const assumedVariance = 0.25;
/** A match is never taken for better than this, px², or no landmark would count against it. */
const leastVariance = 0.01;
/** Parameters of the pose of a pair: links with fewer matches say nothing of the noise. */
const poseParameters = 6;

/**
 * What one unit of weight is worth in this graph: the variance of a match on one axis, px², as the median over the links
 * of what their own best pose leaves. A measurement of one standard deviation σ px therefore weighs this / σ².
 */
export function unitVariance(links: readonly Link[], model: TransformModel): number {
  const variances: number[] = [];
  for (const { moments } of links) {
    const freedom = 2 * moments.weight - poseParameters;
    if (freedom > 0) variances.push(leastResidual(moments, model) / freedom);
  }
  return variances.length === 0 ? assumedVariance : Math.max(leastVariance, medianOf(Float64Array.from(variances)));
}

/**
 * The landmarks of one pair as a link: every landmark is a match that weighs `unit` / σ². Brightness is still that of
 * `result`, when the pair was a link.
 *
 * @param unit px² a unit of weight is worth, see `unitVariance`.
 */
export function landmarkLink(
  pair: TilePair,
  landmarks: readonly Landmark[],
  unit: number,
  result: PairResult | null,
): Link {
  const a = Float64Array.from(landmarks.flatMap(({ inA }) => [inA.x, inA.y]));
  const b = Float64Array.from(landmarks.flatMap(({ inB }) => [inB.x, inB.y]));
  const weights = Float64Array.from(landmarks, ({ sigmaPx }) => unit / sigmaPx ** 2);
  const moments = sampleMoments(
    { a, b },
    landmarks.map((_, i) => i),
    weights,
  );
  const stage = affineFromPose(pair.aFromB);
  const [qx, qy] = moments.meanB;
  const [px, py] = moments.meanA;
  // One landmark does not tell a turn: it is the layout's.
  const shifted = { ...stage, e: px - stage.a * qx - stage.c * qy, f: py - stage.b * qx - stage.d * qy };
  const aFromB = (landmarks.length > 1 ? fitModel('rigid', moments) : null) ?? shifted;
  return {
    kind: 'link',
    pair,
    model: 'rigid',
    correspondences: {
      a: Float32Array.from(a),
      b: Float32Array.from(b),
      confidence: new Float32Array(landmarks.length).fill(1),
    },
    matchMs: 0,
    aFromB,
    inlierMask: new Uint8Array(landmarks.length).fill(1),
    inliers: landmarks.length,
    confidence: 1,
    rmsPx: residualRms(moments, aFromB),
    moments,
    intensities: result?.kind === 'link' ? result.intensities : null,
  };
}
