import type { ShadingField } from './shading-field.ts';

/** Nodes of a fitted field along a side: a surface of degree 4 is told to 0.02 % between them. */
const nodesPerSide = 33;

/** Products of Legendre polynomials Pₘ(x)·Pₙ(y), 1 ≤ m + n ≤ degree, on −1…1: smooth surfaces of zero mean. */
export interface ShadingBasis {
  readonly degree: number;
  readonly count: number;
  /** Writes the functions at (x, y) in −1…1 into `out`. */
  readonly evaluate: (x: number, y: number, out: Float64Array) => void;
}

export function shadingBasis(degree: number): ShadingBasis {
  const powers: (readonly [number, number])[] = [];
  for (let total = 1; total <= degree; total++) for (let n = 0; n <= total; n++) powers.push([total - n, n]);
  const px = new Float64Array(degree + 1);
  const py = new Float64Array(degree + 1);
  return {
    degree,
    count: powers.length,
    evaluate(x, y, out) {
      legendre(x, px);
      legendre(y, py);
      for (let k = 0; k < powers.length; k++) out[k] = px[powers[k][0]] * py[powers[k][1]];
    },
  };
}

/** (n + 1) Pₙ₊₁ = (2n + 1) x Pₙ − n Pₙ₋₁ */
function legendre(x: number, out: Float64Array): void {
  out[0] = 1;
  if (out.length > 1) out[1] = x;
  for (let n = 1; n + 1 < out.length; n++) out[n + 1] = ((2 * n + 1) * x * out[n] - n * out[n - 1]) / (n + 1);
}

/** The field exp(Σ c φ), scaled to a mean of 1. */
export function fieldOf(basis: ShadingBasis, coefficients: Float64Array): ShadingField {
  const side = nodesPerSide;
  const values = new Float32Array(side * side);
  const phi = new Float64Array(basis.count);
  let sum = 0;
  let total = 0;
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side; i++) {
      basis.evaluate((2 * i) / (side - 1) - 1, (2 * j) / (side - 1) - 1, phi);
      let log = 0;
      for (let k = 0; k < basis.count; k++) log += coefficients[k] * phi[k];
      const value = Math.exp(log);
      values[j * side + i] = value;
      const weight = (i % (side - 1) === 0 ? 0.5 : 1) * (j % (side - 1) === 0 ? 0.5 : 1);
      sum += weight * value;
      total += weight;
    }
  for (let n = 0; n < values.length; n++) values[n] *= total / sum;
  return { columns: side, rows: side, values };
}
