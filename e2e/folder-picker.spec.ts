import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

test('a folder that is chosen, not dropped, becomes the same project', async ({ app }) => {
  const folder = emptyFolder('chosen');
  await writeGrid(folder);
  const choosing = app.page.waitForEvent('filechooser');
  await app.byId('choose-folder').first().click();
  await (await choosing).setFiles(folder);
  await expect(app.byId('layout-panel')).toContainText('2 rows × 2 columns', { timeout: 60_000 });
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('count-solved')).toHaveText('4 solved');
});

test('a folder of the picker is opened with its subfolders and watched from then on', async ({ page, app }) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  // No test can answer the browser's own question: a folder of the origin's private file system stands for the choice.
  await page.addInitScript(() =>
    Object.assign(window, {
      showDirectoryPicker: async () => (await navigator.storage.getDirectory()).getDirectoryHandle('picked'),
    }),
  );
  await page.reload();
  const write = (name: string) => {
    const bytes = readFileSync(join(folder, name)).toString('base64');
    return page.evaluate(
      async ([file, text]) => {
        const root = await navigator.storage.getDirectory();
        const picked = await root.getDirectoryHandle('picked', { create: true });
        const row = await picked.getDirectoryHandle('section', { create: true });
        const writable = await (await row.getFileHandle(file, { create: true })).createWritable();
        await writable.write(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
        await writable.close();
      },
      [name, bytes] as const,
    );
  };
  const names = readdirSync(folder).sort();
  const last = names[names.length - 1];
  for (const name of names.slice(0, -1)) await write(name);

  await app.page.keyboard.press('Control+k');
  await app.page.keyboard.type('Open a folder and watch it');
  await app.page.keyboard.press('Enter');
  await expect(app.byId('layout-panel')).toContainText('1 empty', { timeout: 60_000 });
  await expect(app.byId('watch-folder')).toHaveAttribute('aria-pressed', 'true');

  await write(last);
  await expect(app.byId('watch-folder')).toContainText('1 new', { timeout: 60_000 });
  await expect(app.byId('layout-panel')).not.toContainText('1 empty');
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('count-solved')).toHaveText('4 solved');
});
