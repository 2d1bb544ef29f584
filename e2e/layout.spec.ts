import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './app.ts';
import { emptyFolder, tinyGrid, writeGrid } from './tiny-grids.ts';

test('a positions file in the drop says where the tiles are, whatever their names', async ({ app }) => {
  const folder = emptyFolder('positions');
  const names = ['oak.tif', 'ash.tif', 'elm.tif', 'yew.tif'];
  const truth = await writeGrid(folder, { nameOf: (_row, _column, index) => names[index] });
  const lines = truth.tiles.map(({ file, mosaicFromTile: [, , , , x, y] }) => `${file}; ; (${x + 3}, ${y - 2})`);
  writeFileSync(join(folder, 'TileConfiguration.txt'), ['dim = 2', ...lines, ''].join('\n'));
  await app.drop(folder);
  await expect(app.byId('layout-panel')).toContainText('4 positions');
  await expect(app.page.getByLabel('Positions from')).toHaveValue('table');
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('count-solved')).toHaveText('4 solved');
  await expect(app.byId('link-row')).toHaveCount(4);
});

test('a name pattern corrects the layout, and says what does not fit', async ({ app }) => {
  const folder = emptyFolder('names');
  await writeGrid(folder, { columns: 3, nameOf: (row, column) => `cut_${row + 1}-${column + 1}.tif` });
  await app.drop(folder);
  await expect(app.byId('layout-panel')).toContainText('2 rows × 3 columns');
  await app.page.getByLabel('Positions from').selectOption('pattern');
  const pattern = app.byId('name-pattern');
  await expect(pattern).toHaveValue('cut_{r}-{c}.tif');

  await pattern.fill('cut_{c}-{r}.tif');
  await expect(app.byId('layout-panel')).toContainText('3 rows × 2 columns');
  await expect(app.byId('layout-table').getByRole('row').nth(1)).toContainText(/cut_1-2\.tif\s*2\s*1/);

  await pattern.fill('tile_{c}-{r}.tif');
  await expect(app.byId('problem-list')).toContainText('cut_1-1.tif');
  await expect(app.byId('stitch-button')).toBeDisabled();

  await pattern.fill('cut_{r}-{c}.tif');
  await expect(app.byId('problem-list')).toBeHidden();
  await expect(app.byId('layout-panel')).toContainText('2 rows × 3 columns');
  await expect(app.byId('stitch-button')).toBeEnabled();
});

test('tiles that are only numbered are put into a snake, found or corrected by hand', async ({ app }) => {
  const folder = emptyFolder('snake');
  const columns = 3;
  const nameOf = (row: number, column: number) => {
    const index = row * columns + (row % 2 === 0 ? column : columns - 1 - column);
    return `img_${String(index + 1).padStart(3, '0')}.tif`;
  };
  await writeGrid(folder, { rows: 3, columns, nameOf });
  await app.drop(folder);
  const fourth = app.byId('layout-table').getByRole('row').nth(3);
  await expect(fourth).toContainText(/img_004\.tif\s*2\s*3/);

  await app.page.getByLabel('Positions from').selectOption('scan');
  await expect(fourth).toContainText(/img_004\.tif\s*2\s*1/); // raster, the first order offered
  await app.page.getByRole('radio', { name: /snake.*row.*top left/i }).check();
  await expect(fourth).toContainText(/img_004\.tif\s*2\s*3/);
});

test('a 5×5 grid with missing, cut-off and blank tiles is stitched, and the tiles without a link say why', async ({
  app,
}) => {
  const folder = emptyFolder('grid');
  const truth = await writeGrid(folder, {
    rows: 5,
    columns: 5,
    tileSize: { width: 288, height: 288 },
    // The first tile has lost both neighbours.
    missing: [
      { row: 0, column: 1 },
      { row: 1, column: 0 },
    ],
    blank: [{ row: 2, column: 3 }],
    nameOf: (row, column) => `Tile_${row + 1}_${column + 1}.tif`,
    overlap: tinyGrid.overlap,
  });
  await app.drop(folder);
  await expect(app.byId('layout-panel')).toContainText('5 rows × 5 columns, 2 empty');
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('count-solved')).toHaveText('21 solved');
  await expect(app.byId('count-prior')).toHaveText('2 prior');
  await expect(app.byId('warning-count')).not.toHaveText('no warnings');
  await expect(app.byId('warning-strip')).toContainText('2 tiles');
  await app.byId('warning-strip').getByRole('button').click();
  await expect(app.byId('problem-list')).toContainText('2 tiles');

  await app.byId('tiles-tab').click();
  const open = (name: string) => app.page.locator(`[data-testid="open-tile"][data-tile="${name}"]`);
  await expect(open('Tile_1_1.tif')).toContainText('No neighbour of this tile is in the layout');
  await expect(open('Tile_3_4.tif')).toContainText('Tile_3_4.tif shows nothing but an even field');
  await expect(app.byId('open-tile')).toHaveCount(2);

  // What is held is right within a pixel of the truth; what is not stands in its cell, within the error of the stage.
  const { tiles } = JSON.parse(readFileSync(await app.download('export-solution'), 'utf8')) as {
    readonly tiles: readonly { readonly file: string; readonly mosaicFromTile: readonly number[] }[];
  };
  const offs = truth.tiles.map(({ file, mosaicFromTile: t }) => {
    const s = tiles.find((tile) => tile.file.endsWith(file))?.mosaicFromTile;
    if (!s) throw new Error(`${file} has no place`);
    return { file, isHeld: !/_(1_1|3_4)\.tif$/.test(file), x: s[4] - t[4], y: s[5] - t[5] };
  });
  const held = offs.filter(({ isHeld }) => isHeld);
  expect(held).toHaveLength(21);
  const mean = (axis: 'x' | 'y') => held.reduce((sum, off) => sum + off[axis], 0) / held.length;
  const middle = { x: mean('x'), y: mean('y') };
  for (const { file, isHeld, x, y } of offs)
    expect(Math.hypot(x - middle.x, y - middle.y), file).toBeLessThan(isHeld ? 1 : 12);
});
