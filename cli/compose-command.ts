import { readFile } from 'node:fs/promises';
import { StitchError } from '../src/core/errors.ts';
import { blendModes } from '../src/core/mosaic/mosaic.ts';
import { mosaicFromSolution, parseSolution } from '../src/formats/solution-json.ts';
import { CommandError, oneOf, parseArguments, textOf } from './arguments.ts';
import { exportMosaic } from './export-mosaic.ts';
import { openFolder } from './open-folder.ts';
import { terminalContext } from './terminal.ts';

const spec = { tiles: { type: 'string' }, out: { type: 'string' }, blend: { type: 'string' } } as const;

export const composeCommand = {
  summary: 'composes the mosaic of a solution.json again, pixel for pixel what the app exports from it',
  usage: 'compose SOLUTION.json --tiles DIR --out MOSAIC.tif [--blend overlay|none|average|feather]',
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options: given } = parseArguments(args, spec, ['SOLUTION.json']);
    const folder = textOf(given.tiles);
    const out = textOf(given.out);
    if (!folder || !out) throw new CommandError('--tiles and --out are needed');
    const solution = parseSolution(await readText(operands[0]));
    const context = terminalContext(signal);
    const { inspection, reader } = await openFolder(folder, context);
    const mosaic = mosaicFromSolution(solution, inspection.tiles);
    const { compose } = solution.options;
    const options = { ...compose, blend: oneOf('--blend', given.blend, blendModes, compose.blend) };
    await exportMosaic(out, mosaic, options, reader, context);
  },
};

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new StitchError('unreadable-file', `${path} cannot be read; check the path.`, { file: path }, { cause });
  }
}
