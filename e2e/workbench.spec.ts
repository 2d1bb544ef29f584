import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type App } from './app.ts';
import { emptyFolder, stitchTinyGrid } from './tiny-grids.ts';

/** A stitched grid of four tiles, the mosaic in focus. */
async function stitchedGrid(app: App): Promise<void> {
  await stitchTinyGrid(app);
  await app.byId('mosaic-viewer').focus();
}

async function settled({ page }: App): Promise<void> {
  await expect(page.getByTestId('mosaic-viewer')).toHaveAttribute('data-settled', 'true');
}

test('the mosaic is a map: keys turn it, draw over it, zoom it and look into a pixel', async ({ app }) => {
  await stitchedGrid(app);
  const { keyboard } = app.page;
  const legend = app.byId('overlay-legend');
  const count = app.byId('overlay-menu').locator('.badge');
  await expect(count).toHaveText('1');

  await keyboard.press('h');
  await expect(legend).toContainText('correlation of structure');
  await settled(app);
  await keyboard.press('h');
  await expect(legend).toContainText('difference');
  await keyboard.press('h');
  for (const key of ['o', 't', 'v', 'm', 'g']) await keyboard.press(key);
  await expect(count).toHaveText('6');
  await expect(legend).toContainText('Residuals, drawn × 50');
  await expect(legend).toContainText('Seams');
  await settled(app);

  // Turned, the map is still under the pointer: the pixel in the middle stays.
  await keyboard.press('i');
  await keyboard.press('1');
  const place = app.byId('pixel-place');
  const before = await place.textContent();
  await keyboard.press('r');
  await expect(place).toHaveText(before ?? '');
  await expect(app.byId('pixel-tile').first()).toContainText('%');
  await keyboard.press('Shift+R');
  await keyboard.press('ArrowRight');
  await expect(place).not.toHaveText(before ?? '');
  // A mosaic smaller than the screen is not blown up: everything is 100 %.
  const zoom = app.page.locator('.mosaic-viewer-zoom');
  await keyboard.press('+');
  await expect(zoom).toHaveText('141 %');
  await app.page.getByRole('button', { name: 'Fit', exact: true }).click();
  await expect(zoom).toHaveText('100 %');

  // The files say how large a pixel is.
  await expect(app.page.locator('.mosaic-viewer-scale')).toBeVisible();
  await expect(place).toHaveText(/ px · .*[nµ]m/);
  await settled(app);
});

test('links are filtered, stepped through and excluded from the keyboard', async ({ app }) => {
  await stitchedGrid(app);
  const { keyboard } = app.page;
  const rows = app.byId('link-row');
  const selected = app.page.locator('[data-testid="link-row"][aria-selected="true"]');

  // From the mosaic: the worst, then the next worst.
  await keyboard.press('n');
  await expect(selected).toHaveCount(1);
  const worst = await selected.getAttribute('title');
  await keyboard.press('n');
  await expect(selected).not.toHaveAttribute('title', worst ?? '');
  await keyboard.press('Shift+N');
  await expect(selected).toHaveAttribute('title', worst ?? '');

  await app.byId('link-limits').click();
  await app.page.getByLabel('Matches ≤').focus();
  await keyboard.press('Home');
  await expect(rows).toHaveCount(0);
  await expect(app.byId('link-count')).toHaveText('0 of 4');
  await app.page.getByRole('button', { name: 'No limits' }).click();
  await expect(rows).toHaveCount(4);

  // What has been taken out is not come back to: N X N X takes out two.
  const excluded = app.page.locator('[data-testid="link-row"][data-state="excluded"]');
  await app.byId('mosaic-viewer').focus();
  for (const count of [1, 2]) {
    await keyboard.press('n');
    await keyboard.press('x');
    await expect(excluded).toHaveCount(count);
    await app.waitForState('done');
    await expect(app.byId('link-sentence')).toContainText('excluded by you');
  }
  for (const count of [1, 0]) {
    await keyboard.press('Control+z');
    await expect(excluded).toHaveCount(count);
  }
  await app.waitForState('done');

  // All links as one step, and back.
  await app.page.getByLabel('Confidence ≤').focus();
  await keyboard.press('ArrowLeft');
  await expect(rows).toHaveCount(4);
  await app.page.getByRole('button', { name: 'Exclude the links shown' }).click();
  await expect(app.page.locator('[data-testid="link-row"][data-state="excluded"]')).toHaveCount(4);
  await app.waitForState('done');
  await keyboard.press('Control+z');
  await expect(app.page.locator('[data-testid="link-row"][data-state="excluded"]')).toHaveCount(0);
  await app.waitForState('done');
});

test('a pair tells why it matched: residuals, one point, all matchers with other options', async ({ app }) => {
  await stitchedGrid(app);
  const { page } = app;
  await app.byId('link-row').first().dblclick();
  // Pressed before there is anything to see: no key is lost.
  await page.keyboard.press('3');
  await expect(app.byId('overlap-pane')).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Checker' })).toHaveAttribute('aria-checked', 'true');
  for (const [key, name] of [
    ['2', 'Swipe'],
    ['3', 'Checker'],
    ['4', 'Side by side'],
    ['5', 'Difference'],
    ['6', 'Two-colour'],
  ] as const) {
    await page.keyboard.press(key);
    await expect(page.getByRole('radio', { name })).toHaveAttribute('aria-checked', 'true');
  }
  await page.keyboard.press('e');
  await expect(app.byId('inspector-large')).toHaveAttribute('aria-pressed', 'true');

  await page.getByRole('radio', { name: 'Residuals' }).click();
  await expect(app.byId('residual-pane')).toContainText('rms');

  await page.getByRole('radio', { name: 'Point', exact: true }).click();
  await app.byId('point-pane').locator('canvas').first().focus();
  await page.keyboard.press('Enter');
  await expect(app.byId('point-sentence')).toContainText('Best fit');
  await expect(app.byId('point-sentence')).toContainText('confidence');

  await page.getByRole('radio', { name: 'Matchers' }).click();
  const trials = app.byId('trial-pane');
  await trials.getByLabel('Inlier threshold, px').fill('2');
  await trials.getByRole('row', { name: /^SIFT/ }).getByRole('button', { name: 'Try' }).click();
  await expect(app.byId('trial-result')).toHaveCount(2);
  await expect(app.byId('trial-result').nth(1)).toHaveAttribute('data-verdict', 'link');
  await trials.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(app.byId('pair-inspector')).toContainText('matches of a trial');
  await page.keyboard.press('Escape');
  await expect(app.byId('inspector-large')).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('Escape');
  await expect(app.byId('link-table')).toBeVisible();
});

test('Escape closes what lies on top: a message, a tool, the inspector', async ({ app }) => {
  const { keyboard } = app.page;
  const notes = emptyFolder('notes');
  writeFileSync(join(notes, 'readme.txt'), 'of the operator');
  await app.drop(notes);
  await expect(app.byId('error-panel')).toContainText('None of these files is an image');
  await keyboard.press('Escape');
  await expect(app.byId('error-panel')).toBeEmpty();

  await stitchedGrid(app);
  await app.byId('corrections-tab').click();
  await app.page.locator('#edits-tile').selectOption('tile_r2_c2.tif');
  await app.byId('tool-move').click();
  await expect(app.byId('tool-hint')).toBeVisible();
  // From a button beside it too, not only from the mosaic.
  await app.byId('corrections-tab').focus();
  await keyboard.press('Escape');
  await expect(app.byId('tool-hint')).toBeHidden();
});

test('all commands are found by words, with their keys, and the list of keys is the same table', async ({ app }) => {
  const { keyboard } = app.page;
  await keyboard.press('Control+k');
  const palette = app.byId('palette');
  await expect(palette).toBeVisible();
  await keyboard.type('all keys');
  await expect(palette.getByRole('option')).toHaveCount(1);
  await keyboard.press('Enter');
  await expect(palette).toBeHidden();
  const keys = app.page.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toContainText('Exclude or restore the chosen link');
  await keyboard.press('Escape');
  await expect(keys).toBeHidden();

  await stitchedGrid(app);
  await keyboard.press('Control+k');
  await keyboard.type('worst next');
  await expect(palette.getByRole('option').locator('kbd')).toHaveText(['N']);
  await keyboard.press('Enter');
  await expect(app.page.locator('[data-testid="link-row"][aria-selected="true"]')).toHaveCount(1);
  // From the mosaic, where the focus is back.
  await expect(app.byId('mosaic-viewer')).toBeFocused();
  await keyboard.press('Control+k');
  await keyboard.type('go to export');
  await keyboard.press('Enter');
  await expect(app.byId('export-tab')).toHaveAttribute('aria-selected', 'true');
});
