/**
 * Runs in the browser, before anything else, in the page and in each of its workers: has every call to the platform ask a
 * plan first, by replacing the platform's functions as a faulty disk or device would. The app knows nothing of it.
 * The file is handed over as text (see doors-script.ts): it may import types alone.
 */
import type { FaultPoint } from '../../../src/core/testing/fault-plan.ts';
import type { BrowserDoor, BrowserFault } from './browser-faults.ts';

/** A file that the app handed out. */
export interface SavedFile {
  readonly name: string;
  readonly size: number;
  /** FNV-1a of 64 bits. */
  readonly hash: string;
  /** Texts as they are; null for pictures. */
  readonly text: string | null;
}

/** What a thread tells of its doors. */
export interface FaultDoors {
  readonly thread: string;
  /** Calls so far by door, with the thread's name. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Fails another call from now on, counted from now on; null for none. */
  readonly arm: (point: FaultPoint<BrowserFault> | null) => void;
  readonly hasStruck: () => boolean;
  /** Errors that nobody waited for. */
  readonly unhandled: readonly string[];
  /** Pairs whose matching has ended. */
  readonly matched: () => number;
  /** What was handed out since the last question; files that cannot be read any more have the size -1. */
  readonly takeSaved: () => Promise<readonly SavedFile[]>;
  /** The files in a folder of the private file system. */
  readonly filesIn: (folder: string) => Promise<readonly SavedFile[]>;
}

type Point = FaultPoint<BrowserFault>;
type Method = (this: unknown, ...args: never[]) => unknown;
type Meet = (door: BrowserDoor) => BrowserFault | null;

const never = new Promise<never>(() => undefined);

/** Messages and names as Chromium has them. */
const errorsAt: Partial<Record<BrowserDoor, readonly [string, string]>> = {
  'indexedDB.open': ['UnknownError', 'Internal error opening backing store for indexedDB.open.'],
  'idb.transaction': ['InvalidStateError', 'The database connection is closing.'],
  'idb.write': ['QuotaExceededError', 'The transaction was aborted because the quota is exceeded.'],
  'locks.request': ['SecurityError', 'Access to the Locks API is denied in this context.'],
  'drop.handle': ['NotAllowedError', 'The request is not allowed by the user agent.'],
  'drop.entries': ['NotReadableError', 'The requested file could not be read.'],
  'drop.file': ['NotFoundError', 'A requested file or directory could not be found.'],
  'blob.read': [
    'NotReadableError',
    'The requested file could not be read, typically due to permission problems that have occurred after a reference to a file was acquired.',
  ],
  'opfs.folder': ['SecurityError', 'Storage directory access is denied.'],
  'opfs.open': [
    'NoModificationAllowedError',
    'Access Handles cannot be created if there is another open Access Handle.',
  ],
  'opfs.file': ['NotFoundError', 'A requested file or directory could not be found.'],
  bitmap: ['InvalidStateError', 'The source image could not be decoded.'],
  fetch: ['TypeError', 'Failed to fetch'],
  'wasm.start': ['CompileError', 'WebAssembly.instantiate(): expected magic word'],
  'gpu.buffer': ['RangeError', 'createBuffer failed, size is too large for the implementation.'],
  'gpu.map': ['OperationError', 'Device lost.'],
};
const outOfSpace = [
  'QuotaExceededError',
  'The operation failed because it would cause the application to exceed its storage quota.',
] as const;

function errorOf(door: BrowserDoor, kind: BrowserFault): Error {
  if (kind === 'out-of-memory') return new RangeError('Array buffer allocation failed');
  if (kind === 'trap') return new WebAssembly.RuntimeError('memory access out of bounds');
  const isSpace = /^(opfs\.(write|truncate|flush|size|remove)|writable)/.test(door);
  const [name, message] =
    errorsAt[door] ?? (isSpace ? outOfSpace : (['OperationError', 'The operation failed.'] as const));
  return name === 'TypeError' ? new TypeError(message) : new DOMException(message, name);
}

/** Fails what is left of a call that `kind` has struck; null when the call is to be made after all. */
function failed(door: BrowserDoor, kind: BrowserFault): Promise<never> {
  return kind === 'hang' || kind === 'silent' ? never : Promise.reject(errorOf(door, kind));
}

/** Replaces `owner[name]`, where there is one, by what `wrap` makes of it. */
function replace(owner: object | undefined, name: string, wrap: (real: Method) => Method): void {
  const real: unknown = owner && Reflect.get(owner, name);
  if (!owner || typeof real !== 'function') return;
  Object.defineProperty(owner, name, { value: wrap(real as Method), configurable: true, writable: true });
}

/** A call that answers with a promise. */
function asking(door: BrowserDoor, meet: Meet, owner: object | undefined, name: string): void {
  replace(
    owner,
    name,
    (real) =>
      function (...args) {
        const kind = meet(door);
        return kind ? failed(door, kind) : real.apply(this, args);
      },
  );
}

/** A call that answers at once. */
function calling(
  door: BrowserDoor,
  meet: Meet,
  owner: object | undefined,
  name: string,
  otherwise?: (kind: BrowserFault, args: readonly unknown[]) => unknown,
): void {
  replace(
    owner,
    name,
    (real) =>
      function (...args) {
        const kind = meet(door);
        if (!kind) return real.apply(this, args);
        const answer = otherwise?.(kind, args);
        if (answer !== undefined) return answer;
        throw errorOf(door, kind);
      },
  );
}

const typeOf = (name: string): object | undefined =>
  (globalThis as unknown as Record<string, { prototype?: object } | undefined>)[name]?.prototype;

/** What a thread is told when it starts, as the page hands it to its workers. */
interface Start {
  readonly thread: string;
  readonly point: Point | null;
  /** A software adapter of WebGPU passes for a graphics device. */
  readonly hasGpu: boolean;
}

export function installBrowserDoors(start: Start): void {
  const { thread, hasGpu } = start;
  let point = start.point;
  let struck = false;
  const calls = new Map<string, number>();
  const unhandled: string[] = [];
  const isPage = typeof document !== 'undefined';
  const strikes = new BroadcastChannel('fault-doors');
  if (isPage)
    strikes.onmessage = ({ data }) => {
      struck ||= data === JSON.stringify(point);
    };

  const meet: Meet = (name) => {
    const door = `${thread}: ${name}`;
    const call = calls.get(door) ?? 0;
    calls.set(door, call + 1);
    if (point?.door !== door) return null;
    if (struck) return point.kind === 'lasts' || point.kind === 'trap' ? point.kind : null;
    struck = point.call === call;
    // The page is told: a worker that was struck may be gone when it is asked.
    if (struck && !isPage) strikes.postMessage(JSON.stringify(point));
    return struck ? point.kind : null;
  };

  addEventListener('unhandledrejection', (event) => {
    // Those who listen after us may have heard it.
    setTimeout(() => {
      if (!event.defaultPrevented) unhandled.push(String(event.reason));
    });
  });

  doorsOfEveryThread(meet);
  const page = isPage
    ? doorsOfThePage(
        meet,
        () => ({ point, hasGpu }),
        () => struck,
      )
    : null;
  if (!isPage) doorsOfWorkers(meet);
  if (hasGpu) passForHardware();

  const doors: FaultDoors = {
    thread,
    counts: () => Object.fromEntries(calls),
    arm(next) {
      point = next;
      struck = false;
      calls.clear();
    },
    hasStruck: () => struck,
    unhandled,
    matched: () => page?.matched() ?? 0,
    takeSaved: () => page?.takeSaved() ?? Promise.resolve([]),
    filesIn: (folder) => page?.filesIn(folder) ?? Promise.resolve([]),
  };
  Object.assign(globalThis, { faultDoors: doors });
}

function doorsOfEveryThread(meet: Meet): void {
  asking('blob.read', meet, typeOf('Blob'), 'arrayBuffer');
  asking('digest', meet, typeOf('SubtleCrypto'), 'digest');
  asking('storage.persist', meet, typeOf('StorageManager'), 'persist');
  asking('opfs.folder', meet, typeOf('StorageManager'), 'getDirectory');
  asking('opfs.entry', meet, typeOf('FileSystemDirectoryHandle'), 'getFileHandle');
  asking('opfs.remove', meet, typeOf('FileSystemDirectoryHandle'), 'removeEntry');
  asking('opfs.file', meet, typeOf('FileSystemFileHandle'), 'getFile');
  asking('writable.open', meet, typeOf('FileSystemFileHandle'), 'createWritable');
  const stream = typeOf('FileSystemWritableFileStream');
  for (const name of ['write', 'truncate'] as const) asking(`writable.${name}`, meet, stream, name);
  for (const name of ['close', 'abort'] as const) asking(`writable.${name}`, meet, typeOf('WritableStream'), name);
}

function doorsOfWorkers(meet: Meet): void {
  asking('bitmap', meet, globalThis, 'createImageBitmap');
  asking('opfs.open', meet, typeOf('FileSystemFileHandle'), 'createSyncAccessHandle');
  const access = typeOf('FileSystemSyncAccessHandle');
  calling('opfs.write', meet, access, 'write', (kind, [bytes]) => {
    const { byteLength } = bytes as ArrayBufferView;
    const counts: Partial<Record<BrowserFault, number>> = {
      short: byteLength >> 1,
      nothing: 0,
      negative: byteLength - 2 ** 32,
    };
    return counts[kind];
  });
  calling('opfs.truncate', meet, access, 'truncate');
  calling('opfs.flush', meet, access, 'flush');
  calling('opfs.size', meet, access, 'getSize', (kind) => (kind === 'short' ? 0 : undefined));
  replace(
    globalThis,
    'fetch',
    (real) =>
      async function (...args) {
        const kind = meet('fetch');
        if (kind === 'not-found') return new Response('not found', { status: 404 });
        const response =
          kind === null || kind === 'cut'
            ? ((await real.apply(globalThis, args)) as Response)
            : await failed('fetch', kind);
        if (kind !== 'cut') return response;
        const bytes = await response.arrayBuffer();
        return new Response(bytes.slice(0, bytes.byteLength >> 1), { status: response.status });
      },
  );
  doorsOfWasm(meet);
  doorsOfTheGpu(meet);
}

function doorsOfWasm(meet: Meet): void {
  /** Imports of the module trap: what it asks of its surroundings is where its work can be stopped from outside. */
  const trapping = (imports: WebAssembly.Imports): WebAssembly.Imports =>
    Object.fromEntries(
      Object.entries(imports).map(([space, members]) => [
        space,
        Object.fromEntries(
          Object.entries(members).map(([name, member]) => [
            name,
            typeof member === 'function' ? trap(member as Method) : member,
          ]),
        ),
      ]),
    );
  const trap = (real: Method): Method =>
    function (...args) {
      const kind = meet('wasm.import');
      if (kind) throw errorOf('wasm.import', kind);
      return real.apply(this, args);
    };
  replace(
    WebAssembly,
    'instantiate',
    (real) =>
      function (...args) {
        const kind = meet('wasm.start');
        if (kind) return failed('wasm.start', kind);
        const [module, imports] = args as unknown as [BufferSource, WebAssembly.Imports | undefined];
        return real.apply(WebAssembly, [module, imports && trapping(imports)] as never[]);
      },
  );
}

function passForHardware(): void {
  for (const owner of [typeOf('GPUAdapterInfo'), typeOf('GPUAdapter')])
    if (owner) Object.defineProperty(owner, 'isFallbackAdapter', { get: () => false, configurable: true });
}

function doorsOfTheGpu(meet: Meet): void {
  replace(
    typeOf('GPU'),
    'requestAdapter',
    (real) =>
      async function (...args) {
        const kind = meet('gpu.adapter');
        if (kind === 'missing') return null;
        if (kind) return failed('gpu.adapter', kind);
        return real.apply(this, args);
      },
  );
  asking('gpu.device', meet, typeOf('GPUAdapter'), 'requestDevice');
  /** The device that a queue or buffer belongs to, to lose it. */
  let device: { destroy(): void } | null = null;
  replace(
    typeOf('GPUAdapter'),
    'requestDevice',
    (real) =>
      async function (...args) {
        device = (await real.apply(this, args)) as { destroy(): void };
        return device;
      },
  );
  // Without memory a device gives a buffer that holds nothing, and leaves out what is to be done with it: as with one
  // that is to be mapped both ways (usage 3).
  replace(
    typeOf('GPUDevice'),
    'createBuffer',
    (real) =>
      function (...args) {
        const kind = meet('gpu.buffer');
        if (kind === 'throws') throw errorOf('gpu.buffer', kind);
        const [descriptor] = args as unknown as [object];
        return real.apply(this, kind ? ([{ ...descriptor, usage: 3 }] as never[]) : args);
      },
  );
  replace(
    typeOf('GPUQueue'),
    'submit',
    (real) =>
      function (...args) {
        if (meet('gpu.submit')) device?.destroy();
        return real.apply(this, args);
      },
  );
  replace(
    typeOf('GPUBuffer'),
    'mapAsync',
    (real) =>
      function (...args) {
        const kind = meet('gpu.map');
        if (kind === 'device-lost') device?.destroy();
        else if (kind) return failed('gpu.map', kind);
        return real.apply(this, args);
      },
  );
}

function doorsOfThePage(meet: Meet, toldNow: () => Omit<Start, 'thread'>, hasStruck: () => boolean) {
  passTime(() => toldNow().point, hasStruck, toldNow().hasGpu);
  doorsOfStorage(meet);
  asking('locks.request', meet, typeOf('LockManager'), 'request');
  asking('drop.handle', meet, typeOf('DataTransferItem'), 'getAsFileSystemHandle');
  doorsOfDrops(meet);
  const saved = savedFiles(meet);
  return { ...saved, matched: workers(meet, toldNow) };
}

/** Entries of a drop have types without names: they are met on the first entry. */
function doorsOfDrops(meet: Meet): void {
  const seen = new Set<object>();
  const through = (door: 'drop.file' | 'drop.entries', owner: object, name: string) =>
    replace(
      owner,
      name,
      (real) =>
        function (...args) {
          const kind = meet(door);
          if (!kind) return real.apply(this, args);
          const [, reject] = args as unknown as [unknown, (error: unknown) => void];
          if (kind !== 'hang') queueMicrotask(() => reject(errorOf(door, kind)));
          return undefined;
        },
    );
  const once = (owner: object, wrap: (owner: object) => void) => {
    if (!seen.has(owner)) wrap(owner);
    seen.add(owner);
  };
  const entered = (entry: FileSystemEntry | null) => {
    if (!entry) return;
    const owner = Object.getPrototypeOf(entry) as object;
    if (!entry.isDirectory) once(owner, () => through('drop.file', owner, 'file'));
    else
      once(owner, () =>
        replace(
          owner,
          'createReader',
          (real) =>
            function (...args) {
              const reader = real.apply(this, args) as FileSystemDirectoryReader;
              once(Object.getPrototypeOf(reader) as object, (readers) => {
                through('drop.entries', readers, 'readEntries');
                replace(
                  readers,
                  'readEntries',
                  (read) =>
                    function (...given) {
                      const [resolve, reject] = given as unknown as [(found: FileSystemEntry[]) => void, never];
                      const tell = (found: FileSystemEntry[]) => {
                        found.forEach(entered);
                        resolve(found);
                      };
                      return read.apply(this, [tell as never, reject]);
                    },
                );
              });
              return reader;
            },
        ),
      );
  };
  replace(
    typeOf('DataTransferItem'),
    'webkitGetAsEntry',
    (real) =>
      function (...args) {
        const entry = real.apply(this, args) as FileSystemEntry | null;
        entered(entry);
        return entry;
      },
  );
}

/**
 * Deadlines pass forty times as fast once a call hangs: a test waits for seconds, not minutes. Once the fault is over
 * only those of workers do, eight times: one may be silent still, and others must not be taken for it on a busy machine.
 * A processor that passes for a graphics device says nothing for a minute: there three and two times must do.
 */
function passTime(pointNow: () => Point | null, hasStruck: () => boolean, hasGpu: boolean): void {
  const [during, after] = [
    { leastMs: 5000, haste: hasGpu ? 3 : 40 },
    { leastMs: 10_000, haste: hasGpu ? 2 : 8 },
  ];
  let isHasty = false;
  replace(
    globalThis,
    'setTimeout',
    (real) =>
      function (...args) {
        const [callback, ms = 0, ...more] = args as unknown as [never, number?, ...never[]];
        const point = pointNow();
        const isSilent = point?.kind === 'silent' || point?.kind === 'hang';
        // The page does not see at once when a worker is struck.
        isHasty ||= isSilent && (hasStruck() || !point.door.startsWith('page'));
        const { leastMs, haste } = point ? during : after;
        return real.apply(globalThis, [callback, (isHasty && ms >= leastMs ? ms / haste : ms) as never, ...more]);
      },
  );
}

function doorsOfStorage(meet: Meet): void {
  /** Says nothing of its outcome to anybody. */
  const mute = (request: EventTarget) => {
    for (const type of ['success', 'error', 'blocked', 'upgradeneeded', 'complete'])
      request.addEventListener(type, (event) => event.stopImmediatePropagation(), { capture: true });
  };
  replace(
    typeOf('IDBFactory'),
    'open',
    (real) =>
      function (...args) {
        const kind = meet('indexedDB.open');
        if (kind === 'throws')
          throw new DOMException('The user denied permission to access the database.', 'SecurityError');
        const request = real.apply(this, args) as IDBOpenDBRequest;
        if (kind === 'hang') mute(request);
        if (kind === 'rejects') {
          // An upgrade that aborts, or an error of its own: both end in `error`.
          mute(request);
          const error = errorOf('indexedDB.open', kind);
          Object.defineProperty(request, 'error', { get: () => error });
          const listeners: EventListener[] = [];
          request.addEventListener = ((type: string, listener: EventListener) => {
            if (type === 'error') listeners.push(listener);
          }) as typeof request.addEventListener;
          setTimeout(() => listeners.forEach((listener) => listener.call(request, new Event('error'))));
        }
        return request;
      },
  );
  calling('idb.transaction', meet, typeOf('IDBDatabase'), 'transaction');
  const store = typeOf('IDBObjectStore');
  const through = (door: 'idb.write' | 'idb.read', name: string) =>
    replace(
      store,
      name,
      (real) =>
        function (this: unknown, ...args) {
          const kind = meet(door);
          if (kind === 'throws') throw errorOf('idb.transaction', kind);
          const request = real.apply(this, args) as IDBRequest;
          if (kind === 'hang') mute(request);
          else if (kind) request.transaction?.abort();
          return request;
        },
    );
  for (const name of ['put', 'delete', 'clear']) through('idb.write', name);
  for (const name of ['get', 'getAll', 'count']) through('idb.read', name);
}

/** The page's workers with names of their own, by which each one is told the plan; counts the pairs they have matched. */
function workers(meet: Meet, toldNow: () => Omit<Start, 'thread'>): () => number {
  const Real = Worker;
  const born = new Map<string, number>();
  let matched = 0;
  const Counted = function (url: string | URL, options: WorkerOptions = {}) {
    const kind = meet('worker.spawn');
    if (kind === 'throws') throw new DOMException('Failed to construct a worker.', 'SecurityError');
    const role = options.name ?? 'worker';
    const number = (born.get(role) ?? 0) + 1;
    born.set(role, number);
    const name = JSON.stringify({ thread: `${role}-${number}`, ...toldNow() });
    const worker = new Real(url, { ...options, name });
    const gone = () => {
      worker.terminate();
      setTimeout(() => worker.dispatchEvent(new ErrorEvent('error', { cancelable: true })));
    };
    if (kind) gone();
    const pairs = new Set<unknown>();
    worker.addEventListener('message', ({ data }: MessageEvent<{ id?: unknown; name?: string } | null>) => {
      if (pairs.delete(data?.id) && data?.name !== 'throw') matched++;
    });
    const send = worker.postMessage.bind(worker) as (message: unknown, more?: unknown) => void;
    worker.postMessage = (message: unknown, more?: unknown) => {
      const struck = meet('worker.message');
      if (struck === 'throws') throw new DOMException('The object could not be cloned.', 'DataCloneError');
      if (struck === 'terminated') gone();
      if (struck === 'silent') worker.terminate();
      if (struck === 'unreadable') setTimeout(() => worker.dispatchEvent(new MessageEvent('messageerror')));
      if (struck) return;
      const call = message as { id?: unknown; argumentList?: readonly { readonly value?: unknown }[] };
      if (call.argumentList?.[0]?.value === 'matchPair') pairs.add(call.id);
      send(message, more);
    };
    return worker;
  };
  Counted.prototype = Real.prototype;
  Object.assign(globalThis, { Worker: Counted });
  return () => matched;
}

/** Keeps what the app hands out for download, instead of putting it onto the disk. */
function savedFiles(meet: Meet) {
  const blobs = new Map<string, Blob>();
  let saved: (readonly [string, Blob])[] = [];
  const realRead = (blob: Blob) => new Response(blob).arrayBuffer();
  replace(
    URL,
    'createObjectURL',
    (real) =>
      function (...args) {
        if (meet('url.create')) throw new TypeError('Failed to execute createObjectURL');
        const url = real.apply(URL, args) as string;
        blobs.set(url, args[0]);
        return url;
      },
  );
  replace(
    typeOf('HTMLAnchorElement'),
    'click',
    () =>
      function (this: unknown) {
        const { href, download } = this as HTMLAnchorElement;
        const blob = blobs.get(href);
        if (blob) saved.push([download, blob]);
      },
  );
  return {
    filesIn,
    async takeSaved(): Promise<readonly SavedFile[]> {
      const taken = saved;
      saved = [];
      return Promise.all(taken.map(([name, blob]) => savedFile(name, blob)));
    },
  };

  async function filesIn(name: string): Promise<readonly SavedFile[]> {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(name).catch(() => null);
    if (!folder) return [];
    const found: SavedFile[] = [];
    const entries = (folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }).values();
    // A swap file of a write that was given up is no file of the user's.
    for await (const entry of entries)
      if (!entry.name.endsWith('.crswap')) found.push(await savedFile(entry.name, await entry.getFile()));
    return found;
  }

  async function savedFile(name: string, blob: Blob): Promise<SavedFile> {
    const bytes = await realRead(blob).catch(() => null);
    if (!bytes) return { name, size: -1, hash: '', text: null };
    let hash = 0xcbf29ce484222325n;
    // The platform's digest is a door of its own: FNV-1a tells equal from other.
    for (const byte of new Uint8Array(bytes)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    const text = /\.(json|csv|txt|xml|html)$/.test(name) ? new TextDecoder().decode(bytes) : null;
    return { name, size: bytes.byteLength, hash: hash.toString(16), text };
  }
}
