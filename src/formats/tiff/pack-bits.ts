/**
 * Apple PackBits. Stops after `expectedBytes` or at the end of the input; a shorter answer means that data are missing.
 * @see TIFF 6.0 section 9
 */
export function decodePackBits(bytes: Uint8Array, expectedBytes: number): Uint8Array {
  const out = new Uint8Array(expectedBytes);
  let filled = 0;
  let position = 0;
  while (filled < expectedBytes && position < bytes.length) {
    const code = bytes[position++];
    if (code < 128) {
      const literal = bytes.subarray(position, position + Math.min(code + 1, expectedBytes - filled));
      out.set(literal, filled);
      filled += literal.length;
      position += code + 1;
    } else if (code > 128 && position < bytes.length) {
      const end = Math.min(filled + 257 - code, expectedBytes);
      out.fill(bytes[position++], filled, end);
      filled = end;
    }
  }
  return filled === expectedBytes ? out : out.subarray(0, filled);
}
