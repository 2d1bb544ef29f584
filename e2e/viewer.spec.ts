import type { Locator } from '@playwright/test';
import { expect, test, type App } from './app.ts';
import { stitchTinyGrid } from './tiny-grids.ts';

/**
 * What a picture may differ by on another machine: one pixel in two hundred, by more than 15 % of the way from black to
 * white. Links, outlines and seams change 1.4 to 3 % of them, a mosaic that is drawn a pixel off 15 %, an overlap 1.3 %.
 */
const tolerance = { threshold: 0.15, maxDiffPixelRatio: 0.005, animations: 'disabled', scale: 'css' } as const;

/** Letters are drawn by the machine's fonts. */
const lettersOf = (app: App): Locator[] => [app.page.locator('.mosaic-viewer-facts'), app.byId('overlay-legend')];

test('the viewer draws the mosaic, outlines, seams and links as it did', async ({ app }) => {
  const { page } = app;
  await page.setViewportSize({ width: 900, height: 571 });
  await stitchTinyGrid(app);
  if (await app.byId('side-panel').isVisible()) await app.byId('panel-switch').click();
  const viewer = app.byId('mosaic-viewer');
  await viewer.focus();
  const looksAs = async (name: string) => {
    await expect(viewer).toHaveAttribute('data-settled', 'true');
    await expect(viewer).toHaveScreenshot(`${name}.png`, { ...tolerance, mask: lettersOf(app) });
  };
  await page.keyboard.press('0');
  await looksAs('mosaic-with-links');
  await page.keyboard.press('l');
  await looksAs('mosaic');
  await page.keyboard.press('o');
  await looksAs('mosaic-with-outlines');
  for (const key of ['o', 'm']) await page.keyboard.press(key);
  await looksAs('mosaic-with-seams');
  for (const key of ['m', 'r', 'Shift+C']) await page.keyboard.press(key);
  await looksAs('mosaic-turned-and-inverted');
});

test('the inspector draws the overlap of a pair as it did', async ({ app }) => {
  await stitchTinyGrid(app);
  await app.page.getByTitle('tile_r1_c1 ↔ tile_r2_c1').dblclick();
  const pane = app.byId('overlap-pane').locator('canvas').first();
  await expect(pane).toBeVisible();
  for (const [key, name] of [
    ['3', 'checker'],
    ['5', 'difference'],
    ['6', 'colours'],
  ]) {
    await app.page.keyboard.press(key);
    await expect(pane).toHaveScreenshot(`overlap-${name}.png`, tolerance);
  }
});

test('one finger pans the mosaic and two fingers zoom it', async ({ app }) => {
  await stitchTinyGrid(app);
  const viewer = app.byId('mosaic-viewer');
  const zoom = app.page.locator('.mosaic-viewer-zoom');
  await viewer.focus();
  await app.page.keyboard.press('1');
  await expect(zoom).toHaveText('100 %');
  const box = await viewer.boundingBox();
  if (!box) throw new Error('the mosaic is on the screen');
  const [x, y] = [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
  const session = await app.page.context().newCDPSession(app.page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 });
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...places: readonly (readonly [number, number])[]) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: places.map(([px, py], id) => ({ x: px, y: py, id })),
    });

  await touch('touchStart', [x - 50, y], [x + 50, y]);
  for (let spread = 60; spread <= 100; spread += 10) await touch('touchMove', [x - spread, y], [x + spread, y]);
  await touch('touchEnd');
  await expect(zoom).toHaveText('200 %');

  const place = async () => /at=([^&]*)/.exec(decodeURIComponent(await app.page.evaluate(() => location.hash)))?.[1];
  await expect.poll(place).toBeTruthy();
  const before = await place();
  await touch('touchStart', [x, y]);
  for (let moved = 20; moved <= 80; moved += 20) await touch('touchMove', [x - moved, y]);
  await touch('touchEnd');
  await expect.poll(place).not.toBe(before);
  await expect(zoom).toHaveText('200 %');
  await session.detach();
});
