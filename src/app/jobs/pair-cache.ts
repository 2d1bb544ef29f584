import type { IDBPDatabase } from 'idb';
import type { PairResult } from '../../core/matching/link.ts';
import { answered, openStore, reading, reopened, writing, type MigrationStep } from './open-store.ts';

/** Keeps pair results under everything that decides them. */
export interface PairCache {
  get(keys: readonly string[]): Promise<readonly (PairResult | undefined)[]>;
  put(key: string, result: PairResult): void;
}

/** A cache that lasts as long as the page. */
export function memoryPairCache(): PairCache & {
  /** Drops a result, unless a newer one has taken its place. */
  readonly forget: (key: string, result: PairResult) => void;
} {
  const results = new Map<string, PairResult>();
  return {
    get: (keys) => Promise.resolve(keys.map((key) => results.get(key))),
    put: (key, result) => void results.set(key, result),
    forget: (key, result) => void (results.get(key) === result && results.delete(key)),
  };
}

/** Where results outlive the page. */
export interface PairStore {
  get(keys: readonly string[]): Promise<readonly (PairResult | undefined)[]>;
  put(key: string, result: PairResult): Promise<unknown>;
}

const storeName = 'pairs';
/** A store with more results than this is emptied at the next start: five grids of ten thousand tiles. */
const largestCount = 100_000;
/** Results read in one transaction: one for each takes ten times as long. */
const keysAtOnce = 500;

/**
 * A cache in IndexedDB, so that a reloaded page continues where it was; in memory are only results that are not written
 * there (yet), so that a tab that has stitched a large grid lets it go with the grid. `codeVersion` is a hash of the code
 * that makes results: those of another version are dropped. Without IndexedDB (private windows) memory alone remains.
 */
export function persistentPairCache(
  codeVersion: string,
  opened: Promise<PairStore | null> = openPairs(codeVersion),
): PairCache {
  const memory = memoryPairCache();
  const store = async (key: string, result: PairResult) => {
    const kept = await opened;
    if (!kept) return;
    await kept.put(key, result);
    memory.forget(key, result);
  };
  return {
    async get(keys) {
      const kept = await opened;
      const unwritten = await memory.get(keys);
      if (!kept) return unwritten;
      const missing = keys.filter((_, k) => unwritten[k] === undefined);
      const found = new Map((await kept.get(missing)).map((result, k) => [missing[k], result]));
      return keys.map((key, k) => unwritten[k] ?? found.get(key));
    },
    put(key, result) {
      memory.put(key, result);
      // A full disk or a closed database costs the next session its head start, nothing else.
      store(key, result).catch((error: unknown) => console.warn('pair result not stored', error));
    },
  };
}

const pairSteps: readonly MigrationStep[] = [
  (database) => {
    database.createObjectStore(storeName);
    database.createObjectStore('about');
  },
];

/** The store of pairs, made anew when the browser has cleared it under the page. */
async function openPairs(codeVersion: string): Promise<PairStore | null> {
  const { within } = reopened((onCleared) => openPairsOnce(codeVersion, onCleared));
  if (await within(async (kept) => kept === null)) return null;
  return {
    get: (keys) => within(async (kept) => kept?.get(keys) ?? keys.map(() => undefined)),
    put: (key, result) => within(async (kept) => kept?.put(key, result)),
  };
}

async function openPairsOnce(codeVersion: string, onCleared: () => void): Promise<PairStore | null> {
  const database = await openStore('em-stitch', pairSteps, onCleared);
  if (!database) return null;
  try {
    await forgetOthers(database, codeVersion).catch(() => forgetOthers(database, codeVersion));
  } catch (error) {
    console.warn('pair results are kept in memory only', error);
    return null;
  }
  // A tab with older code may still write: its results bear its own version, and nobody here takes them.
  const keyOf = (key: string) => `${codeVersion} ${key}`;
  return {
    async get(keys) {
      const found: (PairResult | undefined)[] = [];
      for (let k = 0; k < keys.length; k += keysAtOnce)
        found.push(...(await stored(database, keys.slice(k, k + keysAtOnce).map(keyOf))));
      return found;
    },
    put: (key, result) => writing(database, storeName, (store) => store.put(result, keyOf(key))),
  };
}

/** Empties a store that other code has written, or that has grown too large. */
async function forgetOthers(database: IDBPDatabase, codeVersion: string): Promise<void> {
  const version: unknown = await reading(database, 'about', (store) => store.get('codeVersion'));
  const count = await reading(database, storeName, (store) => store.count());
  if (version !== codeVersion || count > largestCount) await answered(database.clear(storeName));
  if (version !== codeVersion) await writing(database, 'about', (store) => store.put(codeVersion, 'codeVersion'));
}

/** Results under these keys; where one cannot be read with the others, each is read by itself. */
async function stored(database: IDBPDatabase, keys: readonly string[]): Promise<readonly (PairResult | undefined)[]> {
  const read = (wanted: readonly string[]) =>
    // A transaction that ends among them throws at the next one: each answers for itself, so that all are heard.
    reading(database, storeName, (store) => Promise.all(wanted.map(async (key): Promise<unknown> => store.get(key))));
  const all = await read(keys).catch(() =>
    Promise.all(keys.map(async (key) => (await read([key]).catch(() => [undefined]))[0])),
  );
  // Written by this same version of the code, see codeVersion.
  return all as (PairResult | undefined)[];
}
