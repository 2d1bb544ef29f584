import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { StitchError } from '../src/core/errors.ts';
import type { PairResult } from '../src/core/matching/link.ts';
import { appendText, isAbsent, makeFolder, readBytes } from './disk.ts';

/** Finished pairs of earlier runs, kept beside the result. */
export interface PairStore {
  readonly known: ReadonlyMap<string, PairResult>;
  /** Appends one finished pair; a crash loses at most the line being written. Never fails: `settle` tells. */
  keep(key: string, result: PairResult): void;
  /** Ends when everything is on the disk; the sentence to say when some of it cannot be kept, else null. */
  settle(): Promise<string | null>;
}

interface StoredPair {
  /** Hash of the code that made the result. */
  readonly code: string;
  readonly key: string;
  readonly result: PairResult;
}

/**
 * Opens the store at `path`; a missing file is an empty store. An unreadable line (a crash while writing) and the results
 * of other code than `code` are left out; null takes those of any code, for looking only.
 * @throws StitchError `unreadable-file`, `write-failed`
 */
export async function openPairStore(path: string, code: string | null): Promise<PairStore> {
  await makeFolder(dirname(path));
  const known = new Map<string, PairResult>();
  const text = await readIfPresent(path);
  for (const line of text.split('\n')) {
    const stored = line ? parseLine(line) : null;
    if (stored && (code === null || stored.code === code)) known.set(stored.key, stored.result);
  }
  /** Lines that are not on the disk yet: those that a full disk refused are tried again with the next. */
  let waiting: string[] = [];
  /** The file ends in half a line, of a crash or a write that failed: what follows begins a new one. */
  let isTorn = text !== '' && !text.endsWith('\n');
  let failure: Error | null = null;
  const write = async () => {
    if (waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    try {
      await appendText(path, `${isTorn ? '\n' : ''}${lines.join('')}`);
      isTorn = false;
      failure = null;
    } catch (error) {
      waiting = [...lines, ...waiting];
      isTorn = true;
      failure = error instanceof Error ? error : new Error(String(error));
    }
  };
  let tail: Promise<void> = Promise.resolve();
  return {
    known,
    keep(key, result) {
      if (code === null) throw new RangeError('a store opened for looking keeps nothing');
      const stored: StoredPair = { code, key, result };
      waiting.push(`${serialize(stored).toString('base64')}\n`);
      tail = tail.then(write);
    },
    async settle() {
      await (tail = tail.then(write));
      if (failure === null) return null;
      return `${waiting.length} finished pairs cannot be kept (${failure.message}); a next run matches them again.`;
    },
  };
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return Buffer.from(await readBytes(path)).toString('latin1');
  } catch (cause) {
    if (isAbsent(cause)) return '';
    throw new StitchError(
      'unreadable-file',
      `${path} cannot be read; remove it to match all pairs again.`,
      { file: path },
      { cause },
    );
  }
}

function parseLine(line: string): StoredPair | null {
  try {
    const stored = deserialize(Buffer.from(line, 'base64')) as Partial<StoredPair>;
    return stored.code && stored.key && stored.result ? (stored as StoredPair) : null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}
