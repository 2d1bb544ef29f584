import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeOfflineBuild } from '../cli/dev/offline-build.ts';
import { App, expect, test } from './app.ts';
import { RecordingHost } from './recording-host.ts';

const readyOffline = (app: App) =>
  expect(app.byId('offline')).toHaveAttribute('data-state', 'ready', { timeout: 120_000 });

test('after the first visit nothing is asked of any network, and the sample is stitched without one', async ({
  browser,
}) => {
  const host = new RecordingHost();
  const app = await host.visit(browser);
  // In the first minute, before everything is kept, the app is used already.
  await app.openSample();
  await readyOffline(app);
  const said = await app.page.evaluate(() => (window as unknown as { saidOfOffline: string[] }).saidOfOffline);
  expect(said.filter((text) => /^Keeping for offline use \d+ %$/.test(text))).not.toEqual([]);
  expect(said.at(-1)).toBe('Ready offline');
  expect(host.requests).toContain('/models/loftr-compact/manifest.json');
  // Each is fetched for the page and for the cache at most: the browser's own cache has most of them.
  expect(host.requests.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);

  host.requests.length = 0;
  await app.chooseMatcher('sift');
  await app.stitch();
  await app.download('export-tiff');
  expect(host.ofTheApp()).toEqual([]);

  await app.open();
  await readyOffline(app);
  expect(host.ofTheApp()).toEqual([]);

  host.stop();
  await app.page.context().setOffline(true);
  await app.open();
  expect(await app.page.evaluate(() => crossOriginIsolated)).toBe(true);
  await app.openSample();
  await app.stitch();
  await expect(app.byId('rung')).toContainText(/wasm|WebAssembly/i);
  await expect(app.byId('count-solved')).toContainText('12');
  await readyOffline(app);

  expect(host.foreign).toEqual([]);
  expect(app.foreignRequests).toEqual([]);
  expect(app.pageErrors).toEqual([]);
  expect(await app.violations()).toEqual([]);
  await app.page.context().close();
  host.end();
});

test('a new build is told of, taken when the user asks, and the old one removed', async ({ browser }) => {
  const host = new RecordingHost();
  const app = await host.visit(browser);
  await readyOffline(app);
  const caches = () => app.page.evaluate(() => window.caches.keys());
  const [before, ...others] = await caches();
  expect(others).toEqual([]);

  const page = join(host.folder, 'index.html');
  writeFileSync(page, readFileSync(page, 'utf8').replace('<title>EM Stitch</title>', '<title>EM Stitch, next</title>'));
  writeOfflineBuild(host.folder);
  host.requests.length = 0;
  // Found while the page stays open, when the user asks.
  await app.page.keyboard.press('Control+k');
  await app.page.keyboard.type('new version');
  await app.page.keyboard.press('Enter');
  await expect(app.byId('take-update')).toBeVisible({ timeout: 60_000 });
  await expect(app.page).toHaveTitle('EM Stitch');
  // And at the next visit.
  await app.open();
  await expect(app.page).toHaveTitle('EM Stitch');
  await app.byId('take-update').click();
  await expect(app.page).toHaveTitle('EM Stitch, next');
  await readyOffline(app);
  await expect(app.byId('take-update')).toHaveCount(0);
  await expect.poll(caches).toHaveLength(1);
  expect(await caches()).not.toContain(before);
  // What has not changed is taken over, not fetched again.
  expect(host.requests.filter((path) => /\.wasm|\.onnx|assets/.test(path))).toEqual([]);
  expect(host.requests).toContain('/index.html');
  expect(app.pageErrors).toEqual([]);
  await app.page.context().close();
  host.end();
});

test('a page that stays open tells of the version that another page has found, and of the one it has taken', async ({
  browser,
}) => {
  const host = new RecordingHost();
  const app = await host.visit(browser);
  await readyOffline(app);
  const page = join(host.folder, 'index.html');
  writeFileSync(page, readFileSync(page, 'utf8').replace('<title>EM Stitch</title>', '<title>EM Stitch, next</title>'));
  writeOfflineBuild(host.folder);
  host.requests.length = 0;
  // By itself the open page asks for nothing, so it knows of nothing.
  await app.page.evaluate(() => new Promise((done) => setTimeout(done, 3000)));
  expect(host.requests).toEqual([]);
  await expect(app.byId('take-update')).toHaveCount(0);

  const other = new App(await app.page.context().newPage(), { keepsOffline: true });
  await other.open();
  await expect(app.byId('take-update')).toBeVisible({ timeout: 60_000 });
  await expect(other.byId('take-update')).toBeVisible();
  await expect(app.page).toHaveTitle('EM Stitch');

  // The other page goes on with the new version; this one still runs the old, says so, and works.
  await other.byId('take-update').click();
  await expect(other.page).toHaveTitle('EM Stitch, next');
  await expect(app.page).toHaveTitle('EM Stitch');
  await expect(app.byId('take-update')).toBeVisible();
  await expect(other.byId('take-update')).toHaveCount(0);
  await app.byId('take-update').click();
  await expect(app.page).toHaveTitle('EM Stitch, next');
  await readyOffline(app);
  await expect(app.byId('take-update')).toHaveCount(0);
  // Nobody fetched what has not changed, and both pages together fetched the rest once.
  expect(host.requests.filter((path) => /\.wasm|\.onnx|assets/.test(path))).toEqual([]);
  expect(host.requests.filter((path) => path === '/index.html')).toHaveLength(1);
  for (const { pageErrors } of [app, other]) expect(pageErrors).toEqual([]);
  await app.page.context().close();
  host.end();
});

test('the app can be installed: manifest, icons and scope hold', async ({ browser }) => {
  const host = new RecordingHost();
  const app = await host.visit(browser);
  const session = await app.page.context().newCDPSession(app.page);
  const { errors, data } = await session.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { icons, display } = JSON.parse(data ?? '') as {
    icons: readonly { src: string; sizes: string }[];
    display: string;
  };
  expect(display).toBe('standalone');
  for (const { src, sizes } of icons) {
    const width = await app.page.evaluate(async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      return image.naturalWidth;
    }, src);
    if (sizes !== 'any') expect(`${width}x${width}`).toBe(sizes);
  }
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([]);
  await app.page.context().close();
  host.end();
});
