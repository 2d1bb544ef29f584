import { join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import type { Section, Stack } from '../src/core/stack/find-stack.ts';
import { sha256Hex } from '../src/formats/sha256.ts';
import {
  parseSectionOutcome,
  stackSummary,
  writeSectionOutcome,
  type SectionDone,
  type SectionOutcome,
} from '../src/formats/stack-json.ts';
import { isAbsent, readText, remove, statOf, writing, writeText } from './disk.ts';

const recordName = 'section.json';

/** How a section of the stack in `out` ended; null where it has not yet. */
export async function readOutcome(out: string, section: Section): Promise<SectionOutcome | null> {
  const text = await readIfPresent(join(out, section.name, recordName));
  const outcome = text === null ? null : parseSectionOutcome(text);
  return outcome?.section === section.name ? outcome : null;
}

/** Writes how a section ended: last, so that a record stands for files that are whole. */
export async function writeOutcome(out: string, outcome: SectionOutcome): Promise<void> {
  await writeShared(join(out, outcome.section, recordName), writeSectionOutcome(outcome));
}

/** Takes the record of an earlier run away before its files are written anew. */
export async function removeOutcome(out: string, section: Section): Promise<void> {
  const path = join(out, section.name, recordName);
  await writing(path, () => remove(path));
}

/**
 * The record of a section that was made from the very same (`key`) and whose files are what they were; null otherwise.
 */
export async function finishedOutcome(out: string, section: Section, key: string): Promise<SectionDone | null> {
  const outcome = await readOutcome(out, section);
  if (outcome?.state !== 'done' || outcome.key !== key) return null;
  const folder = join(out, section.name);
  const solution = await readIfPresent(join(folder, 'solution.json'));
  if (solution === null || (await textHash(solution)) !== outcome.solutionSha256) return null;
  const { picture } = outcome;
  return picture === null || (await pictureBytes(join(folder, picture.name))) === picture.bytes ? outcome : null;
}

/** SHA-256 of a text. */
export function textHash(text: string): Promise<string> {
  return sha256Hex(new TextEncoder().encode(text));
}

/** Bytes of a file; 0 for a folder, which is whole by its name; null when nothing is there. */
export async function pictureBytes(path: string): Promise<number | null> {
  return statOf(path).then(
    (found) => (found.isDirectory() ? 0 : found.size),
    () => null,
  );
}

/**
 * Bytes of a picture that has just been written.
 * @throws StitchError `write-failed` when it is not there, or the disk does not say
 */
export async function writtenBytes(path: string): Promise<number> {
  const bytes = (await pictureBytes(path)) ?? (await pictureBytes(path));
  if (bytes !== null) return bytes;
  const message = `${path} was written and cannot be found. Look at the disk, and run again: finished pairs are kept.`;
  throw new StitchError('write-failed', message, { file: path });
}

/**
 * Writes OUT/stack.json from the records of all sections, those of other processes too. Two processes that end together
 * may both write; whoever comes last looks again whether it has seen everything.
 */
export async function writeStack(out: string, stack: Stack): Promise<string> {
  const summarise = async () => {
    const outcomes: (SectionOutcome | null)[] = [];
    for (const section of stack.sections) outcomes.push(await readOutcome(out, section));
    return stackSummary(stack, outcomes);
  };
  for (let text = await summarise(); ;) {
    await writeShared(join(out, 'stack.json'), text);
    const again = await summarise();
    if (again === text) return text;
    text = again;
  }
}

/** Two processes may write the same file at once: each has a part of its own. */
function writeShared(path: string, text: string): Promise<void> {
  return writeText(path, text, `${path}.${process.pid}.partial`);
}

async function readIfPresent(path: string): Promise<string | null> {
  return readText(path).catch((cause: unknown) => {
    if (isAbsent(cause)) return null;
    throw new StitchError('unreadable-file', `${path} cannot be read.`, { file: path }, { cause });
  });
}
