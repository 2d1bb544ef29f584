import type { ByteSource } from './image-file.ts';
import { readExactly } from './byte-source.ts';
import { sha256Hex } from './sha256.ts';

const endBytes = 65536;

/**
 * Identity of a file for caches: `<size>-<SHA-256 of its first and last 64 KiB>`. TIFF headers lie at one of the two
 * ends, so that files of equal size but different metadata differ.
 * @throws StitchError `unreadable-file`, `truncated-file`
 */
export async function fileIdentity(source: ByteSource): Promise<string> {
  const headLength = Math.min(endBytes, source.size);
  const tailLength = Math.min(endBytes, source.size - headLength);
  const head = await readExactly(source, 0, headLength, 'first bytes');
  const tail = await readExactly(source, source.size - tailLength, tailLength, 'last bytes');
  const both = new Uint8Array(head.length + tail.length);
  both.set(head);
  both.set(tail, head.length);
  return `${source.size}-${await sha256Hex(both)}`;
}
