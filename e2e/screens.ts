import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type App } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

/** Is told of each screen when it stands still; names are words with hyphens. */
export type Look = (screen: string) => Promise<void>;

/** Takes the app through every screen it has, as a user would come to them, with the built-in sample. */
export async function walkScreens(app: App, look: Look): Promise<void> {
  await startScreens(app, look);
  await app.openSample();
  await layoutScreens(app, look);
  await runScreens(app, look);
  await mosaicScreens(app, look);
  await inspectorScreens(app, look);
  await correctionScreens(app, look);
  await panelScreens(app, look);
  await dialogScreens(app, look);
  await returnScreens(app, look);
}

async function startScreens(app: App, look: Look): Promise<void> {
  await look('start');
  await app.drop(emptyFolder('nothing'));
  const error = app.byId('error-panel');
  await expect(error).toContainText('There is no file');
  await look('error');
  await error.getByLabel('Dismiss').click();
  await app.byId('test-matcher').click();
  await expect(app.byId('evaluate-report')).toBeVisible({ timeout: 240_000 });
  await look('check-this-browser');
}

async function layoutScreens(app: App, look: Look): Promise<void> {
  const tiles = await app.byId('layout-table').getAttribute('aria-rowcount');
  await expect(app.byId('layout-preview')).toHaveAttribute('data-thumbnails', tiles ?? '', { timeout: 60_000 });
  await look('layout');
  await app.page.getByLabel('Positions from').selectOption('scan');
  await app.page.getByRole('radio').first().scrollIntoViewIfNeeded();
  await look('layout-scan-order');
  await app.page.getByLabel('Positions from').selectOption('hypothesis');
  await app.openOptions();
  await app.byId('options-panel').scrollIntoViewIfNeeded();
  await look('options');
}

async function runScreens(app: App, look: Look): Promise<void> {
  await app.byId('stitch-button').click();
  await expect(app.byId('progress')).toContainText(/Matching pairs [2-9] of 17/, { timeout: 240_000 });
  await look('running');
  await app.waitForState('done', 240_000);
  await settled(app);
}

async function mosaicScreens(app: App, look: Look): Promise<void> {
  const { page } = app;
  if (await app.byId('side-panel').isVisible()) await app.byId('panel-switch').click();
  await app.byId('mosaic-viewer').focus();
  await page.keyboard.press('0');
  await settled(app);
  await look('workbench');
  await page.keyboard.press('n');
  await app.byId('link-limits').click();
  await look('links-limits');
  await page.keyboard.press('Escape');
  await app.byId('overlay-menu').click();
  await look('overlay-menu');
  await page.keyboard.press('Escape');
  await app.byId('mosaic-viewer').focus();
  for (const key of ['o', 't', 'm', 'v', 'h', 'g']) await page.keyboard.press(key);
  await settled(app);
  await look('overlays');
  for (const key of ['o', 't', 'm', 'v', 'h', 'h', 'g', 'g']) await page.keyboard.press(key);
  await app.byId('contrast-menu').click();
  await app.byId('grey-histogram').locator('canvas').waitFor();
  await look('contrast');
  await page.keyboard.press('Escape');
  await app.byId('mosaic-viewer').focus();
  for (const key of ['1', 'i']) await page.keyboard.press(key);
  await expect(app.byId('pixel-tile').first()).toBeVisible();
  await settled(app);
  await look('pixel-inspector');
  for (const key of ['i', '0']) await page.keyboard.press(key);
  await settled(app);
}

async function inspectorScreens(app: App, look: Look): Promise<void> {
  const { page } = app;
  // Neighbours in a column: their overlap is wide and low, as the panel is.
  await app
    .byId('link-row')
    .filter({ hasText: /\D?1_\D?2\s*↔\s*\D?2_\D?2/ })
    .dblclick();
  await expect(app.byId('overlap-pane')).toBeVisible();
  await page.getByRole('radio', { name: 'Two-colour' }).click();
  await look('inspector-colours');
  for (const [key, name] of [
    ['2', 'swipe'],
    ['3', 'checker'],
    ['4', 'sides'],
    ['5', 'difference'],
  ]) {
    await page.keyboard.press(key);
    await look(`inspector-${name}`);
  }
  await page.getByRole('radio', { name: 'Residuals' }).click();
  await expect(app.byId('residual-pane')).toContainText('rms');
  await app.byId('residual-plot').locator('canvas').waitFor();
  await look('inspector-residuals');
  await app.byId('plot-table-button').click();
  await look('inspector-residuals-table');
  await app.byId('plot-table-button').click();
  await page.getByRole('radio', { name: 'Point', exact: true }).click();
  await app.byId('point-pane').locator('canvas').first().focus();
  await page.keyboard.press('Enter');
  await expect(app.byId('point-sentence')).toContainText('Best fit');
  await look('inspector-point');
  await page.getByRole('radio', { name: 'Matchers' }).click();
  await app.byId('trial-pane').getByRole('row', { name: /^SIFT/ }).getByRole('button', { name: 'Try' }).click();
  await expect(app.byId('trial-result')).toHaveCount(2);
  await look('inspector-matchers');
  await page.getByRole('radio', { name: 'Pictures', exact: true }).click();
  await page.keyboard.press('e');
  await expect(app.byId('overlap-pane')).toBeVisible();
  await look('inspector-large');
  await page.keyboard.press('e');
}

async function correctionScreens(app: App, look: Look): Promise<void> {
  const { page } = app;
  await page.keyboard.press('7');
  const canvas = app.byId('landmark-canvas').locator('canvas');
  await expect(canvas).toBeVisible({ timeout: 60_000 });
  await canvas.focus();
  await page.keyboard.press('Alt+ArrowRight');
  await page.keyboard.press('Enter');
  await app.byId('find-partner').click();
  await expect(app.byId('landmark-note')).toContainText(/Snapped|Nothing to snap/);
  await app.waitForState('done');
  await look('landmarks');
  await app.byId('corrections-tab').click();
  await page.locator('#edits-tile').selectOption({ index: 6 });
  await app.byId('raise-tile').click();
  await app.waitForState('done');
  await look('corrections');
  await app.byId('tool-move').click();
  for (const key of ['Shift+ArrowRight', 'Alt+ArrowDown']) await page.keyboard.press(key);
  await expect(app.byId('tool-hint')).toHaveAttribute('data-drawn', 'blend 10.0 0.1');
  await look('moving-a-tile');
  await page.keyboard.press('Escape');
  await app.byId('tool-mask-polygon').click();
  for (const key of ['ArrowUp', 'Enter', 'Shift+ArrowRight', 'Enter', 'Shift+ArrowDown'])
    await page.keyboard.press(key);
  await look('masking');
  await page.keyboard.press('Escape');
}

async function panelScreens(app: App, look: Look): Promise<void> {
  for (const tab of ['tiles', 'export', 'acquisition']) {
    await app.byId(`${tab}-tab`).click();
    if (tab === 'acquisition') await app.byId('links-plot').locator('canvas').waitFor();
    await look(tab);
  }
  await app.byId('links-tab').click();
}

async function dialogScreens(app: App, look: Look): Promise<void> {
  const { keyboard } = app.page;
  await app.byId('mosaic-viewer').focus();
  await app.byId('text-size-menu').click();
  await app.page.getByRole('radio', { name: '150 %' }).click();
  await settled(app);
  await look('text-size');
  await app.page.getByRole('radio', { name: '100 %' }).click();
  await keyboard.press('Escape');
  await settled(app);
  await app.byId('mosaic-viewer').focus();
  await keyboard.press('Control+k');
  await expect(app.byId('palette')).toBeVisible();
  await look('palette');
  await keyboard.press('Escape');
  await keyboard.press('?');
  await expect(app.page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await look('keys');
  await keyboard.press('Escape');
  await app.byId('diagnostics-button').click();
  await expect(app.byId('diagnostics-text')).toContainText('12 images');
  await look('diagnostics');
  await keyboard.press('Escape');
}

/** What a later visit finds: the offer to continue, and a drop with files that cannot be used. */
async function returnScreens(app: App, look: Look): Promise<void> {
  await app.byId('start-over').click();
  const folder = emptyFolder('grid with problems');
  await writeGrid(folder, { rows: 2, columns: 3 });
  const [first] = readdirSync(folder);
  truncateSync(join(folder, first), 9000);
  writeFileSync(join(folder, 'notes.png'), 'notes of the operator\n');
  await app.drop(folder);
  await expect(app.byId('problem-list')).toContainText('notes.png');
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 60_000 });
  await look('problems');
  await expect
    .poll(async () => {
      await app.open();
      return app.byId('recent-project').count();
    })
    .toBeGreaterThan(0);
  await look('continue');
}

async function settled(app: App): Promise<void> {
  await expect(app.byId('mosaic-viewer')).toHaveAttribute('data-settled', 'true', { timeout: 30_000 });
}
