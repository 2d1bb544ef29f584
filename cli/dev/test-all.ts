/**
 * `npm test`: types, lint, architecture rules, unit, browser, training and end-to-end tests. Runs every stage even
 * after a failure, and ends with the true totals of all runners: "N passed, N failed".
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditShippedPackages } from './audit.ts';
import { ensureChromium } from './chromium.ts';
import { ensureTestPackages } from './system-packages.ts';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const reports = mkdtempSync(join(tmpdir(), 'em-stitch-tests-'));

ensureTestPackages(say);
const chromium = ensureChromium(say);
const env = { ...process.env, ...(chromium ? { CHROMIUM_PATH: chromium } : {}), NO_COLOR: '1' };

const stages: readonly (readonly [string, () => Count])[] = [
  ['types', () => check('npm', ['run', '-s', 'typecheck'])],
  ['lint', () => check('npm', ['run', '-s', 'lint'])],
  ['architecture', () => check('npm', ['run', '-s', 'arch'])],
  ['known vulnerabilities', () => audit()],
  ['unit', () => vitest('unit')],
  ['browser', () => vitest('browser')],
  ['training', () => unittest()],
  ['end to end', () => playwright()],
];

let total: Count = { passed: 0, failed: 0, skipped: 0 };
const summary: string[] = [];
for (const [name, run] of stages) {
  say(`\n== ${name}`);
  const started = Date.now();
  const count = run();
  total = add(total, count);
  summary.push(
    `${name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped, ${Math.round((Date.now() - started) / 1000)} s`,
  );
}
rmSync(reports, { recursive: true });
say('');
summary.forEach(say);
say(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed > 0 ? 1 : 0;

function add(a: Count, b: Count): Count {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function run(command: string, args: readonly string[]): number {
  return spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1;
}

/** A check without cases counts as one. */
function check(command: string, args: readonly string[]): Count {
  const ok = run(command, args) === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** Counts as one check; skipped, and said so, where the registry cannot be reached. */
function audit(): Count {
  const { outcome, sentence } = auditShippedPackages();
  say(sentence);
  return { ...{ passed: 0, failed: 0, skipped: 0 }, [outcome]: 1 };
}

/** A runner that died without a report, or failed outside its cases, is one failure more than it counted. */
function counted(status: number, count: Count): Count {
  return status !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function readReport<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    say(`no report: ${String(error)}`);
    return null;
  }
}

function vitest(project: string): Count {
  const file = join(reports, `${project}.json`);
  const args = [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ];
  const status = run('npx', args);
  const report = readReport<{ numPassedTests: number; numFailedTests: number; numPendingTests: number }>(file);
  return counted(report ? status : 1, {
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: report?.numPendingTests ?? 0,
  });
}

function playwright(): Count {
  const file = join(reports, 'e2e.json');
  const result = spawnSync('npx', ['playwright', 'test', '--reporter=line,json'], {
    stdio: 'inherit',
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: file },
  });
  interface Report {
    readonly stats: {
      readonly expected: number;
      readonly unexpected: number;
      readonly flaky: number;
      readonly skipped: number;
    };
  }
  const report = readReport<Report>(file);
  return counted(report ? (result.status ?? 1) : 1, {
    passed: (report?.stats.expected ?? 0) + (report?.stats.flaky ?? 0),
    failed: report?.stats.unexpected ?? 0,
    skipped: report?.stats.skipped ?? 0,
  });
}

function unittest(): Count {
  const result = spawnSync(
    '/usr/bin/python3',
    ['-m', 'unittest', 'discover', '-s', 'training/tests', '-t', 'training'],
    {
      encoding: 'utf8',
      env,
    },
  );
  process.stdout.write(result.stdout + result.stderr);
  const number = (pattern: RegExp) => Number(pattern.exec(result.stderr)?.[1] ?? 0);
  const ran = number(/^Ran (\d+) tests?/m);
  const failed = number(/failures=(\d+)/) + number(/errors=(\d+)/);
  const skipped = number(/skipped=(\d+)/);
  return counted(ran > 0 ? (result.status ?? 1) : 1, { passed: ran - failed - skipped, failed, skipped });
}
