import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SampleType } from '../../core/raster/raster.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import type { ByteSource } from '../image-file.ts';

/** Python with numpy and tifffile (Debian: python3-tifffile), the oracle from outside. */
const python = process.env.TIFF_PYTHON ?? '/usr/bin/python3';

/** A TIFF made by tifffile or libtiff and the pixels that must be read from it, or the words it is refused with. */
export type TiffVariant =
  | {
      readonly name: string;
      readonly file: string;
      readonly raw: string;
      readonly dtype: SampleType;
      readonly channels: 1 | 3;
      readonly width: number;
      readonly height: number;
      readonly pages: number;
      readonly tolerance: number;
    }
  | { readonly name: string; readonly file: string; readonly refused: string };

/** A new folder for files of a test run. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'formats-'));
}

/** Builds all variants; throws when python3-tifffile or libtiff-tools are missing: nothing is skipped. */
export function buildTiffVariants(folder: string): readonly TiffVariant[] {
  const script = join(import.meta.dirname, 'tiff-variants.py');
  return JSON.parse(execFileSync(python, ['-W', 'ignore', script, folder], { encoding: 'utf8' })) as TiffVariant[];
}

/** Runs a Python program over `args` and returns what it prints. */
export function runPython(program: string, ...args: readonly string[]): string {
  return execFileSync(python, ['-W', 'ignore', '-c', program, ...args], { encoding: 'utf8' });
}

/** A file as a source in memory. */
export function sourceOfFile(folder: string, name: string): ByteSource {
  return byteSourceFromBytes(name, new Uint8Array(readFileSync(join(folder, name))));
}

/** A source that counts what is read from it. */
export function countingSource(inner: ByteSource): ByteSource & { readonly bytesRead: () => number } {
  let bytes = 0;
  return {
    name: inner.name,
    size: inner.size,
    read: async (offset, length) => {
      const part = await inner.read(offset, length);
      bytes += part.length;
      return part;
    },
    bytesRead: () => bytes,
  };
}
