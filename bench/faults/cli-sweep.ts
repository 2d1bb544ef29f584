import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultPlan, faultPoints, everyNth, type FaultPoint } from '../../src/core/testing/fault-plan.ts';
import { isTold, runUnder, type RunOutcome } from './cli-run.ts';
import { resetPlace, restoreInputs, type Scenario } from './cli-scenarios.ts';
import { lastsAt, nodeFaultsAt, type NodeFault } from './node-faults.ts';
import { filesBelow } from './files-below.ts';
import { isWhole } from './whole-file.ts';

/** A run that broke a promise. */
export interface SweepFailure {
  readonly scenario: string;
  readonly point: FaultPoint<NodeFault>;
  readonly broken: readonly string[];
}

export interface SweepReport {
  readonly scenario: string;
  /** Calls of a run at doors that can fail. */
  readonly calls: number;
  /** Runs: calls × kinds. */
  readonly runs: number;
  readonly failures: readonly SweepFailure[];
}

export interface SweepOptions {
  /** One of so many points; all when 1. */
  readonly step: number;
  readonly seed: number;
  readonly onFailure?: (failure: SweepFailure) => void;
}

type Files = ReadonlyMap<string, Buffer>;

/** What is kept of finished work between runs: its bytes depend on how the work went. */
const storeName = /(^|\/)pairs\.cache$/;
const partialName = /\.partial(\/|$)|\.old(\/|$)/;

/** Fails every call of a scenario in every way that it can fail, one run each, and looks at what is left. */
export async function sweepCli(scenario: Scenario, { step, seed, onFailure }: SweepOptions): Promise<SweepReport> {
  const home = mkdtempSync(join(tmpdir(), 'em-stitch-faults-'));
  const [inputs, place] = [join(home, 'inputs'), join(home, 'place')];
  mkdirSync(inputs);
  await scenario.prepare(inputs);
  resetPlace(inputs, place);
  const counted = faultPlan<NodeFault>(null);
  const reference = await runUnder(counted, place, scenario.run(place));
  if (reference.ended !== 'done' || reference.status !== 0) throw reference.error;
  const expected = filesBelow(join(place, 'out'));
  const doors = new Map([...counted.calls].filter(([door]) => scenario.doors?.test(door) ?? true));
  const points = faultPoints(doors, nodeFaultsAt);
  const chosen = step === 1 ? points : everyNth(points, step, seed);
  const failures: SweepFailure[] = [];
  for (const point of chosen) {
    resetPlace(inputs, place);
    const plan = faultPlan(point, lastsAt);
    const first = await runUnder(plan, place, scenario.run(place));
    const broken = [...brokenByFirst(first, point, place, expected, reference)];
    if (!scenario.isKept || !isThere(place, expected)) {
      restoreInputs(inputs, place);
      const second = await runUnder(faultPlan(null), place, scenario.run(place));
      broken.push(...brokenBySecond(first, second, point, scenario, place, expected));
    }
    if (broken.length === 0) continue;
    const failure = { scenario: scenario.name, point, broken };
    failures.push(failure);
    onFailure?.(failure);
  }
  const calls = [...doors].reduce((sum, [door, count]) => sum + (nodeFaultsAt(door).length > 0 ? count : 0), 0);
  return { scenario: scenario.name, calls, runs: chosen.length, failures };
}

function* brokenByFirst(
  { ended, status, error, said, unhandled, leftOpen }: RunOutcome,
  { kind }: FaultPoint<NodeFault>,
  place: string,
  expected: Files,
  reference: RunOutcome,
): Generator<string> {
  if (ended === 'late') yield 'it hangs beyond its stated time';
  for (const stray of unhandled) yield `nobody waited for: ${textOf(stray)}`;
  if (ended === 'failed' && !isTold(error)) yield `an error that is not told: ${textOf(error)}`;
  if (ended !== 'killed' && kind !== 'hang' && leftOpen.length > 0) yield `left open: ${leftOpen.join(', ')}`;
  const found = filesBelow(join(place, 'out'));
  let differs = false;
  for (const [name, bytes] of found) {
    if (partialName.test(name) || storeName.test(name) || expected.get(name)?.equals(bytes)) continue;
    differs = true;
    if (!isWhole(name, bytes)) yield `${name} looks whole and is not`;
  }
  if (ended !== 'done') return;
  const missing = [...expected.keys()].filter((name) => !found.has(name) && !storeName.test(name));
  // A result that others delete once it stands there is not missing from the run.
  if (status === 0 && missing.length > 0 && kind !== 'vanished') yield `it says done without ${missing.join(', ')}`;
  const usual = new Set(wordsOf(reference.said));
  if (differs && wordsOf(said).every((line) => usual.has(line))) yield 'the result is another one and nothing is said';
}

function* brokenBySecond(
  first: RunOutcome,
  second: RunOutcome,
  { kind, door }: FaultPoint<NodeFault>,
  { pairs, isMeasured }: Scenario,
  place: string,
  expected: Files,
): Generator<string> {
  if (second.ended !== 'done' || second.status !== 0) {
    yield `the second run ${second.ended}: ${textOf(second.error)} ${second.said.slice(-200)}`;
    return;
  }
  const found = filesBelow(join(place, 'out'));
  for (const [name, bytes] of expected) {
    if (storeName.test(name)) continue;
    if (!found.has(name)) yield `the second run lacks ${name}`;
    else if (!found.get(name)?.equals(bytes)) yield `the second run has another ${name}`;
  }
  for (const name of found.keys()) if (!expected.has(name)) yield `the second run leaves ${name}`;
  // What cannot be written cannot be kept: the pair under the pen is lost, and on a full disk all are, which is said.
  const isKilled = first.ended === 'killed';
  const lost = kind === 'full' || first.said.includes('cannot be kept') ? pairs : isKilled ? 1 : 0;
  // Another layout asks for other pairs.
  if (isMeasured || first.said.includes('left out') || layoutIn(first.said) !== layoutIn(second.said)) return;
  const again = second.matched - Math.max(0, pairs - first.matched);
  if (again > lost) yield `${again} finished pairs are matched again after ${kind} at ${door}`;
}

function isThere(place: string, expected: Files): boolean {
  const found = filesBelow(join(place, 'out'));
  return [...expected].every(([name, bytes]) => found.get(name)?.equals(bytes) === true);
}

/** What is said besides progress. */
function wordsOf(said: string): readonly string[] {
  return said.split('\n').filter((line) => !/^[a-z]+ \d+\/\d+/.test(line));
}

function layoutIn(said: string): string {
  return [...said.matchAll(/^layout.*$/gm)].join();
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
