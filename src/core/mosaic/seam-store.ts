import { isAbort } from '../errors.ts';
import type { CancelSignal } from '../progress.ts';
import type { PairSeam } from './pair-seam.ts';

/** Seams that were found, least recently used first to go. It belongs to one mosaic under one set of options. */
export interface SeamStore {
  /**
   * The seam of a pair; found once however many ask for it at a time. A failure is not remembered, and the cancel of one
   * who asks is none of the others'.
   */
  get(key: string, find: () => Promise<PairSeam | null>, signal: CancelSignal): Promise<PairSeam | null>;
}

/** 2,000 seams of large tiles; a forgotten one is found again, the same. */
const defaultBytes = 64 * 2 ** 20;
/** What an entry takes beside its nodes. */
const entryBytes = 256;

/** An empty store. */
export function seamStore(byteBudget = defaultBytes): SeamStore {
  const kept = new Map<string, Promise<PairSeam | null>>(); // in order of use, oldest first
  const sizes = new Map<string, number>();
  let bytes = 0;
  const forget = (key: string): void => {
    kept.delete(key);
    bytes -= sizes.get(key) ?? 0;
    sizes.delete(key);
  };
  const remember = (key: string, size: number): void => {
    sizes.set(key, size);
    bytes += size;
    for (const oldest of kept.keys()) {
      if (bytes <= byteBudget || oldest === key) break;
      forget(oldest);
    }
  };
  const obtain = (key: string, find: () => Promise<PairSeam | null>): Promise<PairSeam | null> => {
    const known = kept.get(key);
    if (known) {
      kept.delete(key);
      kept.set(key, known);
      return known;
    }
    const finding = find();
    kept.set(key, finding);
    finding.then(
      (seam) => remember(key, entryBytes + (seam?.isFirst.length ?? 0)),
      () => forget(key),
    );
    return finding;
  };
  return {
    async get(key, find, signal) {
      for (;;) {
        signal.throwIfAborted();
        try {
          return await obtain(key, find);
        } catch (error) {
          if (signal.aborted || !isAbort(error)) throw error;
        }
      }
    },
  };
}
