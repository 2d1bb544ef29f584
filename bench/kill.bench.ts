import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberIn, parseArguments, textOf } from '../cli/arguments.ts';
import { openPairStore } from '../cli/pair-store.ts';
import { silentContext } from '../src/core/progress.ts';
import { randomStream, type RandomStream } from '../src/core/synthesis/random.ts';
import { defaultSyntheticGrid, type SyntheticGridOptions } from '../src/core/synthesis/synthetic-grid.ts';
import { makeSampleGrid } from '../src/formats/sample-grid.ts';
import { serveBuiltApp } from './built-app.ts';
import { installDoorsInBuild } from './faults/browser/doors-script.ts';
import { filesBelow } from './faults/files-below.ts';
import { browserVictims, killBrowser } from './kill/browser-kill.ts';

const options = {
  moments: { type: 'string' },
  seed: { type: 'string' },
  browser: { type: 'boolean' },
  victim: { type: 'string' },
} as const;

/** A command that is killed again and again. */
interface Victim {
  readonly name: string;
  /** Of so many moments, those that this one gets. */
  readonly share: number;
  readonly prepare: (folder: string) => Promise<void>;
  readonly args: readonly string[];
}

const tiles: Partial<SyntheticGridOptions> = {
  tileSize: { width: 192, height: 192 },
  overlap: { x: 0.3, y: 0.3 },
  maxShiftPx: 3,
  maxRotationRad: 0,
  nameOf: (row, column) => `r${row + 1}_c${column + 1}.tif`,
};

async function writeGrid(folder: string, given: Partial<SyntheticGridOptions>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { files } = await makeSampleGrid(given.seed ?? 1, silentContext, {
    ...defaultSyntheticGrid,
    ...tiles,
    ...given,
  });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
}

const layout = ['--pattern', 'r{r}_c{c}.tif', '--overlap', '0.3', '--transform', 'rigid'];

const victims: readonly Victim[] = [
  {
    name: 'stitch, SIFT, 16 tiles',
    share: 0.4,
    prepare: (folder) => writeGrid(folder, { rows: 4, columns: 4 }),
    args: [...layout, '--matcher', 'sift'],
  },
  {
    name: 'stitch, LoFTR, 9 tiles, OME-Zarr',
    share: 0.3,
    prepare: (folder) => writeGrid(folder, { rows: 3, columns: 3, seed: 2 }),
    args: [...layout, '--format', 'ome-zarr'],
  },
  {
    name: 'stitch --stack, 3 sections of 4 tiles',
    share: 0.3,
    async prepare(folder) {
      for (const seed of [1, 2, 3]) await writeGrid(join(folder, `s${seed}`), { rows: 2, columns: 2, seed });
    },
    args: [...layout, '--matcher', 'sift', '--stack'],
  },
];

interface Ended {
  readonly status: number | null;
  readonly said: string;
  /** Milliseconds from the first word on stderr to the end. */
  readonly workMs: number;
}

/** Runs the command line in a process of its own; kills it without warning so long after its first word. */
function runCli(args: readonly string[], killAfterMs: number | null): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    let startedAt = 0;
    child.stderr.on('data', (text: Buffer) => {
      said += text.toString('utf8');
      if (startedAt > 0) return;
      startedAt = performance.now();
      if (killAfterMs !== null) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, said, workMs: performance.now() - startedAt }));
  });
}

/** Pairs that are kept below a folder: how often each one was written whole. */
async function keptPairs(folder: string): Promise<{ readonly written: number; readonly known: number }> {
  let [written, known] = [0, 0];
  for (const [name, bytes] of filesBelow(folder)) {
    if (!name.endsWith('pairs.cache')) continue;
    known += (await openPairStore(join(folder, name), null)).known.size;
    const whole = bytes.toString('latin1').split('\n').slice(0, -1);
    // A torn line of the killed run is no pair; v8 tells them apart.
    written += await wholeLines(whole);
  }
  return { written, known };
}

async function wholeLines(lines: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'em-stitch-lines-'));
  let count = 0;
  for (const [k, line] of lines.entries()) {
    writeFileSync(join(folder, `${k}`), `${line}\n`);
    count += (await openPairStore(join(folder, `${k}`), null)).known.size;
  }
  rmSync(folder, { recursive: true });
  return count;
}

/**
 * `npm run bench -- kill [--browser] [--victim NAME] [--moments N] [--seed S]`: kills the command line with SIGKILL at N
 * random moments of its work, one run each, and lets the next run finish. What is there after the kill must be whole or bear the name of a part; the
 * next run must end, write the same bytes as a run that was never killed, and match no finished pair again. With
 * `--browser` all processes of a Chromium with the app, from the drop to the end of the export.
 */
export async function run(args: readonly string[], write: (line: string) => void = console.log): Promise<void> {
  const { options: given } = parseArguments(args, options, []);
  const moments = numberIn('--moments', given.moments, 1, 1e5) ?? 50;
  const random = randomStream(numberIn('--seed', given.seed, 0, 2 ** 31) ?? 1);
  if (given.browser === true) {
    process.exitCode = (await killTheBrowser(moments, textOf(given.victim), random, write)) > 0 ? 1 : 0;
    return;
  }
  const home = mkdtempSync(join(tmpdir(), 'em-stitch-kill-'));
  let [killed, failed] = [0, 0];
  const wanted = textOf(given.victim);
  for (const { name, share, prepare, args: more } of victims.filter((one) => !wanted || one.name === wanted)) {
    const folder = join(home, 'in');
    rmSync(folder, { recursive: true, force: true });
    await prepare(folder);
    const command = (out: string) => ['stitch', folder, '--out', out, ...more];
    const whole = join(home, 'whole');
    rmSync(whole, { recursive: true, force: true });
    const reference = await runCli(command(whole), null);
    if (reference.status !== 0) throw new Error(`${name}: the run that nobody kills fails: ${reference.said}`);
    const expected = resultsIn(whole);
    const { known: pairs } = await keptPairs(whole);
    // All of the moments go to one that is asked for.
    const count = Math.round(moments * (wanted ? 1 : share));
    let [stopped, kept] = [0, 0];
    for (let k = 0; k < count; k++) {
      const out = join(home, 'out');
      rmSync(out, { recursive: true, force: true });
      const afterMs = random.uniform() * reference.workMs;
      const first = await runCli(command(out), afterMs);
      if (first.status === null) stopped++;
      const broken = differences(resultsIn(out), expected).map((file) => `after the kill ${file} is not whole`);
      kept += (await keptPairs(out)).known;
      const second = await runCli(command(out), null);
      if (second.status !== 0) broken.push(`the next run fails: ${second.said.slice(-300)}`);
      const found = resultsIn(out);
      broken.push(...differences(found, expected).map((file) => `the next run has another ${file}`));
      for (const file of expected.keys()) if (!found.has(file)) broken.push(`the next run lacks ${file}`);
      const after = await keptPairs(out);
      if (after.written !== pairs) broken.push(`${after.written} pairs were matched instead of ${pairs}`);
      if (broken.length === 0) continue;
      failed++;
      write(`${name}, killed ${afterMs.toFixed(0)} ms after its first word: ${broken.join('; ')}`);
    }
    killed += stopped;
    write(
      `${name}: ${count} moments within ${reference.workMs.toFixed(0)} ms, ${stopped} killed in time, ${kept} pairs kept`,
    );
  }
  write(`${killed} runs killed, ${failed} failed`);
  rmSync(home, { recursive: true });
  if (failed > 0) process.exitCode = 1;
}

/** The number of broken promises. */
async function killTheBrowser(
  moments: number,
  wanted: string | undefined,
  random: RandomStream,
  write: (line: string) => void,
): Promise<number> {
  const app = await serveBuiltApp();
  installDoorsInBuild(join(app.folder, 'dist'));
  let failed = 0;
  try {
    for (const victim of browserVictims.filter(({ name }) => wanted === undefined || name === wanted)) {
      // All of the moments go to one that is asked for.
      const count = wanted === undefined ? Math.round(moments * victim.share) : moments;
      const report = await killBrowser(victim, count, app, random, write);
      const { stopped, offered, kept, lost, failures } = report;
      write(
        `${victim.name}: ${report.moments} moments, ${stopped} killed in time, ${offered} offered to continue, ` +
          `${kept} pairs kept, ${lost} seen and lost, ${failures.length} failures`,
      );
      failed += failures.length;
    }
  } finally {
    app.stop();
  }
  return failed;
}

/** What a run is for: everything below `folder` that is no part and no store. */
function resultsIn(folder: string): ReadonlyMap<string, Buffer> {
  return new Map([...filesBelow(folder)].filter(([name]) => !/\.partial(\/|$)|\.old(\/|$)|pairs\.cache$/.test(name)));
}

function differences(found: ReadonlyMap<string, Buffer>, expected: ReadonlyMap<string, Buffer>): readonly string[] {
  return [...found].flatMap(([name, bytes]) => (expected.get(name)?.equals(bytes) ? [] : [name]));
}
