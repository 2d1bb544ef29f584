/**
 * `npm run bench -- soak [--part tab,cli,app] [--runs N] [--side N] [--tile PX] [--memory GB] [--matcher M] [--write]`: long work and
 * repeated work.
 * `tab`: the same grid again and again in one tab, and what the tab holds after each run. `cli`: memory and open files of
 * the command line over a grid of N × N tiles. `app`: the same grid in the built app, memory over time; with `--memory GB`
 * on a device that tells of so much memory, and the browser is ended when all of it takes 1 GB less (Linux, as root).
 * `--matcher` is phase correlation in the app unless the network or SIFT is asked for.
 * `--write` puts the tables into docs/reliability.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numberIn, parseArguments } from '../cli/arguments.ts';
import { matcherIds, type MatcherId } from '../src/core/options.ts';
import { chooseMatcher, matchPairs, readFolder, settled, stageReached, thumbnailsDrawn } from './app/drive.ts';
import { findChromium } from '../cli/dev/chromium.ts';
import { watchMemory } from './browser-memory.ts';
import { openAppTab, serveBuiltApp } from './built-app.ts';
import { squareGrid, writeGrid } from './grid-writer.ts';
import { limitedBrowser, tellMemory } from './memory-limit.ts';
import { markdownTable, writeBetweenMarkers } from './markdown.ts';
import { watchedCli } from './soak/cli-memory.ts';
import { repeatedRuns } from './soak/ten-runs.ts';

const options = {
  part: { type: 'string' },
  runs: { type: 'string' },
  side: { type: 'string' },
  tile: { type: 'string' },
  memory: { type: 'string' },
  matcher: { type: 'string' },
  write: { type: 'boolean' },
} as const;
const documentPath = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));
const overlap = { x: 0.15, y: 0.15 };
/** The grid that one tab stitches again and again: four by four. */
const repeatedSide = 4;
/** Points of a curve that are written down. */
const curvePoints = 12;

/** Prints and, if asked, writes down the parts that are asked for; all when none is. */
export async function run(args: readonly string[], write: (line: string) => void = console.log): Promise<void> {
  const { options: given } = parseArguments(args, options, []);
  const parts = typeof given.part === 'string' ? given.part.split(',') : ['tab', 'cli', 'app'];
  const runs = numberIn('--runs', given.runs, 2, 1000) ?? 10;
  const side = numberIn('--side', given.side, 2, 200) ?? 50;
  const tilePx = numberIn('--tile', given.tile, 128, 4096) ?? 512;
  const matcher = matcherIds.find((id) => id === given.matcher) ?? 'phase-correlation';
  const memory = numberIn('--memory', given.memory, 2, 64);
  const home = mkdtempSync(join(tmpdir(), 'em-stitch-soak-'));
  const command = 'npm run bench -- soak';
  const size = `--side ${side} --tile ${tilePx}`;
  const keep = async (name: string, text: string) => {
    write(text);
    if (given.write) await writeBetweenMarkers(documentPath, `soak ${name}`, text);
  };
  try {
    if (parts.includes('tab')) await keep('tab', await tabText(runs, `${command} --part tab --runs ${runs}`, write));
    const grid = join(home, 'grid');
    if (parts.includes('cli') || parts.includes('app')) await writeGrid(grid, { ...squareGrid(side, tilePx), overlap });
    if (parts.includes('cli'))
      await keep('cli', await cliText(grid, join(home, 'out'), `${command} --part cli ${size}`));
    if (parts.includes('app'))
      await keep(
        memory === undefined ? 'app' : matcher === 'loftr' ? 'small network' : 'small',
        await appText(
          { grid, tiles: side * side, memory: memory ?? null, matcher },
          `${command} --part app ${size}${memory === undefined ? '' : ` --memory ${memory}`}${given.matcher === undefined ? '' : ` --matcher ${matcher}`}`,
          write,
        ),
      );
  } finally {
    rmSync(home, { recursive: true });
  }
}

async function tabText(runs: number, command: string, write: (line: string) => void): Promise<string> {
  const app = await serveBuiltApp();
  try {
    const grid = join(app.folder, 'grid');
    const tiles = await writeGrid(grid, { ...squareGrid(repeatedSide, 512), overlap });
    const rows = await repeatedRuns(app, grid, tiles, runs, write);
    const [first, last] = [rows[0], rows[rows.length - 1]];
    const growth = (of: 'pageObjects' | 'allHeaps' | 'tab') => `${(100 * (last[of] / first[of] - 1)).toFixed(1)} %`;
    return [
      `\`${command}\`, ${today()}: from the first to the last run the page's objects changed by ${growth('pageObjects')}, its heap and those of its workers, compiled code included, by ${growth('allHeaps')}, the tab's resident memory by ${growth('tab')}.`,
      '',
      markdownTable(
        [
          'after run',
          'objects of the page, MB',
          'its heap with compiled code, MB',
          'page and workers, MB',
          'tab resident, MB',
          'browser resident, MB',
          'workers',
          'DOM nodes',
          'listeners',
          'object URLs',
          'private files',
          'open handles',
        ],
        rows.map((row) => Object.values(row) as number[]),
      ),
    ].join('\n');
  } finally {
    app.stop();
  }
}

async function cliText(grid: string, out: string, command: string): Promise<string> {
  const found = await watchedCli(
    ['stitch', grid, '--out', out, '--pattern', 'tile_r{r}_c{c}.tif', '--overlap', '0.15'].concat([
      '--matcher',
      'phase-correlation',
    ]),
  );
  const { samples, peakMegabytes, mostHandles, seconds } = found;
  const last = found.said.trim().split('\n').at(-1) ?? '';
  return [
    `\`${command}\`, ${today()}: ${seconds} s by the clock, peak ${peakMegabytes} MB, at most ${mostHandles} open handles. Its last word: "${last}"`,
    '',
    markdownTable(
      ['second', 'resident, MB', 'open handles'],
      spread(samples).map(({ second, megabytes, handles }) => [second, megabytes, handles]),
    ),
  ].join('\n');
}

/** What the system itself takes of a device's memory, GB. */
const ofTheSystem = 1;

/** A grid in the app, on this machine or on one with so many GB. */
interface AppSoak {
  readonly grid: string;
  readonly tiles: number;
  readonly memory: number | null;
  readonly matcher: MatcherId;
}

async function appText(
  { grid, tiles, memory, matcher }: AppSoak,
  command: string,
  write: (line: string) => void,
): Promise<string> {
  const app = await serveBuiltApp();
  const chromium = findChromium();
  const limited = memory !== null && chromium ? limitedBrowser(chromium, memory - ofTheSystem) : null;
  if (limited && memory !== null) {
    process.env.CHROMIUM_PATH = limited.executable;
    tellMemory(join(app.folder, 'dist'), memory);
  }
  const tab = await openAppTab(app, '--disable-gpu');
  const { page } = tab;
  page.setDefaultTimeout(4 * 3600_000);
  const watch = watchMemory(tab.profile, 1000);
  let [most, limit] = [0, ''];
  const meter = setInterval(() => (most = Math.max(most, limited?.megabytes() ?? 0)), 1000);
  const reached: { readonly stage: string; readonly second: number; readonly peak: number }[] = [];
  const stage = async (name: string, work: () => Promise<void>) => {
    const from = watch.samples.length;
    await work();
    const peak = watch.samples.slice(from).reduce((most, sample) => Math.max(most, sample.tab), 0);
    reached.push({ stage: name, second: watch.samples.at(-1)?.second ?? 0, peak });
    write(JSON.stringify({ ...reached.at(-1), ...(limited ? { browser: most, ended: limited.ended() } : {}) }));
  };
  try {
    await stage('headers', () => readFolder(page, grid));
    await stage('layout', () => stageReached(page, 'ready'));
    await stage('thumbnails', () => thumbnailsDrawn(page, tiles));
    await chooseMatcher(page, matcher);
    await stage('matching', () => matchPairs(page));
    await stage('solve and mosaic', () => stageReached(page, 'done'));
    await stage('first picture', () => settled(page));
    await stage('export as OME-TIFF', async () => {
      await page.getByTestId('export-tab').click();
      const downloaded = page.waitForEvent('download');
      await page.getByTestId('export-ome-tiff').click();
      await (await downloaded).delete();
    });
    if (limited && memory !== null)
      limit = ` The device tells of ${memory} GB and the whole browser may take ${memory - ofTheSystem} GB: all its processes together took ${most} MB of their own at most (${limited.peakMegabytes()} MB with the files that the system keeps in memory), and ${limited.ended()} were ended for want of memory.`;
  } finally {
    clearInterval(meter);
    watch.stop();
    await tab.context.close();
    limited?.remove();
    app.stop();
  }
  return [
    `\`${command}\`, ${today()}: ${tiles} tiles, peak ${Math.max(...reached.map(({ peak }) => peak))} MB in the tab.${limit}`,
    '',
    markdownTable(
      ['stage', 'ended at second', 'largest in it, MB'],
      reached.map((row) => [row.stage, row.second, row.peak]),
    ),
    '',
    markdownTable(
      ['second', 'tab resident, MB', 'browser resident, MB'],
      spread(watch.samples).map(({ second, tab: inTab, browser }) => [second, inTab, browser]),
    ),
  ].join('\n');
}

/** Points of a curve at even distances, the first and the last among them. */
function spread<T>(samples: readonly T[]): readonly T[] {
  const count = Math.min(curvePoints, samples.length);
  return Array.from(
    { length: count },
    (_, k) => samples[Math.round((k * (samples.length - 1)) / Math.max(1, count - 1))],
  );
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
