import { copyFileSync, cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test, type App } from './app.ts';
import { emptyFolder, stitchTinyGrid, writeGrid } from './tiny-grids.ts';

const excluded = '[data-testid="link-row"][data-state="excluded"]';

async function excludeFirstLink(app: App): Promise<void> {
  await app.byId('links-tab').click();
  const before = await app.page.locator(excluded).count();
  await app.byId('link-row').first().click();
  await app.page.keyboard.press('x');
  await expect(app.page.locator(excluded)).toHaveCount(before + 1);
  await app.waitForState('done');
}

/** What the browser does when the disk runs low. */
async function clearStorage(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  await browser.send('Storage.clearDataForOrigin', {
    origin: new URL(page.url()).origin,
    storageTypes: 'indexeddb,file_systems',
  });
  await browser.detach();
}

/** Corrections of the projects that are kept, and the number of pairs. */
function kept(page: Page): Promise<{ readonly corrections: readonly number[]; readonly pairs: number }> {
  return page.evaluate(async () => {
    const all = (name: string, store: string) =>
      new Promise<readonly unknown[]>((resolve) => {
        const opening = indexedDB.open(name);
        // Who only looks makes none: an empty one of ours would be taken for the app's.
        opening.onupgradeneeded = () => opening.transaction?.abort();
        opening.onerror = () => resolve([]);
        opening.onsuccess = () => {
          const database = opening.result;
          if (!database.objectStoreNames.contains(store)) {
            database.close();
            resolve([]);
            return;
          }
          const asked = database.transaction(store).objectStore(store).getAll();
          asked.onsuccess = () => {
            database.close();
            resolve(asked.result as readonly unknown[]);
          };
        };
      });
    const projects = (await all('em-stitch-projects', 'projects')) as readonly {
      readonly project: { readonly corrections: readonly unknown[] };
    }[];
    return {
      corrections: projects.map(({ project }) => project.corrections.length),
      pairs: (await all('em-stitch', 'pairs')).length,
    };
  });
}

test('what the browser clears under an open tab is stored anew with the next decision', async ({ app }) => {
  await stitchTinyGrid(app);
  await excludeFirstLink(app);
  await expect.poll(() => kept(app.page)).toEqual({ corrections: [1], pairs: 4 });
  await clearStorage(app.page);
  await excludeFirstLink(app);
  await expect.poll(async () => (await kept(app.page)).corrections).toEqual([2]);
  await expect(app.byId('not-kept')).toHaveCount(0);
});

test('what the browser clears between two visits is matched again, and nothing is offered that is not there', async ({
  app,
}) => {
  const folder = await stitchTinyGrid(app);
  const before = readFileSync(await app.download('export-solution'), 'utf8');
  await expect.poll(() => kept(app.page)).toEqual({ corrections: [0], pairs: 4 });
  await app.page.goto('about:blank');
  await app.open();
  await clearStorage(app.page);
  await app.open();
  await expect(app.byId('recent-project')).toHaveCount(0);
  await expect(app.byId('error-panel')).toBeEmpty();
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('progress')).not.toContainText('known already');
  expect(readFileSync(await app.download('export-solution'), 'utf8')).toBe(before);
  await expect.poll(() => kept(app.page)).toEqual({ corrections: [0], pairs: 4 });
});

test('storage of a newer version is left alone, and it is said that nothing is kept', async ({ app }) => {
  await app.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('em-stitch-projects');
        deleting.onerror = () => reject(new Error('not deleted'));
        deleting.onsuccess = () => {
          const opening = indexedDB.open('em-stitch-projects', 99);
          opening.onupgradeneeded = () => void opening.result.createObjectStore('later');
          opening.onsuccess = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
  );
  await app.open();
  await stitchTinyGrid(app);
  await expect(app.byId('not-kept')).toHaveText('not kept when the tab is closed');
  await excludeFirstLink(app);
  expect(app.pageErrors).toEqual([]);
});

test('tiles that are cut or rewritten after they were dropped are named; dropped again whole, only their pairs are matched', async ({
  app,
}) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder, { rows: 3, columns: 3 });
  const whole = emptyFolder('whole');
  cpSync(folder, whole, { recursive: true });
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 60_000 });
  const [cut, rewritten] = ['tile_r1_c1.tif', 'tile_r3_c3.tif'];
  truncateSync(join(folder, cut), 9000);
  writeFileSync(join(folder, rewritten), readFileSync(join(whole, 'tile_r1_c2.tif')));
  await app.byId('stitch-button').click();
  // The picture of all lacks a tile: that is said, and everything else is there.
  await app.waitForState('failed', 120_000);
  await expect(app.byId('error-panel')).toContainText(/tile_r[13]_c[13]\.tif: the file cannot be read/);
  await expect(app.byId('count-solved')).toHaveText('7 solved');
  await app.byId('links-tab').click();
  const unread = app.byId('link-row').filter({ hasText: 'unreadable' });
  for (const name of [cut, rewritten])
    await expect(unread.filter({ hasText: name.replace(/tile_|\.tif/g, '') })).not.toHaveCount(0);

  for (const name of [cut, rewritten]) copyFileSync(join(whole, name), join(folder, name));
  await app.drop(folder);
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 60_000 });
  await app.stitch();
  await expect(app.byId('progress')).toContainText('8 known already');
  await expect(app.byId('count-solved')).toHaveText('9 solved');
});
