import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './app.ts';
import { cli, largestPixelDifference } from './files.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

test('tiles whose lines start slowly are bent, recommended with numbers, and composed alike by the command line', async ({
  app,
}) => {
  const folder = emptyFolder('bent');
  await writeGrid(folder, {
    tileSize: { width: 480, height: 400 },
    lineStart: { amplitudePx: 6, decayPx: 60 },
    drift: { sigmaPx: 1, nodes: 3 },
  });
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.page.getByLabel('Transform of a tile').selectOption('elastic');
  await app.stitch();

  await app.byId('acquisition-tab').click();
  await expect(app.byId('transform-scores').getByRole('row')).toHaveCount(6);
  await expect(app.byId('acquisition')).toContainText('The simplest that explains them within noise is');
  await expect(app.byId('acquisition')).toContainText('scan line');

  const solution = join(folder, '..', 'solution.json');
  copyFileSync(await app.download('export-solution'), solution);
  const { tiles } = JSON.parse(readFileSync(solution, 'utf8')) as { tiles: { mesh?: { columns: number } }[] };
  expect(tiles.every(({ mesh }) => mesh !== undefined)).toBe(true);
  const fromApp = join(folder, '..', 'app.tif');
  const fromCli = join(folder, '..', 'cli.tif');
  copyFileSync(await app.download('export-tiff'), fromApp);
  cli('compose', solution, '--tiles', folder, '--out', fromCli);
  expect(largestPixelDifference(fromApp, fromCli)).toBe(0);

  // Back to a stiffer transform: solved again from the links, no patch is needed.
  await app.openOptions();
  await app.page.getByLabel('Transform of a tile').selectOption('rigid');
  await app.waitForState('done');
  expect(readFileSync(await app.download('export-solution'), 'utf8')).not.toContain('"mesh"');
});
