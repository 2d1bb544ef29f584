import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright';
import type { RandomStream } from '../../src/core/synthesis/random.ts';
import { chromiumOptions, type BuiltApp } from '../built-app.ts';
import { visitPlan, type BrowserScenario } from '../faults/browser/browser-sweep.ts';
import { storedRecords } from '../stored-records.ts';
import { FaultyVisit, type VisitOutcome, type VisitPlan } from '../faults/browser/faulty-visit.ts';

/** A run of the app that is killed again and again. */
export interface BrowserVictim extends BrowserScenario {
  /** Of so many moments, those that this one gets. */
  readonly share: number;
}

export const browserVictims: readonly BrowserVictim[] = [
  { name: 'the app, SIFT, 9 tiles', matcher: 'sift', grid: [3, 3], tileSide: 192, share: 0.84 },
  { name: 'the app, LoFTR, 4 tiles', matcher: 'loftr', grid: [2, 2], tileSide: 192, share: 0.16 },
];

export interface BrowserKillReport {
  readonly moments: number;
  /** Browsers that had not finished when they were killed. */
  readonly stopped: number;
  /** Next visits that offered to continue. */
  readonly offered: number;
  /** Pairs that the next visits found. */
  readonly kept: number;
  /** Pairs that were finished when the browser was killed, as far as was seen, and were not kept. */
  readonly lost: number;
  readonly failures: readonly string[];
}

/** Longest time of a visit, ms. */
const patienceMs = 180_000;
/** How often the finished pairs are counted before the kill, ms. */
const countPeriodMs = 25;

/**
 * Kills all processes of a Chromium at random moments between the drop and the end of the export, and visits again with
 * the profile that is left: what was saved is offered, the run ends, matches no kept pair again and gives the same files.
 */
export async function killBrowser(
  victim: BrowserVictim,
  count: number,
  app: BuiltApp,
  random: RandomStream,
  write: (line: string) => void,
): Promise<BrowserKillReport> {
  const plan = { ...(await visitPlan(victim, mkdtempSync(join(app.folder, 'grid-')))), patienceMs };
  const { whole, workMs, pairs } = await referenceOf(app, plan);
  const failures: string[] = [];
  let [stopped, offered, kept, lost] = [0, 0, 0, 0];
  for (let k = 0; k < count; k++) {
    const profile = mkdtempSync(join(app.folder, 'profile-'));
    const afterMs = random.uniform() * workMs;
    const killed = await killedVisit(app, profile, plan, afterMs);
    if (!killed.hadEnded) stopped++;
    const next = await nextVisit(app, profile, plan).catch((error: unknown) => String(error));
    if (typeof next === 'string') {
      failures.push(`${victim.name}, killed ${afterMs.toFixed(0)} ms after the drop: the next visit: ${next}`);
      write(failures[failures.length - 1]);
      continue;
    }
    const broken = [...next.broken];
    const { outcome } = next;
    if (outcome.ended !== 'done')
      broken.push(`the next visit ends as ${outcome.ended}: ${JSON.stringify(outcome.shown)}`);
    else if (outcome.solution !== whole.solution) broken.push('the next visit has another solution');
    else if (outcome.picture?.hash !== whole.picture?.hash) broken.push('the next visit has another picture');
    if (next.matched !== pairs - next.stored)
      broken.push(`${next.matched} pairs were matched with ${next.stored} of ${pairs} kept`);
    if (next.isOffered) offered++;
    kept += next.stored;
    lost += Math.max(0, killed.matched - next.stored);
    failures.push(...broken.map((text) => `${victim.name}, killed ${afterMs.toFixed(0)} ms after the drop: ${text}`));
    write(
      `${victim.name}: killed after ${afterMs.toFixed(0)} of ${workMs.toFixed(0)} ms, ${killed.matched} pairs seen, ` +
        `${next.stored} kept, ${next.isOffered ? 'offered' : 'not offered'}: ${broken.join('; ') || 'whole'}`,
    );
    rmSync(profile, { recursive: true, force: true });
  }
  return { moments: count, stopped, offered, kept, lost, failures };
}

function launch(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { viewport: { width: 1280, height: 720 }, ...chromiumOptions() });
}

async function referenceOf(app: BuiltApp, plan: VisitPlan) {
  const context = await launch(mkdtempSync(join(app.folder, 'profile-')));
  const visit = await FaultyVisit.open(context, app.address, null);
  const startedAt = performance.now();
  const whole = await visit.work(plan);
  const workMs = performance.now() - startedAt;
  const pairs = await visit.matched();
  await context.close();
  if (whole.ended !== 'done') throw new Error(`the run that nobody kills fails: ${whole.shown.errors.join()}`);
  return { whole, workMs, pairs };
}

/** A visit that ends with its browser; the pairs that were seen to be finished before. */
async function killedVisit(app: BuiltApp, profile: string, plan: VisitPlan, afterMs: number) {
  const context = await launch(profile);
  const visit = await FaultyVisit.open(context, app.address, null, { keepsStorage: true });
  let hadEnded = false;
  const work = visit.work(plan).then(
    () => (hadEnded = true),
    () => undefined, // the browser is gone under it
  );
  let matched = 0;
  const until = performance.now() + afterMs;
  while (performance.now() < until && !hadEnded) {
    matched = await visit.matched();
    await new Promise((resolve) => setTimeout(resolve, countPeriodMs));
  }
  const ended = hadEnded;
  const closed = new Promise<void>((resolve) => context.on('close', () => resolve()));
  for (const id of processesOf(profile)) kill(id);
  await closed;
  await work;
  return { matched, hadEnded: ended };
}

async function nextVisit(app: BuiltApp, profile: string, plan: VisitPlan) {
  const context = await launch(profile);
  try {
    const visit = await FaultyVisit.open(context, app.address, null, { keepsStorage: true });
    const broken: string[] = [];
    const stored = await storedRecords(visit.page, 'em-stitch', 'pairs');
    const projects = await storedRecords(visit.page, 'em-stitch-projects', 'projects');
    const offer = visit.page.locator('[data-testid="recent-project"][data-open="true"] button.primary');
    const isOffered = (await offer.count()) > 0;
    if (projects > 0 !== isOffered)
      broken.push(`${projects} projects are kept, and ${isOffered ? 'one' : 'none'} is offered`);
    if (isOffered) await visit.continueProject(plan);
    const outcome: VisitOutcome = await visit.work(plan);
    broken.push(...visit.pageErrors, ...(await visit.unhandled()));
    return { outcome, stored, matched: await visit.matched(), isOffered, broken };
  } finally {
    await context.close();
  }
}

/** The browser with this profile and all that it has started. */
function processesOf(profile: string): readonly number[] {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const id = Number(name);
    const [stat, words] = [readProc(id, 'stat'), readProc(id, 'cmdline')];
    parents.set(id, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    if (words.split('\0').includes(`--user-data-dir=${profile}`)) found.add(id);
  }
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const [id, parent] of parents) if (found.has(parent)) found.add(id);
  }
  return [...found];
}

function readProc(id: number, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'latin1');
  } catch {
    return ''; // it has ended
  }
}

function kill(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // It has ended with its parent.
  }
}
