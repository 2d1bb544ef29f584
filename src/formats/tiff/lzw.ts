const clearCode = 256;
const endCode = 257;
const firstFree = 258;
const tableSize = 4096;

/** True for the bit order of the very first TIFF writers (least significant first), which is not decoded here. */
export function isOldStyleLzw(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && (bytes[1] & 1) === 1;
}

/**
 * TIFF's LZW (most significant bit first, code width grown one code early). Stops after `expectedBytes`, at the end
 * code or at the end of the input; returns what was decoded, so a shorter answer means that data are missing.
 *
 * A string of the table is the previous string plus the byte after it, which lie side by side in the output: an entry
 * is a place and a length there, and decoding is a copy.
 * @throws RangeError on a code that no encoder writes
 * @see TIFF 6.0 section 13
 */
export function decodeLzw(bytes: Uint8Array, expectedBytes: number): Uint8Array {
  const out = new Uint8Array(expectedBytes);
  const starts = new Uint32Array(tableSize);
  const lengths = new Uint32Array(tableSize);
  let next = firstFree;
  let width = 9;
  let bits = 0;
  let bitCount = 0;
  let position = 0;
  let filled = 0;
  let previousStart = 0;
  let previousLength = 0;
  while (filled < expectedBytes) {
    while (bitCount < width && position < bytes.length) {
      bits = (bits << 8) | bytes[position++];
      bitCount += 8;
    }
    if (bitCount < width) break;
    bitCount -= width;
    const code = bits >>> bitCount;
    bits &= (1 << bitCount) - 1;
    if (code === endCode) break;
    if (code === clearCode) {
      next = firstFree;
      width = 9;
      previousLength = 0;
      continue;
    }
    // Of a full table nothing is overwritten: entries past its end are lost.
    if (previousLength > 0) {
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
      if (next === 511 || next === 1023 || next === 2047) width++;
    }
    previousStart = filled;
    if (code < clearCode) {
      out[filled++] = code;
      previousLength = 1;
      continue;
    }
    if (code >= next) throw new RangeError(`LZW code ${code} before it was defined`);
    const from = starts[code];
    previousLength = lengths[code];
    const end = Math.min(filled + previousLength, expectedBytes);
    // Byte by byte, forwards: the string may overlap the place it is copied to.
    for (let i = from; filled < end; i++) out[filled++] = out[i];
  }
  return filled === expectedBytes ? out : out.subarray(0, filled);
}
