import { seededRandom } from '../random.ts';

/** Random draws of one purpose; the same seed and path give the same draws everywhere. */
export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** A whole number, low ≤ n < high. */
  integer(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
}

/**
 * An independent stream for a seed and a path of whole numbers (tile, purpose …): a further draw of one purpose then
 * moves nothing else.
 * @see Box and Muller, A note on the generation of random normal deviates, 1958
 */
export function randomStream(seed: number, ...path: readonly number[]): RandomStream {
  const uniform = seededRandom(streamSeed(seed, path));
  let spare = NaN;
  const normal = () => {
    if (spare === spare) {
      const value = spare;
      spare = NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal, integer: (low, high) => low + Math.floor(uniform() * (high - low)) };
}

/** Uniform in low … high. */
export function drawBetween(draws: RandomStream, [low, high]: readonly [number, number]): number {
  return low + (high - low) * draws.uniform();
}

/** Log-uniform in low … high, both positive. */
export function drawLogBetween(draws: RandomStream, [low, high]: readonly [number, number]): number {
  return low * (high / low) ** draws.uniform();
}

/** The 32-bit seed of the stream of a seed and a path. */
export function streamSeed(seed: number, path: readonly number[]): number {
  return path.reduce((state, step) => mixBits(state ^ Math.imul(step + 1, 0x9e3779b9)), seed);
}

/** A bijection of 32-bit integers in which every input bit moves every output bit (the murmur3 finaliser). */
export function mixBits(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
