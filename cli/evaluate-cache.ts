import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Finished rows of earlier runs, one JSON object a line, so that a run can be resumed. */
export interface EvaluationCache<T> {
  get(key: string): T | undefined;
  keep(key: string, row: T): Promise<void>;
}

interface StoredRow<T> {
  readonly key: string;
  /** Hash of the code that made the row. */
  readonly code: string;
  readonly row: T;
}

/**
 * Opens the cache at `path`; an absent file is an empty cache, a line that was cut off is left out, and so are rows of
 * other code than `code` unless `anyCode`.
 */
export async function openEvaluationCache<T>(path: string, code: string, anyCode = false): Promise<EvaluationCache<T>> {
  await mkdir(dirname(path), { recursive: true });
  const rows = new Map<string, T>();
  for (const line of (await readIfPresent(path)).split('\n')) {
    const stored = line ? parseLine<T>(line) : null;
    if (stored && (anyCode || stored.code === code)) rows.set(stored.key, stored.row);
  }
  let tail: Promise<void> = Promise.resolve();
  return {
    get: (key) => rows.get(key),
    keep(key, row) {
      rows.set(key, row);
      const stored: StoredRow<T> = { key, code, row };
      tail = tail.then(() => appendFile(path, `${JSON.stringify(stored)}\n`));
      return tail;
    },
  };
}

function parseLine<T>(line: string): StoredRow<T> | null {
  try {
    return JSON.parse(line) as StoredRow<T>;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Key of a row: everything that it depends on. */
export function cacheKey(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

const root = fileURLToPath(new URL('..', import.meta.url));
const importPattern = /^\s*(?:import|export)\s(?!type\s)[^;]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gm;

/**
 * Hash of a source file and of all that it imports, types left out: a change of the SIFT matcher makes rows of SIFT
 * stale and no others, a change of the report none.
 */
export function codeHash(...entries: readonly string[]): string {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, from, lazy] of readFileSync(path, 'utf8').matchAll(importPattern))
      visit(resolve(dirname(path), from ?? lazy));
  };
  for (const entry of entries) visit(join(root, entry));
  const hash = createHash('sha256');
  for (const path of [...seen].sort()) hash.update(relative(root, path)).update(readFileSync(path));
  return hash.digest('hex');
}
