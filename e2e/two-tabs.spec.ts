import type { BrowserContext } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { App, expect, test } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

async function openTab(context: BrowserContext): Promise<App> {
  const app = new App(await context.newPage());
  await app.open();
  return app;
}

/** Drops the folder and chooses the fast matcher and a transform. */
async function begin(app: App, folder: string): Promise<void> {
  await app.drop(folder);
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 60_000 });
  await app.chooseMatcher('sift');
  await app.page.getByLabel('Transform').selectOption('rigid');
}

async function solutionOf(app: App): Promise<string> {
  return readFileSync(await app.download('export-solution'), 'utf8');
}

interface Saved {
  readonly isOpen: boolean;
  readonly project: { readonly files: readonly unknown[]; readonly corrections: readonly { readonly kind: string }[] };
}

/** The projects that this browser keeps. */
function savedProjects(app: App): Promise<readonly Saved[]> {
  return app.page.evaluate(
    () =>
      new Promise<readonly Saved[]>((resolve, reject) => {
        const opening = indexedDB.open('em-stitch-projects');
        opening.onerror = () => reject(new Error('no projects'));
        opening.onsuccess = () => {
          const all = opening.result.transaction('projects').objectStore('projects').getAll();
          all.onsuccess = () => {
            opening.result.close();
            resolve(all.result as readonly Saved[]);
          };
        };
      }),
  );
}

const correctionsOf = async (app: App) => (await savedProjects(app)).map(({ project }) => project.corrections.length);

async function excludeLink(app: App, row: number): Promise<void> {
  await app.byId('links-tab').click();
  await app.byId('link-row').nth(row).click();
  await app.page.keyboard.press('x');
  await app.waitForState('done');
}

const excluded = '[data-testid="link-row"][data-state="excluded"]';

test('two tabs with the same files: the second says that it is not saved, and takes over when the first closes', async ({
  context,
}) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  const first = await openTab(context);
  const second = await openTab(context);

  // Both match at once: they write the same pairs into the same database.
  await begin(first, folder);
  await begin(second, folder);
  await expect(first.byId('open-elsewhere')).toHaveCount(0);
  await expect(second.byId('open-elsewhere')).toBeVisible();
  await first.byId('stitch-button').click();
  await second.byId('stitch-button').click();
  for (const tab of [first, second]) await tab.waitForState('done', 120_000);
  const mine = await solutionOf(first);
  expect(await solutionOf(second)).toBe(mine);

  // Decisions of the second tab work in it, and do not reach what the first one has saved.
  await excludeLink(first, 0);
  await expect.poll(() => correctionsOf(first)).toEqual([1]);
  await excludeLink(second, 0);
  await excludeLink(second, 1);
  await expect(second.page.locator(excluded)).toHaveCount(2);
  await expect(second.byId('open-elsewhere')).toBeVisible();
  expect(await correctionsOf(second)).toEqual([1]);

  await first.page.close();
  await expect(second.byId('open-elsewhere')).toHaveCount(0);
  await expect.poll(() => correctionsOf(second)).toEqual([2]);
  expect(await savedProjects(second)).toMatchObject([{ isOpen: true, project: { files: { length: 4 } } }]);

  // The next visit has the project whole, and every pair.
  const edited = await solutionOf(second);
  await second.open();
  await second.byId('recent-project').getByRole('button', { name: 'Continue grid' }).click();
  const isAsked = await second
    .byId('pending-project')
    .waitFor({ timeout: 5000 })
    .then(
      () => true,
      () => false,
    );
  if (isAsked) await second.drop(folder);
  await second.waitForState('done', 120_000);
  await expect(second.byId('progress')).toContainText('4 known already');
  await second.byId('links-tab').click();
  await expect(second.page.locator(excluded)).toHaveCount(2);
  expect(posesIn(await solutionOf(second))).toEqual(posesIn(edited));
  expect([first, second].flatMap(({ pageErrors }) => pageErrors)).toEqual([]);
});

test('what is decided a moment before the tab is left is kept', async ({ context }) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  const tab = await openTab(context);
  await begin(tab, folder);
  await tab.stitch();
  await excludeLink(tab, 0);
  await tab.byId('link-row').nth(1).click();
  await tab.page.keyboard.press('x');
  await tab.open();
  expect(await correctionsOf(tab)).toEqual([2]);
});

test('a tab that dies without a word leaves its project to the other one', async ({ context }) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  const first = await openTab(context);
  const second = await openTab(context);
  await begin(first, folder);
  await first.stitch();
  await expect.poll(() => correctionsOf(first)).toEqual([0]);
  await begin(second, folder);
  await expect(second.byId('open-elsewhere')).toBeVisible();
  const cdp = await context.newCDPSession(first.page);
  const crashed = first.page.waitForEvent('crash');
  // A renderer that crashes answers nothing.
  void cdp.send('Page.crash').catch(() => undefined);
  await crashed;
  await expect(second.byId('open-elsewhere')).toHaveCount(0);
  await second.stitch();
  await expect(second.byId('progress')).toContainText('4 known already');
  await excludeLink(second, 0);
  await expect.poll(() => correctionsOf(second)).toEqual([1]);
});

test('two tabs where the browser has no Web Locks: each keeps what it decides, and the start page tells them apart', async ({
  context,
}) => {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined }));
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  const first = await openTab(context);
  const second = await openTab(context);
  for (const tab of [first, second]) {
    await begin(tab, folder);
    await tab.stitch();
  }
  await excludeLink(first, 0);
  await excludeLink(second, 1);
  await excludeLink(second, 2);
  // An excluded link goes to the end of the list.
  await excludeLink(first, 0);
  await expect.poll(async () => [...(await correctionsOf(first))].sort()).toEqual([2, 2]);
  for (const tab of [first, second]) await expect(tab.byId('open-elsewhere')).toHaveCount(0);

  const next = await openTab(context);
  await expect(next.byId('recent-project')).toHaveCount(2);
  await expect(next.byId('distinction')).toHaveText([
    / the latest$/,
    / kept beside the latest: exclude link .*, without \d corrections? of the latest$/,
  ]);
});

/** Poses to a millionth of a pixel: after an edit they are solved warm, at the next visit in one go. */
function posesIn(solution: string): unknown {
  const { tiles } = JSON.parse(solution) as { tiles: readonly { file: string; mosaicFromTile: readonly number[] }[] };
  return tiles.map(({ file, mosaicFromTile }) => [file, mosaicFromTile.map((value) => Math.round(value * 1e6) / 1e6)]);
}
