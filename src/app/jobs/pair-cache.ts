import type { IDBPDatabase } from 'idb';
import type { PairResult } from '../../core/matching/link.ts';
import { openStore, reading } from './open-store.ts';

/** Keeps pair results under everything that decides them. */
export interface PairCache {
  get(keys: readonly string[]): Promise<readonly (PairResult | undefined)[]>;
  put(key: string, result: PairResult): void;
}

/** A cache that lasts as long as the page. */
export function memoryPairCache(): PairCache {
  const results = new Map<string, PairResult>();
  return {
    get: (keys) => Promise.resolve(keys.map((key) => results.get(key))),
    put: (key, result) => void results.set(key, result),
  };
}

const storeName = 'pairs';
/** A store with more results than this is emptied at the next start. */
const largestCount = 20_000;

/**
 * A cache in memory that is written through to IndexedDB, so that a reloaded page continues where it was.
 * `codeVersion` is a hash of the code that makes results: those of another version are dropped.
 * Without IndexedDB (private windows) memory alone remains.
 */
export function persistentPairCache(codeVersion: string): PairCache {
  const memory = memoryPairCache();
  const opened = openPairs(codeVersion);
  // A tab with older code may still write: its results bear its own version, and nobody here takes them.
  const keyOf = (key: string) => `${codeVersion} ${key}`;
  const store = async (key: string, result: PairResult) => {
    const database = await opened;
    await database?.put(storeName, result, keyOf(key));
  };
  return {
    async get(keys) {
      const [known, database] = await Promise.all([memory.get(keys), opened]);
      if (!database) return known;
      return Promise.all(keys.map(async (key, k) => known[k] ?? (await stored(database, keyOf(key)))));
    },
    put(key, result) {
      memory.put(key, result);
      // A full disk or a closed database costs the next session its head start, nothing else.
      store(key, result).catch((error: unknown) => console.warn('pair result not stored', error));
    },
  };
}

async function openPairs(codeVersion: string): Promise<IDBPDatabase | null> {
  const database = await openStore('em-stitch', 1, (fresh) => {
    fresh.createObjectStore(storeName);
    fresh.createObjectStore('about');
  });
  if (!database) return null;
  try {
    await forgetOthers(database, codeVersion).catch(() => forgetOthers(database, codeVersion));
    return database;
  } catch (error) {
    console.warn('pair results are kept in memory only', error);
    return null;
  }
}

/** Empties a store that other code has written, or that has grown too large. */
async function forgetOthers(database: IDBPDatabase, codeVersion: string): Promise<void> {
  const version: unknown = await reading(database, 'about', (store) => store.get('codeVersion'));
  const count = await reading(database, storeName, (store) => store.count());
  if (version !== codeVersion || count > largestCount) await database.clear(storeName);
  if (version !== codeVersion) await database.put('about', codeVersion, 'codeVersion');
}

async function stored(database: IDBPDatabase, key: string): Promise<PairResult | undefined> {
  const read = reading(database, storeName, (store) => store.get(key));
  // Written by this same version of the code, see codeVersion.
  return (await read.catch(() => undefined)) as PairResult | undefined;
}
