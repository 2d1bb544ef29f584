import type { Browser, Page } from 'playwright';
import { chromium } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { chromiumFlags, findChromium } from '../../cli/dev/chromium.ts';
import { root, type Engine, type StripTensors } from './engine.ts';

/** The app's own session code (workers/ort-session.ts) in a headless Chromium, served by Vite, isolated as the app is. */
export interface ChromiumBench {
  /** wasm with so many threads; null where the page is not isolated. */
  readonly wasm: (threads: 1 | 2) => Promise<Engine | null>;
  /** WebGPU on a hardware adapter; null when there is none: a software adapter's time says nothing. */
  readonly webgpu: () => Promise<Engine | null>;
  readonly close: () => Promise<void>;
}

/** Of the page's part, at the server. */
const moduleUrl = '/workers/timed-session.ts';

type Slot = 'wasm-1' | 'wasm-2' | 'webgpu';

/** Starts the server and the browser; null where no Chromium is installed. */
export async function startChromium(): Promise<ChromiumBench | null> {
  const executablePath = findChromium();
  if (!executablePath) return null;
  const server = await createServer({ root, logLevel: 'error', server: { port: 0 } });
  await server.listen();
  const browser = await chromium.launch({ executablePath, args: [...chromiumFlags] });
  const page = await browser.newPage();
  await page.goto(addressOf(server));
  return {
    async wasm(threads) {
      const slot: Slot = threads === 1 ? 'wasm-1' : 'wasm-2';
      const device = await load(page, slot);
      return device ? engineOf(page, slot, `Chromium, ${device}`) : null;
    },
    async webgpu() {
      const device = await load(page, 'webgpu');
      return device ? engineOf(page, 'webgpu', `Chromium, WebGPU (${device})`) : null;
    },
    close: () => close(server, browser),
  };
}

async function close(server: ViteDevServer, browser: Browser): Promise<void> {
  await browser.close();
  await server.close();
}

/** Any page of the server will do: it carries the isolation headers, and scripts are imported from the same origin. */
function addressOf(server: ViteDevServer): string {
  const [url] = server.resolvedUrls?.local ?? [];
  return new URL('public/models/loftr-compact/manifest.json?page', url).href;
}

/** What workers/timed-session.ts exports. */
interface PageModule {
  load(slot: string, rung: string, bundleUrl: string): Promise<string | null>;
  run(slot: string, images: readonly string[], dims: readonly number[]): Promise<number>;
}

const rungs: Readonly<Record<Slot, string>> = { 'wasm-1': 'wasm', 'wasm-2': 'wasm-threads', webgpu: 'webgpu' };

/** Creates the slot's session in the page and returns what it runs on; null when the rung is not to be had. */
async function load(page: Page, slot: Slot): Promise<string | null> {
  return page.evaluate(
    async ({ slot, rung, module }) =>
      ((await import(module)) as PageModule).load(slot, rung, new URL('/models/loftr-compact/', location.origin).href),
    {
      slot,
      rung: rungs[slot],
      module: moduleUrl,
    },
  );
}

function engineOf(page: Page, slot: Slot, name: string): Engine {
  return {
    name,
    async run({ a, b, width, height }: StripTensors) {
      const images = [a, b].map((data) =>
        Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
      );
      const wallMs = await page.evaluate(
        async ({ slot, images, dims, module }) => ((await import(module)) as PageModule).run(slot, images, dims),
        { slot, images, dims: [1, 1, height, width], module: moduleUrl },
      );
      return { wallMs, cpuMs: null };
    },
    close: () => Promise.resolve(),
  };
}
