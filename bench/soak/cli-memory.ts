import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { openHandles } from './tab-census.ts';

/** Memory and handles of a process at a moment. */
export interface ProcessSample {
  readonly second: number;
  readonly megabytes: number;
  readonly handles: number;
}

/** What a run of the command line used. */
export interface CliMemory {
  readonly samples: readonly ProcessSample[];
  readonly peakMegabytes: number;
  readonly mostHandles: number;
  readonly seconds: number;
  readonly said: string;
}

const samplePeriodMs = 1000;

/**
 * Runs the command line in a process of its own and looks at it every second.
 * @throws Error with its last words when it fails.
 */
export async function watchedCli(args: readonly string[]): Promise<CliMemory> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString('utf8')).slice(-20_000)));
  const samples: ProcessSample[] = [];
  let peakMegabytes = 0;
  const look = async (pid: number) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const number = (key: string) => Math.round(Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024);
    peakMegabytes = Math.max(peakMegabytes, number('VmHWM') || 0);
    const second = Math.round((performance.now() - startedAt) / 1000);
    const sample = { second, megabytes: number('VmRSS'), handles: await openHandles(pid) };
    // A process that is ending has let its memory go, and says so of none.
    if (Number.isFinite(sample.megabytes)) samples.push(sample);
  };
  // A process that has just ended has nothing to look at.
  const timer = setInterval(() => child.pid && void look(child.pid).catch(() => undefined), samplePeriodMs);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearInterval(timer);
  if (status !== 0) throw new Error(`the command line failed: ${said.slice(-500)}`);
  const mostHandles = samples.reduce((most, { handles }) => Math.max(most, handles), 0);
  return { samples, peakMegabytes, mostHandles, seconds: Math.round((performance.now() - startedAt) / 1000), said };
}
