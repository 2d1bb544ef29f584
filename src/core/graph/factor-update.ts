import type { Adjustment } from './adjustment.ts';
import { assemble } from './assemble.ts';
import { allocateNormalEquations } from './normal-equations.ts';
import { solveFactored } from './sparse-cholesky.ts';
import type { CholeskyFactor } from './sparse-cholesky.ts';

/** H⁻¹ as the solver uses it: applied to vectors, and its diagonal blocks. */
export interface Inverse {
  /** Solves H·z = rhs in place; [nodes · k] in node order. */
  readonly solve: (rhs: Float64Array) => void;
  /** [nodes · k²] */
  readonly diagonal: Float64Array;
}

/**
 * The inverse without some links: with E the unit vectors of their tiles' unknowns and B what the links add there to H,
 *
 *   (H − E·B·Eᵀ)⁻¹ = H⁻¹ + U·M·Uᵀ,   U = H⁻¹·E,   M = (I − B·EᵀU)⁻¹·B
 *
 * which costs one solve for each column of E instead of a factorisation.
 *
 * @param weights [links] as they were in H.
 * @param links those to leave out.
 * @returns null where H without them is singular, or nearly: a part of the mosaic would hang on nothing.
 * @see Woodbury 1950, "Inverting modified matrices"
 */
export function inverseWithout(
  adjustment: Adjustment,
  factor: CholeskyFactor,
  diagonal: Float64Array,
  poses: Float64Array,
  weights: Float64Array,
  links: readonly number[],
): Inverse | null {
  const { system } = adjustment;
  const { k } = factor;
  const nodes = [...new Set(links.flatMap((l) => [system.from[l], system.to[l]]))];
  const columns = responsesOf(factor, nodes, system.nodes.length);
  const size = columns.length;
  const removed = informationOf(adjustment, poses, weights, links, nodes);
  const left = new Float64Array(size * size);
  for (let r = 0; r < size; r++) left[r * size + r] = 1;
  for (let r = 0; r < size; r++)
    for (let m = 0; m < size; m++) {
      const at = nodes[Math.floor(m / k)] * k + (m % k);
      for (let c = 0; c < size; c++) left[r * size + c] -= removed[r * size + m] * columns[c][at];
    }
  if (!solveDense(left, removed, size)) return null;
  return {
    solve: (rhs) => {
      const seen = columns.map((column) => {
        let sum = 0;
        for (let s = 0; s < column.length; s++) sum += column[s] * rhs[s];
        return sum;
      });
      solveFactored(factor, rhs);
      for (let r = 0; r < size; r++) {
        let share = 0;
        for (let c = 0; c < size; c++) share += removed[r * size + c] * seen[c];
        const column = columns[r];
        for (let s = 0; s < column.length; s++) rhs[s] += share * column[s];
      }
    },
    diagonal: updatedDiagonal(diagonal, columns, removed, k),
  };
}

/** H⁻¹ times the unit vectors of the nodes' unknowns. */
function responsesOf({ k, ...factor }: CholeskyFactor, nodes: readonly number[], count: number): Float64Array[] {
  return nodes.flatMap((i) =>
    Array.from({ length: k }, (_, r) => {
      const column = new Float64Array(count * k);
      column[i * k + r] = 1;
      solveFactored({ ...factor, k }, column);
      return column;
    }),
  );
}

/** What the links add to the blocks of H of the nodes, a dense matrix. */
function informationOf(
  { model, system, sums }: Adjustment,
  poses: Float64Array,
  weights: Float64Array,
  links: readonly number[],
  nodes: readonly number[],
): Float64Array {
  const alone = new Float64Array(weights.length);
  for (const l of links) alone[l] = weights[l];
  const equations = allocateNormalEquations(model, system.nodes.length, weights.length);
  assemble(model, system, sums, alone, poses, null, equations);
  const { k } = equations;
  const size = nodes.length * k;
  const information = new Float64Array(size * size);
  const place = new Map(nodes.map((i, p) => [i, p * k]));
  const add = (values: Float64Array, block: number, row: number, column: number, isTransposed: boolean): void => {
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++)
        information[(row + r) * size + column + c] += values[block * k * k + (isTransposed ? c * k + r : r * k + c)];
  };
  for (const [i, at] of place) add(equations.diagonal, i, at, at, false);
  for (const l of links) {
    const a = place.get(system.from[l]) ?? 0;
    const b = place.get(system.to[l]) ?? 0;
    add(equations.offDiagonal, l, a, b, false);
    add(equations.offDiagonal, l, b, a, true);
  }
  return information;
}

/** Pivots below this share of 1 are taken for none. */
const leastPivot = 1e-6;

/** right ← left⁻¹·right, both size × size, by Gauss–Jordan with row pivots; false when left is nearly singular. */
function solveDense(left: Float64Array, right: Float64Array, size: number): boolean {
  for (let c = 0; c < size; c++) {
    let best = c;
    for (let r = c + 1; r < size; r++) if (Math.abs(left[r * size + c]) > Math.abs(left[best * size + c])) best = r;
    const pivot = left[best * size + c];
    if (!(Math.abs(pivot) > leastPivot)) return false;
    for (const matrix of [left, right])
      for (let m = 0; m < size; m++) {
        const swap = matrix[c * size + m];
        matrix[c * size + m] = matrix[best * size + m] / pivot;
        if (best !== c) matrix[best * size + m] = swap;
      }
    for (let r = 0; r < size; r++) {
      const factor = left[r * size + c];
      if (r === c || factor === 0) continue;
      for (let m = 0; m < size; m++) {
        left[r * size + m] -= factor * left[c * size + m];
        right[r * size + m] -= factor * right[c * size + m];
      }
    }
  }
  return true;
}

/** Diagonal blocks of H⁻¹ + U·M·Uᵀ. */
function updatedDiagonal(
  diagonal: Float64Array,
  columns: readonly Float64Array[],
  middle: Float64Array,
  k: number,
): Float64Array {
  const out = diagonal.slice();
  const size = columns.length;
  for (let p = 0; p < size; p++)
    for (let q = 0; q < size; q++) {
      const m = middle[p * size + q];
      const left = columns[p];
      const right = columns[q];
      for (let i = 0, at = 0; i < left.length; i += k)
        for (let r = 0; r < k; r++) for (let c = 0; c < k; c++) out[at++] += left[i + r] * m * right[i + c];
    }
  return out;
}
