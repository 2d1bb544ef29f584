import type { CDPSession, Page } from 'playwright';
import { browserMemory } from '../browser-memory.ts';
import type { AppTab } from '../built-app.ts';
import { frame } from '../viewer/gestures.ts';
import { editFirstLink, settled } from './drive.ts';

/** What a tab holds at a moment of its use, garbage collected. */
export interface UseSample {
  readonly minute: number;
  /** Rounds of use so far; a round looks at four places, four links and the tiles. */
  readonly rounds: number;
  /** Links excluded and restored so far. */
  readonly edits: number;
  readonly heapMegabytes: number;
  readonly tabMegabytes: number;
  readonly browserMegabytes: number;
  readonly domNodes: number;
  readonly eventListeners: number;
}

const samplePeriodMs = 120_000;
/** Every so many rounds a link is excluded and the exclusion undone: both solve and compose anew. */
const roundsPerEdit = 8;

/** Uses a stitched grid as somebody does who judges it, for so many minutes, and looks at the memory now and then. */
export async function useForMinutes(
  { page, profile }: AppTab,
  session: CDPSession,
  minutes: number,
  write: (line: string) => void,
): Promise<readonly UseSample[]> {
  const startedAt = performance.now();
  const samples: UseSample[] = [];
  let [rounds, edits] = [0, 0];
  const sample = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const metric = (name: string) => metrics.find((each) => each.name === name)?.value ?? NaN;
    const { tab, browser } = await browserMemory(profile);
    samples.push({
      minute: Math.round((performance.now() - startedAt) / 6000) / 10,
      rounds,
      edits,
      heapMegabytes: Math.round(metric('JSHeapUsedSize') / 1e5) / 10,
      tabMegabytes: tab.resident,
      browserMegabytes: browser.resident,
      domNodes: metric('Nodes'),
      eventListeners: metric('JSEventListeners'),
    });
    write(JSON.stringify(samples.at(-1)));
  };
  await sample();
  for (let nextAt = samplePeriodMs; performance.now() - startedAt < minutes * 60_000;) {
    await lookAround(page, rounds);
    rounds++;
    if (rounds % roundsPerEdit === 0) {
      await editFirstLink(page, 'exclude');
      await editFirstLink(page, 'undo');
      edits++;
    }
    if (performance.now() - startedAt < nextAt) continue;
    nextAt += samplePeriodMs;
    await sample();
  }
  await sample();
  return samples;
}

/** Four places of the mosaic at full size and in between, four links each with its pair, the tiles, the overlays. */
async function lookAround(page: Page, round: number): Promise<void> {
  const viewer = page.getByTestId('mosaic-viewer');
  const box = await viewer.boundingBox();
  if (box === null) throw new Error('the viewer has no place on the page');
  for (let place = 0; place < 4; place++) {
    await viewer.focus();
    await page.keyboard.press('0');
    await frame(page);
    const angle = round + (place * Math.PI) / 2;
    await page.mouse.move(
      box.x + box.width * (0.5 + 0.3 * Math.cos(angle)),
      box.y + box.height * (0.5 + 0.3 * Math.sin(angle)),
    );
    for (let k = 0; k < 12; k++) {
      await page.mouse.wheel(0, -120);
      await frame(page);
    }
    await settled(page);
  }
  for (const key of ['o', 'l', 'o', 'l']) {
    await page.keyboard.press(key);
    await frame(page);
  }
  await page.getByTestId('links-tab').click();
  const grid = page.getByRole('grid', { name: 'Pairs of tiles' });
  for (let link = 0; link < 4; link++) {
    await grid.focus();
    await page.keyboard.press(round % 2 === 0 ? 'n' : 'ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByTestId('pair-inspector').waitFor();
    for (const view of ['2', '3', '1']) {
      await page.keyboard.press(view);
      await frame(page);
    }
    await page.keyboard.press('Escape');
  }
  await page.getByTestId('tiles-tab').click();
  await frame(page);
  await page.getByTestId('links-tab').click();
}
