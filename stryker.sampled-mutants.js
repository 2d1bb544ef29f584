/**
 * Stryker's plug-in for samples: a checker that lets only the mutants of a list through (the others are neither run nor
 * counted), and a reporter that writes each result down at once, so that a run that is stopped has shown something.
 */
import { PluginKind, declareValuePlugin } from '@stryker-mutator/api/plugin';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const {
  EM_STITCH_MUTANTS: listPath,
  EM_STITCH_MUTATION_RESULTS: resultsPath,
  EM_STITCH_MUTATED_FILES: filesPath,
} = process.env;

/** The words by which one mutant is known in every run over the same source: `file:line:column-line:column mutator > replacement`. */
export function mutantKey({ fileName, location: { start, end }, mutatorName, replacement }) {
  const path = relative(process.cwd(), fileName).replaceAll('\\', '/');
  return `${path}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column} ${mutatorName} > ${replacement}`;
}

function sampledChecker() {
  const sampled = listPath ? new Set(JSON.parse(readFileSync(listPath, 'utf8'))) : null;
  const check = async (mutants) =>
    Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        sampled === null || sampled.has(mutantKey(mutant))
          ? { status: 'passed' }
          : { status: 'compileError', reason: 'not in the sample' },
      ]),
    );
  return { init: async () => {}, check, group: async (mutants) => mutants.map(({ id }) => [id]) };
}

const lineReporter = {
  /** Which file each mutant lies in, for `bench/mutation/vitest.config.ts`, which starts with the nearest tests. */
  onMutationTestingPlanReady({ mutantPlans }) {
    if (!filesPath) return;
    writeFileSync(
      filesPath,
      JSON.stringify(Object.fromEntries(mutantPlans.map(({ mutant }) => [mutant.id, mutant.fileName]))),
    );
  },
  onMutantTested({ status, static: isStatic, killedBy, coveredBy, statusReason, ...mutant }) {
    if (!resultsPath || status === 'CompileError') return;
    // A result gives lines from 1 and columns from 1; the mutants of the checker count from 0.
    const { start, end } = mutant.location;
    const place = {
      start: { line: start.line - 1, column: start.column - 1 },
      end: { line: end.line - 1, column: end.column - 1 },
    };
    const key = mutantKey({ ...mutant, location: place });
    const line = { key, status, isStatic, killedBy, covering: coveredBy?.length ?? 0, statusReason, at: Date.now() };
    appendFileSync(resultsPath, `${JSON.stringify(line)}\n`);
  },
};

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Checker, 'sampled', sampledChecker()),
  declareValuePlugin(PluginKind.Reporter, 'lines', lineReporter),
];
