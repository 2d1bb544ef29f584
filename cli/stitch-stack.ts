import { join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import type { StitchOptions } from '../src/core/options.ts';
import type { RunContext } from '../src/core/progress.ts';
import { layoutAfter, layoutLike, type LaidOutSection } from '../src/core/stack/section-layout.ts';
import { cellPlacesOf, qualityOf } from '../src/core/stack/section-quality.ts';
import type { Section } from '../src/core/stack/find-stack.ts';
import type { Layout, TileReader } from '../src/core/tiles/tile.ts';
import { fileIdentity } from '../src/formats/file-identity.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { writeSolution } from '../src/formats/solution-json.ts';
import type { SectionDone, SectionOutcome } from '../src/formats/stack-json.ts';
import { inspectFiles, type Inspection } from '../src/formats/inspect.ts';
import { resultCodeHash } from './dev/result-code.ts';
import { makeFolder } from './disk.ts';
import { exportMosaic, type ExportChoice } from './export-mosaic.ts';
import { chooseLayout, namesAll, type LayoutGiven } from './layout-options.ts';
import type { LoadedMatcher } from './matcher.ts';
import { mosaicNameOf } from './mosaic-options.ts';
import { tileReaderOf } from './open-folder.ts';
import {
  finishedOutcome,
  writtenBytes,
  readOutcome,
  removeOutcome,
  textHash,
  writeOutcome,
  writeStack,
} from './stack-record.ts';
import { sourcesOf, type NamedStack } from './stack-sections.ts';
import { stitchGrid } from './stitch-grid.ts';
import { reportRun, writeResults } from './stitch-results.ts';

/** Where the nominal places of a section come from. */
export const priorChoices = ['layout', 'previous'] as const;
export type PriorChoice = (typeof priorChoices)[number];

/** A section that has not so large a share of its tiles solved is no prior for the next. */
const leastSolvedShare = 0.8;

/** Everything that the sections of one run share. */
export interface StackRun {
  readonly stack: NamedStack;
  readonly out: string;
  readonly options: StitchOptions;
  readonly given: LayoutGiven;
  /** The picture of every section; null for none. */
  readonly choice: (ExportChoice & { readonly format: NonNullable<ExportChoice['format']> }) | null;
  readonly prior: PriorChoice;
  readonly loaded: LoadedMatcher;
  readonly context: RunContext;
}

/** A section with its headers read. */
interface OpenSection {
  readonly inspection: Inspection;
  readonly sources: readonly ByteSource[];
  readonly reader: TileReader;
}

/** The section that the others take their layout from. */
interface Reference {
  readonly section: Section;
  /** Identities of its files: the other sections depend on them. */
  readonly identities: readonly string[];
  /** Its layout, once a section asks. */
  readonly laidOut: () => Promise<LaidOutSection | null>;
}

/**
 * Stitches the chosen sections one after the other into folders of `out`. A section that is finished already is passed
 * over; one that fails is named, and the others go on.
 * @returns how many failed
 */
export async function stitchSections(run: StackRun, chosen: readonly Section[]): Promise<number> {
  const reference = await referenceOf(run);
  let failed = 0;
  for (const [k, section] of chosen.entries()) {
    run.context.signal.throwIfAborted();
    process.stderr.write(`section ${section.name} (${k + 1} of ${chosen.length}): ${section.tiles.length} files\n`);
    const outcome = await sectionOutcome(run, section, reference);
    if (outcome.state === 'failed') {
      failed++;
      process.stderr.write(`section ${section.name} failed: ${outcome.error.message}\n`);
    }
  }
  return failed;
}

/** The section with the most tiles, the first of equals: the same one in every process. */
async function referenceOf(run: StackRun): Promise<Reference> {
  const { stack, given, context } = run;
  const most = Math.max(...stack.sections.map(({ tiles }) => tiles.length));
  const section = stack.sections.find(({ tiles }) => tiles.length === most) ?? stack.sections[0];
  let found: Promise<LaidOutSection | null> | null = null;
  const lay = async (): Promise<LaidOutSection | null> => {
    try {
      const { inspection, reader } = await openSection(run, section);
      const { layout, description } = await chooseLayout(inspection, reader, given, context);
      process.stderr.write(`layout of ${section.name}, for all sections: ${description}\n`);
      return layout.kind === 'grid' ? { tiles: inspection.tiles, layout } : null;
    } catch (error) {
      if (!(error instanceof StitchError)) throw error;
      process.stderr.write(`section ${section.name} gives no layout to the others: ${error.message}\n`);
      return null;
    }
  };
  return { section, identities: await identitiesOf(stack, section), laidOut: () => (found ??= lay()) };
}

async function openSection({ stack, context }: StackRun, section: Section): Promise<OpenSection> {
  const sources = sourcesOf(stack, section);
  const inspection = await inspectFiles(sources, context);
  for (const { message } of inspection.problems) process.stderr.write(`left out: ${message}\n`);
  if (inspection.tiles.length === 0)
    throw new StitchError('no-tiles', `Section ${section.name} holds no image that can be read.`, {
      file: section.name,
    });
  return { inspection, sources, reader: tileReaderOf(sources, inspection.tiles) };
}

async function sectionOutcome(run: StackRun, section: Section, reference: Reference): Promise<SectionOutcome> {
  const { out } = run;
  try {
    const prior = await priorOf(run, section);
    const key = await keyOf(run, section, reference, prior);
    const finished = await finishedOutcome(out, section, key);
    if (finished) {
      process.stderr.write(`section ${section.name} is finished already\n`);
      return finished;
    }
    await makeFolder(join(out, section.name));
    await removeOutcome(out, section);
    const done = await makeSection(run, section, reference, prior);
    const outcome: SectionDone = {
      version: 1,
      state: 'done',
      section: section.name,
      key,
      prior: prior?.section ?? null,
      ...done,
    };
    await writeOutcome(out, outcome);
    return outcome;
  } catch (error) {
    if (!(error instanceof StitchError)) throw error;
    const { code, message } = error;
    const outcome = { version: 1, state: 'failed', section: section.name, error: { code, message } } as const;
    await makeFolder(join(out, section.name));
    await writeOutcome(out, outcome);
    return outcome;
  }
}

/** The nearest earlier section that is finished and held together by its links; null for the layout alone. */
async function priorOf({ stack, out, prior }: StackRun, section: Section): Promise<SectionDone | null> {
  if (prior === 'layout') return null;
  for (let k = stack.sections.indexOf(section) - 1; k >= 0; k--) {
    const outcome = await readOutcome(out, stack.sections[k]);
    if (outcome?.state !== 'done' || outcome.places.length === 0) continue;
    if (outcome.quality.solved >= leastSolvedShare * outcome.quality.tiles) return outcome;
  }
  return null;
}

async function keyOf(
  run: StackRun,
  section: Section,
  reference: Reference,
  prior: SectionDone | null,
): Promise<string> {
  const { options, given, choice, loaded, stack } = run;
  const own = await identitiesOf(stack, section);
  const { model, modelSha256 } = loaded;
  const made = [
    resultCodeHash(),
    options,
    given,
    choice,
    model,
    modelSha256,
    own,
    reference.identities,
    prior?.places ?? null,
  ];
  return textHash(JSON.stringify(made));
}

/** Names and contents of everything that a section is read from; a file that cannot be read is named as such later. */
async function identitiesOf(stack: NamedStack, section: Section): Promise<readonly string[]> {
  const identities: string[] = [];
  for (const source of sourcesOf(stack, section)) {
    const identity = await fileIdentity(source).catch((error: unknown) => {
      if (error instanceof StitchError) return error.code;
      throw error;
    });
    identities.push(`${source.name} ${identity}`);
  }
  return identities;
}

async function makeSection(
  run: StackRun,
  section: Section,
  reference: Reference,
  prior: SectionDone | null,
): Promise<Pick<SectionDone, 'layout' | 'quality' | 'places' | 'solutionSha256' | 'picture'>> {
  const { options, choice, loaded, context } = run;
  const folder = join(run.out, section.name);
  const { inspection, sources, reader } = await openSection(run, section);
  const { tiles } = inspection;
  const { layout: nominal, description } = await layoutOf(run, section, { inspection, sources, reader }, reference);
  const layout = prior && nominal.kind === 'grid' ? layoutAfter(nominal, tiles, prior.places) : nominal;
  process.stderr.write(`layout: ${description}${layout === nominal ? '' : `; places of section ${prior?.section}`}\n`);
  const grid = { tiles, layout, options, sources, reader, loaded };
  const result = await stitchGrid(grid, join(folder, 'pairs.cache'), context);
  const solution = await writeResults(folder, grid, result, section.index ?? undefined);
  const picture = choice ? mosaicNameOf(choice.format) : null;
  if (choice && picture !== null)
    await exportMosaic(join(folder, picture), result.mosaic, options.compose, reader, context, choice);
  reportRun(result);
  return {
    layout: description,
    quality: qualityOf(solution),
    places: [...cellPlacesOf(solution)],
    solutionSha256: await textHash(writeSolution(solution)),
    picture: picture === null ? null : { name: picture, bytes: await writtenBytes(join(folder, picture)) },
  };
}

/** The layout of the reference where the names fit it; else the section's own. A positions file of its own is believed. */
async function layoutOf(
  { given, context }: StackRun,
  section: Section,
  { inspection, reader }: OpenSection,
  reference: Reference,
): Promise<{ readonly layout: Layout; readonly description: string }> {
  const isPlaced =
    given.pattern === undefined && inspection.positionTables.some((table) => namesAll(table, inspection.tiles));
  const shared = isPlaced ? null : await reference.laidOut();
  if (!shared) return chooseLayout(inspection, reader, given, context);
  const { overlap } = shared.layout;
  if (given.pattern !== undefined)
    return chooseLayout(inspection, reader, { ...given, overlap: `${overlap.x},${overlap.y}` }, context);
  const layout = layoutLike(shared, inspection.tiles);
  if (layout)
    return {
      layout,
      description: section === reference.section ? 'its own, shared' : `as in section ${reference.section.name}`,
    };
  process.stderr.write(
    `the names of ${section.name} do not fit those of ${reference.section.name}; it gets a layout of its own\n`,
  );
  return chooseLayout(inspection, reader, given, context);
}

/** The summary over all sections, those of other processes too, and what is remarkable about them. */
export async function reportStack({ out, stack }: Pick<StackRun, 'out' | 'stack'>): Promise<void> {
  const { counts, sections } = JSON.parse(await writeStack(out, stack)) as {
    readonly counts: Readonly<Record<string, number>>;
    readonly sections: readonly { readonly name: string; readonly flags?: readonly { readonly sentence: string }[] }[];
  };
  for (const { name, flags = [] } of sections)
    for (const { sentence } of flags) process.stderr.write(`section ${name} stands out: ${sentence}\n`);
  const waiting = counts.sections - counts.done - counts.failed;
  process.stderr.write(
    `${join(out, 'stack.json')}: ${counts.done} of ${counts.sections} sections done, ${counts.failed} failed, ` +
      `${waiting} to do; ${counts.flagged} stand out\n`,
  );
}
