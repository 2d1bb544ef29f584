/** Bytes of typed arrays that one input may ask for, all together: what a machine of 4 GB can give. */
export const maxCaseAllocation = 2 ** 30;

/** Counts the bytes that `new Uint8Array(…)` and its kin ask for. */
export interface AllocationMeter {
  /** Bytes asked for since the last `reset`. */
  bytes(): number;
  reset(): void;
}

const names = [
  'ArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
] as const;

/**
 * Puts counting constructors in the place of this thread's typed arrays. Load the code under test afterwards. An array
 * that would pass `maxCaseAllocation` is not made: it throws what a machine without the memory throws.
 */
export function installAllocationMeter(): AllocationMeter {
  let total = 0;
  for (const name of names) {
    const original = globalThis[name] as unknown as {
      new (...args: unknown[]): object;
      readonly prototype: object;
      readonly BYTES_PER_ELEMENT?: number;
    };
    const elementBytes = original.BYTES_PER_ELEMENT ?? 1;
    const counting = function (...args: unknown[]): object {
      const [first] = args;
      const length = typeof first === 'number' ? first : lengthOf(first);
      if (length > 0) total += length * elementBytes;
      if (length * elementBytes > maxCaseAllocation) throw new RangeError('Array buffer allocation failed');
      return Reflect.construct(original, args);
    };
    Object.setPrototypeOf(counting, Object.getPrototypeOf(original) as object);
    for (const key of Reflect.ownKeys(original)) {
      const property = Object.getOwnPropertyDescriptor(original, key);
      if (property && key !== 'length' && key !== 'name') Object.defineProperty(counting, key, property);
    }
    Object.defineProperty(globalThis, name, { value: counting, writable: true, configurable: true });
  }
  return { bytes: () => total, reset: () => void (total = 0) };
}

/** Elements that a copy of `from` has; a view of a buffer is no allocation. */
function lengthOf(from: unknown): number {
  if (typeof from !== 'object' || from === null || !('length' in from)) return 0;
  return typeof from.length === 'number' ? from.length : 0;
}
