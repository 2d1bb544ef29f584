import type { Matcher } from '../core/matching/matcher.ts';
import type { MatcherId } from '../core/options.ts';
import type { loftrMatcher } from './loftr/loftr.ts';

interface MatcherMetadata {
  readonly label: string;
  /** One sentence for the user. */
  readonly description: string;
}

/** A matcher of the registry: cheap metadata, and the code on demand. */
export type MatcherDescriptor =
  | (MatcherMetadata & {
      readonly needsModel: false;
      /** Resolution of its strips, as a fraction of full resolution. */
      readonly scale: number;
      load(): Promise<Matcher>;
    })
  | (MatcherMetadata & {
      readonly needsModel: true;
      /** The model bundle says. */
      readonly scale: null;
      /** The factory of a matcher from a loaded network. */
      load(): Promise<typeof loftrMatcher>;
    });

/** Every matcher; the UI, the workers, the command line and the contract test read this table. */
export const matchers = {
  loftr: {
    label: 'LoFTR',
    description: 'A neural network for electron microscopy: the surest choice under noise and on little texture.',
    needsModel: true,
    scale: null,
    load: async () => (await import('./loftr/loftr.ts')).loftrMatcher,
  },
  sift: {
    label: 'SIFT',
    description: 'Classical features at full resolution: the most precise on clean images with texture.',
    needsModel: false,
    scale: 1,
    load: async () => (await import('./sift/sift-matcher.ts')).siftMatcher(),
  },
  'phase-correlation': {
    label: 'Phase correlation',
    description: 'Correlates blocks of the overlap: fast, for tiles that are hardly rotated.',
    needsModel: false,
    scale: 0.5,
    load: async () => (await import('./phase-correlation/phase-correlation-matcher.ts')).phaseCorrelationMatcher(),
  },
} as const satisfies Record<MatcherId, MatcherDescriptor>;
