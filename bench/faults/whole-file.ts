/** Endings of texts that end with a line break when they are whole. */
const lines = /\.(csv|txt|xml|json)$/;

/** Whether a result that is not the expected one is at least all of another: nobody takes half a file for one. */
export function isWhole(name: string, bytes: Buffer): boolean {
  if (name.endsWith('.json')) return isJson(bytes.toString('utf8'));
  if (lines.test(name)) return bytes.length > 0 && bytes[bytes.length - 1] === 10;
  // A picture ends with what its format ends with; TIFFs of ours have their directories before the pixels.
  if (name.endsWith('.png')) return bytes.subarray(-8, -4).toString('latin1') === 'IEND';
  if (/\.(tiff?)$/.test(name)) return tiffEnd(bytes) <= bytes.length;
  return bytes.length > 0;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Where the last pixels of a classic or big little-endian TIFF end, over all of its tags 273/279 and 324/325. */
function tiffEnd(bytes: Buffer): number {
  if (bytes.length < 16) return Infinity;
  const isBig = bytes.readUInt16LE(2) === 43;
  const word = (at: number) => (isBig ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt32LE(at));
  const [entryBytes, countBytes, wordBytes] = isBig ? [20, 8, 8] : [12, 2, 4];
  let end = 0;
  try {
    for (let at = word(isBig ? 8 : 4); at !== 0;) {
      const count = isBig ? Number(bytes.readBigUInt64LE(at)) : bytes.readUInt16LE(at);
      const tags = new Map<number, readonly number[]>();
      for (let k = 0; k < count; k++) {
        const entry = at + countBytes + k * entryBytes;
        const type = bytes.readUInt16LE(entry + 2);
        const values = word(entry + 4);
        const valueBytes = type === 3 ? 2 : type === 16 ? 8 : 4;
        const from = values * valueBytes <= wordBytes ? entry + 4 + wordBytes : word(entry + 4 + wordBytes);
        const valueAt = (i: number) =>
          type === 3
            ? bytes.readUInt16LE(from + 2 * i)
            : type === 16
              ? Number(bytes.readBigUInt64LE(from + 8 * i))
              : bytes.readUInt32LE(from + 4 * i);
        const tag = bytes.readUInt16LE(entry);
        if ([273, 279, 324, 325].includes(tag))
          tags.set(
            tag,
            Array.from({ length: values }, (_, i) => valueAt(i)),
          );
      }
      const offsets = tags.get(324) ?? tags.get(273) ?? [];
      const counts = tags.get(325) ?? tags.get(279) ?? [];
      offsets.forEach((offset, i) => (end = Math.max(end, offset + counts[i])));
      at = word(at + countBytes + count * entryBytes);
    }
  } catch (error) {
    if (error instanceof RangeError) return Infinity;
    throw error;
  }
  return end;
}
