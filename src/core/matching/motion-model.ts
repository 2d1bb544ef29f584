import { composeAffine, nearestRigid, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { TransformModel } from './link.ts';

/** Numbers of a small motion d(p) = t + M·(p − centre) in each model: t, then the angle, the log of the scale, or M. */
export const parameterCount: Readonly<Record<TransformModel, number>> = {
  translation: 2,
  rigid: 3,
  similarity: 4,
  affine: 6,
};

/**
 * Derivatives of d at x, y (from the centre) by the parameters, into two rows of `parameterCount`: tx, ty; `rigid` also
 * the angle, rad; `similarity` then the log of the scale; `affine` instead Mxx, Mxy, Myx, Myy.
 */
export function fillBasis(model: TransformModel, x: number, y: number, rowX: Float64Array, rowY: Float64Array): void {
  rowX[0] = 1;
  rowX[1] = 0;
  rowY[0] = 0;
  rowY[1] = 1;
  if (model === 'affine') {
    rowX[2] = x;
    rowX[3] = y;
    rowX[4] = rowX[5] = 0;
    rowY[2] = rowY[3] = 0;
    rowY[4] = x;
    rowY[5] = y;
  } else if (model !== 'translation') {
    rowX[2] = -y;
    rowY[2] = x;
    if (model === 'similarity') {
      rowX[3] = x;
      rowY[3] = y;
    }
  }
}

/** The motion p → p + d(p) as an affine that stays exactly in its model's class. */
export function smallMotion(
  model: TransformModel,
  step: ArrayLike<number>,
  centre: readonly [number, number],
): Affine2 {
  const linear = linearOf(model, step);
  const [x, y] = centre;
  return {
    ...linear,
    e: x + step[0] - linear.a * x - linear.c * y,
    f: y + step[1] - linear.b * x - linear.d * y,
  };
}

function linearOf(model: TransformModel, step: ArrayLike<number>): Pick<Affine2, 'a' | 'b' | 'c' | 'd'> {
  switch (model) {
    case 'translation':
      return { a: 1, b: 0, c: 0, d: 1 };
    case 'rigid':
    case 'similarity': {
      const scale = model === 'rigid' ? 1 : Math.exp(step[3]);
      const cos = scale * Math.cos(step[2]);
      const sin = scale * Math.sin(step[2]);
      return { a: cos, b: sin, c: -sin, d: cos };
    }
    case 'affine':
      return { a: 1 + step[2], b: step[4], c: step[3], d: 1 + step[5] };
  }
}

/** The motion of the model nearest to `t` that keeps the image of (x, y). A translation keeps the rotation it is given. */
export function projectToModel(t: Affine2, model: TransformModel, x: number, y: number): Affine2 {
  switch (model) {
    case 'translation':
    case 'affine':
      return t;
    case 'rigid':
      return nearestRigid(t, x, y);
    case 'similarity': {
      const rigid = nearestRigid(t, x, y);
      const angle = rotationOf(t);
      const scale = ((t.a + t.d) * Math.cos(angle) + (t.b - t.c) * Math.sin(angle)) / 2;
      const imageX = rigid.a * x + rigid.c * y + rigid.e;
      const imageY = rigid.b * x + rigid.d * y + rigid.f;
      const about = { a: scale, b: 0, c: 0, d: scale, e: imageX - scale * imageX, f: imageY - scale * imageY };
      return composeAffine(about, rigid);
    }
  }
}
