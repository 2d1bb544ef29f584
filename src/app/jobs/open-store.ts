import { openDB, type IDBPDatabase, type IDBPObjectStore } from 'idb';
import { inAwakeTime, type SetTimer } from '../../core/awake-time.ts';

/** A database that does not open for so long is done without, ms: one that an older tab blocks may never open. */
export const storagePatienceMs = 8000;
/** It is counted in so many parts: a laptop that wakes gives what it asked before more than a moment to answer. */
const patienceParts = 3;

/** From one version of a database to the next; what is kept in it stays. */
export type MigrationStep = (database: IDBPDatabase) => void;

/**
 * Opens a database of this browser, and makes way for a newer version of the app in another tab. Null where there is
 * none (private windows, a full disk), a newer version of the app has made it, or none comes in time: what would be
 * stored lasts as long as the page.
 * @param steps the first makes the stores of version 1, each later one leads from the version before to its own
 * @param onCleared told when the browser has cleared the database under the open page
 */
export async function openStore(
  name: string,
  steps: readonly MigrationStep[],
  onCleared: () => void,
): Promise<IDBPDatabase | null> {
  let isLate = false;
  try {
    const opening = openDB(name, steps.length, {
      upgrade(database, from) {
        for (const step of steps.slice(from)) step(database);
      },
      // A newer version of the app waits in another tab: this one goes on without a store.
      blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
      terminated: onCleared,
    });
    opening.then(
      (database) => {
        if (isLate) database.close();
      },
      () => undefined, // told below
    );
    return await answered(opening);
  } catch (error) {
    isLate = true;
    console.warn(`${name} is kept in memory only`, error);
    return null;
  }
}

/** A store that is opened anew when the browser has cleared it, or closed it, under the page. */
export interface ReopenedStore<S> {
  /** What `work` makes of the store, on a fresh one where it was closed; of null where there is none. */
  readonly within: <T>(work: (store: S | null) => Promise<T>) => Promise<T>;
}

export function reopened<S>(openOnce: (onCleared: () => void) => Promise<S | null>): ReopenedStore<S> {
  let opened: Promise<S | null> | null = null;
  let wasThere = false;
  const open = (): Promise<S | null> => {
    // At the next use: what clears a store is not over when it says so.
    const forget = () => {
      if (opened === opening) opened = null;
    };
    const opening: Promise<S | null> = openOnce(forget).then((store) => {
      if (store !== null) wasThere = true;
      else if (wasThere) forget();
      return store;
    });
    return (opened = opening);
  };
  open().catch(() => undefined); // told to whoever uses it
  return {
    async within(work) {
      const asked = opened ?? open();
      const store = await asked;
      try {
        return await work(store);
      } catch (error) {
        const isClosed = error instanceof DOMException && error.name === 'InvalidStateError';
        if (store === null || !isClosed) throw error;
        return work(await (opened === asked || opened === null ? open() : opened));
      }
    },
  };
}

/**
 * Reads from one store; a transaction that the browser aborts rejects the read, and nothing beside it. A read that is not
 * answered is given up.
 */
export async function reading<T>(
  database: IDBPDatabase,
  name: string,
  read: (store: IDBPObjectStore<unknown, [string], string>) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction(name);
  // Its end rejects as well, and nobody waits for it.
  transaction.done.catch(() => undefined);
  return answered(read(transaction.store));
}

/** Writes into one store, and commits at once: a page that is being left takes with it what is not committed. */
export async function writing(
  database: IDBPDatabase,
  name: string,
  write: (store: IDBPObjectStore<unknown, [string], string, 'readwrite'>) => Promise<unknown>,
): Promise<void> {
  const transaction = database.transaction(name, 'readwrite');
  const ended = Promise.all([write(transaction.store), transaction.done]);
  try {
    transaction.commit();
  } catch {
    // It was aborted already, for want of room say: what it ends with tells how.
  }
  await answered(ended);
}

/** What a database answers; an error when it does not, in time. */
export function answered<T>(work: Promise<T>, setTimer: SetTimer = pageTimer): Promise<T> {
  const text = `the database has not answered for ${storagePatienceMs / 1000} s`;
  return inTime(work, setTimer, () => Promise.reject(new Error(text)));
}

/** The outcome of `work`, or of `otherwise` when the browser's storage has not answered in time. */
export function inTime<T>(work: Promise<T>, setTimer: SetTimer, otherwise: () => T | Promise<T>): Promise<T> {
  return inAwakeTime(work, storagePatienceMs, otherwise, setTimer, patienceParts);
}

/** Timers of the page. */
export const pageTimer: SetTimer = (then, ms) => {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
};
