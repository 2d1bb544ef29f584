import type { Page } from 'playwright';
import { chooseMatcher, matchPairs, readFolder, settled, stageReached, thumbnailsDrawn } from '../app/drive.ts';
import { openAppTab, type BuiltApp } from '../built-app.ts';
import { censusFlags, censusOf, countObjectUrls, type TabCensus } from './tab-census.ts';

/** What the tab holds after one of the runs. */
export interface RunCensus extends TabCensus {
  readonly run: number;
}

/**
 * Stitches one grid again and again in one tab, from the drop of its folder to the exported mosaic, looks at a pair on
 * the way, and counts what the tab holds after each. The store of finished pairs is emptied in between, so that every
 * run matches.
 */
export async function repeatedRuns(
  app: BuiltApp,
  grid: string,
  tiles: number,
  runs: number,
  write: (line: string) => void,
): Promise<readonly RunCensus[]> {
  const tab = await openAppTab(app, '--disable-gpu', ...censusFlags);
  try {
    const { page } = tab;
    page.setDefaultTimeout(1_200_000);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    await countObjectUrls(tab);
    await page.reload();
    const rows: RunCensus[] = [];
    for (let run = 1; run <= runs; run++) {
      if (run > 1) await page.getByTestId('start-over').click();
      await forgetPairs(page);
      await oneRun(page, grid, tiles);
      rows.push({ run, ...(await censusOf(tab, session)) });
      write(JSON.stringify(rows.at(-1)));
    }
    return rows;
  } finally {
    await tab.context.close();
  }
}

async function oneRun(page: Page, grid: string, tiles: number): Promise<void> {
  await readFolder(page, grid);
  await stageReached(page, 'ready');
  await thumbnailsDrawn(page, tiles);
  await chooseMatcher(page, 'sift');
  await matchPairs(page);
  await stageReached(page, 'done');
  const note = await page.getByTestId('progress').textContent();
  if (note?.includes('known already')) throw new Error(`this run matched nothing anew: ${note}`);
  await settled(page);
  await page.getByTestId('links-tab').click();
  await page.getByTestId('link-row').first().dblclick();
  await page.getByTestId('pair-inspector').waitFor();
  await page.getByTestId('tiles-tab').click();
  await page.getByTestId('export-tab').click();
  for (const file of ['export-ome-tiff', 'export-solution']) {
    const downloaded = page.waitForEvent('download');
    await page.getByTestId(file).click();
    await (await downloaded).delete();
  }
  await page.getByTestId('links-tab').click();
  await page.getByTestId('mosaic-viewer').focus();
  for (const key of ['1', '0']) {
    await page.keyboard.press(key);
    await settled(page);
  }
}

/** Empties the store of finished pairs. */
async function forgetPairs(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((done, fail) => {
        const opening = indexedDB.open('em-stitch');
        opening.onerror = () => fail(new Error('the store of pairs does not open'));
        opening.onsuccess = () => {
          const database = opening.result;
          const change = database.transaction('pairs', 'readwrite');
          change.objectStore('pairs').clear();
          change.oncomplete = () => {
            database.close();
            done();
          };
        };
      }),
  );
}
