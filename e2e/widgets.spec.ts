import { expect, test, type App } from './app.ts';
import { stitchTinyGrid } from './tiny-grids.ts';

const rootSize = ({ page }: App) => page.evaluate(() => getComputedStyle(document.documentElement).fontSize);

/** What begins or ends outside the window, to be named. */
const tooWide = ({ page }: App) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.app *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .map(({ tagName, className }) => `${tagName} ${String(className)}`)
      .slice(0, 5),
  );

test('letters are made larger from the keyboard, all grows with them, and the choice outlives a reload', async ({
  app,
}) => {
  const { page } = app;
  await stitchTinyGrid(app);
  const row = app.byId('link-row').first();
  const before = await row.boundingBox();
  await app.byId('text-size-menu').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('radio', { name: '100 %' })).toBeFocused();
  for (const size of ['125 %', '150 %']) {
    await page.keyboard.press('ArrowRight');
    await expect(page.getByRole('radio', { name: size })).toBeFocused();
    await expect(page.getByRole('radio', { name: size })).toHaveAttribute('aria-checked', 'true');
  }
  expect(await rootSize(app)).toBe('24px');
  await expect.poll(async () => (await row.boundingBox())?.height).toBeCloseTo(1.5 * (before?.height ?? 0), 1);
  await page.keyboard.press('Escape');
  await expect(app.byId('text-size-menu')).toBeFocused();
  // Nothing that is larger than the window.
  for (const size of ['150 %', '200 %']) {
    await app.byId('text-size-menu').click();
    await page.getByRole('radio', { name: size }).click();
    await page.keyboard.press('Escape');
    const { width, height } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      height: document.documentElement.scrollHeight,
    }));
    expect([width, height, ...(await tooWide(app))], size).toEqual([1280, 720]);
    for (const id of ['stitch-button', 'palette-button', 'diagnostics-button', 'acquisition-tab'])
      await expect(app.byId(id)).toBeInViewport({ ratio: 0.99 });
    const mosaic = await app.byId('mosaic-viewer').boundingBox();
    expect(mosaic?.width, `the mosaic at ${size}`).toBeGreaterThan(640);
  }
  await app.open();
  expect(await rootSize(app)).toBe('32px');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('smaller text');
  await page.keyboard.press('Enter');
  await expect.poll(() => rootSize(app)).toBe('24px');
});

test('contrast is set by keys: the panel takes the focus, two handles, numbers beside the plot, Escape back', async ({
  app,
}) => {
  const { page } = app;
  await stitchTinyGrid(app);
  await app.byId('contrast-menu').focus();
  await page.keyboard.press('Enter');
  const figure = app.byId('grey-histogram');
  await expect(figure.locator('canvas')).toBeVisible();
  await expect(figure.getByRole('img')).toHaveAccessibleName(/^Histogram of the visible values, \d+ to \d+, shown/);
  const handle = page.getByRole('slider', { name: 'White, slider' });
  const white = Number(await handle.getAttribute('aria-valuenow'));
  await handle.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByLabel('White', { exact: true })).toHaveValue(String(white - 1));
  await expect(page.getByLabel('Black', { exact: true })).not.toHaveValue(String(white - 1));

  // The numbers are there to be read out before they are shown.
  const table = figure.getByRole('table', { name: 'Visible values' });
  await expect(table.getByRole('columnheader')).toHaveText(['Value', 'Pixels']);
  const toggle = figure.getByRole('button', { name: 'Table' });
  await toggle.focus();
  await expect(page.getByRole('tooltip')).toHaveText('Show the numbers as a table');
  await page.keyboard.press('Enter');
  await expect(figure.getByRole('region', { name: /table/ })).toBeVisible();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await figure.getByRole('button', { name: 'Copy as CSV' }).click();
  await expect(figure.getByRole('status')).toHaveText('Copied');
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).trimEnd().split('\n');
  expect(lines[0].trim()).toBe('Value,Pixels');
  expect(lines.length - 1).toBe((await table.getByRole('row').count()) - 1);

  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(figure).toBeHidden();
  await expect(app.byId('contrast-menu')).toBeFocused();
});

test('the plots of a run have their numbers, and one of residuals counts every inlier', async ({ app }) => {
  const { page } = app;
  await stitchTinyGrid(app);
  await app.byId('acquisition-tab').click();
  const links = app.byId('links-plot');
  await expect(links.locator('canvas')).toBeVisible();
  await expect(links.getByRole('img')).toHaveAccessibleName('Histogram of the residuals of 4 links');
  await expect(app.byId('loops-plot').getByRole('img')).toHaveAccessibleName('Histogram of the residuals of 1 loops');
  await app.byId('links-tab').click();
  await app.byId('link-row').first().dblclick();
  await page.getByRole('radio', { name: 'Residuals' }).click();
  const figure = app.byId('residual-plot');
  const cells = await figure.getByRole('row').locator('td:last-child').allTextContents();
  const inliers = await page.locator('[data-number="inliers"] dd').textContent();
  expect(cells.reduce((sum, cell) => sum + Number(cell), 0)).toBe(parseInt(inliers ?? '', 10));
  // Arrows choose at once among exclusive choices.
  await page.getByRole('radio', { name: 'Residuals' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(app.byId('point-pane')).toBeVisible();
});
