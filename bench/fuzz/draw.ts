import { randomStream } from '../../src/core/synthesis/random.ts';

/** Random choices of one fuzz case; the same seed and number give the same case everywhere. */
export interface Draw {
  /** A whole number, low ≤ n < high. */
  int(low: number, high: number): number;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** One of a list. */
  pick<T>(list: readonly T[]): T;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
  /** A number that breaks programs more often than others do. */
  odd(): number;
}

const oddNumbers = [
  0,
  1,
  2,
  3,
  7,
  8,
  9,
  15,
  16,
  17,
  31,
  32,
  64,
  100,
  127,
  128,
  255,
  256,
  257,
  1000,
  4095,
  4096,
  32767,
  32768,
  65535,
  65536,
  65537,
  2 ** 20,
  2 ** 24,
  2 ** 24 + 1,
  2 ** 30,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 2,
  2 ** 32 - 1,
];

/** The draws of case `index` of a seed. */
export function drawsOf(seed: number, index: number): Draw {
  const stream = randomStream(seed, index);
  return {
    int: (low, high) => stream.integer(low, high),
    chance: (p) => stream.uniform() < p,
    pick: (list) => list[stream.integer(0, list.length)],
    bytes: (length) => Uint8Array.from({ length }, () => stream.integer(0, 256)),
    odd: () => oddNumbers[stream.integer(0, oddNumbers.length)],
  };
}
