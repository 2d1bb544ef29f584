/** One tag of a directory that is written: numbers of one type, or text (UTF-8, NUL-terminated). */
export type TiffField =
  | {
      readonly tag: number;
      readonly type: 'short' | 'long' | 'long8' | 'rational';
      /** Of `rational`: numerator, denominator, … */
      readonly values: ArrayLike<number>;
    }
  | { readonly tag: number; readonly type: 'ascii'; readonly text: string };

const typeCodes = { ascii: 2, short: 3, long: 4, rational: 5, long8: 16 } as const;

/** Bytes before the first tile. */
export function headerBytes(bigTiff: boolean): number {
  return bigTiff ? 16 : 8;
}

/** The little-endian header of a file whose only directory is at `directoryAt`. */
export function encodeHeader(directoryAt: number, bigTiff: boolean): Uint8Array {
  const bytes = new Uint8Array(headerBytes(bigTiff));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4949);
  view.setUint16(2, bigTiff ? 43 : 42, true);
  if (bigTiff) {
    view.setUint16(4, 8, true);
    view.setBigUint64(8, BigInt(directoryAt), true);
  } else view.setUint32(4, directoryAt, true);
  return bytes;
}

/**
 * A directory (the last of its file) that will lie at `at`, with the values that do not fit their entries behind it.
 * @see TIFF 6.0, section 2
 */
export function encodeDirectory(fields: readonly TiffField[], at: number, bigTiff: boolean): Uint8Array {
  const sorted = [...fields].sort((a, b) => a.tag - b.tag);
  const entryBytes = bigTiff ? 20 : 12;
  const inlineBytes = bigTiff ? 8 : 4;
  const countBytes = bigTiff ? 8 : 2;
  const tableBytes = countBytes + sorted.length * entryBytes + inlineBytes;
  const payloads = sorted.map(encodeValues);
  const outside = payloads.filter(({ bytes }) => bytes.length > inlineBytes);
  const out = new Uint8Array(outside.reduce((sum, { bytes }) => sum + even(bytes.length), even(tableBytes)));
  const view = new DataView(out.buffer);
  const setOffset = (where: number, value: number): void => {
    if (bigTiff) view.setBigUint64(where, BigInt(value), true);
    else view.setUint32(where, value, true);
  };
  // Of the eight bytes that a BigTIFF counts its entries in, two are enough.
  view.setUint16(0, sorted.length, true);
  let next = even(tableBytes);
  sorted.forEach((field, i) => {
    const { bytes, count } = payloads[i];
    const entry = countBytes + i * entryBytes;
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, typeCodes[field.type], true);
    setOffset(entry + 4, count);
    const valueAt = entry + (bigTiff ? 12 : 8);
    if (bytes.length <= inlineBytes) out.set(bytes, valueAt);
    else {
      setOffset(valueAt, at + next);
      out.set(bytes, next);
      next += even(bytes.length);
    }
  });
  return out;
}

/** Values begin on a word boundary. */
function even(length: number): number {
  return length + (length % 2);
}

function encodeValues(field: TiffField): { readonly bytes: Uint8Array; readonly count: number } {
  if (field.type === 'ascii') {
    const bytes = new TextEncoder().encode(`${field.text.replaceAll('\0', ' ')}\0`);
    return { bytes, count: bytes.length };
  }
  const { type, values } = field;
  const size = type === 'short' ? 2 : type === 'long8' ? 8 : 4;
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (type === 'short') view.setUint16(i * 2, values[i], true);
    else if (type === 'long8') view.setBigUint64(i * 8, BigInt(values[i]), true);
    else view.setUint32(i * 4, values[i], true);
  }
  return { bytes, count: type === 'rational' ? values.length / 2 : values.length };
}
