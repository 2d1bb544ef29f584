import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Tensor } from 'onnxruntime-common';
import { createNodeSession, type NodeSession } from '../cli/ort-session.ts';
import { matchPair } from '../src/core/matching/match-pair.ts';
import type { Matcher } from '../src/core/matching/matcher.ts';
import { defaultStitchOptions } from '../src/core/options.ts';
import { silentContext } from '../src/core/progress.ts';
import { normaliseForMatching } from '../src/core/raster/normalise.ts';
import { downsample } from '../src/core/raster/resample.ts';
import type { TileReader } from '../src/core/tiles/tile.ts';
import { modelFileFor, openModelBundle, type ModelBundle } from '../src/formats/model-bundle.ts';
import { loftrMatcher } from '../src/matchers/loftr/loftr.ts';
import { markdownTable, writeBetweenMarkers } from './markdown.ts';
import { startChromium, type ChromiumBench } from './match/chromium.ts';
import { root, type Engine, type Times } from './match/engine.ts';
import { startPython, threadsOf, type PythonBaselines } from './match/python-baselines.ts';
import { makeBenchPair, type BenchPair } from './match/strips.ts';

const help = `usage: npm run bench -- match [options]
  --repeats N     runs of every engine on every size, interleaved (default 5, after one that does not count)
  --sizes LIST    network px, height x width (default 152x512,152x1024,256x256)
  --only LIST     parts of the engines' names, e.g. native,SIFT
  --write         write the tables into docs/performance.md
`;
const document = join(root, 'docs', 'performance.md');
const threadCounts = [1, 2] as const;

type Row = Record<string, string | number>;

/** Times of the network beside SIFT and stock LoFTR, and where a pair's time goes. */
export async function run(args: readonly string[]): Promise<readonly Row[]> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      repeats: { type: 'string', default: '5' },
      sizes: { type: 'string', default: '152x512,152x1024,256x256' },
      only: { type: 'string', default: '' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return [];
  }
  const sizes = values.sizes.split(',').map((size) => size.split('x').map(Number));
  const pairs = await Promise.all(sizes.map(([height, width]) => makeBenchPair(height, width)));
  const bundle = await embeddedBundle();
  const { engines, notes, close } = await startEngines(bundle, pairs, values.only.split(',').filter(Boolean));
  try {
    const times = await timesOf(engines, pairs, Number(values.repeats));
    const rows = tableOf(engines, pairs, times);
    const stages = await stagesOf(bundle, pairs, Number(values.repeats));
    process.stdout.write(`${notes.join('\n')}\n`);
    if (values.write) await write(rows, stages, notes, values.repeats, bundle);
    return [...rows, ...stages];
  } finally {
    await close();
  }
}

async function embeddedBundle(): Promise<ModelBundle> {
  const folder = join(root, 'public', 'models', 'loftr-compact');
  return openModelBundle({
    manifestText: await readFile(join(folder, 'manifest.json'), 'utf8'),
    readFile: async (path) => new Uint8Array(await readFile(join(folder, path))),
  });
}

interface Engines {
  readonly engines: readonly Engine[];
  /** What could not be measured, whole sentences. */
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
}

async function startEngines(
  bundle: ModelBundle,
  pairs: readonly BenchPair[],
  only: readonly string[],
): Promise<Engines> {
  const model = await bundle.open(modelFileFor(bundle.manifest, 'processor'));
  const native = [await createNodeSession(model, { threads: 1 }), await createNodeSession(model, { threads: 2 })];
  const matches = await matchesOf(native[0], pairs);
  const python = await startPython();
  const chromium = await startChromium();
  const all: readonly (Engine | null | undefined)[] = [
    ...native.map((session, k) => nodeEngine(`native, ${threadsOf(threadCounts[k])}`, session)),
    nodeEngine('wasm in Node, 1 thread', await createNodeSession(model, { isWasm: true })),
    await chromium?.wasm(1),
    await chromium?.wasm(2),
    await chromium?.webgpu(),
    ...threadCounts.map((threads) => python?.stock(threads, (strips) => matches.get(strips) ?? 0)),
    ...threadCounts.map((threads) => python?.sift(threads)),
  ];
  const engines = all.filter((engine) => engine !== null && engine !== undefined);
  return {
    engines: engines.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part))),
    notes: notesOf(engines, native[0], python, chromium),
    async close() {
      for (const engine of engines) await engine.close();
      await python?.close();
      await chromium?.close();
    },
  };
}

function notesOf(
  engines: readonly Engine[],
  native: NodeSession,
  python: PythonBaselines | null,
  chromium: ChromiumBench | null,
): string[] {
  const notes: string[] = [];
  if (!native.device.includes('node')) notes.push('onnxruntime-node is not installed: "native" is wasm here.');
  if (!python) notes.push('No /usr/bin/python3 with torch and OpenCV here: no baselines.');
  if (!chromium) notes.push('No Chromium here.');
  else if (!engines.some(({ name }) => name.includes('WebGPU')))
    notes.push('WebGPU was not timed: this machine has a software adapter only.');
  return notes;
}

/** How many matches the network finds in each pair: as many as the stock network's fine stage gets to refine. */
async function matchesOf(session: NodeSession, pairs: readonly BenchPair[]) {
  const found = new Map<BenchPair['strips'], number>();
  for (const { strips } of pairs) found.set(strips, (await session.run(feedsOf(strips))).matches.dims[0]);
  return found;
}

function feedsOf({ a, b, width, height }: BenchPair['strips']): Record<string, Tensor> {
  const tensor = (data: Float32Array) => new Tensor('float32', data, [1, 1, height, width]);
  return { image0: tensor(a), image1: tensor(b) };
}

function nodeEngine(name: string, session: NodeSession): Engine {
  return {
    name,
    async run(strips) {
      const feeds = feedsOf(strips);
      const [start, before] = [performance.now(), process.cpuUsage()];
      await session.run(feeds);
      const wallMs = performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      return { wallMs, cpuMs: (user + system) / 1000 };
    },
    close: () => session.release(),
  };
}

/** Times by engine and pair; engines take turns, so that what else runs on the machine hits all alike. */
async function timesOf(engines: readonly Engine[], pairs: readonly BenchPair[], repeats: number) {
  const times = engines.map(() => pairs.map((): Times[] => []));
  for (let repeat = 0; repeat <= repeats; repeat++)
    for (const [p, { strips }] of pairs.entries())
      for (const [e, engine] of engines.entries()) {
        const taken = await engine.run(strips);
        if (repeat > 0) times[e][p].push(taken);
      }
  return times;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((p, q) => p - q);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One row an engine and a pair: median milliseconds, and how many times faster than the baselines with as many threads. */
function tableOf(
  engines: readonly Engine[],
  pairs: readonly BenchPair[],
  times: readonly (readonly (readonly Times[])[])[],
): Row[] {
  return pairs.flatMap(({ name }, p) =>
    engines.map((engine, e) => {
      const threads = /2 threads/.test(engine.name) ? 2 : 1;
      const ratio = (baseline: string, what: keyof Times) => {
        const other = times[engines.findIndex((known) => known.name === `${baseline}, ${threadsOf(threads)}`)]?.[p];
        const ratios = other?.map((taken, k) => (taken[what] ?? NaN) / (times[e][p][k][what] ?? NaN));
        return ratios && !ratios.some(Number.isNaN) ? round(median(ratios)) : '';
      };
      const cpu = times[e][p].flatMap(({ cpuMs }) => (cpuMs === null ? [] : [cpuMs]));
      return {
        strips: name,
        engine: engine.name,
        'wall, ms': round(median(times[e][p].map(({ wallMs }) => wallMs))),
        'processor, ms': cpu.length > 0 ? round(median(cpu)) : '',
        '× stock, wall': ratio('stock LoFTR, PyTorch', 'wallMs'),
        '× stock, processor': ratio('stock LoFTR, PyTorch', 'cpuMs'),
        '× SIFT, wall': ratio('OpenCV SIFT, full resolution', 'wallMs'),
        '× SIFT, processor': ratio('OpenCV SIFT, full resolution', 'cpuMs'),
      };
    }),
  );
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
}

/** Where the time of `matchPair` goes, native with one thread; medians. */
async function stagesOf(bundle: ModelBundle, pairs: readonly BenchPair[], repeats: number): Promise<Row[]> {
  const model = await bundle.open(modelFileFor(bundle.manifest, 'processor'));
  const session = await createNodeSession(model, { threads: 1 });
  const matcher = loftrMatcher(session, bundle.contract, (data, dims) => new Tensor('float32', data, dims));
  const rows: Row[] = [];
  for (const bench of pairs) {
    const runs: { read: number; prepare: number; network: number; verify: number; align: number }[] = [];
    for (let repeat = 0; repeat <= repeats; repeat++) {
      const plain = await timedPair(bench, matcher, false);
      const aligned = await timedPair(bench, matcher, true);
      const prepare = prepareMs(bench);
      const verify = plain.total - plain.read - plain.network - prepare;
      const align = aligned.total - aligned.read - aligned.network - (plain.total - plain.read - plain.network);
      if (repeat > 0) runs.push({ read: plain.read, prepare, network: plain.network, verify, align });
    }
    const stage = (name: keyof (typeof runs)[number]) => round(median(runs.map((times) => times[name])));
    rows.push({
      strips: bench.name,
      'read, ms': stage('read'),
      'reduce and normalise, ms': stage('prepare'),
      'network (native, 1 thread), ms': stage('network'),
      'verify, ms': stage('verify'),
      'align at full resolution, ms': stage('align'),
    });
  }
  await session.release();
  return rows;
}

async function timedPair({ pair, tiles, reader }: BenchPair, matcher: Matcher, align: boolean) {
  const spent = { read: 0, network: 0 };
  const timed = async <T>(what: keyof typeof spent, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work();
    spent[what] += performance.now() - start;
    return result;
  };
  const timedReader: TileReader = { read: (...request) => timed('read', () => reader.read(...request)) };
  const timedMatcher: Matcher = {
    ...matcher,
    match: (...request) => timed('network', () => matcher.match(...request)),
  };
  const steps = { reader: timedReader, matcher: timedMatcher, now: () => performance.now() };
  const start = performance.now();
  const result = await matchPair(pair, ...tiles, steps, { ...defaultStitchOptions.pair, align }, silentContext);
  if (result.kind !== 'link') throw new Error(`the pair of the bench was rejected: ${result.detail}`);
  return { total: performance.now() - start, ...spent };
}

function prepareMs({ strips: { fullA, fullB, width, height } }: BenchPair): number {
  const start = performance.now();
  for (const data of [fullA, fullB])
    normaliseForMatching(downsample({ data, width: 2 * width, height: 2 * height }, 0.5));
  return performance.now() - start;
}

async function write(
  rows: readonly Row[],
  stages: readonly Row[],
  notes: readonly string[],
  repeats: string,
  bundle: ModelBundle,
) {
  const { name, version } = bundle.manifest;
  const processor = cpus()[0].model;
  const about =
    `\`npm run bench -- match --repeats ${repeats}\`, ${new Date().toISOString().slice(0, 10)}, ${name} ${version}, ` +
    `Node ${process.versions.node}, ${processor}, ${cpus().length} cores. ${notes.join(' ')}`;
  const table = (lines: readonly Row[]) =>
    markdownTable(
      Object.keys(lines[0]),
      lines.map((line) => Object.values(line)),
    );
  await writeBetweenMarkers(document, 'engines', `${about}\n\n${table(rows)}`);
  await writeBetweenMarkers(document, 'stages', table(stages));
}
