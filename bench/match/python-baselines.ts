import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Engine, StripTensors, Times } from './engine.ts';

/** OpenCV's SIFT and the stock LoFTR in PyTorch, in one Python process that waits for orders. */
export interface PythonBaselines {
  readonly sift: (threads: number) => Engine;
  /** `matches` is how many matches its fine stage refines. */
  readonly stock: (threads: number, matches: (strips: StripTensors) => number) => Engine;
  readonly close: () => Promise<void>;
}

/** Starts the process; null where Python or one of its packages is absent. */
export async function startPython(): Promise<PythonBaselines | null> {
  const script = fileURLToPath(new URL('baselines.py', import.meta.url));
  const process = spawn('/usr/bin/python3', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  process.on('error', () => undefined); // absent: the lines end at once
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).done) return null;
  const folder = await mkdtemp(join(tmpdir(), 'match-bench-'));
  const paths = new Map<StripTensors, { readonly a: string; readonly b: string }>();

  const filesOf = async (strips: StripTensors) => {
    const known = paths.get(strips);
    if (known) return known;
    const files = { a: join(folder, `${paths.size}-a`), b: join(folder, `${paths.size}-b`) };
    await writeFile(files.a, strips.fullA);
    await writeFile(files.b, strips.fullB);
    paths.set(strips, files);
    return files;
  };
  const order = async (what: string, threads: number, strips: StripTensors, matches: number): Promise<Times> => {
    const { width, height } = strips;
    const files = await filesOf(strips);
    process.stdin.write(`${JSON.stringify({ what, threads, width, height, ...files, matches })}\n`);
    const answer = await lines.next();
    if (answer.done) throw new Error(`the Python baselines died of ${what}`);
    return JSON.parse(answer.value) as Times;
  };
  const close = () => Promise.resolve();
  return {
    sift: (threads) => ({
      name: `OpenCV SIFT, full resolution, ${threadsOf(threads)}`,
      run: (strips) => order('sift', threads, strips, 0),
      close,
    }),
    stock: (threads, matches) => ({
      name: `stock LoFTR, PyTorch, ${threadsOf(threads)}`,
      run: (strips) => order('stock', threads, strips, matches(strips)),
      close,
    }),
    async close() {
      process.stdin.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `1 thread`, `2 threads`. */
export function threadsOf(count: number): string {
  return `${count} thread${count === 1 ? '' : 's'}`;
}
