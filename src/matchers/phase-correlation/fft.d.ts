/** fft.js ships no types; this is what is used of it. Complex arrays are interleaved: re, im, re, im, … */
declare module 'fft.js' {
  class FFT {
    /** @param size a power of two > 1 */
    constructor(size: number);
    transform(output: Float64Array, input: Float64Array): void;
    /** Divides by the size. */
    inverseTransform(output: Float64Array, input: Float64Array): void;
  }
  export = FFT;
}
