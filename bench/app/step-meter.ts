import { readFile } from 'node:fs/promises';
import type { CDPSession } from 'playwright';
import { browserMemory } from '../browser-memory.ts';
import type { AppTab } from '../built-app.ts';

/** What one step of the app cost. */
export interface StepRow {
  readonly step: string;
  readonly seconds: number;
  /** Processor time of the tab: its page and all workers, s. */
  readonly tabCpuSeconds: number;
  /** Processor time of the page's main thread, s: while it is busy the page does not answer. */
  readonly pageCpuSeconds: number;
  /** Heap of the page's script after the step, garbage included, MB. */
  readonly heapMegabytes: number;
  /** Resident memory of the tab after the step, and the largest so far, MB. */
  readonly tabMegabytes: number;
  readonly peakMegabytes: number;
}

/** Ticks of the kernel's clock a second, as /proc counts processor time on Linux. */
const ticksPerSecond = 100;

/** Times steps of the app, one after the other. */
export async function stepMeter({ context, page, profile }: AppTab, write: (line: string) => void) {
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const rows: StepRow[] = [];
  return {
    rows,
    session,
    step: async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const before = await counters(session, profile);
      const result = await work();
      const after = await counters(session, profile);
      const row: StepRow = {
        step: name,
        seconds: rounded(after.second - before.second),
        tabCpuSeconds: rounded(after.tabCpu - before.tabCpu),
        pageCpuSeconds: rounded(after.pageCpu - before.pageCpu),
        heapMegabytes: Math.round(after.heap / 1e6),
        tabMegabytes: after.resident,
        peakMegabytes: after.peak,
      };
      rows.push(row);
      write(JSON.stringify(row));
      return result;
    },
  };
}

async function counters(session: CDPSession, profile: string) {
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((each) => each.name === name)?.value ?? NaN;
  const { tab } = await browserMemory(profile);
  return {
    second: performance.now() / 1000,
    pageCpu: metric('TaskDuration'),
    heap: metric('JSHeapUsedSize'),
    tabCpu: await cpuSeconds(tab.pid),
    resident: tab.resident,
    peak: tab.peak,
  };
}

/** User and system time of all threads of a process. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
