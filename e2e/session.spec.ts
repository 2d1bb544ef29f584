import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { storedRecords } from '../bench/stored-records.ts';
import { App, expect, test } from './app.ts';
import { emptyFolder, stitchTinyGrid, writeGrid } from './tiny-grids.ts';

interface Poses {
  readonly tiles: readonly { readonly file: string; readonly mosaicFromTile: readonly number[] | null }[];
}

async function posesOf(app: App): Promise<ReadonlyMap<string, readonly number[]>> {
  const { tiles } = JSON.parse(readFileSync(await app.download('export-solution'), 'utf8')) as Poses;
  return new Map(tiles.map(({ file, mosaicFromTile }) => [file, mosaicFromTile ?? []]));
}

/** What one key leads to from the mosaic: the names of the two tiles. */
async function worstSeam(app: App): Promise<string> {
  await app.byId('links-tab').click();
  await app.page.locator('[data-testid="link-row"][data-state="excluded"]').click();
  await app.page.keyboard.press('n');
  const row = app.page.locator('[data-testid="link-row"][aria-selected="true"]');
  await expect(row).toHaveAttribute('data-state', 'link');
  return (await row.getAttribute('title')) ?? '';
}

const stemOf = (file: string) => file.replace(/\.tif$/, '');
/** The two tiles of a row of the table. */
const tilesOf = (title: string) => title.split('\n')[0].split(' ↔ ').sort();

test('a reload in the middle of matching is continued: the same files are known, finished pairs are not matched again', async ({
  app,
}) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  await app.drop(folder);
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 60_000 });
  await app.byId('stitch-button').click();
  await expect(app.byId('progress')).toContainText(/Matching pairs [1-3] of 4/, { timeout: 180_000 });
  // What is finished and what was decided reach the disk within half a second.
  await expect.poll(() => storedRecords(app.page, 'em-stitch', 'pairs'), { timeout: 60_000 }).toBeGreaterThan(0);
  await expect.poll(() => storedRecords(app.page, 'em-stitch-projects', 'projects'), { timeout: 60_000 }).toBe(1);
  await app.open();
  const offer = app.byId('recent-project');
  await expect(offer).toHaveAttribute('data-open', 'true');
  await offer.getByRole('button', { name: 'Continue grid' }).click();
  // Where the browser gives the folder back it is opened at once; else the app asks for it, and knows a copy of it.
  const isOpened = await app
    .byId('cancel-button')
    .waitFor({ timeout: 30_000 })
    .then(
      () => true,
      () => false,
    );
  if (!isOpened) {
    await expect(app.byId('pending-project')).toContainText('grid');
    const copy = emptyFolder('copy');
    cpSync(folder, copy, { recursive: true });
    await app.drop(copy);
  }
  await app.waitForState('done', 200_000);
  await expect(app.byId('progress')).toContainText(/[1-3] known already/);
});

test('a colleague whose files have other names opens the project file and sees the same mosaic with the same correction', async ({
  app,
  browser,
}) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.page.getByLabel('Transform').selectOption('rigid');
  await app.stitch();
  await app.byId('link-row').first().click();
  await app.page.keyboard.press('x');
  await expect(app.page.locator('[data-testid="link-row"][data-state="excluded"]')).toHaveCount(1);
  await app.waitForState('done');
  const mine = await posesOf(app);
  const seam = await worstSeam(app);
  const waiting = app.page.waitForEvent('download');
  await app.byId('save-project').click();
  const project = await (await waiting).path();
  expect(readFileSync(project, 'utf8')).toContain('"exclude-link"');

  const colleague = new App(await (await browser.newContext({ viewport: { width: 1280, height: 720 } })).newPage());
  await colleague.open();
  await colleague.byId('project-input').setInputFiles({
    name: 'grid.em-stitch.json',
    mimeType: 'application/json',
    buffer: readFileSync(project),
  });
  await expect(colleague.byId('pending-project')).toContainText('grid');
  const copy = emptyFolder('sent by mail');
  // In another order by their names, too: neither corrections nor layout may follow the names.
  const names = [...mine.keys()];
  const nameNow = (file: string) => `scan ${names.length - names.indexOf(file)}.tif`;
  for (const name of names) cpSync(join(folder, name), join(copy, nameNow(name)));
  await colleague.drop(copy);
  await colleague.waitForState('done', 120_000);
  await colleague.byId('links-tab').click();
  await expect(colleague.page.locator('[data-testid="link-row"][data-state="excluded"]')).toHaveCount(1);
  const theirs = await posesOf(colleague);
  expect([...theirs.keys()].toSorted()).toEqual(names.map(nameNow).toSorted());
  // Tiles of a pair are matched the other way round, as their names say now: equal to a hundredth of a pixel.
  for (const [file, pose] of mine)
    for (const [i, value] of pose.entries()) expect(theirs.get(nameNow(file))?.[i]).toBeCloseTo(value, i < 4 ? 4 : 1);
  // The bad seam is the same one, and it is what the same key leads to.
  expect(tilesOf(await worstSeam(colleague))).toEqual(
    tilesOf(seam)
      .map((name) => stemOf(nameNow(`${name}.tif`)))
      .sort(),
  );
  await expect(colleague.byId('error-panel')).toBeEmpty();
  expect(colleague.pageErrors).toEqual([]);
  await colleague.page.context().close();
});

test('a link opens the same view with the same options', async ({ app, browser }) => {
  const folder = await stitchTinyGrid(app);
  await app.byId('mosaic-viewer').focus();
  for (const key of ['o', 'r', '+', 'ArrowRight', 'n', 'Shift+C']) await app.page.keyboard.press(key);
  await app.byId('inspector-tab').click();
  await app.page.keyboard.press('4');
  const linkOf = async (shown: App) => decodeURIComponent(await shown.page.evaluate(() => location.hash));
  await expect.poll(() => linkOf(app)).toMatch(/compare=sides.*tab=inspector.*at=.*grey=.*inverted.*"matcher":"sift"/);
  const link = await linkOf(app);
  expect(link).toContain('turn=1');

  const colleague = new App(await (await browser.newContext({ viewport: { width: 1280, height: 720 } })).newPage());
  await colleague.open(await app.page.evaluate(() => location.href));
  await colleague.drop(folder);
  await colleague.stitch();
  await expect(colleague.byId('pair-inspector')).toBeVisible();
  await expect(colleague.page.getByRole('radio', { name: 'Side by side' })).toHaveAttribute('aria-checked', 'true');
  await expect.poll(() => linkOf(colleague)).toBe(link);
  expect(colleague.pageErrors).toEqual([]);
  await colleague.page.context().close();
});
