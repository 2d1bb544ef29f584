import type { CDPSession, Page } from 'playwright';
import { readTrace, type FrameTimes, type TraceEvent } from './trace.ts';

/** One gesture over the mosaic. */
export interface GestureRow extends FrameTimes {
  readonly gesture: string;
}

const steps = 60;

/** Zooms in and out over the middle of the mosaic and pans about it, and tells the page's script per frame. */
export async function panAndZoom(page: Page, session: CDPSession): Promise<readonly GestureRow[]> {
  const box = await page.getByTestId('mosaic-viewer').boundingBox();
  if (box === null) throw new Error('the viewer has no place on the page');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const zoom = async () => {
    for (let k = 0; k < steps; k++) {
      await page.mouse.move(x, y);
      await page.mouse.wheel(0, k < steps / 2 ? -40 : 40);
      await frame(page);
    }
  };
  const pan = async () => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let k = 0; k < steps; k++) {
      await page.mouse.move(x + 80 * Math.sin(k / 6), y + 60 * Math.cos(k / 6));
      await frame(page);
    }
    await page.mouse.up();
  };
  const rows: GestureRow[] = [];
  for (const [gesture, make] of [
    ['zoom', zoom],
    ['pan', pan],
  ] as const)
    rows.push({ gesture, ...readTrace(await traced(session, make)) });
  return rows;
}

/** Waits for the next frame of the page. */
export function frame(page: Page): Promise<void> {
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
