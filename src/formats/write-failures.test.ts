import { describe, expect, it } from 'vitest';
import { StitchError } from '../core/errors.ts';
import { defaultComposeOptions } from '../core/mosaic/mosaic.ts';
import { silentContext } from '../core/progress.ts';
import { smallMosaic } from '../core/testing/small-mosaic.ts';
import type { FileTreeSink } from './file-tree-sink.ts';
import type { RandomAccessSink } from './image-file.ts';
import { mosaicFormats, openImage } from './index.ts';
import type { MosaicFormat } from './index.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import { memorySink } from './memory-sink.ts';

const formats = Object.keys(mosaicFormats) as MosaicFormat[];
const small = smallMosaic('uint8', 1, 300);
/** Writes that fail are tried one by one up to this many, then a spread of them. */
const mostTried = 16;

/** A sink whose step number `failing` fails (writes, the cut to size and the commit are steps), and a count of them. */
function failingSink(failing: number) {
  const memory = memorySink();
  let steps = 0;
  /** Bytes as they would lie on a disk when the power goes now. */
  const written: { offset: number; bytes: Uint8Array }[] = [];
  const step = (): void => {
    if (steps++ === failing) throw new StitchError('write-failed', 'the disk is full');
  };
  const sink: RandomAccessSink = {
    async writeAt(offset, bytes) {
      step();
      written.push({ offset, bytes: bytes.slice() });
      await memory.writeAt(offset, bytes);
    },
    async truncate(size) {
      step();
      await memory.truncate(size);
    },
    async commit() {
      step();
      await memory.commit();
    },
    abort: () => memory.abort(),
  };
  const onDisk = (): Uint8Array => {
    const image = new Uint8Array(Math.max(0, ...written.map(({ offset, bytes }) => offset + bytes.length)));
    for (const { offset, bytes } of written) image.set(bytes, offset);
    return image;
  };
  return { sink, memory, onDisk, steps: () => steps };
}

async function write(format: MosaicFormat, sink: RandomAccessSink) {
  const compose = { ...defaultComposeOptions, evenTones: false };
  const options = { compose, region: small.mosaic.bounds, content: 'pixels', bits: null, range: null } as const;
  const writer = await mosaicFormats[format].load();
  return writer.write({ kind: 'file', sink }, small.mosaic, options, small.reader, silentContext);
}

/** Steps to let fail: all of few, else the first, the last and some between. */
function chosen(count: number): readonly number[] {
  const tried = Math.min(count, mostTried);
  return [...new Set(Array.from({ length: tried }, (_, n) => Math.round((n * (count - 1)) / Math.max(1, tried - 1))))];
}

describe('a write that fails', () => {
  it.each(formats)(
    '%s: whichever it is, the failure is told, the file is given up and never made visible',
    async (format) => {
      const whole = failingSink(-1);
      await write(format, whole.sink);
      expect(whole.memory.state()).toBe('committed');
      for (const failing of chosen(whole.steps())) {
        const broken = failingSink(failing);
        await expect(write(format, broken.sink)).rejects.toMatchObject({
          code: 'write-failed',
          message: 'the disk is full',
        });
        expect(broken.memory.state(), `step ${failing}`).toBe('aborted');
      }
    },
  );

  it.each(['tiff', 'ome-tiff'] as const)(
    '%s: what lies on the disk before the last write is no image',
    async (format) => {
      const whole = failingSink(-1);
      await write(format, whole.sink);
      // The steps behind the header: the cut to size and the commit.
      for (const failing of chosen(whole.steps() - 2)) {
        const broken = failingSink(failing);
        await write(format, broken.sink).catch(() => undefined);
        const bytes = broken.onDisk();
        await expect(openImage(byteSourceFromBytes('half.tif', bytes)), `step ${failing}`).rejects.toBeInstanceOf(
          StitchError,
        );
      }
    },
  );

  it.each(['ome-zarr', 'dzi'] as const)('%s: a folder is given up whichever file fails', async (format) => {
    const attempt = async (failing: number) => {
      let files = 0;
      let state = 'open';
      const sink: FileTreeSink = {
        async write() {
          if (files++ === failing) throw new StitchError('write-failed', 'the disk is full');
        },
        async commit() {
          if (files++ === failing) throw new StitchError('write-failed', 'the disk is full');
          state = 'committed';
          return 0;
        },
        async abort() {
          state = 'aborted';
        },
      };
      const compose = { ...defaultComposeOptions, evenTones: false };
      const options = { compose, region: small.mosaic.bounds, content: 'pixels', bits: null, range: null } as const;
      const writer = await mosaicFormats[format].load();
      const outcome = await writer
        .write({ kind: 'folder', sink }, small.mosaic, options, small.reader, silentContext)
        .then(
          () => 'written',
          (error: unknown) => (error instanceof StitchError ? error.code : 'other'),
        );
      return { files, state, outcome };
    };
    const whole = await attempt(-1);
    expect(whole).toMatchObject({ state: 'committed', outcome: 'written' });
    for (const failing of chosen(whole.files))
      expect(await attempt(failing)).toMatchObject({ state: 'aborted', outcome: 'write-failed' });
  });
});
