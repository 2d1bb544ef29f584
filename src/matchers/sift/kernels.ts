/**
 * The two inner loops of SIFT over one growing block of floats: in WebAssembly with 128-bit vectors (`wasm-kernels.ts`)
 * or, where those are not to be had, as the loops below. Addresses and steps count floats.
 */
export interface SiftKernels {
  /** The block, grown to at least `length` floats; what it held is kept, views of it taken before are dead. */
  floats(length: number): Float32Array;
  /**
   * out[x] = t₀ in[x] + Σₖ tₖ (in[x − k·step] + in[x + k·step]), k = 1 … radius, for 0 ≤ x < count.
   * @param radius at least 1
   * @param count a positive multiple of 16
   */
  convolve(out: number, input: number, taps: number, radius: number, step: number, count: number): void;
  /**
   * Inner products of 4 rows u with 8·blocks rows v of 128 numbers. u is row-major; a block of v holds the first numbers
   * of its 8 rows, then the second ones, …; out is [blocks][4][8].
   */
  multiply(out: number, u: number, v: number, blocks: number): void;
}

/** Rows of u and of v that `multiply` takes together, and their length. */
export const leftRows = 4;
export const rightRows = 8;
export const rowLength = 128;

/** The kernels in plain TypeScript. */
export function plainKernels(): SiftKernels {
  let block = new Float32Array(0);
  return {
    floats(length) {
      if (length > block.length) {
        const grown = new Float32Array(length);
        grown.set(block);
        block = grown;
      }
      return block;
    },
    convolve: (out, input, taps, radius, step, count) => convolve(block, out, input, taps, radius, step, count),
    multiply: (out, u, v, blocks) => multiply(block, out, u, v, blocks),
  };
}

function convolve(
  f: Float32Array,
  out: number,
  input: number,
  taps: number,
  radius: number,
  step: number,
  count: number,
): void {
  for (let x = 0; x < count; x++) f[out + x] = f[taps] * f[input + x];
  for (let k = 1; k <= radius; k++) {
    const weight = f[taps + k];
    const before = input - k * step;
    const after = input + k * step;
    for (let x = 0; x < count; x++) f[out + x] += weight * (f[before + x] + f[after + x]);
  }
}

function multiply(f: Float32Array, out: number, u: number, v: number, blocks: number): void {
  for (let block = 0; block < blocks; block++) {
    const firstOut = out + block * leftRows * rightRows;
    const firstV = v + block * rightRows * rowLength;
    for (let row = 0; row < leftRows; row++) {
      for (let column = 0; column < rightRows; column++) {
        let sum = 0;
        const start = u + row * rowLength;
        for (let k = 0; k < rowLength; k++) sum += f[start + k] * f[firstV + k * rightRows + column];
        f[firstOut + row * rightRows + column] = sum;
      }
    }
  }
}
