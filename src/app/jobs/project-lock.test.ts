import { describe, expect, it } from 'vitest';
import { sleepyClock } from '../../core/testing/sleepy-clock.ts';
import { browserProjectLock, singleTab } from './project-lock.ts';

/** The lock manager of a browser, shared by its tabs: the parts that are used. */
function sharedLocks(): LockManager {
  const queues = new Map<string, { run: () => void; isWaiting: boolean }[]>();
  const request = (name: string, options: LockOptions, work: (lock: object | null) => unknown) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(name) ?? [];
      queues.set(name, queue);
      if (options.ifAvailable && queue.length > 0) {
        resolve(work(null));
        return;
      }
      const entry = {
        isWaiting: queue.length > 0,
        run: () => {
          entry.isWaiting = false;
          const done = () => {
            queue.shift();
            queue[0]?.run();
          };
          Promise.resolve(work({ name })).then(resolve, reject).finally(done);
        },
      };
      queue.push(entry);
      options.signal?.addEventListener('abort', () => {
        if (!entry.isWaiting) return;
        queue.splice(queue.indexOf(entry), 1);
        reject(new DOMException('aborted', 'AbortError'));
      });
      if (!entry.isWaiting) entry.run();
    });
  return { request, query: async () => ({}) } as unknown as LockManager;
}

describe('the lock of a project', () => {
  it('is held by one tab, and passes to the next when that one lets go', async () => {
    const locks = sharedLocks();
    const [first, second] = [browserProjectLock(locks), browserProjectLock(locks)];
    let freed = 0;
    expect(await first.hold('p', () => undefined)).toBe('this-tab');
    expect(await first.hold('p', () => undefined)).toBe('this-tab');
    expect(await second.hold('p', () => freed++)).toBe('another-tab');
    expect(freed).toBe(0);
    first.releaseAll();
    await expect.poll(() => freed).toBe(1);
    expect(await second.hold('p', () => freed++)).toBe('this-tab');
    expect(await first.hold('p', () => undefined)).toBe('another-tab');
  });

  it('leaves other projects alone, and gives the former one back with the next', async () => {
    const locks = sharedLocks();
    const [first, second] = [browserProjectLock(locks), browserProjectLock(locks)];
    expect(await first.hold('p', () => undefined)).toBe('this-tab');
    expect(await second.hold('q', () => undefined)).toBe('this-tab');
    expect(await first.hold('r', () => undefined)).toBe('this-tab');
    await expect.poll(() => second.hold('p', () => undefined)).toBe('this-tab');
  });

  it('does not come to a tab that has stopped waiting', async () => {
    const locks = sharedLocks();
    const [first, second, third] = [1, 2, 3].map(() => browserProjectLock(locks));
    await first.hold('p', () => undefined);
    await second.hold('p', () => undefined);
    second.releaseAll();
    first.releaseAll();
    await expect.poll(() => third.hold('p', () => undefined)).toBe('this-tab');
  });

  it('is not told where there are no locks, where they are denied, and where they are not answered', async () => {
    const denied = { request: () => Promise.reject(new DOMException('denied', 'SecurityError')) };
    const deaf = { request: () => new Promise(() => undefined) };
    const clock = sleepyClock();
    expect(await browserProjectLock(undefined).hold('p', () => undefined)).toBe('untold');
    expect(await browserProjectLock(denied as unknown as LockManager).hold('p', () => undefined)).toBe('untold');
    const asked = browserProjectLock(deaf as unknown as LockManager, clock.setTimer).hold('p', () => undefined);
    clock.pass(8000);
    expect(await asked).toBe('untold');
    expect(await singleTab.hold('p', () => undefined)).toBe('this-tab');
  });
});
