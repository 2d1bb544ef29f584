/** Where the command line calls the file system: every call is answered within a stated time, or given up. */
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Dirent, Stats } from 'node:fs';
import { StitchError } from '../src/core/errors.ts';

/** A call to the system that is not answered for so long is given up, ms: a network drive may hang for a minute. */
const patienceMs = 120_000;
/** Slowest disk that is waited for beyond this, bytes a millisecond. */
const slowestBytesPerMs = 100;

let unanswered = 0;

/** True while a call that was given up is still with the system: a process with such a call cannot end by itself. */
export function isStuck(): boolean {
  return unanswered > 0;
}

async function answered<T>(path: string, call: () => Promise<T>, bytes = 0): Promise<T> {
  const limitMs = patienceMs + bytes / slowestBytesPerMs;
  const work = call();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      unanswered++;
      const settle = () => void unanswered--;
      work.then(settle, settle);
      reject(new Error(`the disk has not answered for ${Math.round(limitMs / 1000)} s at ${path}`));
    }, limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An open file. */
export interface DiskFile {
  /** Bytes read into `bytes` from `at` on; 0 at the end of the file. */
  read(bytes: Uint8Array, at: number, position: number): Promise<number>;
  /** Writes all bytes. @throws Error when the disk takes none. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  stat(): Promise<Stats>;
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a file: `r` to read, `w` to write it anew, `wx` to write one that is not there yet. */
export async function openFile(path: string, flags: 'r' | 'w' | 'wx'): Promise<DiskFile> {
  const opening = open(path, flags);
  const handle = await answered(path, () => opening).catch((error: unknown) => {
    opening.then(
      (late) => late.close(),
      () => undefined,
    );
    throw error;
  });
  return {
    async read(bytes, at, position) {
      const most = bytes.length - at;
      return (await answered(path, () => handle.read(bytes, at, most, position), most)).bytesRead;
    },
    write: (bytes, position) => writeAll(path, handle, bytes, position),
    stat: () => answered(path, () => handle.stat()),
    sync: () => answered(path, () => handle.sync()),
    truncate: (size) => answered(path, () => handle.truncate(size)),
    close: () => answered(path, () => handle.close()),
  };
}

async function writeAll(path: string, handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const left = bytes.byteLength - written;
    const { bytesWritten } = await answered(path, () => handle.write(bytes, written, left, position + written), left);
    if (bytesWritten <= 0) throw new Error(`only ${written} of ${bytes.byteLength} bytes were taken`);
    written += bytesWritten;
  }
}

export const entriesOf = (folder: string): Promise<Dirent[]> =>
  answered(folder, () => readdir(folder, { withFileTypes: true }));

export const statOf = (path: string): Promise<Stats> => answered(path, () => stat(path));

/** True when something is at `path`. @throws the system's error when it cannot say. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await statOf(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** True for the error that says: there is no such file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

export const readBytes = (path: string): Promise<Uint8Array> => answered(path, () => readFile(path));

export const readText = (path: string): Promise<string> => answered(path, () => readFile(path, 'utf8'));

export const appendText = (path: string, text: string): Promise<void> => answered(path, () => appendFile(path, text));

export const move = (from: string, to: string): Promise<void> => answered(from, () => rename(from, to));

/** Removes a file or a folder with all that is in it; nothing there is no error. */
export const remove = (path: string): Promise<void> => answered(path, () => rm(path, { recursive: true, force: true }));

/** Makes a folder and those above it. @throws StitchError `write-failed` */
export async function makeFolder(path: string): Promise<void> {
  await writing(path, () => answered(path, () => mkdir(path, { recursive: true })));
}

/**
 * Writes a text beside its place and moves it there once it is whole: whoever reads `path` finds the old text or the new.
 * @throws StitchError `write-failed` naming the file
 */
export async function writeText(path: string, text: string, partial = `${path}.partial`): Promise<void> {
  try {
    const file = await openFile(partial, 'w');
    try {
      await file.write(new TextEncoder().encode(text), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await move(partial, path);
  } catch (cause) {
    // What is left of it bears a name that nobody reads, and the next run writes over it.
    await remove(partial).catch(() => undefined);
    throw writeFailed(path, cause);
  }
}

/** What `write` answers. @throws StitchError `write-failed` naming `path` for whatever it throws */
export async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw writeFailed(path, cause);
  }
}

/** The error of a file that could not be written; one that says so already is kept. */
export function writeFailed(path: string, cause: unknown): StitchError {
  if (cause instanceof StitchError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StitchError(
    'write-failed',
    `${path} could not be written (${why}); free some disk space or name another place, and run again. The solution is kept.`,
    { file: path },
    { cause },
  );
}
