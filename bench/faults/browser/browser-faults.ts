/** How a call of the page or of a worker to the browser can really fail. */
export type BrowserFault =
  | 'throws' // before there is a promise
  | 'rejects' // as the platform says no: the error of the door
  | 'lasts' // the same, and so are all later calls at this door: an unplugged disk, a full quota
  | 'out-of-memory'
  | 'hang' // the call is never answered
  | 'short' // fewer bytes are taken than given
  | 'nothing' // no byte is taken
  | 'negative' // a wrapped count, as full quotas have been seen to answer
  | 'missing' // null: the device has no such thing
  | 'cut' // half of a response
  | 'not-found' // a server that has other files now
  | 'terminated' // the worker is gone, and the browser says so
  | 'silent' // the worker is gone, and nobody says so
  | 'unreadable' // a message that cannot be read
  | 'device-lost'
  | 'trap'; // WebAssembly stops: this call and all later ones fail

/** What can happen at each door. */
const faultsAt = {
  'indexedDB.open': ['throws', 'rejects', 'hang'],
  'idb.transaction': ['throws', 'lasts'],
  'idb.write': ['throws', 'rejects', 'lasts', 'hang'],
  'idb.read': ['throws', 'rejects', 'hang'],
  'locks.request': ['rejects', 'hang'],
  'storage.persist': ['rejects', 'hang'],
  'drop.handle': ['rejects', 'hang'],
  'drop.entries': ['rejects', 'hang'],
  'drop.file': ['rejects', 'hang'],
  'worker.spawn': ['throws', 'terminated'],
  'worker.message': ['throws', 'terminated', 'silent', 'unreadable'],
  'url.create': ['throws'],
  'blob.read': ['rejects', 'lasts', 'out-of-memory', 'hang'],
  digest: ['rejects'],
  bitmap: ['rejects', 'hang'],
  'opfs.folder': ['rejects', 'hang'],
  'opfs.entry': ['rejects', 'hang'],
  'opfs.open': ['rejects', 'hang'],
  'opfs.write': ['rejects', 'lasts', 'short', 'nothing', 'negative'],
  'opfs.truncate': ['rejects'],
  'opfs.flush': ['rejects'],
  'opfs.size': ['rejects', 'short'],
  'opfs.remove': ['rejects', 'hang'],
  'opfs.file': ['rejects', 'hang'],
  'writable.open': ['rejects', 'hang'],
  'writable.write': ['rejects', 'lasts', 'hang'],
  'writable.truncate': ['rejects'],
  'writable.close': ['rejects', 'hang'],
  'writable.abort': ['rejects'],
  fetch: ['rejects', 'not-found', 'cut', 'hang'],
  'wasm.start': ['rejects', 'out-of-memory', 'hang'],
  'wasm.import': ['trap'],
  'gpu.adapter': ['missing', 'rejects', 'hang'],
  'gpu.device': ['rejects', 'hang'],
  'gpu.buffer': ['throws', 'out-of-memory'],
  'gpu.submit': ['device-lost'],
  'gpu.map': ['rejects', 'device-lost', 'hang'],
} as const satisfies Record<string, readonly BrowserFault[]>;

/** A call that can fail; calls are counted by thread: `raster-1: blob.read`. */
export type BrowserDoor = keyof typeof faultsAt;

/** @param door of a count, with its thread */
export function browserFaultsAt(door: string): readonly BrowserFault[] {
  const name = door.slice(door.indexOf(': ') + 2);
  return Object.hasOwn(faultsAt, name) ? faultsAt[name as BrowserDoor] : [];
}

/** Faults that never answer: time passes at once while they are tried. */
export function isSilence(kind: BrowserFault): boolean {
  return kind === 'hang' || kind === 'silent';
}
