import { readFile } from 'node:fs/promises';
import { StitchError } from '../src/core/errors.ts';
import type { Rect } from '../src/core/geometry/rect.ts';
import { blendModes } from '../src/core/mosaic/mosaic.ts';
import { mosaicFormats } from '../src/formats/index.ts';
import type { MosaicFormat } from '../src/formats/index.ts';
import { checkedRange, outputBits } from '../src/formats/pyramid-samples.ts';
import type { ValueRange } from '../src/formats/pyramid-samples.ts';
import { mosaicFromSolution, parseSolution } from '../src/formats/solution-json.ts';
import { CommandError, oneOf, parseArguments, textOf } from './arguments.ts';
import { exportMosaic, exportReader, formatOfPath } from './export-mosaic.ts';
import { openFolder } from './open-folder.ts';
import { terminalContext } from './terminal.ts';

const spec = {
  tiles: { type: 'string' },
  out: { type: 'string' },
  blend: { type: 'string' },
  format: { type: 'string' },
  region: { type: 'string' },
  bits: { type: 'string' },
  range: { type: 'string' },
} as const;

const formatIds = Object.keys(mosaicFormats) as MosaicFormat[];

export const composeCommand = {
  summary: 'composes the mosaic of a solution.json again, pixel for pixel what the app exports from it',
  usage:
    `compose SOLUTION.json --tiles DIR --out MOSAIC [--format ${formatIds.join('|')}] [--region X,Y,W,H] ` +
    `[--bits ${outputBits.join('|')} [--range LOW,HIGH]] [--blend ${blendModes.join('|')}]`,
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options: given } = parseArguments(args, spec, ['SOLUTION.json']);
    const folder = textOf(given.tiles);
    const out = textOf(given.out);
    if (!folder || !out) throw new CommandError('--tiles and --out are needed');
    const format = oneOf('--format', given.format, formatIds, formatOfPath(out));
    const bits = given.bits === undefined ? undefined : oneOf('--bits', given.bits, outputBits, '8');
    const region = regionOf(textOf(given.region));
    const range = rangeOf(textOf(given.range));
    const solution = parseSolution(await readText(operands[0]));
    const context = terminalContext(signal);
    const { inspection, sources } = await openFolder(folder, context);
    const mosaic = mosaicFromSolution(solution, inspection.tiles);
    const reader = exportReader(sources, inspection.tiles);
    const { compose } = solution.options;
    const options = { ...compose, blend: oneOf('--blend', given.blend, blendModes, compose.blend) };
    const { size, kind, bytes, levels } = await exportMosaic(out, mosaic, options, reader, context, {
      format,
      ...(region ? { region } : {}),
      ...(bits ? { bits } : {}),
      ...(range ? { range } : {}),
    });
    const copies = levels > 1 ? `, ${levels} levels` : '';
    process.stderr.write(
      `${out}: ${size.width} × ${size.height} px, ${kind}${copies}, ${(bytes / 1e6).toFixed(1)} MB\n`,
    );
  },
};

function numbersOf(option: string, text: string, count: number, form: string): readonly number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.length !== count || !numbers.every(Number.isFinite))
    throw new CommandError(`${option} must be ${form}, not ${text}`);
  return numbers;
}

/** A part of the mosaic in the coordinates of solution.json, whose `bounds` are the whole. */
function regionOf(text: string | undefined): Rect | null {
  if (text === undefined) return null;
  const [x, y, width, height] = numbersOf('--region', text, 4, 'X,Y,WIDTH,HEIGHT in mosaic pixels');
  return { x, y, width, height };
}

function rangeOf(text: string | undefined): ValueRange | null {
  if (text === undefined) return null;
  const [low, high] = numbersOf('--range', text, 2, 'LOW,HIGH in values of the tiles');
  return checkedRange(low, high);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new StitchError('unreadable-file', `${path} cannot be read; check the path.`, { file: path }, { cause });
  }
}
