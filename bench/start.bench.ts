/**
 * `npm run bench -- start [VISITS]`: opens the built app in fresh profiles of a Chromium and tells when it can be used:
 * from the navigation to the first frame in which the start page takes a click, without and with what an earlier visit
 * has kept. Wall time: compare only rows of one run.
 */
import { chromium, type Page } from 'playwright';
import { chromiumOptions, serveBuiltApp } from './built-app.ts';

/** One kind of visit. */
export interface StartRow {
  readonly visit: string;
  readonly visits: number;
  readonly medianMs: number;
  readonly mostMs: number;
}

/** Rows of the first visit and of one that is served from what was kept. */
export async function run(args: readonly string[]): Promise<readonly StartRow[]> {
  const visits = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 5);
  const app = await serveBuiltApp();
  const browser = await chromium.launch(chromiumOptions());
  const first: number[] = [];
  const again: number[] = [];
  try {
    for (let k = 0; k < visits; k++) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
      const page = await context.newPage();
      first.push(await readyMs(page, app.address));
      await page.locator('[data-testid="offline"][data-state="ready"]').waitFor({ timeout: 120_000 });
      again.push(await readyMs(page, app.address));
      await context.close();
    }
  } finally {
    await browser.close();
    app.stop();
  }
  return [rowOf('first', first), rowOf('kept offline', again)];
}

async function readyMs(page: Page, address: string): Promise<number> {
  await page.goto(address, { waitUntil: 'commit' });
  await page.locator('[data-testid="open-sample"]:enabled').waitFor();
  // The next frame: what is seen takes the click.
  return page.evaluate(() => new Promise<number>((done) => requestAnimationFrame(() => done(performance.now()))));
}

function rowOf(visit: string, times: readonly number[]): StartRow {
  const sorted = [...times].sort((p, q) => p - q);
  const [medianMs, mostMs] = [sorted[Math.floor(sorted.length / 2)], sorted[sorted.length - 1]];
  return { visit, visits: times.length, medianMs: Math.round(medianMs), mostMs: Math.round(mostMs) };
}
