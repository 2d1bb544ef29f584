/** One lane of the fuzzer: makes and judges the cases from `first` on, and says what it finds. */
import { parentPort, workerData } from 'node:worker_threads';
import { installAllocationMeter } from './allocation-meter.ts';
import type { FuzzReport, FuzzTask } from './fuzz-messages.ts';
import { currentBytes, currentIndex, currentLength, currentReader } from './fuzz-messages.ts';

const task = workerData as FuzzTask;
const meter = installAllocationMeter();
// After the meter: what is loaded now sees its constructors.
const { drawsOf } = await import('./draw.ts');
const { havoc, maxCaseBytes } = await import('./havoc.ts');
const { judge } = await import('./judge.ts');
const { inspectAll, targets } = await import('./targets.ts');

const state = new Int32Array(task.shared);
const started = new Float64Array(task.shared, 16, 2);
const held = new Uint8Array(task.shared, currentBytes);
const pools = new Map(task.readers.map((id) => [id, [] as Uint8Array[]]));
const seen = new Map(task.readers.map((id) => [id, new Set<string>()]));
const maxPool = 400;
let done = 0;
let values = 0;

process.on('unhandledRejection', (error) =>
  say({ kind: 'failure', failure: 'unhandled', signature: String(error), ...now() }),
);

function say(report: FuzzReport): void {
  parentPort?.postMessage(report);
}

function now() {
  const reader = task.readers[Atomics.load(state, currentReader)];
  return { reader, index: Atomics.load(state, currentIndex), bytes: held.slice(0, Atomics.load(state, currentLength)) };
}

for (let index = task.first; index < task.end; index++) {
  const k = index % task.readers.length;
  const reader = task.readers[k];
  const target = targets[reader];
  const draw = drawsOf(task.seed, index);
  const pool = pools.get(reader) ?? [];
  const base = pool.length > 0 && draw.chance(0.45) ? draw.pick(pool) : target.generate(draw);
  const other = pool.length > 0 ? draw.pick(pool) : base;
  const made = draw.chance(0.45) ? havoc(draw, base, { other, words: target.words }) : base;
  const bytes = made.length > maxCaseBytes ? made.subarray(0, maxCaseBytes) : made;
  held.set(bytes);
  Atomics.store(state, currentReader, k);
  Atomics.store(state, currentLength, bytes.length);
  const { user, system } = process.cpuUsage();
  started[0] = user + system;
  started[1] = Date.now();
  Atomics.store(state, currentIndex, index);
  const { failure, signature } = await judge(reader, held.slice(0, bytes.length), meter);
  if (failure !== null) say({ kind: 'failure', failure, signature, reader, index, bytes: held.slice(0, bytes.length) });
  else remember(reader, signature, held.slice(0, bytes.length));
  if (signature.startsWith('value')) values++;
  if (draw.chance(0.002)) await drop(reader, index);
  if (++done % 500 === 0) {
    await new Promise((resolve) => setImmediate(resolve)); // unhandled rejections are heard here
    say({ kind: 'progress', next: index + 1, done, values });
    done = 0;
    values = 0;
  }
}
say({ kind: 'progress', next: task.end, done, values });
say({
  kind: 'end',
  corpus: task.readers.flatMap((reader) => (pools.get(reader) ?? []).map((bytes) => ({ reader, bytes }))),
});

/** Keeps inputs that took a new way, to be mutated further. */
function remember(reader: (typeof task.readers)[number], signature: string, bytes: Uint8Array): void {
  const known = seen.get(reader);
  const pool = pools.get(reader);
  if (known === undefined || pool === undefined || known.has(signature) || pool.length >= maxPool) return;
  known.add(signature);
  pool.push(bytes);
}

/** A folder in which two files are broken: the rest stays usable. */
async function drop(reader: (typeof task.readers)[number], index: number): Promise<void> {
  const bytes = held.slice(0, Atomics.load(state, currentLength));
  const { file } = targets[reader];
  try {
    await inspectAll([
      { name: file, bytes },
      { name: `b/${file}`, bytes: bytes.slice(1) },
      { name: 'c/stack.mrc', bytes },
    ]);
  } catch (error) {
    const signature = `inspectFiles: ${String(error)}`;
    say({ kind: 'failure', failure: 'exception', signature, reader, index, bytes });
  }
}
