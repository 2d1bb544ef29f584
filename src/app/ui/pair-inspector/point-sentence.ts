import type { Point } from '../../../core/geometry/affine2.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import type { CorrelationSurface } from '../../../core/mosaic/correlation-surface.ts';

/** A second place that fits so well, compared with the best, makes the best a matter of luck. */
const AMBIGUOUS = 0.9;
/** Below this the best place is no fit. */
const LEAST_FIT = 0.3;

/** What a correlation surface says, in a sentence or two. */
export function surfaceSentence({ peak, rival }: CorrelationSurface): string {
  if (peak === null) return 'The other tile has no pixels or no contrast here.';
  const best = `Best fit ${peak.value.toFixed(2)} at ${vectorText(peak.dx, peak.dy)} from where it is drawn.`;
  if (peak.value < LEAST_FIT) return `${best} Nothing here really fits.`;
  if (rival === null) return best;
  const next = `The next best place has ${rival.value.toFixed(2)} at ${vectorText(rival.dx, rival.dy)}`;
  return `${best} ${next}${rival.value > AMBIGUOUS * peak.value ? ': ambiguous.' : '.'}`;
}

/** The match nearest to a point of a, with what is known of it; null without matches. */
export function nearestMatch(result: PairResult, residuals: Float32Array, at: Point): string | null {
  const { a, confidence } = result.correspondences;
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < confidence.length; i++) {
    const distance = Math.hypot(a[2 * i] - at.x, a[2 * i + 1] - at.y);
    if (distance >= least) continue;
    least = distance;
    best = i;
  }
  if (best < 0) return null;
  const kind = result.kind === 'link' ? (result.inlierMask[best] === 1 ? 'inlier' : 'outlier') : 'match';
  return (
    `The nearest ${kind} is ${least.toFixed(0)} px away: confidence ${confidence[best].toFixed(2)}, ` +
    `residual ${residuals[best].toFixed(2)} px.`
  );
}

function vectorText(dx: number, dy: number): string {
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
  return `(${signed(dx)}, ${signed(dy)}) px`;
}
