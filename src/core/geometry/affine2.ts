/**
 * Affine map of the plane in canvas/SVG order:
 *
 *   x' = a·x + c·y + e,   y' = b·x + d·y + f
 *
 * in full-resolution pixels; the centre of the upper-left pixel is (0, 0), y points down.
 * Names are targetFromSource: `cFromA = composeAffine(cFromB, bFromA)`.
 */
export interface Affine2 {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const identityAffine: Affine2 = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

export function translation(x: number, y: number): Affine2 {
  return { a: 1, b: 0, c: 0, d: 1, e: x, f: y };
}

/** The image of (x, y) under `targetFromSource`. */
export function applyAffine(targetFromSource: Affine2, x: number, y: number): Point {
  const { a, b, c, d, e, f } = targetFromSource;
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

/** cFromA = cFromB · bFromA. */
export function composeAffine(cFromB: Affine2, bFromA: Affine2): Affine2 {
  const p = cFromB;
  const q = bFromA;
  return {
    a: p.a * q.a + p.c * q.b,
    b: p.b * q.a + p.d * q.b,
    c: p.a * q.c + p.c * q.d,
    d: p.b * q.c + p.d * q.d,
    e: p.a * q.e + p.c * q.f + p.e,
    f: p.b * q.e + p.d * q.f + p.f,
  };
}

export function determinant(t: Affine2): number {
  return t.a * t.d - t.b * t.c;
}

/**
 * sourceFromTarget for a given targetFromSource.
 * @throws RangeError when the linear part is singular or not finite: such a map is a programmer's error.
 */
export function invertAffine(targetFromSource: Affine2): Affine2 {
  const t = targetFromSource;
  const det = determinant(t);
  if (!Number.isFinite(det) || Math.abs(det) < 1e-12) throw new RangeError(`singular affine, determinant ${det}`);
  const a = t.d / det;
  const b = -t.b / det;
  const c = -t.c / det;
  const d = t.a / det;
  return { a, b, c, d, e: -(a * t.e + c * t.f), f: -(b * t.e + d * t.f) };
}

export function isFiniteAffine(t: Affine2): boolean {
  return [t.a, t.b, t.c, t.d, t.e, t.f].every(Number.isFinite);
}

/** Angle of the image of the +x axis, radians, +x towards +y. */
export function rotationOf(t: Affine2): number {
  return Math.atan2(t.b - t.c, t.a + t.d);
}

/** Singular values of the linear part, largest first: the two stretches of the map. */
export function stretchesOf(t: Affine2): readonly [number, number] {
  // Closed form of the 2×2 SVD: half-sum and half-difference of the two rotations the map contains.
  const s = Math.hypot(t.a + t.d, t.b - t.c) / 2;
  const r = Math.hypot(t.a - t.d, t.b + t.c) / 2;
  return [s + r, Math.abs(s - r)];
}

/** The six numbers in file order [a, b, c, d, e, f]. */
export function affineToArray(t: Affine2): readonly [number, number, number, number, number, number] {
  return [t.a, t.b, t.c, t.d, t.e, t.f];
}

/**
 * The same map in the *corner* convention, where (0, 0) is the outer corner of the upper-left pixel
 * (canvas, SVG, OpenSeadragon, most file formats): t' = t + ½ − A·(½, ½).
 */
export function centreToCornerConvention(t: Affine2): Affine2 {
  return { ...t, e: t.e + 0.5 - (t.a + t.c) / 2, f: t.f + 0.5 - (t.b + t.d) / 2 };
}

/**
 * The rotation nearest to the linear part of `t` (least Frobenius distance), about the origin, with the translation
 * that keeps the image of `(x, y)`.
 */
export function nearestRigid(t: Affine2, x: number, y: number): Affine2 {
  const angle = Math.atan2(t.b - t.c, t.a + t.d);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const imageX = t.a * x + t.c * y + t.e;
  const imageY = t.b * x + t.d * y + t.f;
  return { a: cos, b: sin, c: -sin, d: cos, e: imageX - cos * x + sin * y, f: imageY - sin * x - cos * y };
}
