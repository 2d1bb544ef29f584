import type { Interval } from '../src/core/evaluation/bootstrap.ts';
import type { GridRecord } from '../src/core/evaluation/evaluate-grid.ts';
import type { PairRecord } from '../src/core/evaluation/pair-record.ts';
import {
  compareMatchers,
  compareReference,
  countFalseLinks,
  summarise,
  type FalseLinkCount,
  type Summary,
} from '../src/core/evaluation/summary.ts';
import type { EvaluationFile, EvaluationRow } from './evaluate-file.ts';

/** Where the pictures that tiles were cut from come from. */
export const sourceKinds = ['real', 'procedural'] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** One set of one kind of source, every matcher's grids in the same order. */
export interface SetSection {
  readonly set: string;
  readonly source: SourceKind;
  readonly pairs: number;
  readonly tiles: number;
  readonly grids: ReadonlyMap<string, readonly GridRecord[]>;
}

const kindOf = (row: EvaluationRow): SourceKind => (row.isProcedural ? 'procedural' : 'real');

/** The sets with overlaps, split by source; sections without rows are left out. */
export function sectionsOf({ sets, matchers, rows }: EvaluationFile): readonly SetSection[] {
  return sets.flatMap(({ name }) =>
    sourceKinds.flatMap((source): readonly SetSection[] => {
      const own = rows.filter((row) => row.set === name && row.hasOverlap && kindOf(row) === source);
      if (own.length === 0) return [];
      const grids = new Map(
        matchers.flatMap(({ label }) => {
          const found = own.filter((row) => row.matcher === label).sort((p, q) => (p.grid < q.grid ? -1 : 1));
          return found.length > 0 ? [[label, found.map(({ record }) => record)] as const] : [];
        }),
      );
      const first = [...grids.values()][0];
      const count = (of: (grid: GridRecord) => number) => first.reduce((sum, grid) => sum + of(grid), 0);
      return [
        { set: name, source, pairs: count((grid) => grid.pairs.length), tiles: count((grid) => grid.tiles), grids },
      ];
    }),
  );
}

/** All pairs of a section under a matcher. */
export function pairsOf(section: SetSection, matcher: string): readonly PairRecord[] {
  return (section.grids.get(matcher) ?? []).flatMap((grid) => grid.pairs);
}

/** The two differences that are reported, as far as both matchers ran on the same pairs. */
const contrasts = [
  ['loftr:finetuned', 'sift'],
  ['loftr:finetuned', 'loftr:pretrained'],
] as const;

export interface Contrast {
  readonly first: string;
  readonly second: string;
  readonly difference: Summary;
}

/** A section with its numbers. */
export interface SummarisedSection extends Omit<SetSection, 'grids'> {
  readonly matchers: Readonly<Record<string, Summary>>;
  readonly contrasts: readonly Contrast[];
  readonly reference: Readonly<Record<string, NonNullable<ReturnType<typeof compareReference>>>>;
}

/** False links of one kind of pairs without overlap under a matcher. */
export interface FalseLinkRow extends FalseLinkCount {
  readonly set: string;
  readonly kind: string;
  readonly matcher: string;
}

export interface EvaluationSummary {
  readonly sections: readonly SummarisedSection[];
  readonly falseLinks: readonly FalseLinkRow[];
}

/** Everything that the report says in numbers. */
export function summariseEvaluation(evaluation: EvaluationFile): EvaluationSummary {
  return {
    sections: sectionsOf(evaluation).map(summariseSection),
    falseLinks: falseLinkRows(evaluation),
  };
}

function summariseSection({ grids, ...about }: SetSection): SummarisedSection {
  const reference: Record<string, NonNullable<ReturnType<typeof compareReference>>> = {};
  for (const [label, records] of grids) {
    const found = compareReference(records);
    if (found) reference[label] = found;
  }
  return {
    ...about,
    matchers: Object.fromEntries([...grids].map(([label, records]) => [label, summarise(records)])),
    contrasts: contrasts.flatMap(([first, second]): readonly Contrast[] => {
      const [p, q] = [grids.get(first), grids.get(second)];
      const areSame = p && q && samePairs(p, q);
      return areSame ? [{ first, second, difference: compareMatchers(p, q) }] : [];
    }),
    reference,
  };
}

function samePairs(p: readonly GridRecord[], q: readonly GridRecord[]): boolean {
  const names = (grids: readonly GridRecord[]) => grids.flatMap((grid) => grid.pairs.map(({ a, b }) => `${a} ${b}`));
  return names(p).join() === names(q).join();
}

function falseLinkRows({ sets, matchers, rows }: EvaluationFile): readonly FalseLinkRow[] {
  const disjoint = rows.filter((row) => !row.hasOverlap);
  return sets.flatMap(({ name }) =>
    matchers.flatMap(({ label }) => {
      const own = disjoint.filter((row) => row.set === name && row.matcher === label);
      if (own.length === 0) return [];
      const kinds = [...new Set(own.map((row) => row.disjoint ?? 'elsewhere'))].sort();
      const rowOf = (kind: string, of: readonly EvaluationRow[]): FalseLinkRow => ({
        set: name,
        kind,
        matcher: label,
        ...countFalseLinks(of.flatMap((row) => row.record.pairs)),
      });
      const byKind = kinds.map((kind) =>
        rowOf(
          kind,
          own.filter((row) => (row.disjoint ?? 'elsewhere') === kind),
        ),
      );
      return kinds.length > 1 ? [...byKind, rowOf('all', own)] : byKind;
    }),
  );
}

/** A missing interval. */
export const unknown: Interval = { value: NaN, low: NaN, high: NaN };
