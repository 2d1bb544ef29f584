import FFT from 'fft.js';

/** Two-dimensional Fourier transform of a fixed size; complex fields are interleaved (re, im), row-major. */
export interface Fft2 {
  readonly width: number;
  readonly height: number;
  /** In place. */
  forward(field: Float64Array): void;
  /** In place; divides by the number of samples. */
  inverse(field: Float64Array): void;
}

/** The smallest power of two ≥ n, at least 2: what the transform takes. */
export function powerOfTwoFor(n: number): number {
  let power = 2;
  while (power < n) power *= 2;
  return power;
}

/** @param width,height powers of two ≥ 2 */
export function planFft2(width: number, height: number): Fft2 {
  const rowFft = new FFT(width);
  const columnFft = new FFT(height);
  const rowOut = new Float64Array(2 * width);
  const column = new Float64Array(2 * height);
  const columnOut = new Float64Array(2 * height);
  const pass = (field: Float64Array, direction: 'transform' | 'inverseTransform') => {
    for (let y = 0; y < height; y++) {
      const row = field.subarray(2 * y * width, 2 * (y + 1) * width);
      rowFft[direction](rowOut, row);
      row.set(rowOut);
    }
    for (let x = 0; x < width; x++) {
      for (let y = 0; y < height; y++) {
        column[2 * y] = field[2 * (y * width + x)];
        column[2 * y + 1] = field[2 * (y * width + x) + 1];
      }
      columnFft[direction](columnOut, column);
      for (let y = 0; y < height; y++) {
        field[2 * (y * width + x)] = columnOut[2 * y];
        field[2 * (y * width + x) + 1] = columnOut[2 * y + 1];
      }
    }
  };
  return {
    width,
    height,
    forward: (field) => pass(field, 'transform'),
    inverse: (field) => pass(field, 'inverseTransform'),
  };
}
