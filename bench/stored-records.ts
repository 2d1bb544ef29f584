import type { Page } from 'playwright';

/** How many records a store of the page's databases holds. */
export function storedRecords(page: Page, database: string, store: string): Promise<number> {
  return page.evaluate(
    ([name, of]) =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onerror = () => reject(new Error(`${name} cannot be opened`));
        opening.onsuccess = () => {
          const counting = opening.result.transaction(of).objectStore(of).count();
          counting.onsuccess = () => {
            opening.result.close();
            resolve(counting.result);
          };
        };
      }),
    [database, store],
  );
}
