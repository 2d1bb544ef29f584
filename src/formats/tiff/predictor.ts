/**
 * Predictors of TIFF: 2 stores the difference to the sample on the left (of the same channel), 3 the differences of
 * the bytes of floats sorted into planes, most significant first.
 * @see TIFF 6.0 section 14; Adobe Photoshop TIFF Technical Note 3
 */
type IntegerRows = Uint8Array | Uint16Array | Uint32Array;

/** Undoes predictor 2 in place. `rowSamples` is samples a row, `stride` samples a pixel; sums wrap around. */
export function undoHorizontalDifference(data: IntegerRows, rowSamples: number, stride: number): void {
  for (let row = 0; row + rowSamples <= data.length; row += rowSamples) {
    const end = row + rowSamples;
    for (let i = row + stride; i < end; i++) data[i] += data[i - stride];
  }
}

/** Applies predictor 2 in place. */
export function applyHorizontalDifference(data: IntegerRows, rowSamples: number, stride: number): void {
  for (let row = 0; row + rowSamples <= data.length; row += rowSamples) {
    for (let i = row + rowSamples - 1; i >= row + stride; i--) data[i] -= data[i - stride];
  }
}

/** Undoes predictor 3: rows of byte differences → little-endian samples of `bytesPerSample`, as a new array. */
export function undoFloatPredictor(
  data: Uint8Array,
  rowSamples: number,
  stride: number,
  bytesPerSample: number,
): Uint8Array {
  const rowBytes = rowSamples * bytesPerSample;
  const out = new Uint8Array(data.length);
  for (let row = 0; row + rowBytes <= data.length; row += rowBytes) {
    for (let i = row + stride; i < row + rowBytes; i++) data[i] += data[i - stride];
    for (let plane = 0; plane < bytesPerSample; plane++) {
      const from = row + (bytesPerSample - 1 - plane) * rowSamples;
      for (let i = 0; i < rowSamples; i++) out[row + i * bytesPerSample + plane] = data[from + i];
    }
  }
  return out;
}

/** Applies predictor 3 to little-endian samples, as a new array. */
export function applyFloatPredictor(
  data: Uint8Array,
  rowSamples: number,
  stride: number,
  bytesPerSample: number,
): Uint8Array {
  const rowBytes = rowSamples * bytesPerSample;
  const out = new Uint8Array(data.length);
  for (let row = 0; row + rowBytes <= data.length; row += rowBytes) {
    for (let plane = 0; plane < bytesPerSample; plane++) {
      const to = row + (bytesPerSample - 1 - plane) * rowSamples;
      for (let i = 0; i < rowSamples; i++) out[to + i] = data[row + i * bytesPerSample + plane];
    }
    for (let i = row + rowBytes - 1; i >= row + stride; i--) out[i] -= out[i - stride];
  }
  return out;
}
