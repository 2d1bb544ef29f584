import { fileURLToPath } from 'node:url';
import { matcherIds, type MatcherId } from '../src/core/options.ts';
import { CommandError } from './arguments.ts';

/** A matcher to evaluate: how it is named on the command line, and what to load. */
export interface MatcherSpec {
  readonly label: string;
  readonly id: MatcherId;
  /** Folder of the model bundle; absent for the embedded one and for matchers without a model. */
  readonly bundle?: string;
}

const models = fileURLToPath(new URL('../public/models', import.meta.url));

/** Bundles of the product by the name they have in `--matchers`. */
const namedBundles: Readonly<Record<string, string>> = {
  'loftr:finetuned': `${models}/loftr-compact`,
  'loftr:pretrained': `${models}/loftr-compact-pretrained`,
};

/**
 * Reads `--matchers`: `sift`, `phase-correlation`, `loftr` (the embedded bundle), `loftr:finetuned`,
 * `loftr:pretrained`, or `loftr:FOLDER` for any bundle.
 * @throws CommandError for an unknown or a repeated name.
 */
export function parseMatchers(text: string): readonly MatcherSpec[] {
  const labels = text.split(',').map((name) => name.trim());
  const repeated = labels.find((label, k) => labels.indexOf(label) !== k);
  if (repeated !== undefined) throw new CommandError(`--matchers names ${repeated} twice`);
  return labels.map((label) => {
    if (Object.hasOwn(namedBundles, label)) return { label, id: 'loftr', bundle: namedBundles[label] };
    if (label.startsWith('loftr:') && label.length > 'loftr:'.length)
      return { label, id: 'loftr', bundle: label.slice('loftr:'.length) };
    const id = matcherIds.find((each) => each === label);
    if (!id)
      throw new CommandError(
        `--matchers knows ${[...matcherIds, ...Object.keys(namedBundles), 'loftr:FOLDER'].join(', ')}, not ${label || 'an empty name'}`,
      );
    return { label, id };
  });
}
