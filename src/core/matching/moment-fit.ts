import { squaredResidual } from './link-moments.ts';
import type { LinkMoments, TransformModel } from './link.ts';
import { identityAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';

/** Smallest ratio of the spread across to the spread along a point set that still carries an affine map. */
const minAffineSpreadRatio = 1e-6;

/**
 * aFromB = argmin Σw |p − aFromB(q)|² within the model, in closed form from the moments; null when the points do not
 * determine it (none; all in one place; on one line for affine) or are not finite. Reflections are never returned
 * but by `affine`.
 *
 * @see Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns", eqs. 40–42
 */
export function fitModel(model: TransformModel, moments: LinkMoments): Affine2 | null {
  const linear = fitLinear(model, moments);
  if (linear === null || !(moments.weight > 0)) return null;
  const { a, b, c, d } = linear;
  const [px, py] = moments.meanA;
  const [qx, qy] = moments.meanB;
  const fit = { a, b, c, d, e: px - a * qx - c * qy, f: py - b * qx - d * qy };
  return Number.isFinite(a + b + c + d + fit.e + fit.f) ? fit : null;
}

function fitLinear(model: TransformModel, { aa, bb, ab }: LinkMoments): Affine2 | null {
  const [pxqx, pxqy, pyqx, pyqy] = ab;
  switch (model) {
    case 'translation':
      return identityAffine;
    case 'rigid':
    case 'similarity': {
      // In two dimensions the SVD of Σ p qᵀ is not needed: the angle maximises cos θ · Σ q·p + sin θ · Σ q×p.
      const dot = pxqx + pyqy;
      const cross = pyqx - pxqy;
      const length = Math.hypot(dot, cross);
      const spread = bb[0] + bb[2];
      if (!(length > 1e-9 * (aa[0] + aa[2] + spread)) || !(spread > 0)) return null;
      const scale = model === 'rigid' ? 1 : length / spread;
      const cos = (scale * dot) / length;
      const sin = (scale * cross) / length;
      return { a: cos, b: sin, c: -sin, d: cos, e: 0, f: 0 };
    }
    case 'affine': {
      // A = (Σ p qᵀ)(Σ q qᵀ)⁻¹
      const [xx, xy, yy] = bb;
      const det = xx * yy - xy * xy;
      const trace = xx + yy;
      // det/trace² ≈ the ratio of the two squared spreads.
      if (!(trace > 0) || !(det > minAffineSpreadRatio ** 2 * trace * trace)) return null;
      return {
        a: (pxqx * yy - pxqy * xy) / det,
        b: (pyqx * yy - pyqy * xy) / det,
        c: (pxqy * xx - pxqx * xy) / det,
        d: (pyqy * xx - pyqx * xy) / det,
        e: 0,
        f: 0,
      };
    }
  }
}

/** Root mean square of |p − aFromB(q)| over the weighted inliers, px; NaN for moments of weight 0. */
export function residualRms(moments: LinkMoments, aFromB: Affine2): number {
  return Math.sqrt(squaredResidual(moments, identityAffine, aFromB) / moments.weight);
}
