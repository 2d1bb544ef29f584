import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, type App } from './app.ts';
import { realGrid } from './files.ts';
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

/** Sets landmarks where the tiles show something: each click is a try, what does not snap is undone. */
async function setLandmarks(app: App, count: number): Promise<void> {
  const canvas = app.byId('landmark-canvas').locator('canvas');
  await expect(canvas).toBeVisible({ timeout: 60_000 });
  const box = await canvas.boundingBox();
  if (!box) throw new Error('the canvas is on the screen');
  const landmarks = app.byId('landmark');
  // The crops stand side by side or one above the other; the overlap lies near the gap between them.
  for (const along of [0.3, 0.65, 0.45, 0.55, 0.4, 0.7])
    for (const [x, y] of [
      [box.width / 2 - 40, along * box.height],
      [along * box.width, box.height / 2 - 40],
    ]) {
      const before = await landmarks.count();
      if (before === count) return;
      await canvas.click({ position: { x, y } });
      if (!(await app.byId('find-partner').isEnabled())) continue;
      await app.byId('find-partner').click();
      const note = app.byId('landmark-note');
      await expect(note).toContainText(/Snapped|Nothing to snap/);
      await app.waitForState('done');
      if ((await note.textContent())?.includes('Nothing')) {
        await app.page.keyboard.press('Control+z');
        await expect(landmarks).toHaveCount(before);
        await app.waitForState('done');
      }
    }
  await expect(landmarks).toHaveCount(count);
}

test('the worst seam of a corner of a mussel section is found, understood, fixed by a landmark, and the fix undone [needs ../shared/data]', async ({
  app,
}) => {
  test.setTimeout(600_000);
  const mussel = realGrid('mussel-165');
  test.skip(!mussel, '../shared/data/mussel-165 is absent');
  if (!mussel) return;
  const { keyboard } = app.page;
  // Four of its tiles: the whole of it takes minutes on two busy cores, and is stitched in real-grid.spec.ts.
  await app.drop(...['1_1', '1_2', '2_1', '2_2'].map((place) => join(mussel, `165_${place}.tif`)));
  await expect(app.byId('stitch-button')).toBeEnabled({ timeout: 120_000 });
  await app.chooseMatcher('sift');
  await app.page.getByLabel('Transform').selectOption('translation');
  await app.stitch(400_000);
  await app.byId('mosaic-viewer').focus();
  await keyboard.press('n');
  await app.page.getByLabel('Pairs of tiles').focus();
  await keyboard.press('Enter');
  await expect(app.byId('pair-sentence')).not.toBeEmpty();
  const residual = async () =>
    Number.parseFloat((await app.page.locator('[data-number="residual-after"] dd').textContent()) ?? '');
  const worst = await residual();
  expect(worst).toBeGreaterThan(0);

  await setLandmarks(app, 1);
  await app.byId('corrections-tab').click();
  const change = app.byId('edit-change');
  const [before, after] = [await change.getAttribute('data-before'), await change.getAttribute('data-after')];
  console.log(`mussel-165: worst link ${worst} px; last landmark: mean error ${before} → ${after} px`);
  expect(Number(after)).toBeLessThanOrEqual(Number(before));

  for (let entries = await app.byId('edit-entry').count(); entries > 0; entries--) {
    await keyboard.press('Control+z');
    await expect(app.byId('edit-entry')).toHaveCount(entries - 1);
    await app.waitForState('done');
  }
  await app.byId('inspector-tab').click();
  await expect.poll(residual).toBeCloseTo(worst, 2);
});
