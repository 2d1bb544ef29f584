import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import type { Truth } from '../src/core/synthesis/truth.ts';
import { expect, test, type App } from './app.ts';
import { emptyFolder, stitchTinyGrid, writeGrid } from './tiny-grids.ts';

/** Shifts what is stored of a pair, as if its matches had all agreed on a place `byPx` too low. */
async function injectWrongLink(page: Page, a: string, b: string, byPx: number): Promise<void> {
  const changed = await page.evaluate(
    async ({ first, second, shift }) => {
      interface Stored {
        readonly kind: string;
        readonly pair: { readonly a: string; readonly b: string };
        readonly aFromB: { readonly f: number };
        readonly moments: { readonly meanA: readonly [number, number] };
      }
      const asked = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(new Error('the cache cannot be read'));
        });
      const database = await asked(indexedDB.open('em-stitch'));
      const store = database.transaction('pairs', 'readwrite').objectStore('pairs');
      const [keys, values] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
      let count = 0;
      for (const [k, value] of (values as Stored[]).entries()) {
        if (value.kind !== 'link' || value.pair.a !== first || value.pair.b !== second) continue;
        const { aFromB, moments } = value;
        const wrong = {
          ...value,
          aFromB: { ...aFromB, f: aFromB.f + shift },
          moments: { ...moments, meanA: [moments.meanA[0], moments.meanA[1] + shift] },
        };
        await asked(store.put(wrong, keys[k]));
        count++;
      }
      database.close();
      return count;
    },
    { first: a, second: b, shift: byPx },
  );
  expect(changed).toBe(1);
}

interface SolutionFile {
  readonly tiles: readonly { readonly file: string; readonly mosaicFromTile: readonly number[] | null }[];
  readonly links: readonly { readonly a: string; readonly b: string; readonly state: string }[];
}

async function solutionOf(app: App): Promise<SolutionFile> {
  return JSON.parse(readFileSync(await app.download('export-solution'), 'utf8')) as SolutionFile;
}

/** The largest distance of a tile's place from the truth, px, after the best common shift. */
function worstPlacePx(solution: SolutionFile, truth: Truth): number {
  const places = truth.tiles.map(({ file, mosaicFromTile: t }) => {
    const s = solution.tiles.find((tile) => tile.file.endsWith(file))?.mosaicFromTile;
    if (!s) throw new Error(`${file} has no place`);
    return [s[4] - t[4], s[5] - t[5]] as const;
  });
  const mean = [0, 1].map((k) => places.reduce((sum, place) => sum + place[k], 0) / places.length);
  return Math.max(...places.map((place) => Math.hypot(place[0] - mean[0], place[1] - mean[1])));
}

/** The numbers that the panel of corrections gives of the last step. */
async function changeOf(app: App): Promise<{ readonly before: number; readonly after: number }> {
  const panel = app.byId('edit-change');
  return {
    before: Number(await panel.getAttribute('data-before')),
    after: Number(await panel.getAttribute('data-after')),
  };
}

test('a wrong link among right ones is found by next worst, excluded, and the mosaic is right within a pixel', async ({
  app,
}) => {
  const folder = emptyFolder('grid');
  const truth = await writeGrid(folder, { rows: 3, columns: 3 });
  const stitch = async () => {
    await app.drop(folder);
    await app.chooseMatcher('sift');
    await app.page.getByLabel('Transform').selectOption('translation');
    await app.stitch();
  };
  await stitch();
  expect(worstPlacePx(await solutionOf(app), truth)).toBeLessThan(0.5);
  await injectWrongLink(app.page, 'tile_r1_c2.tif', 'tile_r2_c2.tif', 5);
  await app.open();
  await stitch();
  // It is believed, and pulls tiles out of their places.
  const wrong = await solutionOf(app);
  expect(wrong.links.map(({ state }) => state)).not.toContain('removed');
  expect(worstPlacePx(wrong, truth)).toBeGreaterThan(1);
  await app.byId('links-tab').click();
  await app.page.getByLabel('Pairs of tiles').focus();
  await app.page.keyboard.press('n');
  const worst = app.page.locator('[data-testid="link-row"][aria-selected="true"]');
  await expect(worst).toHaveAttribute('title', 'tile_r1_c2 ↔ tile_r2_c2');
  const excluded = app.page.locator('[data-testid="link-row"][data-state="excluded"]');
  await app.page.keyboard.press('x');
  await expect(excluded).toHaveCount(1);
  await app.waitForState('done');
  // Without its say the rest stands as far from it as it was shifted, and the table says so.
  const residual = Number(await excluded.locator('[data-column="residual"]').textContent());
  expect(residual).toBeGreaterThan(4.5);
  expect(residual).toBeLessThan(5.5);
  await expect(app.byId('link-sentence')).toContainText('tile_r1_c2 ↔ tile_r2_c2: excluded by you');
  // The next worst is another one: what has been dealt with is not put back by the same two keys.
  await app.page.keyboard.press('n');
  await expect(worst).not.toHaveAttribute('title', 'tile_r1_c2 ↔ tile_r2_c2');
  await expect(worst).toHaveAttribute('data-state', 'link');
  await app.byId('corrections-tab').click();
  await expect(app.byId('edit-change')).toContainText('exclude link');
  const { before, after } = await changeOf(app);
  expect(after).toBeLessThan(before / 2);
  const entry = app.byId('edit-entry');
  await expect(entry).toHaveCount(1);
  const solution = await solutionOf(app);
  expect(solution.links.filter(({ state }) => state === 'excluded')).toHaveLength(1);
  expect(worstPlacePx(solution, truth)).toBeLessThan(1);

  await app.byId('corrections-tab').click();
  await entry.getByRole('checkbox').uncheck();
  await expect(app.byId('edit-change')).toContainText('switch off');
  await expect(entry).toHaveAttribute('data-on', 'false');
  await app.page.keyboard.press('Control+z');
  await expect(app.byId('edit-change')).toContainText('undo switch off');
  await expect(entry).toHaveAttribute('data-on', 'true');
});

test('landmarks set in the inspector snap, take the seam over, lower its error, and are undone', async ({ app }) => {
  const folder = emptyFolder('grid');
  const truth = await writeGrid(folder, { rows: 2, columns: 2 });
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.openOptions();
  await app.page.getByLabel('Transform').selectOption('translation');
  await app.stitch();
  await app.page.getByTitle('tile_r1_c1 ↔ tile_r1_c2').click();
  await app.page.keyboard.press('Enter');
  await app.page.getByRole('radio', { name: 'Landmarks' }).click();
  const canvas = app.byId('landmark-canvas').locator('canvas');
  await expect(canvas).toBeVisible();
  const box = await canvas.boundingBox();
  if (!box) throw new Error('the canvas is on the screen');
  // The crops stand side by side, 320 px high: the overlap is left of the gap in the first.
  const zoom = (box.height - 12) / 320;
  for (const y of [0.35, 0.6]) {
    await canvas.click({ position: { x: box.width / 2 - 43 * zoom, y: box.height * y } });
    await expect(app.byId('landmark-note')).toContainText('Now the same place');
    await app.byId('find-partner').click();
    await expect(app.byId('landmark-note')).toContainText('Snapped');
  }
  await expect(app.byId('landmark')).toHaveCount(2);
  await app.waitForState('done');
  for (const text of await app.page.getByTitle('How far the two ends lie apart').allTextContents())
    expect(Number.parseFloat(text)).toBeLessThan(0.5);
  const solution = await solutionOf(app);
  expect(worstPlacePx(solution, truth)).toBeLessThan(1);
  await app.byId('corrections-tab').click();
  const { before, after } = await changeOf(app);
  expect(after).toBeLessThanOrEqual(before);
  await app.page.keyboard.press('Control+z');
  await app.page.keyboard.press('Control+z');
  await expect(app.byId('edit-entry')).toHaveCount(0);
});

test('a tile is moved, pinned, raised and masked by keys; each step has a name, is switched off, and undone', async ({
  app,
}) => {
  await stitchTinyGrid(app);
  const { page } = app;
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const solved = JSON.stringify((await solutionOf(app)).tiles);
  await app.byId('corrections-tab').click();
  await page.locator('#edits-tile').selectOption('tile_r2_c2.tif');

  // The chosen tool has the keys at once; its seams say what a step does to them.
  await app.byId('tool-move').click();
  await expect(app.byId('mosaic-viewer')).toBeFocused();
  await press('Alt+ArrowRight', 'Alt+ArrowRight', 'Alt+ArrowDown');
  const preview = app.byId('move-preview');
  await expect(preview).toContainText('x 0.2, y 0.1 px, 0.00°');
  await expect(preview).toContainText(/tile_r1_c2 \d\.\d\d px/);
  await press('ArrowLeft', 'Shift+ArrowDown', ']');
  await expect(preview).toContainText('x -0.8, y 10.1 px, 0.10°');
  await expect(preview).toContainText(/tile_r1_c2 (9|1\d)\.\d\d px/);
  await press('Enter');
  await app.waitForState('done');
  const change = app.byId('edit-change');
  await expect(change).toContainText('pin');
  const pinned = await changeOf(app);
  // A single pin takes the whole mosaic along: it costs no seam anything.
  expect(pinned.after).toBeCloseTo(pinned.before, 3);
  expect(JSON.stringify((await solutionOf(app)).tiles)).not.toBe(solved);
  await app.byId('corrections-tab').click();

  await app.byId('raise-tile').click();
  await app.waitForState('done');
  await app.byId('tool-mask-rectangle').click();
  await press('ArrowUp', 'Enter', 'Shift+ArrowRight', 'Shift+ArrowDown', 'Enter');
  await app.waitForState('done');
  await app.byId('tool-mask-polygon').click();
  await press('ArrowUp', 'Enter', 'Shift+ArrowLeft', 'Enter', 'Shift+ArrowUp', 'Enter', 'Enter');
  await app.waitForState('done');
  const entries = app.byId('edit-entry');
  await expect(entries).toHaveCount(4);
  const kinds = await entries.evaluateAll((items) => items.map((item) => item.getAttribute('data-kind')));
  expect(kinds).toEqual(['pin-tile', 'raise-tile', 'mask-tile', 'mask-tile']);

  // One of them off by the keyboard: the others stay.
  await entries.first().getByRole('checkbox').focus();
  await press('Space');
  await expect(entries.first()).toHaveAttribute('data-on', 'false');
  await app.waitForState('done');
  const unpinned = await changeOf(app);
  expect(unpinned.after).toBeCloseTo(unpinned.before, 3);

  for (let left = 5; left > 0; left--) {
    await expect(page.getByRole('button', { name: /^Undo (switch off pin|pin|mask|.* on top)/ })).toBeVisible();
    await press('Control+z');
    await app.waitForState('done');
  }
  await expect(entries).toHaveCount(0);
  expect(JSON.stringify((await solutionOf(app)).tiles)).toBe(solved);
});

/** Grey values of one of the viewer's canvases, -1 where it is not opaque. */
async function greysOf(app: App, layer: 'picture' | 'overlay'): Promise<readonly number[]> {
  const index = layer === 'picture' ? 0 : 1;
  return app.byId('mosaic-viewer').evaluate((viewer, at) => {
    const canvas = viewer.querySelectorAll<HTMLCanvasElement>('canvas.mosaic-viewer-layer')[at];
    const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return Array.from({ length: pixels.length / 4 }, (_, k) => (pixels[4 * k + 3] === 255 ? pixels[4 * k + 1] : -1));
  }, index);
}

test('the seams of a held tile are drawn live, blended or as difference, to a tenth of a pixel', async ({ app }) => {
  await stitchTinyGrid(app);
  const { page } = app;
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const drawn = (text: string) => expect(app.byId('tool-hint')).toHaveAttribute('data-drawn', text);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  await app.byId('mosaic-viewer').focus();
  await press('1');
  await expect(app.byId('mosaic-viewer')).toHaveAttribute('data-settled', 'true');
  await app.byId('corrections-tab').click();
  await page.locator('#edits-tile').selectOption('tile_r2_c2.tif');
  await app.byId('tool-move').click();

  // In its place it is the mosaic, pixel by pixel but for the dashes of its outline.
  await drawn('blend 0.0 0.0');
  const [mosaic, still] = [await greysOf(app, 'picture'), await greysOf(app, 'overlay')];
  const shown = still.flatMap((grey, k) => (grey >= 0 && mosaic[k] >= 0 ? [Math.abs(grey - mosaic[k])] : []));
  expect(shown.length).toBeGreaterThan(20_000);
  expect(shown.filter((difference) => difference <= 1).length / shown.length).toBeGreaterThan(0.97);

  // The overlaps are where the difference is another picture than the blend: darkest where the tile belongs.
  await press('q');
  await drawn('difference 0.0 0.0');
  const right = await greysOf(app, 'overlay');
  const overlap = right.flatMap((grey, k) => (grey >= 0 && still[k] >= 0 && Math.abs(grey - still[k]) > 8 ? [k] : []));
  expect(overlap.length).toBeGreaterThan(2000);
  await press('Alt+ArrowRight');
  await expect(app.byId('move-preview')).toContainText('Difference (black where alike) · x 0.1, y 0.0 px');
  await drawn('difference 0.1 0.0');
  const tenth = await greysOf(app, 'overlay');
  expect(overlap.filter((k) => tenth[k] !== right[k]).length).toBeGreaterThan(overlap.length / 10);
  await press('Alt+ArrowLeft', 'ArrowRight', 'ArrowRight', 'ArrowRight');
  await drawn('difference 3.0 0.0');
  const off = await greysOf(app, 'overlay');
  expect(mean(overlap.map((k) => off[k]))).toBeGreaterThan(1.5 * mean(overlap.map((k) => right[k])));
  await page.screenshot({ path: 'test-results/move-difference.png' });
  await press('q');
  await drawn('blend 3.0 0.0');
  await page.screenshot({ path: 'test-results/move-blend.png' });

  // The mouse too; half way out of its place there is a hole, not the old picture.
  const box = await app.byId('mosaic-viewer').boundingBox();
  if (!box) throw new Error('there is no viewer');
  const inTile = { x: box.x + box.width / 2 + 40, y: box.y + box.height / 2 + 40 };
  await page.mouse.move(inTile.x, inTile.y);
  await page.mouse.down();
  await page.mouse.move(inTile.x + 20, inTile.y + 10, { steps: 5 });
  await page.mouse.move(inTile.x + 40, inTile.y + 60, { steps: 10 });
  await page.mouse.up();
  await drawn('blend 43.0 60.0');
  await page.screenshot({ path: 'test-results/move-dragged.png' });
  await press('Escape');
  await expect(app.byId('tool-hint')).toBeHidden();
  expect((await greysOf(app, 'overlay')).filter((grey) => grey >= 0).length).toBeLessThan(shown.length / 4);
});
