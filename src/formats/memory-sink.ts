import { StitchError } from '../core/errors.ts';
import type { RandomAccessSink } from './image-file.ts';

/** A sink in memory: for tests, small exports and the sample generator. */
export interface MemorySink extends RandomAccessSink {
  /** `open` while written, then what became of it. */
  readonly state: () => 'open' | 'committed' | 'aborted';
  /**
   * The finished file.
   * @throws StitchError `write-failed` unless it was committed
   */
  readonly bytes: () => Uint8Array;
}

const firstCapacity = 65536;

/** Creates an empty sink in memory that grows as it is written. */
export function memorySink(): MemorySink {
  let buffer = new Uint8Array(firstCapacity);
  let size = 0;
  let state: 'open' | 'committed' | 'aborted' = 'open';
  const requireOpen = (): void => {
    if (state !== 'open') throw new StitchError('write-failed', `The file in memory is ${state} already.`);
  };
  const reserve = (capacity: number): void => {
    if (capacity <= buffer.length) return;
    const grown = new Uint8Array(Math.max(capacity, buffer.length * 2));
    grown.set(buffer.subarray(0, size));
    buffer = grown;
  };
  return {
    writeAt: async (offset, bytes) => {
      requireOpen();
      reserve(offset + bytes.length);
      buffer.set(bytes, offset);
      size = Math.max(size, offset + bytes.length);
    },
    truncate: async (length) => {
      requireOpen();
      reserve(length);
      buffer.fill(0, Math.min(length, size));
      size = length;
    },
    commit: async () => {
      requireOpen();
      state = 'committed';
    },
    abort: async () => {
      state = 'aborted';
      size = 0;
    },
    state: () => state,
    bytes: () => {
      if (state !== 'committed') throw new StitchError('write-failed', `The file in memory is ${state}, not finished.`);
      return buffer.slice(0, size);
    },
  };
}
