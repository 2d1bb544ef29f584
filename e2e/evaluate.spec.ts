import type { Page } from '@playwright/test';
import { expect, test } from './app.ts';

/** Records of every store of every database, and the files of the origin-private file system. */
async function keptBy(page: Page) {
  return page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(new Error('it cannot be read'));
      });
    const records: string[] = [];
    for (const { name = '' } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name));
      for (const store of database.objectStoreNames)
        records.push(`${name} ${store} ${await asked(database.transaction(store).objectStore(store).count())}`);
      database.close();
    }
    const folder = await navigator.storage.getDirectory();
    const files: string[] = [];
    for await (const file of folder.keys()) files.push(file);
    return { records, files };
  });
}

test('a user checks this computer before there are any tiles: a grid is stitched within a tenth of a pixel', async ({
  app,
}) => {
  // A new cache of pairs writes down, in its own time, which code it belongs to.
  await expect.poll(async () => (await keptBy(app.page)).records).toContain('em-stitch about 1');
  const before = await keptBy(app.page);
  await app.byId('test-matcher').click();
  await expect(app.byId('progress')).toContainText(/of 16/, { timeout: 120_000 });
  await expect(app.byId('test-matcher')).toBeDisabled();
  await expect(app.byId('evaluate-report')).toBeVisible({ timeout: 180_000 });

  const number = async (testId: string) => Number.parseFloat(await app.byId(testId).innerText());
  const verdict = app.byId('evaluate-verdict');
  await expect(verdict).toHaveAttribute('data-right', 'true');
  await expect(verdict).toContainText(
    /^This computer stitches right: the worst of 9 tiles is 0\.\d\d px off; 12 pairs, [\d.]+ m?s a pair on WebAssembly/,
  );
  // 0.03 and 0.02 px when this was written
  expect(await number('evaluate-worst')).toBeLessThan(0.1);
  expect(await number('evaluate-median')).toBeLessThan(0.06);
  await expect(app.byId('evaluate-links')).toHaveText('12 of 12 right');
  await expect(app.byId('evaluate-false')).toHaveText('none; 4 pairs of other places were refused');
  await expect(app.byId('evaluate-time')).toContainText(/^[\d.]+ m?s, about [\d.]+ pairs a minute$/);
  await expect(app.byId('evaluate-rung')).toContainText(/^WebAssembly, \d+ threads?$/);
  await expect(app.byId('evaluate-webgpu')).toHaveText('not offered here, so pairs take longer');

  // Nothing of it is kept: no project to go on with, no pair, no file.
  expect(await keptBy(app.page)).toEqual(before);

  const painted = await app
    .byId('evaluate-report')
    .getByRole('img')
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')?.getImageData(60, 60, 200, 200) ?? { data: [] };
      return Math.max(...data.filter((_, k) => k % 4 === 0)) - Math.min(...data.filter((_, k) => k % 4 === 0));
    });
  expect(painted).toBeGreaterThan(50);
  await expect(app.byId('evaluate-webgpu')).toBeInViewport();
  await app.page.screenshot({ path: 'test-results/evaluate-start.png' });
  await app.page.setViewportSize({ width: 1920, height: 1080 });
  await app.page.screenshot({ path: 'test-results/evaluate-start-1920.png' });
});

test('a check is cancelled at once; one beside a project takes the matcher that was chosen and leaves the project alone', async ({
  app,
}) => {
  await app.byId('test-matcher').click();
  await expect(app.byId('progress')).toContainText(/of 16/, { timeout: 120_000 });
  await app.byId('cancel-button').click();
  await app.waitForState('cancelled', 5_000);
  await expect(app.byId('evaluate-report')).toBeHidden();

  await app.openSample();
  await app.chooseMatcher('phase-correlation');
  await app.stitch();
  const before = await app.byId('count-solved').innerText();
  await app.openOptions();
  await app.byId('test-matcher').click();
  await expect(app.byId('evaluate-report')).toContainText('phase-correlation', { timeout: 180_000 });
  await expect(app.byId('evaluate-verdict')).toContainText(/a pair on JavaScript\.$/);
  await expect(app.byId('evaluate-webgpu')).toHaveText('this matcher needs no graphics device');
  await expect(app.byId('count-solved')).toHaveText(before);
  await expect(app.byId('mosaic-viewer')).toHaveAttribute('data-settled', 'true');
  await app.page.screenshot({ path: 'test-results/evaluate-options.png' });
});
