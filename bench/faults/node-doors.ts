import { appendFileSync, rmSync, truncateSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { sep } from 'node:path';
import type { FaultPlan } from '../../src/core/testing/fault-plan.ts';
import { systemError, type NodeDoor, type NodeFault } from './node-faults.ts';

/** The doors while they are installed. */
export interface NodeDoors {
  /** Paths of the handles that are open now: after a run there must be none. */
  readonly open: () => readonly string[];
  /** Gives the system its own calls back and closes what was left open. */
  readonly remove: () => Promise<void>;
}

/** The parts of a handle that are used; whatever else is called is no function, and a failure of the sweep. */
type CountedHandle = Pick<FileHandle, 'read' | 'write' | 'stat' | 'sync' | 'truncate' | 'close'>;

/** Ways of a call to fail that are more than an error. */
type Effects<T> = Partial<Record<NodeFault, () => T | Promise<T>>>;

const never = new Promise<never>(() => undefined);
/** Bytes that remain of a truncated file: its header, and no pixels. */
const truncatedBytes = 300;

/** What others do to a file of the sweep's own while it is read; no other file is touched. */
function damaged<T>(place: string, path: string, then: () => Promise<T>): Effects<T> {
  if (!path.startsWith(place + sep)) return {};
  return {
    vanished: () => {
      rmSync(path, { force: true });
      return then();
    },
    truncated: () => {
      truncateSync(path, truncatedBytes);
      return then();
    },
    changed: () => {
      writeFileSync(path, new Uint8Array(5000).fill(73));
      utimesSync(path, 1, 1);
      return then();
    },
  };
}

/**
 * Has every call to the file system through `node:fs/promises`, wherever it is made, ask `plan` first. Nothing of the
 * program knows of it: the functions of the module are replaced, as a faulty disk would replace them. Files below `place`
 * alone are damaged.
 */
export function installNodeDoors(
  plan: FaultPlan<NodeFault>,
  place: string,
  onStrike: (kind: NodeFault) => void,
): NodeDoors {
  const real = { ...fs };
  const handles = new Map<FileHandle, string>();

  const through = async <T>(door: NodeDoor, path: string, make: () => Promise<T>, effects: Effects<T> = {}) => {
    const kind = plan.meet(door);
    if (kind === null) return make();
    onStrike(kind);
    const effect = { ...damaged(place, path, make), ...effects }[kind];
    const done = effect ? await effect() : null;
    const error = systemError(kind, door, path);
    if (error) throw error;
    if (kind === 'hang' || kind === 'killed' || kind === 'killed-torn') return never;
    return effect ? (done as T) : make();
  };

  const handleOf = (handle: FileHandle, path: string): CountedHandle => {
    const close = async () => {
      handles.delete(handle);
      await handle.close();
    };
    const half = (bytes: Uint8Array, at: number, length: number, position: number) =>
      writeSync(handle.fd, bytes, at, length >> 1, position);
    const counted = {
      read: (bytes: Uint8Array, at: number, length: number, position: number) => {
        const read = (most: number) => () => handle.read(bytes, at, most, position);
        return through('handle.read', path, read(length), {
          short: read(Math.max(1, length >> 1)),
          nothing: () => ({ bytesRead: 0, buffer: bytes }),
        });
      },
      write: (bytes: Uint8Array, at: number, length: number, position: number) => {
        const took = (bytesWritten: number) => ({ bytesWritten, buffer: bytes });
        const halved = () => took(half(bytes, at, length, position));
        return through('handle.write', path, () => handle.write(bytes, at, length, position), {
          short: halved,
          torn: halved,
          'killed-torn': halved,
          nothing: () => took(0),
          negative: () => took(-length),
        });
      },
      stat: () => through('handle.stat', path, () => handle.stat()),
      sync: () => through('handle.sync', path, () => handle.sync()),
      truncate: (size: number) => through('handle.truncate', path, () => handle.truncate(size)),
      // A close that fails has closed: that is how Linux does it.
      close: () => through('handle.close', path, close, { 'io-error': close }),
    };
    return counted as unknown as CountedHandle;
  };

  const open = async (path: string, flags = 'r') => {
    const handle = await through(flags === 'r' ? 'open to read' : 'open to write', path, () => real.open(path, flags));
    handles.set(handle, path);
    return handleOf(handle, path);
  };
  const halfOf = (content: unknown) => (typeof content === 'string' ? content.slice(0, content.length >> 1) : '');
  const replaced = {
    open,
    readdir: (path: string, options: { withFileTypes: true }) =>
      through('readdir', path, () => real.readdir(path, options)),
    stat: (path: string) => through('stat', path, () => real.stat(path)),
    access: (path: string) => through('access', path, () => real.access(path)),
    readFile: (path: string, encoding?: 'utf8') => through('readFile', path, () => real.readFile(path, encoding)),
    writeFile: (path: string, content: string | Uint8Array) => {
      const halved = () => writeFileSync(path, halfOf(content));
      return through('writeFile', path, () => real.writeFile(path, content), { torn: halved, 'killed-torn': halved });
    },
    appendFile: (path: string, content: string | Uint8Array) => {
      const halved = () => appendFileSync(path, halfOf(content));
      return through('appendFile', path, () => real.appendFile(path, content), { torn: halved, 'killed-torn': halved });
    },
    mkdir: (path: string, options?: { recursive: boolean }) => through('mkdir', path, () => real.mkdir(path, options)),
    rename: (from: string, to: string) => through('rename', from, () => real.rename(from, to)),
    rm: (path: string, options?: { recursive?: boolean; force?: boolean }) =>
      through('rm', path, () => real.rm(path, options)),
  };
  Object.assign(fs, replaced);
  syncBuiltinESMExports();

  return {
    open: () => [...handles.values()],
    async remove() {
      Object.assign(fs, real);
      syncBuiltinESMExports();
      for (const handle of handles.keys()) await handle.close();
      handles.clear();
    },
  };
}
