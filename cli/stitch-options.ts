import { readFileSync } from 'node:fs';
import { transformModels } from '../src/core/matching/link.ts';
import { topmostChoices } from '../src/core/mosaic/mosaic.ts';
import { defaultStitchOptions, matcherIds, type StitchOptions } from '../src/core/options.ts';
import { shadingChoices } from '../src/core/photometry/shading-field.ts';
import { parseOptions } from '../src/formats/options-json.ts';
import { CommandError, numberIn, oneOf } from './arguments.ts';
import { blendOf, mosaicOptions, mosaicUsage } from './mosaic-options.ts';

/** The options of `stitch` that choose how tiles are matched, solved and composed. */
export const pipelineOptions = {
  options: { type: 'string' },
  matcher: { type: 'string' },
  model: { type: 'string' },
  transform: { type: 'string' },
  'min-confidence': { type: 'string' },
  'no-align': { type: 'boolean' },
  refine: { type: 'boolean' },
  'on-top': { type: 'string' },
  shading: { type: 'string' },
  ...mosaicOptions,
} as const;

type Given = Readonly<Partial<Record<keyof typeof pipelineOptions, string | boolean>>>;

const transforms = [...transformModels, 'elastic'] as const;

/** How a usage line shows `pipelineOptions`. */
export const pipelineUsage =
  `[--options FILE] [--matcher ${matcherIds.join('|')}] [--model BUNDLE] [--transform ${transforms.join('|')}] [--refine] ` +
  `[--min-confidence 0…1] [--no-align] [--on-top ${topmostChoices.join('|')}] ` +
  `[--shading ${shadingChoices.join('|')}] ${mosaicUsage}`;

/**
 * The options of a run: those of `--options FILE`, which the app writes, under what else is given.
 * @throws CommandError for a value that is none of its option's
 */
export function stitchOptions(given: Given): StitchOptions {
  const base = baseOptions(given.options);
  const { elastic, ...solve } = base.solve;
  const transform = oneOf('--transform', given.transform, transforms, elastic === true ? 'elastic' : solve.model);
  const isElastic = transform === 'elastic';
  const model = isElastic ? 'affine' : transform;
  return {
    matcher: oneOf('--matcher', given.matcher, matcherIds, base.matcher),
    pair: {
      ...base.pair,
      model: given.transform === undefined ? base.pair.model : model,
      minConfidence: numberIn('--min-confidence', given['min-confidence'], 0, 1) ?? base.pair.minConfidence,
      align: base.pair.align && !given['no-align'],
    },
    solve: {
      ...solve,
      model,
      ...(isElastic ? { elastic: true } : {}),
      ...(isElastic || given.refine ? { refine: true } : {}),
    },
    ...(given.shading === undefined
      ? base.shading === undefined
        ? {}
        : { shading: base.shading }
      : { shading: oneOf('--shading', given.shading, shadingChoices, 'none') }),
    compose: {
      ...base.compose,
      blend: blendOf(given, base.compose.blend),
      topmost: oneOf('--on-top', given['on-top'], topmostChoices, base.compose.topmost),
    },
  };
}

/** @throws CommandError when the file cannot be read; StitchError `bad-options` naming the place in it. */
function baseOptions(path: string | boolean | undefined): StitchOptions {
  if (typeof path !== 'string') return defaultStitchOptions;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new CommandError(`--options ${path} cannot be read`);
  }
  return parseOptions(text, path);
}
