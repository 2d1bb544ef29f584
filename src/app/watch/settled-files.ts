import type { NamedFile } from '../../../workers/protocol.ts';
import { mergeFiles } from '../state/dropped-files.ts';

/** Size and time of each file at the last look. */
export type Stamps = ReadonlyMap<string, string>;

/** What a look into a watched folder comes to. */
export interface Look {
  /** New files that have not changed since the look before: they are written to the end. */
  readonly settled: readonly NamedFile[];
  /** New files that may still be written. */
  readonly unsettled: number;
  /** For the next look. */
  readonly stamps: Stamps;
}

/** Sorts out what is new in a folder, given what is known and how it was at the look before. */
export function settledFiles(known: readonly NamedFile[], found: readonly NamedFile[], before: Stamps): Look {
  const stamps = new Map(found.map(({ path, file }) => [path, `${file.size}|${file.lastModified}`]));
  const isNew = (one: NamedFile) => mergeFiles(known, [one]) !== known;
  const fresh = found.filter(isNew);
  const settled = fresh.filter(({ path, file }) => file.size > 0 && stamps.get(path) === before.get(path));
  return { settled, unsettled: fresh.length - settled.length, stamps };
}
