import type { TransformModel } from '../matching/link.ts';

/**
 * Gauss–Newton terms of Σ_l w_l Σ|m_a(p) − m_b(q)|², exact from the links' moments.
 *
 * Unknowns of a tile, all in px (the linear part times the lever h, so that a step moves a corner by about itself):
 *
 * | model       | block k | right-hand sides | unknowns                                        |
 * |-------------|---------|------------------|-------------------------------------------------|
 * | translation | 1       | 2 (x, y)         | u                                               |
 * | rigid       | 3       | 1                | ux, uy, h·θ (left increment: A ← R(θ)·A)        |
 * | similarity  | 4       | 1                | ux, uy, h·α, h·β with A = [[α, −β], [β, α]]      |
 * | affine      | 3       | 2 (x, y)         | u, and h times one row of A                     |
 *
 * In translation and affine the two axes share one matrix: it is factorised once.
 */
export interface NormalEquations {
  readonly k: number;
  /** [nodes · k²] and [links · k²], row-major; off-diagonal blocks are H(from, to). */
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
  /** One or two gradients ½∂cost, [nodes · k]. */
  readonly gradients: readonly Float64Array[];
}

export function blockSizeOf(model: TransformModel): number {
  return { translation: 1, rigid: 3, similarity: 4, affine: 3 }[model];
}

export function allocateNormalEquations(model: TransformModel, nodes: number, links: number): NormalEquations {
  const k = blockSizeOf(model);
  const gradient = () => new Float64Array(nodes * k);
  return {
    k,
    diagonal: new Float64Array(nodes * k * k),
    offDiagonal: new Float64Array(links * k * k),
    gradients: model === 'translation' || model === 'affine' ? [gradient(), gradient()] : [gradient()],
  };
}
