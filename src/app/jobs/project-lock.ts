import type { SetTimer } from '../../core/awake-time.ts';
import { inTime, pageTimer } from './open-store.ts';

/** Who saves a project; `untold` where nobody can say: there every tab keeps what it has beside what others keep. */
export type Saver = 'this-tab' | 'another-tab' | 'untold';

/** Tells the tabs of one browser apart: a project is saved by the tab that opened it first. */
export interface ProjectLock {
  /**
   * Takes the lock of a project, and gives back that of another one. `onFreed` is called once another tab that saves it
   * has closed or left the project.
   */
  readonly hold: (id: string, onFreed: () => void) => Promise<Saver>;
  /** Gives the lock of a project back; that of another one is kept. */
  readonly release: (id: string) => void;
  readonly releaseAll: () => void;
}

/** A lock for where there is only one tab: tests. */
export const singleTab: ProjectLock = {
  hold: async () => 'this-tab',
  release: () => undefined,
  releaseAll: () => undefined,
};

/** A browser without Web Locks. */
const untold: ProjectLock = { ...singleTab, hold: async () => 'untold' };

/** @see Web Locks API: a lock is given back when its tab ends, however it ends */
export function browserProjectLock(locks: LockManager | undefined, setTimer: SetTimer = pageTimer): ProjectLock {
  if (!locks) return untold;
  let held: { readonly id: string; readonly saver: Promise<Saver>; readonly release: () => void } | null = null;

  const releaseAll = () => {
    held?.release();
    held = null;
  };

  const take = (id: string, onFreed: () => void) => {
    const name = `em-stitch-project-${id}`;
    const waiting = new AbortController();
    let letGo: () => void = () => undefined;
    const untilReleased = new Promise<void>((resolve) => (letGo = resolve));
    const answer = new Promise<Saver>((resolve, reject) => {
      const ask = locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock === null ? 'another-tab' : 'this-tab');
        return lock === null ? undefined : untilReleased;
      });
      ask.catch(reject);
    });
    // A browser that denies locks, or says nothing: nobody knows of the other tabs.
    const saver = inTime<Saver>(
      answer.catch(() => 'untold'),
      setTimer,
      () => 'untold',
    );
    const wait = async () => {
      if ((await answer) === 'this-tab') return;
      await locks.request(name, { signal: waiting.signal }, () => {
        if (held?.id !== id) return undefined;
        held = { ...held, saver: Promise.resolve('this-tab') };
        onFreed();
        return untilReleased;
      });
    };
    // An abort is a release before it was our turn; a browser that denies locks has said so.
    wait().catch(() => undefined);
    const giveBack = () => {
      letGo();
      waiting.abort();
    };
    return { id, saver, release: giveBack };
  };

  return {
    async hold(id, onFreed) {
      if (held?.id !== id) {
        releaseAll();
        held = take(id, onFreed);
      }
      return held.saver;
    },
    release(id) {
      if (held?.id === id) releaseAll();
    },
    releaseAll,
  };
}
