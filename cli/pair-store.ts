import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { StitchError } from '../src/core/errors.ts';
import type { PairResult } from '../src/core/matching/link.ts';

/** Finished pairs of earlier runs, kept beside the result. */
export interface PairStore {
  readonly known: ReadonlyMap<string, PairResult>;
  /** Appends one finished pair; a crash loses at most the line being written. */
  keep(key: string, result: PairResult): Promise<void>;
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
 */
export async function openPairStore(path: string, code: string | null): Promise<PairStore> {
  await mkdir(dirname(path), { recursive: true });
  const known = new Map<string, PairResult>();
  for (const line of (await readIfPresent(path)).split('\n')) {
    const stored = line ? parseLine(line) : null;
    if (stored && (code === null || stored.code === code)) known.set(stored.key, stored.result);
  }
  let tail: Promise<void> = Promise.resolve();
  return {
    known,
    keep(key, result) {
      if (code === null) throw new RangeError('a store opened for looking keeps nothing');
      const stored: StoredPair = { code, key, result };
      const line = `${serialize(stored).toString('base64')}\n`;
      tail = tail.then(() => appendFile(path, line));
      return tail;
    },
  };
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
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
