/** Uniform numbers in [0, 1); the same seed gives the same sequence everywhere. */
export type Random = () => number;

/**
 * Seeded generator of uniform numbers: sfc32 (chaotic, 128 bits of state, passes PractRand).
 * @see Doty-Humphrey, PractRand, sfc32
 */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed >>> 0;
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

/**
 * Seed of a key, 32 bits: FNV-1a over its UTF-16 code units.
 * @see Fowler, Noll, Vo: FNV-1a
 */
export function seedOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}
