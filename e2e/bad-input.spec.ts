import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './app.ts';
import { emptyFolder, plainTiff, writeGrid } from './tiny-grids.ts';

test('a drop that holds nothing to stitch says what is missing, and the next drop is taken', async ({ app }) => {
  await app.drop(emptyFolder('nothing'));
  const error = app.byId('error-panel');
  await expect(error).toContainText('There is no file in what was dropped.');
  await expect(error).toContainText('Drop the folder that holds the tiles');
  await expect(app.byId('start-page')).toBeVisible();
  await error.getByLabel('Dismiss').click();
  await expect(error).toBeEmpty();

  const notes = emptyFolder('notes');
  writeFileSync(join(notes, 'notes.png'), 'notes of the operator\n');
  await app.drop(notes);
  await expect(error).toContainText('None of these files is an image');
  const problems = app.byId('problem-list');
  await expect(problems.locator('[data-code="not-an-image"]')).toContainText('notes.png');
  await expect(app.byId('start-page')).toBeVisible();
  await error.getByLabel('Dismiss').click();

  const grid = emptyFolder('grid');
  await writeGrid(grid);
  const [first, ...rest] = readdirSync(grid).map((name) => join(grid, name));
  await app.drop(first);
  await expect(problems.locator('[data-code="one-tile"]')).toContainText('tile_r1_c1.tif');
  await expect(app.byId('stitch-button')).toBeDisabled();
  await app.drop(...rest);
  await expect(app.byId('stitch-button')).toBeEnabled();
  await expect(problems).toBeHidden();
  await expect(app.byId('layout-panel')).toContainText('2 rows × 2 columns');
});

test('files that cannot be used are named, the rest is stitched, and the same drop again changes nothing', async ({
  app,
}) => {
  const folder = emptyFolder('tiles');
  await writeGrid(folder, { columns: 3 });
  truncateSync(join(folder, 'tile_r2_c3.tif'), 9000);
  writeFileSync(join(folder, 'notes.png'), 'notes of the operator\n');
  writeFileSync(join(folder, 'line.tif'), plainTiff(320, 1, 1, 1));
  writeFileSync(join(folder, '.tile_r9_c9.tif'), 'hidden');
  writeFileSync(join(folder, 'Thumbs.db'), 'hidden too');
  mkdirSync(join(folder, '.cache'));
  writeFileSync(join(folder, '.cache', 'tile_r8_c8.tif'), 'hidden as well');
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.stitch();

  const problems = app.byId('problem-list');
  await expect(problems.locator('[data-code="truncated-file"]')).toContainText('tile_r2_c3.tif');
  await expect(problems.locator('[data-code="not-an-image"]')).toContainText('notes.png');
  await expect(problems.locator('[data-code="unsupported-image"]')).toContainText('1-bit');
  await expect(app.byId('warning-count')).toHaveText('3 warnings');
  await expect(app.byId('app')).not.toContainText('hidden');
  await expect(app.byId('count-solved')).toHaveText('5 solved');

  const settled = await app.byId('progress').textContent();
  await app.drop(folder);
  await app.drop(join(folder, 'tile_r1_c1.tif'));
  await app.page.waitForTimeout(500); // nothing is what is waited for
  await expect(app.byId('app')).toHaveAttribute('data-state', 'done');
  await expect(app.byId('progress')).toHaveText(settled ?? '');
  await expect(app.byId('count-solved')).toHaveText('5 solved');
});

test('a model bundle that is not what its manifest says is refused by name, and the app’s own model is one click away', async ({
  app,
}) => {
  const bundle = emptyFolder('bundle');
  const shipped = 'public/models/loftr-compact';
  const names = readdirSync(shipped).filter((name) => /\.(json|onnx)$/.test(name));
  for (const name of names) copyFileSync(join(shipped, name), join(bundle, name));
  const manifest = join(bundle, 'manifest.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/("sha256":\s*")[0-9a-f]{8}/, '$100000000'));

  const grid = emptyFolder('grid');
  await writeGrid(grid, { rows: 1 });
  await app.drop(grid);
  await app.openOptions();
  await app.byId('own-model').setInputFiles(names.map((name) => join(bundle, name)));
  await app.byId('stitch-button').click();
  await app.waitForState('failed');
  const error = app.byId('error-panel').locator('[data-code="bad-model"]');
  await expect(error).toContainText('is not the file that the manifest describes');
  await error.getByLabel('Dismiss').click();

  await app.page.getByRole('button', { name: 'Back to the model of the app' }).click();
  await app.stitch();
  await expect(app.byId('count-solved')).toHaveText('2 solved');
});

test('two grids in one drop are told apart, and the user says which', async ({ app }) => {
  const folder = emptyFolder('mixed');
  await writeGrid(folder);
  const nameOf = (row: number, column: number) => `other_r${row + 1}_c${column + 1}.tif`;
  await writeGrid(folder, { rows: 1, columns: 3, seed: 9, nameOf });
  await app.drop(folder);
  const choice = app.byId('group-choice');
  await expect(choice).toContainText('Only the 4 like tile_r1_c1.tif');
  await expect(choice.getByLabel('Only the 4 like')).toBeChecked();
  await choice.getByLabel('Only the 3 like').check();
  await expect(app.byId('layout-panel')).toContainText('1 row × 3 columns');
});
