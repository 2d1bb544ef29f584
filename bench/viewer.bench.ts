/**
 * `npm run bench -- viewer [SIDE]`: stitches a grid of SIDE × SIDE small tiles (32: 1,024 of them) in the built app in a
 * Chromium without a GPU, then pans and zooms over it with all lines drawn, and tells the script of the page's main
 * thread per frame from a trace: processor time, so that a busy machine does not count.
 */
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { chromiumOptions, dropFolder, serveBuiltApp } from './built-app.ts';
import { squareGrid, writeGrid } from './grid-writer.ts';
import { panAndZoom, type GestureRow } from './viewer/gestures.ts';

/** One gesture of the bench. */
export interface ViewerRow extends GestureRow {
  readonly tiles: number;
}

const tilePx = 96;

/** Rows of panning and zooming. */
export async function run(args: readonly string[]): Promise<readonly ViewerRow[]> {
  const side = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 32);
  const app = await serveBuiltApp();
  const grid = join(app.folder, 'grid');
  const tiles = await writeGrid(grid, squareGrid(side, tilePx));
  const browser = await chromium.launch(chromiumOptions('--disable-gpu'));
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    const session = await page.context().newCDPSession(page);
    await page.goto(app.address);
    await stitched(page, grid);
    return (await panAndZoom(page, session)).map((row) => ({ tiles, ...row }));
  } finally {
    await browser.close();
    app.stop();
  }
}

async function stitched(page: Page, grid: string): Promise<void> {
  page.setDefaultTimeout(600_000);
  await dropFolder(page, grid);
  await page.getByTestId('options-panel').locator('> summary').click();
  await page.getByLabel('Matcher', { exact: true }).selectOption('phase-correlation');
  await page.locator('[data-testid="stitch-button"]:enabled').click();
  await page.locator('[data-testid="app"][data-state="done"]').waitFor();
  const viewer = page.getByTestId('mosaic-viewer');
  await viewer.focus();
  await page.keyboard.press('o');
  await page.keyboard.press('t');
  await page.locator('[data-testid="mosaic-viewer"][data-settled="true"]').waitFor();
}
