import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from './app.ts';

test('a first-time user stitches the built-in sample and takes the mosaic away', async ({ app }) => {
  await app.openSample();
  await app.stitch();
  await expect(app.byId('count-solved')).toContainText('12');
  await expect(app.byId('rung')).toContainText(/wasm|WebAssembly/i);

  const solution = JSON.parse(readFileSync(await app.download('export-solution'), 'utf8')) as {
    tiles: { state: string }[];
    links: { state: string }[];
    bounds: [number, number, number, number];
  };
  expect(solution.tiles.map((tile) => tile.state)).toEqual(Array.from({ length: 12 }, () => 'solved'));
  expect(solution.links.filter((link) => link.state === 'link')).toHaveLength(17);

  const tiff = await app.download('export-tiff');
  const info = execFileSync('tiffinfo', [tiff], { encoding: 'utf8' });
  expect(info).toContain(`Image Width: ${solution.bounds[2]} Image Length: ${solution.bounds[3]}`);
  expect(info).toContain('Bits/Sample: 8');
  expect(info).toContain('Resolution: 1.25e+06, 1.25e+06 pixels/cm'); // 8 nm a pixel
});

test('excluding a link moves the mosaic at once, and undo brings it back', async ({ app }) => {
  await app.openSample();
  await app.stitch();
  const row = app.byId('link-row').first();
  await row.click();
  await app.byId('inspector-tab').click();
  await expect(app.byId('pair-sentence')).toContainText(/Accepted/);
  const before = readFileSync(await app.download('export-solution'), 'utf8');

  await app.byId('inspector-tab').click();
  await app.byId('toggle-exclude').click();
  await app.waitForState('done');
  await expect(app.byId('pair-sentence')).toContainText(/Excluded/i);
  const after = readFileSync(await app.download('export-solution'), 'utf8');
  expect(after).toContain('"state":"excluded"');
  expect(after).not.toEqual(before);

  await app.byId('undo').click();
  await app.waitForState('done');
  await expect.poll(async () => readFileSync(await app.download('export-solution'), 'utf8')).toEqual(before);
});

test('a cancelled run says so at once, keeps its pairs, and the next run matches only the rest', async ({ app }) => {
  await app.openSample();
  await app.byId('stitch-button').click();
  await expect(app.byId('progress')).toContainText(/[2-9] of 17|[2-9]\/17/, { timeout: 60_000 });
  const pressed = Date.now();
  await app.byId('cancel-button').click();
  await app.waitForState('cancelled', 5_000);
  // The budget is 0.5 s for the app; the test's own polling is inside this figure.
  expect(Date.now() - pressed).toBeLessThan(2_000);

  await app.stitch();
  await expect(app.byId('app')).toContainText(/known already/);
  await app.stitch();
  await expect(app.byId('app')).toContainText('17 known already');
});
