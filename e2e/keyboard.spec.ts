import { readFileSync } from 'node:fs';
import { expect, test, type App } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

/** Presses Tab until the element with this test id or accessible name has the focus. */
async function tabTo({ page }: App, name: string, key = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press(key);
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return [element?.getAttribute('data-testid'), element?.getAttribute('aria-label'), element?.textContent];
    });
    if (focused.includes(name)) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

test('everything from Stitch to the exclusion of a link is done without a mouse', async ({ app }) => {
  const { keyboard } = app.page;
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.byId('app').evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await tabTo(app, 'stitch-button');
  await keyboard.press('Enter');
  await app.waitForState('done', 120_000);

  await tabTo(app, 'Pairs of tiles');
  await keyboard.press('ArrowDown');
  await expect(app.page.locator('[data-testid="link-row"][aria-selected="true"]')).toHaveCount(1);
  const byResidual = app.page.locator('[role="columnheader"][data-column="residual"]');
  await tabTo(app, 'Residual');
  await keyboard.press('Enter');
  await expect(byResidual).toHaveAttribute('aria-sort', 'descending');
  await keyboard.press('Enter');
  await expect(byResidual).toHaveAttribute('aria-sort', 'ascending');
  await tabTo(app, 'Pairs of tiles', 'Shift+Tab');
  await keyboard.press('n');
  await keyboard.press('x');
  await expect(app.page.locator('[data-testid="link-row"][data-state="excluded"]')).toHaveCount(1);
  await app.waitForState('done');
  await keyboard.press('Control+z');
  await expect(app.page.locator('[data-testid="link-row"][data-state="excluded"]')).toHaveCount(0);
  await app.waitForState('done');
  await keyboard.press('Enter');
  await expect(app.byId('pair-inspector')).toBeVisible();

  await tabTo(app, 'inspector-tab');
  await keyboard.press('ArrowRight');
  await expect(app.byId('corrections-tab')).toBeFocused();
  await keyboard.press('ArrowRight');
  await expect(app.byId('tiles-tab')).toBeFocused();
  await expect(app.byId('tiles-panel')).toBeVisible();
  await keyboard.press('ArrowRight');
  await expect(app.byId('export-tab')).toBeFocused();
  await tabTo(app, 'export-solution');
  const waiting = app.page.waitForEvent('download');
  await keyboard.press('Enter');
  expect(readFileSync(await (await waiting).path(), 'utf8')).toContain('"tiles"');

  await keyboard.press('?');
  await expect(app.page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await keyboard.press('Escape');
  await expect(app.page.getByRole('dialog', { name: 'Keys' })).toBeHidden();
});

test('the choice of the topmost tile is taken up at once, without matching again', async ({ app }) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.stitch();
  await app.openOptions();
  await app.page.getByLabel('Blend').selectOption('overlay');
  const order = async () => {
    await app.waitForState('done');
    const solution = JSON.parse(readFileSync(await app.download('export-solution'), 'utf8')) as {
      options: { compose: { blend: string; topmost: string } };
    };
    return `${solution.options.compose.blend} ${solution.options.compose.topmost}`;
  };
  await expect.poll(order).toBe('overlay first');
  await app.page.getByLabel('On top').selectOption('last');
  await expect.poll(order).toBe('overlay last');
  await expect(app.byId('progress')).toContainText('4 links of 4 pairs');
  await expect(app.byId('progress')).not.toContainText('press Stitch');
});
