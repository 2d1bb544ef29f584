import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { numberIn, parseArguments, textOf, CommandError } from '../cli/arguments.ts';
import { runFuzz } from './fuzz/fuzz-run.ts';
import type { FailureKind } from './fuzz/judge.ts';
import { minimise } from './fuzz/minimise.ts';
import { targetIds } from './fuzz/targets.ts';
import type { TargetId } from './fuzz/targets.ts';

const options = {
  reader: { type: 'string' },
  cases: { type: 'string' },
  seed: { type: 'string' },
  seconds: { type: 'string' },
  first: { type: 'string' },
  out: { type: 'string' },
} as const;

/** More failures of one kind than this are the same one. */
const keptPerSignature = 3;

/**
 * `npm run bench -- fuzz [--reader tiff,png] [--cases N] [--seed S] [--first I] [--seconds T] [--out FOLDER]`: makes
 * inputs for every reader by its grammar and by mutation, and reads them in a thread of its own under limits of time
 * and memory. Inputs that fail are made small and kept in FOLDER (`out/fuzz`); copy them to `bench/fuzz/corpus/mended`
 * once they are mended. Exit status 1 when any failed.
 */
export async function run(args: readonly string[], write: (line: string) => void = console.log): Promise<void> {
  const { options: given } = parseArguments(args, options, []);
  const readers = readersOf(textOf(given.reader));
  const seed = numberIn('--seed', given.seed, 0, 2 ** 31) ?? 1;
  const folder = textOf(given.out) ?? 'out/fuzz';
  const kept = new Map<string, number>();
  const start = Date.now();
  let said = start;
  const summary = await runFuzz({
    seed,
    readers,
    first: numberIn('--first', given.first, 0, 2 ** 31) ?? 0,
    cases: numberIn('--cases', given.cases, 1, 2 ** 31) ?? 20_000,
    seconds: numberIn('--seconds', given.seconds, 1, 1e6) ?? 3600,
    onFailure({ reader, failure, signature, index, bytes }) {
      const key = `${reader} ${failure} ${signature}`;
      kept.set(key, (kept.get(key) ?? 0) + 1);
      if ((kept.get(key) ?? 0) > keptPerSignature) return;
      write(
        `case ${index} of seed ${seed}: ${reader}: ${failure}: ${signature} -> ${save(folder, reader, bytes, failure)}`,
      );
    },
    onProgress(done) {
      if (Date.now() - said < 30_000) return;
      said = Date.now();
      write(`${done} cases in ${Math.round((said - start) / 1000)} s`);
    },
  });
  const seconds = (Date.now() - start) / 1000;
  const { user, system } = process.cpuUsage();
  write(
    `${summary.done} cases (${summary.values} read, the others refused), ${readers.length} readers, seed ${seed}: ` +
      `${summary.failures} failed in ${kept.size} ways; ${seconds.toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of CPU`,
  );
  for (const [key, count] of kept) write(`${String(count).padStart(7)} × ${key}`);
  if (summary.failures > 0) {
    await minimiseFolder(folder, write);
    process.exitCode = 1;
  }
}

function readersOf(list: string | undefined): readonly TargetId[] {
  if (list === undefined) return targetIds;
  return list.split(',').map((name) => {
    const found = targetIds.find((id) => id === name);
    if (found === undefined) throw new CommandError(`--reader must be of ${targetIds.join(', ')}, not ${name}`);
    return found;
  });
}

function save(folder: string, reader: TargetId, bytes: Uint8Array, failure: FailureKind): string {
  mkdirSync(join(folder, reader), { recursive: true });
  const path = join(folder, reader, `${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.${failure}`);
  writeFileSync(path, bytes);
  return path;
}

async function minimiseFolder(folder: string, write: (line: string) => void): Promise<void> {
  for (const reader of targetIds) {
    const own = readdirSync(folder).includes(reader) ? readdirSync(join(folder, reader)) : [];
    for (const name of own.filter((file) => !/\.(small|hang|out-of-memory)$/.test(file))) {
      const small = await minimise(reader, join(folder, reader, name));
      if (small !== null) write(`${reader}/${name}: ${small.before} -> ${small.after} bytes (${small.verdict})`);
    }
  }
}
