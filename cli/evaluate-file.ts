import { readFile } from 'node:fs/promises';
import type { GridRecord } from '../src/core/evaluation/evaluate-grid.ts';
import { CommandError } from './arguments.ts';
import type { RealGridRecord } from './evaluate-real-grid.ts';

/** One grid under one matcher. */
export interface EvaluationRow {
  /** Name of the folder. */
  readonly set: string;
  readonly matcher: string;
  readonly grid: string;
  readonly source: string;
  readonly isProcedural: boolean;
  readonly hasOverlap: boolean;
  readonly disjoint: string | null;
  readonly record: GridRecord;
}

/** What a report says of a matcher. */
export interface EvaluatedMatcher {
  readonly label: string;
  readonly model: string | null;
  readonly modelSha256: string | null;
  readonly device: string;
}

export interface EvaluatedSet {
  readonly name: string;
  readonly preset: string;
  readonly truthSha256: string;
  /** Grids of the folder; fewer may have been evaluated (`--limit`). */
  readonly grids: number;
}

/** Everything that `evaluate --json` writes and the report is made of. */
export interface EvaluationFile {
  readonly version: 1;
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly matchers: readonly EvaluatedMatcher[];
  readonly sets: readonly EvaluatedSet[];
  readonly rows: readonly EvaluationRow[];
  readonly realGrids: readonly { readonly name: string; readonly matcher: string; readonly record: RealGridRecord }[];
}

/**
 * Reads what an earlier `evaluate --json` wrote.
 * @throws CommandError when the file is absent or something else.
 */
export async function readEvaluation(path: string): Promise<EvaluationFile> {
  try {
    const file = JSON.parse(await readFile(path, 'utf8')) as Partial<EvaluationFile>;
    if (file.version === 1 && Array.isArray(file.rows)) return file as EvaluationFile;
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new CommandError(`${path} was not written by evaluate --json`);
}

/** Several evaluations as one; a row of a later file replaces the same row of an earlier one. */
export function mergeEvaluations(files: readonly EvaluationFile[]): EvaluationFile {
  const last = files.at(-1);
  if (!last) throw new RangeError('nothing to merge');
  const merged = <T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] => [
    ...new Map(items.map((item) => [keyOf(item), item])).values(),
  ];
  return {
    ...last,
    command: [...new Set(files.map((file) => file.command))].join('\n'),
    machine: [...new Set(files.map((file) => file.machine))].join('; '),
    matchers: merged(
      files.flatMap((file) => file.matchers),
      (matcher) => matcher.label,
    ),
    sets: merged(
      files.flatMap((file) => file.sets),
      (set) => set.name,
    ),
    rows: merged(
      files.flatMap((file) => file.rows),
      (row) => [row.set, row.matcher, row.grid].join('\n'),
    ),
    realGrids: merged(
      files.flatMap((file) => file.realGrids),
      (grid) => [grid.name, grid.matcher].join('\n'),
    ),
  };
}
