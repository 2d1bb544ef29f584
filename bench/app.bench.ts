/**
 * `npm run bench -- app [--side N] [--tile PX] [--grid FOLDER] [--use MINUTES] [--write]`: N × N small tiles (100: ten thousand) in the
 * built app in a headless Chromium, from the drop of their folder to panning over the mosaic: what each step costs in
 * time and memory. Phase correlation matches, so that it ends. On a busy machine processor time says more than the
 * clock. `--use` goes on using it for so long, and tells what the tab holds meanwhile. `--write` puts the tables into
 * docs/performance.md.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberIn, parseArguments } from '../cli/arguments.ts';
import {
  chooseMatcher,
  matchPairs,
  readFolder,
  editFirstLink,
  settled,
  stageReached,
  thumbnailsDrawn,
  useLinkTable,
} from './app/drive.ts';
import { useForMinutes, type UseSample } from './app/long-use.ts';
import { stepMeter, type StepRow } from './app/step-meter.ts';
import { openAppTab, serveBuiltApp, type AppTab } from './built-app.ts';
import { squareGrid, writeGrid } from './grid-writer.ts';
import { markdownTable, writeBetweenMarkers } from './markdown.ts';
import { frame, panAndZoom, type GestureRow } from './viewer/gestures.ts';

const options = {
  side: { type: 'string' },
  tile: { type: 'string' },
  grid: { type: 'string' },
  use: { type: 'string' },
  write: { type: 'boolean' },
} as const;
const documentPath = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

/** The steps of one run of the app. */
export async function run(args: readonly string[]): Promise<readonly StepRow[]> {
  const { options: given } = parseArguments(args, options, []);
  const side = numberIn('--side', given.side, 2, 200) ?? 32;
  const tilePx = numberIn('--tile', given.tile, 64, 2048) ?? 128;
  const minutes = numberIn('--use', given.use, 1, 24 * 60) ?? 0;
  const app = await serveBuiltApp();
  try {
    const grid = typeof given.grid === 'string' ? given.grid : join(app.folder, 'grid');
    if (!existsSync(grid))
      await writeGrid(grid, { ...squareGrid(side, tilePx), overlap: { x: 0.3, y: 0.3 }, noiseSigma: 2 });
    const tab = await openAppTab(app, '--disable-gpu');
    try {
      const { rows, gestures, session } = await driven(tab, grid, side * side);
      console.table(gestures);
      const command = `npm run bench -- app --side ${side} --tile ${tilePx}${minutes > 0 ? ` --use ${minutes}` : ''} --write`;
      const intro = `\`${command}\`, ${today()}: ${side * side} tiles of ${tilePx} px, phase correlation.`;
      if (given.write) await writeBetweenMarkers(documentPath, 'app', tableOf(intro, rows, gestures));
      if (minutes > 0) {
        const samples = await useForMinutes(tab, session, minutes, (line) => process.stderr.write(`${line}\n`));
        if (given.write) await writeBetweenMarkers(documentPath, 'app-use', useTableOf(intro, samples));
      }
      return rows;
    } finally {
      await tab.context.close();
    }
  } finally {
    app.stop();
  }
}

async function driven(tab: AppTab, grid: string, tiles: number) {
  const { page } = tab;
  page.setDefaultTimeout(4 * 3600_000);
  page.on('pageerror', (error) => process.stderr.write(`page error: ${error.message}\n`));
  const { step, rows, session } = await stepMeter(tab, (line) => process.stderr.write(`${line}\n`));
  await step('headers', () => readFolder(page, grid));
  await step('layout', () => stageReached(page, 'ready'));
  await step('thumbnails', () => thumbnailsDrawn(page, tiles));
  await chooseMatcher(page, 'phase-correlation');
  await step('matching', () => matchPairs(page));
  await step('solve', () => stageReached(page, 'Evening tones'));
  await step('tones, mosaic', () => stageReached(page, 'done'));
  await step('first picture', () => settled(page));
  await step('link table', () => useLinkTable(page));
  const viewer = page.getByTestId('mosaic-viewer');
  const gestures = await step('pan and zoom', async () => {
    await viewer.focus();
    await page.keyboard.press('o');
    await frame(page);
    return panAndZoom(page, session);
  });
  await step('a link excluded', () => editFirstLink(page, 'exclude'));
  await step('picture at full size', async () => {
    await viewer.focus();
    await page.keyboard.press('1');
    await frame(page);
    await settled(page);
  });
  await step('idle, garbage collected', () => session.send('HeapProfiler.collectGarbage'));
  return { rows, gestures, session };
}

function tableOf(intro: string, rows: readonly StepRow[], gestures: readonly GestureRow[]): string {
  return [
    intro,
    '',
    markdownTable(
      ['step', 'wall, s', 'processor of the tab, s', 'of its main thread, s', 'script heap, MB', 'tab, MB', 'peak, MB'],
      rows.map((row) => Object.values(row) as (string | number)[]),
    ),
    '',
    markdownTable(
      [
        'gesture, outlines and links drawn',
        'frames',
        'script a frame, median ms',
        'p95 ms',
        'most ms',
        'p95 by the clock, ms',
      ],
      gestures.map((row) => Object.values(row) as (string | number)[]),
    ),
  ].join('\n');
}

function useTableOf(intro: string, samples: readonly UseSample[]): string {
  return [
    intro,
    '',
    markdownTable(
      ['minute', 'rounds', 'edits', 'script heap, MB', 'tab, MB', 'browser, MB', 'DOM nodes', 'listeners'],
      samples.map((sample) => Object.values(sample) as number[]),
    ),
  ].join('\n');
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
