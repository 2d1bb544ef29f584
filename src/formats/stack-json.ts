import * as v from 'valibot';
import { StitchError } from '../core/errors.ts';
import { flagSections } from '../core/stack/section-quality.ts';
import type { Section, Stack } from '../core/stack/find-stack.ts';

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const qualitySchema = v.object({
  tiles: count,
  solved: count,
  pairs: count,
  links: count,
  residualPx: v.nullable(finite),
  worstResidualPx: v.nullable(finite),
});

const placeSchema = v.object({ row: count, column: count, x: finite, y: finite, isSolved: v.boolean() });

const doneSchema = v.object({
  version: v.literal(1),
  state: v.literal('done'),
  section: v.string(),
  /** Hash of everything that the section was made from: files, options, model, code, prior. */
  key: v.string(),
  layout: v.string(),
  /** Section whose places were the nominal ones; null = the layout's own. */
  prior: v.nullable(v.string()),
  quality: qualitySchema,
  places: v.array(placeSchema),
  solutionSha256: v.string(),
  /** The picture beside this file, and its bytes (0 for a folder); null when none was asked for. */
  picture: v.nullable(v.object({ name: v.string(), bytes: count })),
});

const failedSchema = v.object({
  version: v.literal(1),
  state: v.literal('failed'),
  section: v.string(),
  error: v.object({ code: v.string(), message: v.string() }),
});

const outcomeSchema = v.variant('state', [doneSchema, failedSchema]);

/** section.json: how one section of a stack ended. */
export type SectionOutcome = v.InferOutput<typeof outcomeSchema>;
/** section.json of a section that was stitched. */
export type SectionDone = v.InferOutput<typeof doneSchema>;

/** Reads a section.json; null for a text that is none (of another version, or damaged): the section is made again. */
export function parseSectionOutcome(text: string): SectionOutcome | null {
  try {
    const result = v.safeParse(outcomeSchema, JSON.parse(text));
    return result.success ? result.output : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * The text of section.json.
 * @throws StitchError `bad-solution` when a number is not finite
 */
export function writeSectionOutcome(outcome: SectionOutcome): string {
  const { section } = outcome;
  if (!v.is(outcomeSchema, outcome))
    throw new StitchError('bad-solution', `The outcome of section ${section} holds a value that is no number.`);
  return `${JSON.stringify(outcome)}\n`;
}

/**
 * The text of stack.json: every section of the stack in its order with its state (`done`, `failed`, `waiting`), its
 * quality and why it is remarkable. `outcomes` has one entry a section, null where it has not ended yet.
 */
export function stackSummary(
  stack: Pick<Stack, 'kind' | 'sections'>,
  outcomes: readonly (SectionOutcome | null)[],
): string {
  const flags = flagSections(outcomes.map((outcome) => (outcome?.state === 'done' ? outcome : null)));
  const lines = stack.sections.map((section, k) => JSON.stringify(sectionEntry(section, outcomes[k], flags[k])));
  const has = (state: SectionOutcome['state']) => outcomes.filter((outcome) => outcome?.state === state).length;
  const counts = {
    sections: stack.sections.length,
    done: has('done'),
    failed: has('failed'),
    flagged: flags.filter((list) => list.length > 0).length,
  };
  return `{\n  "version": 1,\n  "kind": "${stack.kind}",\n  "counts": ${JSON.stringify(counts)},\n  "sections": [\n    ${lines.join(',\n    ')}\n  ]\n}\n`;
}

function sectionEntry(
  section: Section,
  outcome: SectionOutcome | null,
  flags: ReturnType<typeof flagSections>[number],
) {
  const { name, index, tiles } = section;
  const known = { name, index, files: tiles.length, state: outcome?.state ?? 'waiting' };
  if (outcome === null) return known;
  if (outcome.state === 'failed') return { ...known, error: outcome.error };
  const { quality, layout, prior, picture } = outcome;
  return {
    ...known,
    solution: `${name}/solution.json`,
    picture: picture && `${name}/${picture.name}`,
    layout,
    prior,
    quality,
    flags,
  };
}
