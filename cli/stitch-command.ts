import { join } from 'node:path';
import { CommandError, oneOf, parseArguments, textOf } from './arguments.ts';
import { makeFolder } from './disk.ts';
import { exportMosaic, exportReader } from './export-mosaic.ts';
import { chooseLayout, layoutOptions, layoutUsage } from './layout-options.ts';
import { loadMatcher } from './matcher.ts';
import { mosaicChoice, mosaicNameOf } from './mosaic-options.ts';
import { openFolder } from './open-folder.ts';
import { chooseSections, openStack } from './stack-sections.ts';
import { stitchGrid } from './stitch-grid.ts';
import { pipelineOptions, pipelineUsage, stitchOptions } from './stitch-options.ts';
import { reportRun, writeResults } from './stitch-results.ts';
import { priorChoices, reportStack, stitchSections } from './stitch-stack.ts';
import { terminalContext } from './terminal.ts';

const spec = {
  ...layoutOptions,
  ...pipelineOptions,
  out: { type: 'string' },
  'no-mosaic': { type: 'boolean' },
  stack: { type: 'boolean' },
  sections: { type: 'string' },
  prior: { type: 'string' },
  list: { type: 'boolean' },
} as const;

type Given = Readonly<Partial<Record<keyof typeof spec, string | boolean>>>;

export const stitchCommand = {
  summary:
    'stitches the tiles of a folder: OUT/mosaic.tif (or the format that is asked for), OUT/solution.json, ' +
    'OUT/links.csv; with --refine or --transform elastic OUT/acquisition.json, too.\n      With --stack every section ' +
    '(a folder of tiles each, or names with a slice index) goes into a folder of OUT, and OUT/stack.json tells of all; ' +
    'finished sections are not made again, so that one process a section can share OUT',
  usage:
    `stitch DIR --out OUT ${layoutUsage} ${pipelineUsage} [--no-mosaic] ` +
    `[--stack [--sections 3-7,12] [--prior ${priorChoices.join('|')}] [--list]]`,
  /** @returns the exit status: 1 when sections of a stack failed and the others are done */
  async run(args: readonly string[], signal: AbortSignal): Promise<number> {
    const { operands, options: given } = parseArguments(args, spec, ['DIR']);
    if (given.stack) return stitchStack(operands[0], given, signal);
    const stray = (['sections', 'prior', 'list'] as const).find((name) => given[name] !== undefined);
    if (stray) throw new CommandError(`--${stray} is about a stack; give --stack, too`);
    await stitchFolder(operands[0], given, signal);
    return 0;
  },
};

async function stitchFolder(folder: string, given: Given, signal: AbortSignal): Promise<void> {
  const out = outOf(given);
  const options = stitchOptions(given);
  const choice = pictureChoice(given);
  const context = terminalContext(signal);
  const { inspection, sources, reader } = await openFolder(folder, context);
  for (const { message } of inspection.problems) process.stderr.write(`left out: ${message}\n`);

  const { layout, description } = await chooseLayout(inspection, reader, given, context);
  process.stderr.write(`layout: ${description}\n`);
  await makeFolder(out);
  const loaded = await loadMatcher(options.matcher, textOf(given.model));
  const run = { tiles: inspection.tiles, layout, options, sources, reader, loaded };
  const result = await stitchGrid(run, join(out, 'pairs.cache'), context);
  await loaded.matcher.dispose();

  await writeResults(out, run, result);
  if (choice) {
    reader.clear(); // What matching kept; the walk over the picture needs less.
    const exported = exportReader(sources, inspection.tiles);
    const path = join(out, mosaicNameOf(choice.format));
    await exportMosaic(path, result.mosaic, options.compose, exported, context, choice);
  }
  reportRun(result);
}

async function stitchStack(folder: string, given: Given, signal: AbortSignal): Promise<number> {
  if (given.positions !== undefined)
    throw new CommandError(
      '--positions names one file; with --stack the positions file of each section is found by itself',
    );
  const prior = oneOf('--prior', given.prior, priorChoices, 'layout');
  const options = stitchOptions(given);
  const choice = pictureChoice(given);
  const stack = await openStack(folder, textOf(given.out));
  const chosen = chooseSections(stack.sections, textOf(given.sections));
  if (given.list) {
    for (const { name, index, tiles } of chosen)
      process.stdout.write(
        `${index ?? stack.sections.findIndex((section) => section.name === name) + 1}\t${name}\t${tiles.length}\n`,
      );
    return 0;
  }
  const out = outOf(given);
  for (const { file } of stack.loose) process.stderr.write(`left out: ${file} belongs to no section\n`);
  process.stderr.write(`${stack.sections.length} sections by ${stack.kind}, ${chosen.length} to do\n`);
  await makeFolder(out);
  const loaded = await loadMatcher(options.matcher, textOf(given.model));
  const { pattern, order, rows, columns, overlap } = given;
  const layoutGiven = { pattern, order, rows, columns, overlap };
  const run = { stack, out, options, given: layoutGiven, choice, prior, loaded, context: terminalContext(signal) };
  const failed = await stitchSections(run, chosen);
  await loaded.matcher.dispose();
  await reportStack(run);
  return failed > 0 ? 1 : 0;
}

function outOf(given: Given): string {
  const out = textOf(given.out);
  if (!out) throw new CommandError('--out is missing');
  return out;
}

/** What is written of the mosaic; null for nothing. */
function pictureChoice(given: Given) {
  const choice = { ...mosaicChoice(given, 'tiff'), replace: true };
  if (!given['no-mosaic']) return choice;
  const pointless = (['format', 'region', 'bits', 'range'] as const).find((name) => given[name] !== undefined);
  if (pointless) throw new CommandError(`--${pointless} has nothing to say with --no-mosaic; leave one of them out`);
  return null;
}
