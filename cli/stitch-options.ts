import { transformModels } from '../src/core/matching/link.ts';
import { topmostChoices } from '../src/core/mosaic/mosaic.ts';
import { defaultStitchOptions, matcherIds, type StitchOptions } from '../src/core/options.ts';
import { shadingChoices } from '../src/core/photometry/shading-field.ts';
import { numberIn, oneOf } from './arguments.ts';
import { blendOf, mosaicOptions, mosaicUsage } from './mosaic-options.ts';

/** The options of `stitch` that choose how tiles are matched, solved and composed. */
export const pipelineOptions = {
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
  `[--matcher ${matcherIds.join('|')}] [--model BUNDLE] [--transform ${transforms.join('|')}] [--refine] ` +
  `[--min-confidence 0…1] [--no-align] [--on-top ${topmostChoices.join('|')}] ` +
  `[--shading ${shadingChoices.join('|')}] ${mosaicUsage}`;

/**
 * The options of a run.
 * @throws CommandError for a value that is none of its option's
 */
export function stitchOptions(given: Given): StitchOptions {
  const base = defaultStitchOptions;
  const transform = oneOf('--transform', given.transform, transforms, base.solve.model);
  const isElastic = transform === 'elastic';
  const model = isElastic ? 'affine' : transform;
  return {
    matcher: oneOf('--matcher', given.matcher, matcherIds, base.matcher),
    pair: {
      ...base.pair,
      model,
      minConfidence: numberIn('--min-confidence', given['min-confidence'], 0, 1) ?? null,
      align: !given['no-align'],
    },
    solve: {
      ...base.solve,
      model,
      ...(isElastic ? { elastic: true } : {}),
      ...(isElastic || given.refine ? { refine: true } : {}),
    },
    ...(given.shading === undefined ? {} : { shading: oneOf('--shading', given.shading, shadingChoices, 'none') }),
    compose: {
      ...base.compose,
      blend: blendOf(given, base.compose.blend),
      topmost: oneOf('--on-top', given['on-top'], topmostChoices, base.compose.topmost),
    },
  };
}
