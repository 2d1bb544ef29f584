import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './app.ts';
import { cli, largestPixelDifference, realGrid } from './files.ts';
import { fixWorstSeam } from './worst-seam.ts';

const mussel = realGrid('mussel-165');

test('a dropped mussel section becomes a mosaic equal to the command line’s; its worst seam is found, understood, fixed by landmarks, and the fix undone [needs ../shared/data]', async ({
  app,
}) => {
  test.skip(!mussel, '../shared/data/mussel-165 is absent');
  test.setTimeout(600_000);
  if (!mussel) return;
  await app.drop(mussel);
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 120_000 });
  await app.stitch(400_000);
  await expect(app.byId('count-solved')).toContainText('9');

  // A click on a link in the mosaic opens its pair: the first link's seam dot lies between two tile centres.
  await app.byId('link-row').first().click();
  await app.byId('inspector-tab').click();
  await expect(app.byId('pair-inspector')).toBeVisible();
  await expect(app.byId('pair-sentence')).not.toBeEmpty();
  await expect(app.byId('match-pane')).toBeVisible();

  const folder = mkdtempSync(join(tmpdir(), 'em-stitch-e2e-'));
  const solution = join(folder, 'solution.json');
  const fromApp = join(folder, 'app.tif');
  const fromCli = join(folder, 'cli.tif');
  copyFileSync(await app.download('export-solution'), solution);
  copyFileSync(await app.download('export-tiff'), fromApp);
  expect(execFileSync('tiffinfo', [fromApp], { encoding: 'utf8' })).toContain('Software: em-stitch');
  cli('compose', solution, '--tiles', mussel, '--out', fromCli);
  expect(largestPixelDifference(fromApp, fromCli)).toBe(0);

  // All nine tiles, with the options that the app starts with.
  await app.byId('links-tab').click();
  const { worstPx, step } = await fixWorstSeam(app);
  const { meanBefore, meanAfter, worstBefore, worstAfter } = step;
  const told = `mean ${meanBefore} → ${meanAfter}, worst ${worstBefore} → ${worstAfter} px`;
  console.log(`mussel-165: worst link ${worstPx} px; a landmark on it: ${told}`);
  expect(worstPx).toBeGreaterThan(0);
  expect(meanAfter).toBeLessThan(meanBefore);
  // Where the landmark lies depends on what can be snapped to: what is worst may be another link, and that one may give a little.
  expect(worstAfter).toBeLessThan(worstBefore + 0.1);
  const undone = join(folder, 'undone.json');
  copyFileSync(await app.download('export-solution'), undone);
  const [before, after] = [solution, undone].map(numbersOf);
  expect(after).toHaveLength(before.length);
  after.forEach((value, k) => expect(value).toBeCloseTo(before[k], 6));
  rmSync(folder, { recursive: true });
});

/** The poses of all tiles in a row. */
function numbersOf(solution: string): readonly number[] {
  const { tiles } = JSON.parse(readFileSync(solution, 'utf8')) as {
    readonly tiles: readonly { readonly mosaicFromTile: readonly number[] }[];
  };
  return tiles.flatMap(({ mosaicFromTile }) => mosaicFromTile);
}
