import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentContext } from '../../src/core/progress.ts';
import { byteSourceFromBytes } from '../../src/formats/byte-source.ts';
import { openImage } from '../../src/formats/index.ts';

/** Python with numpy, PIL and, underneath, libtiff: the oracle from outside. */
export const oraclePython = process.env.TIFF_PYTHON ?? '/usr/bin/python3';

interface OracleFile {
  readonly variant: string;
  readonly offset: number;
  readonly bytes: number;
  readonly pixelsOffset: number;
  readonly pixelsBytes: number;
  readonly dtype: 'uint8' | 'uint16' | 'int16' | 'float32';
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  /** Grey levels by which decoders may differ: 0 but for JPEG, whose standard allows it. */
  readonly tolerance: number;
}

interface OracleList {
  readonly libtiff: string;
  readonly variants: number;
  readonly files: readonly OracleFile[];
}

/** What a comparison found. */
export interface OracleReport {
  readonly libtiff: string;
  readonly files: number;
  readonly variants: ReadonlySet<string>;
  readonly samples: number;
  /** Samples that differ by more than the tolerance, and files that were not read, in words. */
  readonly wrong: readonly string[];
  readonly worstJpeg: number;
}

/** Makes `count` files from number `first` on, reads them with our readers, and compares every sample with libtiff's. */
export async function compareWithLibtiff(seed: number, first: number, count: number): Promise<OracleReport> {
  const folder = await mkdtemp(join(tmpdir(), 'oracle-'));
  try {
    const script = fileURLToPath(new URL('./libtiff_variants.py', import.meta.url));
    const args = ['-W', 'ignore', script, folder, String(seed), String(first), String(count)];
    const { stdout } = await promisify(execFile)(oraclePython, args, { maxBuffer: 2 ** 28 });
    const { libtiff, files } = JSON.parse(stdout) as OracleList;
    const [bytes, pixels] = await Promise.all([readFile(join(folder, 'files')), readFile(join(folder, 'pixels'))]);
    const wrong: string[] = [];
    let samples = 0;
    let worstJpeg = 0;
    for (const file of files) {
      const own = new Uint8Array(bytes.subarray(file.offset, file.offset + file.bytes));
      const truth = typedArray(
        file.dtype,
        new Uint8Array(pixels.subarray(file.pixelsOffset, file.pixelsOffset + file.pixelsBytes)),
      );
      const { count: differing, worst, problem } = await compareFile(own, truth, file);
      samples += truth.length;
      if (file.tolerance > 0) worstJpeg = Math.max(worstJpeg, worst);
      if (problem !== null) wrong.push(`${file.variant}, ${file.width} × ${file.height}: ${problem}`);
      else if (differing > 0)
        wrong.push(`${file.variant}, ${file.width} × ${file.height}: ${differing} samples differ, by up to ${worst}`);
    }
    return {
      libtiff,
      files: files.length,
      variants: new Set(files.map(({ variant }) => variant)),
      samples,
      wrong,
      worstJpeg,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Truth = Uint8Array | Uint16Array | Int16Array | Float32Array;

function typedArray(type: OracleFile['dtype'], bytes: Uint8Array): Truth {
  const buffer = bytes.slice().buffer;
  if (type === 'uint8') return new Uint8Array(buffer);
  if (type === 'uint16') return new Uint16Array(buffer);
  return type === 'int16' ? new Int16Array(buffer) : new Float32Array(buffer);
}

async function compareFile(
  bytes: Uint8Array,
  truth: Truth,
  { variant, dtype, channels, width, height, tolerance }: OracleFile,
): Promise<{ readonly count: number; readonly worst: number; readonly problem: string | null }> {
  try {
    const image = await openImage(byteSourceFromBytes(variant, bytes));
    const [info] = image.pages;
    const read = `${info.channels} × ${info.sampleType} of ${info.size.width} × ${info.size.height}`;
    if (read !== `${channels} × ${dtype} of ${width} × ${height}`)
      return { count: 0, worst: 0, problem: `read as ${read}` };
    const rasters = await image.readRegion(0, undefined, silentContext.signal);
    let count = 0;
    let worst = 0;
    for (const [c, { data }] of rasters.entries())
      for (let i = 0; i < data.length; i++) {
        const difference = Math.abs(data[i] - truth[c * data.length + i]);
        if (difference > worst) worst = difference;
        if (!(difference <= tolerance)) count++;
      }
    return { count, worst, problem: null };
  } catch (error) {
    return { count: 0, worst: 0, problem: String(error) };
  }
}
