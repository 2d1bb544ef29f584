import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { expect, test } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

test('a stack is a list of sections: stitched in a batch, flagged where one stands out, each a click away', async ({
  app,
}) => {
  const folder = emptyFolder('stack');
  for (const s of [3, 4, 5]) {
    mkdirSync(join(folder, `s0000${s}`));
    await writeGrid(join(folder, `s0000${s}`), { seed: s, ...(s === 4 ? { blank: [{ row: 1, column: 1 }] } : {}) });
  }
  await app.drop(folder);
  const rows = app.byId('section-row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(0)).toContainText('s00003');
  await expect(rows.nth(0).getByRole('button')).toHaveAttribute('aria-current', 'true');
  await expect(app.byId('layout-panel')).toContainText('2 rows × 2 columns');
  await app.chooseMatcher('sift');

  await app.byId('stitch-sections').click();
  for (const row of [0, 1, 2])
    await expect(rows.nth(row)).toHaveAttribute('data-section-state', 'done', { timeout: 120_000 });
  await expect(rows.nth(0)).toContainText(/4\/4 tiles, \d\.\d\d px/);
  await expect(rows.nth(1)).toContainText(/3\/4 tiles/);
  await expect(rows.nth(1).getByTestId('section-flag')).toBeVisible();
  await expect(rows.nth(2)).toContainText(/4\/4 tiles/);
  await expect(rows.nth(2).getByRole('button')).toHaveAttribute('aria-current', 'true');

  await rows.nth(1).getByRole('button').click();
  await expect(app.byId('count-solved')).toHaveText('3 solved', { timeout: 60_000 });
  await app.waitForState('done');
  await expect(app.page.getByRole('status').filter({ hasText: 'known already' })).toBeVisible();
});
