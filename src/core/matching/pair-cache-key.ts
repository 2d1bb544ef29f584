import type { MatcherId, PairOptions } from '../options.ts';
import type { TilePair } from '../tiles/tile.ts';

/** Everything that a pair result depends on besides the code. */
export interface PairCacheSubject {
  readonly pair: TilePair;
  /** Identities of the files of a and b: size and hash of their ends. */
  readonly files: readonly [string, string];
  readonly matcher: MatcherId;
  readonly modelSha256: string | null;
  readonly options: PairOptions;
}

/** The one place where the key of a pair result is made: equal keys, equal results. */
export function pairCacheKey({ pair, files, matcher, modelSha256, options }: PairCacheSubject): string {
  const { a, b, aFromB, sigmaPx, expectedOverlap } = pair;
  return JSON.stringify([
    a,
    b,
    files,
    matcher,
    modelSha256,
    options,
    [aFromB.x, aFromB.y, aFromB.thetaRad, sigmaPx].map((value) => Math.round(value * 1000) / 1000),
    expectedOverlap,
  ]);
}
