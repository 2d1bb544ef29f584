/** One entry of a TIFF directory. */
export interface Field {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** As they lie in the file: inline where they fit, else behind the directory. */
  readonly bytes: readonly number[];
}

/** A TIFF of one directory after another, written by hand: numbers in `littleEndian` or not, 32- or 64-bit offsets. */
export function tiffOf(pages: readonly (readonly Field[])[], littleEndian: boolean, bigTiff: boolean): Uint8Array {
  const out: number[] = [];
  const put = (value: number, length: number) => {
    const bytes = Array.from({ length }, (_, k) => Math.floor(value / 256 ** k) % 256);
    out.push(...(littleEndian ? bytes : bytes.reverse()));
  };
  const word = bigTiff ? 8 : 4;
  out.push(...(littleEndian ? [0x49, 0x49] : [0x4d, 0x4d]));
  put(bigTiff ? 43 : 42, 2);
  if (bigTiff) {
    put(8, 2);
    put(0, 2);
  }
  put(out.length + word, word);
  pages.forEach((fields, page) => {
    put(fields.length, bigTiff ? 8 : 2);
    const values: number[] = [];
    const behind = out.length + fields.length * (bigTiff ? 20 : 12) + word;
    for (const { tag, type, count, bytes } of fields) {
      put(tag, 2);
      put(type, 2);
      put(count, word);
      if (bytes.length <= word) out.push(...bytes, ...Array<number>(word - bytes.length).fill(0));
      else {
        put(behind + values.length, word);
        values.push(...bytes);
      }
    }
    put(page + 1 < pages.length ? behind + values.length : 0, word);
    out.push(...values);
  });
  return Uint8Array.from(out);
}
