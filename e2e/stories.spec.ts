import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from './app.ts';
import { emptyFolder, stitchTinyGrid, writeGrid } from './tiny-grids.ts';

test('a first-time user has a TIFF with three clicks after the drop, and nothing has to be chosen', async ({ app }) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  await app.page.evaluate(() => {
    const counted = { clicks: 0 };
    Object.assign(window, { counted });
    document.addEventListener('click', ({ isTrusted }) => (counted.clicks += Number(isTrusted)), true);
  });
  await app.drop(folder);
  await app.stitch();
  const file = await app.download('export-tiff');
  expect(execFileSync('tiffinfo', [file], { encoding: 'utf8' })).toContain('Software: em-stitch');
  const { clicks } = await app.page.evaluate(() => (window as unknown as { counted: { clicks: number } }).counted);
  expect(clicks).toBeLessThanOrEqual(3);
});

test('the report opens offline: the mosaic, the worst seams, the loops and the files, all in one printable page', async ({
  app,
  browser,
}) => {
  await stitchTinyGrid(app);
  await app.byId('export-tab').click();
  const saved: Promise<void>[] = [];
  const folder = emptyFolder('report');
  app.page.on('download', (file) => saved.push(file.saveAs(join(folder, file.suggestedFilename()))));
  await app.byId('export-report').click();
  await expect.poll(() => saved.length, { timeout: 120_000 }).toBe(2);
  await Promise.all(saved);
  await expect(app.byId('progress')).toContainText('report.html and report.json');
  await app.waitForState('done');

  const [html, json] = ['report.html', 'report.json'].map((name) => join(folder, name));
  const data = JSON.parse(readFileSync(json, 'utf8')) as {
    readonly links: readonly { readonly afterPx: number; readonly beforeNcc: number; readonly afterNcc: number }[];
    readonly loops: { readonly found: { readonly count: number; readonly worstPx: number } };
    readonly files: readonly { readonly path: string; readonly identity: string }[];
  };
  expect(data.links).toHaveLength(4);
  for (const { afterPx, beforeNcc, afterNcc } of data.links) {
    expect(afterPx).toBeLessThan(1);
    // Tiles shifted by up to 4 px agree where they were solved, not where the layout had them.
    expect(afterNcc).toBeGreaterThan(0.7);
    expect(afterNcc).toBeGreaterThan(beforeNcc);
  }
  expect(data.loops.found.count).toBe(1);
  expect(data.loops.found.worstPx).toBeLessThan(2);
  expect(data.files.map(({ path }) => path)).toContain('tile_r1_c1.tif');
  for (const { identity } of data.files) expect(identity).toMatch(/^\d+-[0-9a-f]{64}$/);

  const reader = await browser.newContext({ offline: true, viewport: { width: 1280, height: 720 } });
  const page = await reader.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const address = pathToFileURL(html).href;
  await page.goto(address);
  await expect(page.getByRole('heading', { name: 'The worst seams' })).toBeVisible();
  await expect(page.locator('.seam')).toHaveCount(4);
  const widths = await page
    .locator('.seam img')
    .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
  expect(widths).toHaveLength(16);
  expect(Math.min(...widths)).toBeGreaterThan(20);
  await expect(page.locator('svg image')).toHaveCount(1);
  expect(asked.filter((url) => url !== address && !url.startsWith('data:'))).toEqual([]);
  expect((await page.pdf()).length).toBeGreaterThan(20_000);
  await page.screenshot({ path: 'test-results/report.png', fullPage: true });
  await reader.close();
});
