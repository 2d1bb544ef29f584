import { crc32 } from './crc32.ts';
import { treePath, type FileTreeSink } from './file-tree-sink.ts';
import type { RandomAccessSink } from './image-file.ts';

export interface ZipOptions {
  /** Text at the very end of the archive. */
  readonly comment?: string;
  /** Bytes left free before the first entry (ZIP allows anything there). */
  readonly startAt?: number;
}

const localBytes = 30;
const centralBytes = 46;
const utf8Names = 1 << 11;
/** 1 January 1980, 00:00: archives of the same content are the same bytes. */
const dosDate = 0x21;
const max32 = 0xffffffff;
const max16 = 0xffff;
/** Versions of the format that an extractor needs: 2.0 for folders, 4.5 for ZIP64. */
const plainVersion = 20;
const zip64Version = 45;

/**
 * An archive of stored (not compressed) entries, written front to back; ZIP64 where offsets or counts need it. The
 * directory at the end makes it an archive: an interrupted one is none.
 * @see PKWARE, APPNOTE.TXT 6.3.10, 4.3 and 4.5.3
 */
export function zipTreeSink(sink: RandomAccessSink, options: ZipOptions = {}): FileTreeSink {
  const directory: Uint8Array[] = [];
  let end = options.startAt ?? 0;
  return {
    async write(path, bytes) {
      if (bytes.length >= max32) throw new RangeError(`${path}: an entry of ${bytes.length} bytes`);
      const name = new TextEncoder().encode(treePath(path).join('/'));
      const crc = crc32(bytes);
      const entry = new Uint8Array(localBytes + name.length + bytes.length);
      const view = new DataView(entry.buffer);
      view.setUint32(0, 0x04034b50, true);
      view.setUint16(4, plainVersion, true);
      view.setUint16(6, utf8Names, true);
      view.setUint16(12, dosDate, true);
      view.setUint32(14, crc, true);
      view.setUint32(18, bytes.length, true);
      view.setUint32(22, bytes.length, true);
      view.setUint16(26, name.length, true);
      entry.set(name, localBytes);
      entry.set(bytes, localBytes + name.length);
      await sink.writeAt(end, entry);
      directory.push(centralEntry(name, crc, bytes.length, end));
      end += entry.length;
    },
    async commit() {
      const at = end;
      for (let first = 0; first < directory.length; first += 4096) {
        const part = concatenate(directory.slice(first, first + 4096));
        await sink.writeAt(end, part);
        end += part.length;
      }
      const tail = endOfDirectory(directory.length, at, end - at, options.comment ?? '');
      await sink.writeAt(end, tail);
      end += tail.length;
      await sink.truncate(end);
      await sink.commit();
      return end;
    },
    abort: () => sink.abort(),
  };
}

function centralEntry(name: Uint8Array, crc: number, size: number, offset: number): Uint8Array {
  const isFar = offset >= max32;
  const entry = new Uint8Array(centralBytes + name.length + (isFar ? 12 : 0));
  const view = new DataView(entry.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, isFar ? zip64Version : plainVersion, true);
  view.setUint16(6, isFar ? zip64Version : plainVersion, true);
  view.setUint16(8, utf8Names, true);
  view.setUint16(14, dosDate, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, size, true);
  view.setUint32(24, size, true);
  view.setUint16(28, name.length, true);
  view.setUint16(30, isFar ? 12 : 0, true);
  view.setUint32(42, isFar ? max32 : offset, true);
  entry.set(name, centralBytes);
  if (isFar) {
    view.setUint16(centralBytes + name.length, 1, true);
    view.setUint16(centralBytes + name.length + 2, 8, true);
    view.setBigUint64(centralBytes + name.length + 4, BigInt(offset), true);
  }
  return entry;
}

/** The records behind the directory: those of ZIP64 where the plain one cannot hold a number. */
function endOfDirectory(count: number, at: number, size: number, comment: string): Uint8Array {
  const text = new TextEncoder().encode(comment);
  const isLarge = count >= max16 || at >= max32 || size >= max32;
  const plain = new Uint8Array(22 + text.length);
  const view = new DataView(plain.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, Math.min(count, max16), true);
  view.setUint16(10, Math.min(count, max16), true);
  view.setUint32(12, Math.min(size, max32), true);
  view.setUint32(16, Math.min(at, max32), true);
  view.setUint16(20, text.length, true);
  plain.set(text, 22);
  return isLarge ? concatenate([zip64Records(count, at, size), plain]) : plain;
}

function zip64Records(count: number, at: number, size: number): Uint8Array {
  const records = new Uint8Array(56 + 20);
  const view = new DataView(records.buffer);
  view.setUint32(0, 0x06064b50, true);
  view.setBigUint64(4, 44n, true);
  view.setUint16(12, zip64Version, true);
  view.setUint16(14, zip64Version, true);
  view.setBigUint64(24, BigInt(count), true);
  view.setBigUint64(32, BigInt(count), true);
  view.setBigUint64(40, BigInt(size), true);
  view.setBigUint64(48, BigInt(at), true);
  view.setUint32(56, 0x07064b50, true);
  view.setBigUint64(64, BigInt(at + size), true);
  view.setUint32(72, 1, true);
  return records;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
