import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, parseArguments, textOf } from './arguments.ts';
import { exportMosaic } from './export-mosaic.ts';
import { chooseLayout, layoutOptions, layoutUsage } from './layout-options.ts';
import { loadMatcher } from './matcher.ts';
import { mosaicChoice, mosaicNameOf } from './mosaic-options.ts';
import { openFolder } from './open-folder.ts';
import { stitchGrid } from './stitch-grid.ts';
import { pipelineOptions, pipelineUsage, stitchOptions } from './stitch-options.ts';
import { reportRun, writeResults } from './stitch-results.ts';
import { terminalContext } from './terminal.ts';

const spec = {
  ...layoutOptions,
  ...pipelineOptions,
  out: { type: 'string' },
  'no-mosaic': { type: 'boolean' },
} as const;

export const stitchCommand = {
  summary:
    'stitches the tiles of a folder: OUT/mosaic.tif (or the format that is asked for), OUT/solution.json, ' +
    'OUT/links.csv; with --refine or --transform elastic OUT/acquisition.json, too',
  usage: `stitch DIR --out OUT ${layoutUsage} ${pipelineUsage} [--no-mosaic]`,
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options: given } = parseArguments(args, spec, ['DIR']);
    const out = textOf(given.out);
    if (!out) throw new CommandError('--out is missing');
    const options = stitchOptions(given);
    const choice = pictureChoice(given);
    const context = terminalContext(signal);
    const { inspection, sources, reader } = await openFolder(operands[0], context);
    for (const { message } of inspection.problems) process.stderr.write(`left out: ${message}\n`);

    const { layout, description } = await chooseLayout(inspection, reader, given, context);
    process.stderr.write(`layout: ${description}\n`);
    await mkdir(out, { recursive: true });
    const loaded = await loadMatcher(options.matcher, textOf(given.model));
    const run = { tiles: inspection.tiles, layout, options, sources, reader, loaded };
    const result = await stitchGrid(run, join(out, 'pairs.cache'), context);
    await loaded.matcher.dispose();

    await writeResults(out, run, result);
    if (choice)
      await exportMosaic(
        join(out, mosaicNameOf(choice.format)),
        result.mosaic,
        options.compose,
        reader,
        context,
        choice,
      );
    reportRun(result);
  },
};

/** What is written of the mosaic; null for nothing. */
function pictureChoice(given: Readonly<Partial<Record<keyof typeof spec, string | boolean>>>) {
  const choice = { ...mosaicChoice(given, 'tiff'), replace: true };
  if (!given['no-mosaic']) return choice;
  const pointless = (['format', 'region', 'bits', 'range'] as const).find((name) => given[name] !== undefined);
  if (pointless) throw new CommandError(`--${pointless} has nothing to say with --no-mosaic; leave one of them out`);
  return null;
}
