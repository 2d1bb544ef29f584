import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import type { TruthSet } from '../src/core/synthesis/truth-set.ts';

/** Name of the truth of a folder; with `partial` behind it while tiles are still missing. */
export const truthFile = 'truth.json';
const partialFile = `${truthFile}.partial`;

/**
 * Reads the truth of a folder that `synthesize` has finished.
 * @throws StitchError `unreadable-file` when there is none or it is of another version
 */
export async function readTruthSet(folder: string): Promise<TruthSet> {
  const path = join(folder, truthFile);
  const truth = await readTruth(path);
  if (truth) return truth;
  const isUnfinished = (await readTruth(join(folder, partialFile))) !== null;
  throw new StitchError(
    'unreadable-file',
    isUnfinished
      ? `${folder} is not finished; run the same synthesize command again to complete it.`
      : `${path} is missing; make the set with the synthesize command.`,
    { file: path },
  );
}

/** The truth of a finished or unfinished set in a folder; null where there is none. */
export async function findTruthSet(folder: string): Promise<TruthSet | null> {
  return (await readTruth(join(folder, truthFile))) ?? (await readTruth(join(folder, partialFile)));
}

/** Writes the truth, one grid a line; a partial one says that tiles may be missing. */
export async function writeTruthSet(folder: string, truth: TruthSet, isPartial: boolean): Promise<void> {
  const { grids, ...head } = truth;
  const start = JSON.stringify(head).slice(0, -1);
  const text = `${start},"grids":[\n${grids.map((grid) => JSON.stringify(grid)).join(',\n')}\n]}\n`;
  const partial = join(folder, partialFile);
  await writeFile(partial, text);
  if (!isPartial) await rename(partial, join(folder, truthFile));
}

async function readTruth(path: string): Promise<TruthSet | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new StitchError('unreadable-file', `${path} cannot be read; check the path.`, { file: path }, { cause });
  }
  try {
    const truth = JSON.parse(text) as Partial<TruthSet>;
    if (truth.version === 2 && Array.isArray(truth.grids)) return truth as TruthSet;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new StitchError(
    'unreadable-file',
    `${path} is no truth of a synthetic set (version 2); remove it or name another folder.`,
    { file: path },
  );
}
