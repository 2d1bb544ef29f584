import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A browser whose processes together get so much memory and no more: the system ends the one that asks for more. */
export interface LimitedBrowser {
  /** Starts the browser inside the limit, with the arguments of the browser. */
  readonly executable: string;
  /** Anonymous memory of all its processes now, MB: what the system cannot take back. */
  readonly megabytes: () => number;
  /** The most that was taken at once, files that the system keeps in memory included, MB. */
  readonly peakMegabytes: () => number;
  /** Processes that were ended for want of memory. */
  readonly ended: () => number;
  readonly remove: () => void;
}

const [v1Root, v2Root] = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'];

/**
 * Limits a browser by a control group of Linux; root is needed.
 * @throws Error where there are no control groups for memory
 */
export function limitedBrowser(chromium: string, gigabytes: number): LimitedBrowser {
  const isV1 = existsSync(join(v1Root, 'memory.limit_in_bytes'));
  const root = isV1 ? v1Root : v2Root;
  if (!isV1 && !existsSync(join(root, 'cgroup.controllers'))) throw new Error('there are no control groups for memory');
  const group = join(root, `em-stitch-soak-${process.pid}`);
  mkdirSync(group);
  const limit = String(Math.round(gigabytes * 2 ** 30));
  writeFileSync(join(group, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), limit);
  // Without more room on the disk: a machine with 4 GB that swaps is of no use.
  const swap = join(group, isV1 ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max');
  if (existsSync(swap)) writeFileSync(swap, isV1 ? limit : '0');
  const folder = mkdtempSync(join(tmpdir(), 'em-stitch-limited-'));
  const executable = join(folder, 'chromium');
  writeFileSync(executable, `#!/bin/sh\necho $$ > ${join(group, 'cgroup.procs')}\nexec ${chromium} "$@"\n`);
  chmodSync(executable, 0o755);
  const read = (name: string) => readFileSync(join(group, name), 'utf8');
  const field = (text: string, name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const mega = (bytes: number) => Math.round(bytes / 2 ** 20);
  return {
    executable,
    megabytes: () => mega(field(read('memory.stat'), isV1 ? 'total_rss' : 'anon')),
    peakMegabytes: () => mega(Number(read(isV1 ? 'memory.max_usage_in_bytes' : 'memory.peak'))),
    ended: () => field(read(isV1 ? 'memory.oom_control' : 'memory.events'), 'oom_kill'),
    remove: () => rmdirSync(group),
  };
}

/** Has the workers of a built app believe that the device has so much memory, as browsers tell it. */
export function tellMemory(dist: string, gigabytes: number): void {
  const told = `Object.defineProperty(navigator, 'deviceMemory', { get: () => ${gigabytes} });\n`;
  writeFileSync(join(dist, 'told-memory.js'), told);
  const assets = join(dist, 'assets');
  for (const name of readdirSync(assets).filter((file) => /\.worker-.*\.js$/.test(file))) {
    const path = join(assets, name);
    writeFileSync(path, `import '../told-memory.js';\n${readFileSync(path, 'utf8')}`);
  }
}
