import { StitchError } from '../src/core/errors.ts';
import { mosaicFromSolution, parseSolution } from '../src/formats/solution-json.ts';
import { CommandError, parseArguments, textOf } from './arguments.ts';
import { readText as readTextFile } from './disk.ts';
import { exportMosaic, exportReader, formatOfPath } from './export-mosaic.ts';
import { blendOf, mosaicChoice, mosaicOptions, mosaicUsage } from './mosaic-options.ts';
import { openFolder } from './open-folder.ts';
import { terminalContext } from './terminal.ts';

const spec = { tiles: { type: 'string' }, out: { type: 'string' }, ...mosaicOptions } as const;

export const composeCommand = {
  summary: 'composes the mosaic of a solution.json again, pixel for pixel what the app exports from it',
  usage: `compose SOLUTION.json --tiles DIR --out MOSAIC ${mosaicUsage}`,
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options: given } = parseArguments(args, spec, ['SOLUTION.json']);
    const folder = textOf(given.tiles);
    const out = textOf(given.out);
    if (!folder || !out) throw new CommandError('--tiles and --out are needed');
    const choice = mosaicChoice(given, formatOfPath(out));
    const solution = parseSolution(await readText(operands[0]));
    const context = terminalContext(signal);
    const { inspection, sources } = await openFolder(folder, context);
    const mosaic = mosaicFromSolution(solution, inspection.tiles);
    const reader = exportReader(sources, inspection.tiles);
    const { compose } = solution.options;
    const options = { ...compose, blend: blendOf(given, compose.blend) };
    const report = await exportMosaic(out, mosaic, options, reader, context, choice);
    const copies = report.levels > 1 ? `, ${report.levels} levels` : '';
    const { width, height } = report.size;
    process.stderr.write(
      `${out}: ${width} × ${height} px, ${report.kind}${copies}, ${(report.bytes / 1e6).toFixed(1)} MB\n`,
    );
  },
};

async function readText(path: string): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (cause) {
    throw new StitchError('unreadable-file', `${path} cannot be read; check the path.`, { file: path }, { cause });
  }
}
