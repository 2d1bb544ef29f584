/** Tells the tabs of one browser apart: a project is saved by the tab that opened it first. */
export interface ProjectLock {
  /**
   * Takes the lock of a project, and gives back that of another one: false while another tab holds it. `onFreed` is
   * called once that tab has closed or left the project.
   */
  readonly hold: (id: string, onFreed: () => void) => Promise<boolean>;
  /** Gives the lock of a project back; that of another one is kept. */
  readonly release: (id: string) => void;
  readonly releaseAll: () => void;
}

/** A lock for where there is only one tab: tests, and browsers without Web Locks. */
export const singleTab: ProjectLock = {
  hold: async () => true,
  release: () => undefined,
  releaseAll: () => undefined,
};

/** @see Web Locks API: a lock is given back when its tab ends, however it ends */
export function browserProjectLock(locks: LockManager | undefined): ProjectLock {
  if (!locks) return singleTab;
  let held: { readonly id: string; readonly isMine: Promise<boolean>; readonly release: () => void } | null = null;

  const releaseAll = () => {
    held?.release();
    held = null;
  };

  const take = (id: string, onFreed: () => void) => {
    const name = `em-stitch-project-${id}`;
    const waiting = new AbortController();
    let letGo: () => void = () => undefined;
    const untilReleased = new Promise<void>((resolve) => (letGo = resolve));
    const isMine = new Promise<boolean>((resolve, reject) => {
      const ask = locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : untilReleased;
      });
      ask.catch(reject);
    });
    const wait = async () => {
      if (await isMine) return;
      await locks.request(name, { signal: waiting.signal }, () => {
        if (held?.id !== id) return undefined;
        held = { ...held, isMine: Promise.resolve(true) };
        onFreed();
        return untilReleased;
      });
    };
    // An abort is a release before it was our turn; a browser that denies locks is answered by `hold`.
    wait().catch(() => undefined);
    const giveBack = () => {
      letGo();
      waiting.abort();
    };
    return { id, isMine, release: giveBack };
  };

  return {
    async hold(id, onFreed) {
      if (held?.id !== id) {
        releaseAll();
        held = take(id, onFreed);
      }
      return held.isMine;
    },
    release(id) {
      if (held?.id === id) releaseAll();
    },
    releaseAll,
  };
}
