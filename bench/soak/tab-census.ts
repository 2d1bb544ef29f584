import { readdir } from 'node:fs/promises';
import type { CDPSession } from 'playwright';
import { browserMemory } from '../browser-memory.ts';
import type { AppTab } from '../built-app.ts';

/** What a tab holds once its garbage is collected. */
export interface TabCensus {
  /** Objects, arrays, functions and strings of the page: what the app itself can hold on to, MB. */
  readonly pageObjects: number;
  /** Heap of the page's script, MB: compiled code is in it, of which the browser makes more the longer a page is used. */
  readonly pageHeap: number;
  /** Script memory of the page and all its workers as the browser measures it, MB. */
  readonly allHeaps: number;
  /** Resident memory of the tab's process, MB. */
  readonly tab: number;
  /** Resident memory of the browser's own process, MB. */
  readonly browser: number;
  readonly workers: number;
  readonly domNodes: number;
  readonly eventListeners: number;
  /** Made and not yet revoked. */
  readonly objectUrls: number;
  /** Files in the origin's private file system. */
  readonly privateFiles: number;
  /** Open file handles of the tab's process and of the browser's. */
  readonly handles: number;
}

/** Flags that let a page collect garbage and measure the memory of its workers at once. */
export const censusFlags = [
  '--js-flags=--expose-gc',
  '--enable-blink-features=ForceEagerMeasureMemory',
  '--enable-precise-memory-info',
] as const;

/** A download's address is kept for ten minutes, in case the browser reads it late; here for so many ms. */
const shortenedMs = 2000;

/** Counts object URLs from the next page on, and lets those of downloads go sooner. */
export async function countObjectUrls({ page }: AppTab): Promise<void> {
  await page.addInitScript((short) => {
    let count = 0;
    const create = URL.createObjectURL.bind(URL);
    const revoke = URL.revokeObjectURL.bind(URL);
    const later = window.setTimeout.bind(window);
    URL.createObjectURL = (source) => {
      count++;
      return create(source);
    };
    URL.revokeObjectURL = (url) => {
      count--;
      revoke(url);
    };
    const isLong = (ms = 0) => ms > 300_000;
    const sooner = (run: () => void, ms?: number) => later(run, isLong(ms) ? short : ms);
    Object.assign(window, { setTimeout: sooner, objectUrlCount: () => count });
  }, shortenedMs);
}

/** Collects the garbage of the page and its workers and counts what is left. */
export async function censusOf({ page, profile }: AppTab, session: CDPSession): Promise<TabCensus> {
  await page.waitForTimeout(2 * shortenedMs);
  for (let k = 0; k < 2; k++) {
    await session.send('HeapProfiler.collectGarbage');
    for (const worker of page.workers()) await worker.evaluate(() => (globalThis as unknown as { gc(): void }).gc());
  }
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((each) => each.name === name)?.value ?? NaN;
  const inPage = await page.evaluate(async () => {
    interface Measured {
      measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
    }
    const { bytes } = await (performance as unknown as Measured).measureUserAgentSpecificMemory();
    const count = async (folder: FileSystemDirectoryHandle): Promise<number> => {
      let files = 0;
      const entries = (folder as FileSystemDirectoryHandle & { values(): AsyncIterable<FileSystemHandle> }).values();
      for await (const entry of entries) files += entry.kind === 'file' ? 1 : await count(entry);
      return files;
    };
    const privateFiles = await count(await navigator.storage.getDirectory());
    return { bytes, privateFiles, objectUrls: (window as unknown as { objectUrlCount(): number }).objectUrlCount() };
  });
  const { tab, browser } = await browserMemory(profile);
  return {
    pageObjects: await objectMegabytes(session),
    pageHeap: tenths(metric('JSHeapUsedSize') / 1e6),
    allHeaps: tenths(inPage.bytes / 1e6),
    tab: tab.resident,
    browser: browser.resident,
    workers: page.workers().length,
    domNodes: metric('Nodes'),
    eventListeners: metric('JSEventListeners'),
    objectUrls: inPage.objectUrls,
    privateFiles: inPage.privateFiles,
    handles: (await openHandles(tab.pid)) + (await openHandles(browser.pid)),
  };
}

/** What a heap snapshot is made of; V8's own format. */
interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly unknown[] };
  };
  readonly nodes: readonly number[];
}

/** Kinds of nodes that are values of the script, not code, shapes or the browser's own records of its timing. */
const valueKinds = new Set(['object', 'array', 'closure', 'string', 'concatenated string', 'sliced string', 'number']);

async function objectMegabytes(session: CDPSession): Promise<number> {
  const chunks: string[] = [];
  const collect = ({ chunk }: { readonly chunk: string }) => void chunks.push(chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', collect);
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  session.off('HeapProfiler.addHeapSnapshotChunk', collect);
  const { snapshot, nodes } = JSON.parse(chunks.join('')) as HeapSnapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [kind, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const kinds = types[kind] as readonly string[];
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length)
    if (valueKinds.has(kinds[nodes[at + kind]])) bytes += nodes[at + size];
  return Math.round(bytes / 1e4) / 100;
}

/** How many file handles a process has open. */
export async function openHandles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
