import type { Page } from 'playwright';
import type { MatcherId } from '../../src/core/options.ts';
import { dropFolder } from '../built-app.ts';
import { frame } from '../viewer/gestures.ts';

/** What the progress bar says while a stage runs, in the order of the stages. */
const stages = ['Reading headers', 'Finding the layout', 'Matching pairs', 'Solving', 'Evening tones', 'Composing'];

/** The stages that a bench waits for. */
export type ReachedStage = 'Finding the layout' | 'Matching pairs' | 'Solving' | 'Evening tones' | 'Composing';

/**
 * Waits until a job has come to a stage or beyond.
 * @throws Error with what the page says when the job fails.
 */
export async function stageReached(page: Page, stage: ReachedStage | 'ready' | 'done'): Promise<void> {
  const wanted = stages.slice(stages.indexOf(stage));
  const end = await page.waitForFunction(
    ([names, state]) => {
      const now = document.querySelector('[data-testid="app"]')?.getAttribute('data-state');
      if (now === state || now === 'failed' || now === 'done') return now;
      const text = document.querySelector('[data-testid="progress"]')?.textContent ?? '';
      return names.some((name) => text.startsWith(name)) ? 'running' : null;
    },
    [stage === 'ready' || stage === 'done' ? [] : wanted, stage === 'done' ? 'done' : 'ready'] as const,
    { polling: 50 },
  );
  if ((await end.jsonValue()) !== 'failed') return;
  throw new Error(`the app stopped: ${(await page.getByRole('alert').allTextContents()).join(' ')}`);
}

/** Drops a folder and waits until its headers are read. */
export async function readFolder(page: Page, folder: string): Promise<void> {
  await dropFolder(page, folder);
  await page.locator('[data-testid="app"]:not([data-state="idle"])').waitFor();
  await stageReached(page, 'Finding the layout');
}

/** Waits until every tile has its thumbnail in the preview. */
export async function thumbnailsDrawn(page: Page, tiles: number): Promise<void> {
  await page.waitForFunction(
    (count) => document.querySelector('[data-testid="layout-preview"]')?.getAttribute('data-thumbnails') === count,
    String(tiles),
    { polling: 50 },
  );
}

/** Unfolds the options and chooses a matcher. */
export async function chooseMatcher(page: Page, matcher: MatcherId): Promise<void> {
  const panel = page.getByTestId('options-panel');
  if ((await panel.getAttribute('open')) === null) await panel.locator('> summary').click();
  await page.getByLabel('Matcher', { exact: true }).selectOption(matcher);
}

/** Presses Stitch; answers when the stage of matching is over. */
export async function matchPairs(page: Page): Promise<void> {
  await page.locator('[data-testid="stitch-button"]:enabled').click();
  await page.locator('[data-testid="app"][data-state="running"], [data-testid="app"][data-state="done"]').waitFor();
  await stageReached(page, 'Solving');
}

/** Waits for the mosaic to be sharp on the screen. */
export async function settled(page: Page): Promise<void> {
  await page.locator('[data-testid="mosaic-viewer"][data-settled="true"]').waitFor();
}

/** To the end of the link table, sorted by residual and back, filtered by a name: what is seen follows each. */
export async function useLinkTable(page: Page): Promise<void> {
  await page.getByTestId('links-tab').click();
  const grid = page.getByRole('grid', { name: 'Pairs of tiles' });
  await grid.focus();
  for (const key of ['End', 'Home', 'n']) {
    await page.keyboard.press(key);
    await frame(page);
  }
  await page.getByRole('columnheader', { name: 'Residual' }).getByRole('button').click();
  await frame(page);
}

/** Excludes the first link of the table, or undoes that, and waits for the mosaic that is solved anew. */
export async function editFirstLink(page: Page, edit: 'exclude' | 'undo'): Promise<void> {
  await page.getByRole('grid', { name: 'Pairs of tiles' }).focus();
  if (edit === 'exclude') await page.keyboard.press('Home');
  await page.keyboard.press(edit === 'exclude' ? 'x' : 'Control+z');
  // A solve that is over before it is seen has been waited for, too.
  await page
    .getByTestId('progress')
    .getByText('Solving')
    .waitFor({ timeout: 2000 })
    .catch(() => undefined);
  await stageReached(page, 'done');
  await settled(page);
}
