import { mkdirSync } from 'node:fs';
import { expect, test } from './app.ts';

const folder = 'docs/images';
/** A folder of tiles to show instead of the built-in sample, which is all our own: SCREENSHOT_GRID=../shared/data/mussel-165. */
const grid = process.env.SCREENSHOT_GRID;

test('pictures for the documentation', async ({ app }) => {
  test.setTimeout(900_000);
  mkdirSync(folder, { recursive: true });
  const shoot = (name: string) => app.page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' });
  await shoot('start');

  if (grid) await app.drop(grid);
  else await app.openSample();
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 180_000 });
  const tiles = await app.byId('layout-table').getAttribute('aria-rowcount');
  await expect(app.byId('layout-preview')).toHaveAttribute('data-thumbnails', tiles ?? '', { timeout: 60_000 });
  await shoot('layout');

  await app.stitch(600_000);
  // Neighbours in a column: their overlap is wide and low, as the panel is.
  const pair = /\D?1_\D?2\s*↔\s*\D?2_\D?2/;
  await app.byId('link-row').filter({ hasText: pair }).dblclick();
  await expect(app.byId('overlap-pane')).toBeVisible();
  await app.byId('overlap-pane').getByRole('button', { name: 'Two-colour' }).click();
  if (await app.byId('side-panel').isVisible()) await app.byId('panel-switch').click();
  await app.page.getByRole('button', { name: 'Fit', exact: true }).click();
  await expect(app.byId('mosaic-viewer')).toHaveAttribute('data-settled', 'true');
  await shoot('app');
});
