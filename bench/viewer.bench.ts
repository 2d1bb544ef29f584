/**
 * `npm run bench -- viewer [SIDE]`: stitches a grid of SIDE × SIDE small tiles (32: 1,024 of them) in the built app in a
 * Chromium without a GPU, then pans and zooms over it with all lines drawn, and tells the script of the page's main
 * thread per frame from a trace: processor time, so that a busy machine does not count.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { chromium, type CDPSession, type Page } from 'playwright';
import { build } from 'vite';
import { chromiumFlags, findChromium } from '../cli/dev/chromium.ts';
import { createStaticServer } from '../cli/dev/static-server.ts';
import { silentContext } from '../src/core/progress.ts';
import { defaultSyntheticGrid } from '../src/core/synthesis/synthetic-grid.ts';
import { makeSampleGrid } from '../src/formats/sample-grid.ts';
import { readTrace, type FrameTimes, type TraceEvent } from './viewer/trace.ts';

/** One gesture of the bench. */
export interface ViewerRow extends FrameTimes {
  readonly gesture: string;
  readonly tiles: number;
}

const tilePx = 96;
const gestures = 60;

/** Rows of panning and zooming. */
export async function run(args: readonly string[]): Promise<readonly ViewerRow[]> {
  const side = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 32);
  const folder = mkdtempSync(join(tmpdir(), 'em-stitch-bench-'));
  const grid = join(folder, 'grid');
  mkdirSync(grid);
  await writeTiles(grid, side);
  await build({ logLevel: 'warn', build: { outDir: join(folder, 'dist'), emptyOutDir: true } });
  const server = createStaticServer(join(folder, 'dist'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const executablePath = findChromium();
  const browser = await chromium.launch({
    args: [...chromiumFlags, '--disable-gpu'],
    ...(executablePath ? { executablePath } : {}),
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    const session = await page.context().newCDPSession(page);
    await page.goto(`http://localhost:${port}/`);
    await stitched(page, session, grid);
    return await measured(page, session, side * side);
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

async function writeTiles(folder: string, side: number): Promise<void> {
  const { files } = await makeSampleGrid(1, silentContext, {
    ...defaultSyntheticGrid,
    rows: side,
    columns: side,
    tileSize: { width: tilePx, height: tilePx },
    overlap: { x: 0.25, y: 0.25 },
    maxShiftPx: 2,
    maxRotationRad: 0,
    nameOf: (row, column) => `tile_r${String(row + 1).padStart(2, '0')}_c${String(column + 1).padStart(2, '0')}.tif`,
  });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
}

async function stitched(page: Page, session: CDPSession, grid: string): Promise<void> {
  page.setDefaultTimeout(600_000);
  const data = { items: [], files: [grid], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 360, data });
  await page.getByTestId('options-panel').locator('> summary').click();
  await page.getByLabel('Matcher', { exact: true }).selectOption('phase-correlation');
  await page.locator('[data-testid="stitch-button"]:enabled').click();
  await page.locator('[data-testid="app"][data-state="done"]').waitFor();
  const viewer = page.getByTestId('mosaic-viewer');
  await viewer.focus();
  await page.keyboard.press('o');
  await page.keyboard.press('t');
  await page.locator('[data-testid="mosaic-viewer"][data-settled="true"]').waitFor();
}

async function measured(page: Page, session: CDPSession, tiles: number): Promise<readonly ViewerRow[]> {
  const box = await page.getByTestId('mosaic-viewer').boundingBox();
  if (box === null) throw new Error('the viewer has no place on the page');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const zoom = async () => {
    for (let k = 0; k < gestures; k++) {
      await page.mouse.move(x, y);
      await page.mouse.wheel(0, k < gestures / 2 ? -40 : 40);
      await frame(page);
    }
  };
  const pan = async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let k = 0; k < gestures; k++) {
      await page.mouse.move(x + 80 * Math.sin(k / 6), y + 60 * Math.cos(k / 6));
      await frame(page);
    }
    await page.mouse.up();
  };
  const rows: ViewerRow[] = [];
  for (const [gesture, make] of [
    ['zoom', zoom],
    ['pan', pan],
  ] as const) {
    const events = await traced(session, make);
    rows.push({ gesture, tiles, ...readTrace(events) });
  }
  return rows;
}

/** Waits for the next frame of the page. */
function frame(page: Page): Promise<void> {
  return page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => done())));
}

async function traced(session: CDPSession, gesture: () => Promise<void>): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { readonly value: readonly object[] }) =>
    void events.push(...(value as readonly TraceEvent[]));
  session.on('Tracing.dataCollected', collect);
  const traceConfig = { includedCategories: ['devtools.timeline', 'v8', 'toplevel'] };
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await gesture();
  const complete = new Promise<void>((done) => session.once('Tracing.tracingComplete', () => done()));
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  return events;
}
