import type { Rect } from '../src/core/geometry/rect.ts';
import { blendModes, type BlendMode } from '../src/core/mosaic/mosaic.ts';
import { mosaicFormats } from '../src/formats/index.ts';
import type { MosaicFormat, MosaicFormatDescriptor } from '../src/formats/index.ts';
import { checkedRange, outputBits } from '../src/formats/pyramid-samples.ts';
import type { ValueRange } from '../src/formats/pyramid-samples.ts';
import { CommandError, oneOf, textOf } from './arguments.ts';
import type { ExportChoice } from './export-mosaic.ts';

/** The options that say which part of a mosaic is written, and how; `compose` and `stitch` share them. */
export const mosaicOptions = {
  format: { type: 'string' },
  region: { type: 'string' },
  bits: { type: 'string' },
  range: { type: 'string' },
  blend: { type: 'string' },
} as const;

type Given = Readonly<Partial<Record<keyof typeof mosaicOptions, string | boolean>>>;

const formatIds = Object.keys(mosaicFormats) as MosaicFormat[];

/** How a usage line shows `mosaicOptions`. */
export const mosaicUsage =
  `[--format ${formatIds.join('|')}] [--region X,Y,W,H] [--bits ${outputBits.join('|')} [--range LOW,HIGH]] ` +
  `[--blend ${blendModes.join('|')}]`;

/**
 * What the options ask to be written; `format` where none is given.
 * @throws CommandError for an unknown format or bits, a region or range that is no list of numbers; StitchError
 *   `bad-options` for a range that is empty
 */
export function mosaicChoice(given: Given, format: MosaicFormat): ExportChoice & { readonly format: MosaicFormat } {
  const region = regionOf(textOf(given.region));
  const range = rangeOf(textOf(given.range));
  return {
    format: oneOf('--format', given.format, formatIds, format),
    ...(region ? { region } : {}),
    ...(given.bits === undefined ? {} : { bits: oneOf('--bits', given.bits, outputBits, '8') }),
    ...(range ? { range } : {}),
  };
}

/** @throws CommandError unless `--blend` is a blend mode */
export function blendOf(given: Given, fallback: BlendMode): BlendMode {
  return oneOf('--blend', given.blend, blendModes, fallback);
}

/** The name of the mosaic in a folder of results: a folder, not an archive, for the formats that can be one. */
export function mosaicNameOf(format: MosaicFormat): string {
  const { fileName, canBeFolder }: MosaicFormatDescriptor = mosaicFormats[format];
  return canBeFolder ? fileName.replace(/\.zip$/, '') : fileName;
}

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
  if (![x, y, width, height].every(Number.isInteger) || width < 1 || height < 1)
    throw new CommandError(`--region must be whole pixels, at least one wide and high, not ${text}`);
  return { x, y, width, height };
}

function rangeOf(text: string | undefined): ValueRange | null {
  if (text === undefined) return null;
  const [low, high] = numbersOf('--range', text, 2, 'LOW,HIGH in values of the tiles');
  return checkedRange(low, high);
}
