/**
 * Keeps the app for use without a network: the page at its first visit, then, when a page asks, the network's graphs
 * and WebAssembly. Every file is held to the SHA-256 of the build; a build has a cache of its own, and takes from the
 * one before what has not changed. No other origin is ever asked.
 */
import type { OfflineBuild, OfflineFile } from '../src/formats/offline-build.ts';
import type { OfflineNews, OfflineRequest } from './protocol.ts';

const worker = self as unknown as ServiceWorkerGlobalScope & { readonly offlineBuild: OfflineBuild };
const { version, files } = worker.offlineBuild;

const cachePrefix = 'em-stitch-app-';
const cacheName = `${cachePrefix}${version}`;
/** Names the content of a kept response, so that the next build can take it over. */
const hashHeader = 'X-Content-Sha256';
/** Kept pages are isolated (threads) whatever the host says. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
/** News are sent at most this often, ms. */
const newsPeriodMs = 150;
/** Files that are fetched at a time. */
const lanes = 4;

const urlOf = ({ path }: OfflineFile): string => new URL(path, worker.registration.scope).href;
const fileOf = new Map(files.map((file) => [urlOf(file), file]));
const page = files.find(({ path }) => path === 'index.html');

/** Bytes that have arrived of files that are being fetched, and the fetches. */
const arrived = new Map<string, number>();
const fetching = new Map<string, Promise<void>>();

worker.addEventListener('install', (event) => {
  event.waitUntil(keepAll(files.filter(({ need }) => need === 'start')).then(takeOverOld));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(worker.clients.claim().then(removeOld));
});

worker.addEventListener('message', (event) => {
  const request = event.data as OfflineRequest;
  if (request.kind === 'take-over') event.waitUntil(worker.skipWaiting());
  else event.waitUntil(keep(request.hasGpu));
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  const isPage =
    request.mode === 'navigate' &&
    (url.href.split(/[?#]/)[0] === worker.registration.scope || url.pathname.endsWith('/index.html'));
  const file = isPage ? page : fileOf.get(request.url);
  if (file) event.respondWith(answer(file, request));
  // A page of the version before may ask for its own files.
  else if (url.href.startsWith(`${worker.registration.scope}assets/`))
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});

/** From the cache; else from the network, and kept. */
async function answer(file: OfflineFile, request: Request): Promise<Response> {
  // One that fails is fetched again below.
  await fetching.get(file.path)?.catch(() => undefined);
  const cache = await caches.open(cacheName);
  const kept = await cache.match(urlOf(file));
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) void store(file, response.clone()).catch(() => undefined); // it is asked for again
  return response;
}

/** Keeps what the device needs and tells the pages how far it is. */
async function keep(hasGpu: boolean): Promise<void> {
  await worker.clients.claim();
  await removeOld();
  const wanted = files.filter(({ need }) => need !== 'gpu' || hasGpu);
  const totalBytes = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  const there = await keptPaths();
  for (const { path, bytes } of wanted) if (there.has(path)) arrived.set(path, bytes);
  const doneBytes = () => wanted.reduce((sum, { path, bytes }) => sum + Math.min(bytes, arrived.get(path) ?? 0), 0);
  // All bytes may be there before all files are kept.
  const tellProgress = () =>
    tell({ kind: 'offline', doneBytes: Math.min(doneBytes(), totalBytes - 1), totalBytes, failure: null });
  tellProgress();
  const timer = setInterval(tellProgress, newsPeriodMs);
  try {
    await keepAll(wanted.filter(({ path }) => !there.has(path)));
    tell({ kind: 'offline', doneBytes: totalBytes, totalBytes, failure: null });
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    tell({ kind: 'offline', doneBytes: doneBytes(), totalBytes, failure });
  } finally {
    clearInterval(timer);
  }
}

async function keepAll(wanted: readonly OfflineFile[]): Promise<void> {
  const queue = [...wanted];
  const lane = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) await keepFile(file);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Fetches a file once, however many ask for it. */
function keepFile(file: OfflineFile): Promise<void> {
  const running = fetching.get(file.path);
  if (running) return running;
  const started = fetchAndStore(file).finally(() => fetching.delete(file.path));
  fetching.set(file.path, started);
  return started;
}

async function fetchAndStore(file: OfflineFile): Promise<void> {
  const old = await oldCopy(file);
  if (old) {
    await (await caches.open(cacheName)).put(urlOf(file), old);
    arrived.set(file.path, file.bytes);
    return;
  }
  try {
    // The names of assets tell their content: the page has just put them into the browser's own cache.
    await store(file, await fetch(urlOf(file), { cache: file.path.startsWith('assets/') ? 'default' : 'no-cache' }));
  } catch {
    // What another cache on the way kept of another build.
    await store(file, await fetch(urlOf(file), { cache: 'reload' }));
  }
}

/** Puts a response into the cache when it is the file of this build. */
async function store(file: OfflineFile, response: Response): Promise<void> {
  if (!response.ok || response.body === null) throw new Error(`${file.path} cannot be had (status ${response.status})`);
  const blob = await readCounted(file, response.body);
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (sha256 !== file.sha256) throw new Error(`${file.path} is not the file of this version`);
  const headers = new Headers(response.headers);
  // The body is decoded already.
  for (const name of ['Content-Encoding', 'Content-Length', 'Transfer-Encoding']) headers.delete(name);
  for (const [name, value] of Object.entries(isolation)) headers.set(name, value);
  headers.set(hashHeader, sha256);
  await (await caches.open(cacheName)).put(urlOf(file), new Response(blob, { headers }));
}

async function readCounted(file: OfflineFile, body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    bytes += part.value.length;
    arrived.set(file.path, bytes);
  }
  return new Blob(parts);
}

async function keptPaths(): Promise<ReadonlySet<string>> {
  const requests = await (await caches.open(cacheName)).keys();
  return new Set(requests.flatMap(({ url }) => fileOf.get(url)?.path ?? []));
}

/** The same content under the same name in the cache of another build. */
async function oldCopy(file: OfflineFile): Promise<Response | null> {
  for (const name of await oldCaches()) {
    const found = await (await caches.open(name)).match(urlOf(file));
    if (found?.headers.get(hashHeader) === file.sha256) return found;
  }
  return null;
}

/** Takes over what the old build kept of the large files, so that who was ready for offline use stays it. */
async function takeOverOld(): Promise<void> {
  for (const file of files) {
    if (file.need === 'start') continue;
    const old = await oldCopy(file);
    if (old) await (await caches.open(cacheName)).put(urlOf(file), old);
  }
}

async function oldCaches(): Promise<readonly string[]> {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(cachePrefix) && name !== cacheName);
}

/** Removes the caches of other builds, unless another tab may still run one of them, or a newer build waits with its own. */
async function removeOld(): Promise<void> {
  const { installing, waiting } = worker.registration;
  if (installing || waiting) return;
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (pages.length > 1) return;
  await Promise.all((await oldCaches()).map((name) => caches.delete(name)));
}

function tell(news: OfflineNews): void {
  void worker.clients.matchAll({ type: 'window' }).then((pages) => {
    for (const client of pages) client.postMessage(news);
  });
}
