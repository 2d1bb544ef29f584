import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

test('a watched folder gives its new tiles as the microscope writes them, and only they are matched', async ({
  app,
}) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder, { rows: 2, columns: 3 });
  const outside = emptyFolder('not yet there');
  const late = ['tile_r1_c3.tif', 'tile_r2_c3.tif'];
  for (const name of late) renameSync(join(folder, name), join(outside, name));
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('link-row')).toHaveCount(4);

  await app.byId('watch-folder').click();
  await expect(app.byId('watch-folder')).toHaveAttribute('aria-pressed', 'true');
  // Half a file first, as a microscope writes it.
  for (const name of late) {
    const bytes = readFileSync(join(outside, name));
    writeFileSync(join(folder, name), bytes.subarray(0, 2000));
    await new Promise((resolve) => setTimeout(resolve, 500));
    writeFileSync(join(folder, name), bytes);
  }
  await expect(app.byId('watch-folder')).toContainText('2 new', { timeout: 60_000 });
  await expect(app.byId('link-row')).toHaveCount(7, { timeout: 120_000 });
  await app.waitForState('done');
  await expect(app.byId('progress')).toContainText('4 known already');
  await expect(app.byId('count-solved')).toHaveText('6 solved');

  await app.byId('watch-folder').click();
  await expect(app.byId('watch-folder')).toHaveText('Watch folder');
});
