import { describe, expect, it } from 'vitest';
import { openStore, writing, type MigrationStep } from './open-store.ts';

const first: MigrationStep = (database) => database.createObjectStore('kept', { keyPath: 'id' });
const second: MigrationStep = (database) => database.createObjectStore('more');
const noMatter = () => undefined;
let opened = 0;
const freshName = () => `em-stitch-test-${Date.now()}-${opened++}`;

describe('a database of the browser', () => {
  it('is brought to a later version with what is kept in it, and made whole where there was none', async () => {
    const name = freshName();
    const before = await openStore(name, [first], noMatter);
    if (!before) throw new Error('no database');
    await writing(before, 'kept', (store) => store.put({ id: 'a', value: 7 }));
    // An older tab that is still open makes way.
    const after = await openStore(name, [first, second], noMatter);
    expect(after?.version).toBe(2);
    expect([...(after?.objectStoreNames ?? [])]).toEqual(['kept', 'more']);
    expect(await after?.getAll('kept')).toEqual([{ id: 'a', value: 7 }]);
    await expect(writing(before, 'kept', (store) => store.put({ id: 'b' }))).rejects.toThrow(/clos/);
    const fresh = await openStore(freshName(), [first, second], noMatter);
    expect([...(fresh?.objectStoreNames ?? [])]).toEqual(['kept', 'more']);
    after?.close();
    fresh?.close();
  });

  it('of a later version is left as it is, and done without', async () => {
    const name = freshName();
    const later = await openStore(name, [first, second], noMatter);
    later?.close();
    expect(await openStore(name, [first], noMatter)).toBeNull();
    const still = await openStore(name, [first, second], noMatter);
    expect(still?.version).toBe(2);
    still?.close();
  });

  it('that aborts a write before it is committed rejects that write, and nothing that nobody hears', async () => {
    const unheard: unknown[] = [];
    const hear = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      unheard.push(event.reason);
    };
    addEventListener('unhandledrejection', hear);
    const database = await openStore(freshName(), [first], noMatter);
    if (!database) throw new Error('no database');
    const aborted = writing(database, 'kept', (store) => {
      const written = store.put({ id: 'a' });
      store.transaction.abort();
      return written;
    });
    await expect(aborted).rejects.toThrow(/abort/i);
    await new Promise((resolve) => setTimeout(resolve, 50));
    removeEventListener('unhandledrejection', hear);
    expect(unheard).toEqual([]);
    expect(await database.getAll('kept')).toEqual([]);
    database.close();
  });
});
