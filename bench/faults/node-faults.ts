/** How a call to the system, or to the network's runtime, can really fail. */
export type NodeFault =
  | 'throws' // before there is a promise, or with a code that nobody expects
  | 'io-error' // EIO: a bad sector, a cable
  | 'revoked' // EACCES: the permission was withdrawn
  | 'handles' // EMFILE: no more open files
  | 'vanished' // the file is deleted under us, for good
  | 'truncated' // the file is cut under us, for good
  | 'changed' // the file is written anew under us, for good
  | 'short' // fewer bytes are taken or given than asked for; the rest may be asked for again
  | 'nothing' // no byte is taken or given
  | 'negative' // a count below zero, as full quotas have been seen to answer
  | 'full' // ENOSPC, and so are all later writes
  | 'torn' // ENOSPC after half of the bytes
  | 'hang' // the call is never answered
  | 'killed' // the process is gone: nothing of this call or any later one happens
  | 'killed-torn' // the same, half of the bytes are on the disk
  | 'rejects' // the runtime says no
  | 'out-of-memory'
  | 'device-lost'
  | 'trap' // the runtime is broken: this call and all later ones to it fail
  | 'not-a-number'; // the results are NaN

const reading: readonly NodeFault[] = ['throws', 'io-error', 'revoked', 'hang', 'killed'];
const writing: readonly NodeFault[] = ['throws', 'io-error', 'revoked', 'full', 'hang', 'killed'];
const written: readonly NodeFault[] = [...writing, 'torn', 'killed-torn'];

/** What can happen at each door; calls through doors that are not here are counted and never fail. */
const faultsAt = {
  readdir: [...reading, 'handles'],
  stat: [...reading, 'vanished'],
  access: ['io-error', 'hang', 'killed'],
  'open to read': [...reading, 'handles', 'vanished', 'truncated', 'changed'],
  'open to write': [...writing, 'handles'],
  readFile: [...reading, 'vanished', 'handles'],
  writeFile: written,
  appendFile: written,
  mkdir: writing,
  rename: writing,
  rm: ['throws', 'io-error', 'revoked', 'hang', 'killed'],
  'handle.read': [...reading, 'short', 'nothing', 'truncated', 'changed'],
  'handle.write': [...written, 'short', 'nothing', 'negative'],
  'handle.stat': ['io-error', 'hang', 'killed'],
  'handle.sync': ['io-error', 'full', 'hang', 'killed'],
  'handle.truncate': ['io-error', 'full', 'hang', 'killed'],
  'handle.close': ['io-error', 'hang', 'killed'],
  'session.create': ['throws', 'rejects', 'out-of-memory', 'hang', 'killed'],
  'session.run': ['throws', 'rejects', 'out-of-memory', 'device-lost', 'trap', 'not-a-number', 'hang', 'killed'],
} as const satisfies Record<string, readonly NodeFault[]>;

/** A call that can fail. */
export type NodeDoor = keyof typeof faultsAt;

export function nodeFaultsAt(door: string): readonly NodeFault[] {
  return Object.hasOwn(faultsAt, door) ? faultsAt[door as NodeDoor] : [];
}

const fillingDoors = new Set(['open to write', 'writeFile', 'appendFile', 'mkdir', 'handle.write', 'handle.sync']);

/** Faults after which others follow: a full disk stays full, a killed process does nothing more. */
export function lastsAt(kind: NodeFault, door: string): boolean {
  if (kind === 'killed' || kind === 'killed-torn') return true;
  return (kind === 'full' && fillingDoors.has(door)) || (kind === 'trap' && door === 'session.run');
}

const codes: Partial<Record<NodeFault, string>> = {
  throws: 'EINVAL',
  'io-error': 'EIO',
  revoked: 'EACCES',
  handles: 'EMFILE',
  full: 'ENOSPC',
  torn: 'ENOSPC',
};

/** The system's error for a fault; null for those that are none. */
export function systemError(kind: NodeFault, door: string, path: string): Error | null {
  const code = codes[kind];
  return code ? Object.assign(new Error(`${code}: injected, ${door} '${path}'`), { code, path }) : null;
}
