import { readdir, readFile } from 'node:fs/promises';

/** Memory of a process, MB. */
export interface ProcessMemory {
  readonly pid: number;
  /** Resident now. */
  readonly resident: number;
  /** Largest resident since it began. */
  readonly peak: number;
}

/** Memory of a browser. */
export interface BrowserMemory {
  /** Its own process, which holds what pages store and the bytes of their blobs. */
  readonly browser: ProcessMemory;
  /** The tab with the app: its page and all its workers. */
  readonly tab: ProcessMemory;
}

/** Memory of the browser with this profile and of the largest of its tabs, read from /proc. */
export async function browserMemory(profile: string): Promise<BrowserMemory> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const known = (await Promise.all(names.map((pid) => processOf(Number(pid))))).filter((each) => each !== null);
  const browser = known.find(({ command }) => command.includes(profile) && !command.includes('--type='));
  if (!browser) throw new Error(`no browser runs with the profile ${profile}`);
  const parents = new Map(known.map(({ pid, parent }) => [pid, parent]));
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === browser.pid || isOurs(parents.get(pid)));
  const tabs = known.filter(({ pid, command }) => command.includes('--type=renderer') && isOurs(pid));
  const tab = tabs.reduce((most, each) => (each.peak > most.peak ? each : most), tabs[0] ?? browser);
  return { browser, tab };
}

interface RunningProcess extends ProcessMemory {
  readonly parent: number;
  readonly command: string;
}

async function processOf(pid: number): Promise<RunningProcess | null> {
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const number = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN);
    const [resident, peak] = [Math.round(number('VmRSS') / 1024), Math.round(number('VmHWM') / 1024)];
    return { pid, parent: number('PPid'), command, resident, peak };
  } catch (error) {
    // A process may end between its name and its numbers.
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

/** A measurement of the memory over time. */
export interface MemorySample {
  /** Seconds since the watch began. */
  readonly second: number;
  readonly tab: number;
  readonly browser: number;
}

/** Reads the memory of a browser every so often, until it is stopped. */
export function watchMemory(profile: string, periodMs: number) {
  const startedAt = performance.now();
  const samples: MemorySample[] = [];
  const read = async () => {
    const { tab, browser } = await browserMemory(profile);
    const second = Math.round((performance.now() - startedAt) / 1000);
    samples.push({ second, tab: tab.resident, browser: browser.resident });
  };
  // A browser that is closing has no memory to tell of.
  const timer = setInterval(() => void read().catch(() => undefined), periodMs);
  return {
    samples,
    stop() {
      clearInterval(timer);
      return samples;
    },
  };
}
