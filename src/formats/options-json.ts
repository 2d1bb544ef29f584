import * as v from 'valibot';
import { StitchError, type ErrorCode } from '../core/errors.ts';
import { defaultStitchOptions, type StitchOptions } from '../core/options.ts';
import { optionsSchema } from './solution-json.ts';

/** The options of a run as a file that the app and the command line share. */
export function writeOptions(options: StitchOptions): string {
  return `${JSON.stringify({ kind: optionsKind, ...options }, null, 2)}\n`;
}

/** What `kind` says in a file of options. */
const optionsKind = 'em-stitch-options';

/**
 * Reads a file of options; what it leaves out has its default, so that a file may state only what it changes.
 * @throws StitchError `bad-options` naming the place.
 */
export function parseOptions(text: string, file = 'the options file'): StitchOptions {
  return checkedOptions(jsonOf(text, file), file);
}

/**
 * Options of parsed JSON over the defaults.
 * @throws StitchError `bad-options` naming the place.
 */
export function checkedOptions(value: unknown, file: string): StitchOptions {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const sections: Readonly<Record<string, unknown>> = isObject ? { ...value } : {};
  const base = defaultStitchOptions;
  const merged = {
    ...base,
    ...sections,
    pair: { ...base.pair, ...sectionOf(sections.pair) },
    solve: { ...base.solve, ...sectionOf(sections.solve) },
    compose: { ...base.compose, ...sectionOf(sections.compose) },
  };
  const parsed = v.safeParse(optionsSchema, isObject ? merged : null);
  if (parsed.success) return withoutAbsent(parsed.output);
  throw new StitchError(
    'bad-options',
    `${file}: ${issueText(parsed.issues[0])}. Choose another file, or correct this place.`,
    { file },
  );
}

/** @throws StitchError `code` when the text is no JSON. */
export function jsonOf(text: string, file: string, code: ErrorCode = 'bad-options'): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new StitchError(code, `${file} is no JSON: it was cut off or is another kind of file.`, { file }, { cause });
  }
}

/** Where and what: `solve.robustScalePx: Invalid type …`. */
export function issueText(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`;
}

function sectionOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** The options without fields that are present but undefined, as `exactOptionalPropertyTypes` asks. */
function withoutAbsent(options: v.InferOutput<typeof optionsSchema>): StitchOptions {
  return JSON.parse(JSON.stringify(options)) as StitchOptions;
}
