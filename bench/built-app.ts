import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { build } from 'vite';
import { chromiumFlags, findChromium } from '../cli/dev/chromium.ts';
import { createStaticServer } from '../cli/dev/static-server.ts';

/** The app as it is shipped, on a server of its own, with a folder that goes when it is stopped. */
export interface BuiltApp {
  readonly address: string;
  readonly folder: string;
  stop(): void;
}

/** Builds the app and serves it as `npm start` does. */
export async function serveBuiltApp(): Promise<BuiltApp> {
  const folder = mkdtempSync(join(tmpdir(), 'em-stitch-bench-'));
  await build({ logLevel: 'warn', build: { outDir: join(folder, 'dist'), emptyOutDir: true } });
  const server = createStaticServer(join(folder, 'dist'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    folder,
    stop() {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** How the tests launch Chromium, and the flags that a bench adds. */
export function chromiumOptions(...flags: readonly string[]) {
  const executablePath = findChromium();
  return { args: [...chromiumFlags, ...flags], ...(executablePath ? { executablePath } : {}) };
}

/** The app in a tab of a browser with a profile on disk, whose processes the profile tells from others. */
export interface AppTab {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly profile: string;
}

/** Opens the built app in a fresh profile; the context closes the browser. */
export async function openAppTab({ address, folder }: BuiltApp, ...flags: readonly string[]): Promise<AppTab> {
  const profile = mkdtempSync(join(folder, 'profile-'));
  const viewport = { width: 1280, height: 720 };
  const context = await chromium.launchPersistentContext(profile, { viewport, ...chromiumOptions(...flags) });
  const page = context.pages()[0] ?? (await context.newPage());
  // Functions that are sent to the page carry a helper of the compiler, which keeps their names.
  await page.addInitScript({ content: 'globalThis.__name = (named) => named;' });
  // Without the picker, which headless browsers cannot answer, the app writes to its own storage.
  await page.addInitScript(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
  await page.goto(address);
  return { context, page, profile };
}

/** Drops a folder into the middle of the page, as a user does. */
export async function dropFolder(page: Page, folder: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 360, data });
  await session.detach();
}
