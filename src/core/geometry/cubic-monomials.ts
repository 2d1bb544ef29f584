/** Terms of a polynomial in two variables, by its degree 0…3. */
export const monomialCount: readonly number[] = [1, 3, 6, 10];

/** Writes 1, u, v, u², uv, v², u³, u²v, uv², v³: those of a degree are the first `monomialCount` of them. */
export function fillMonomials(u: number, v: number, into: Float64Array): void {
  into[0] = 1;
  into[1] = u;
  into[2] = v;
  into[3] = u * u;
  into[4] = u * v;
  into[5] = v * v;
  into[6] = u * u * u;
  into[7] = u * u * v;
  into[8] = u * v * v;
  into[9] = v * v * v;
}
