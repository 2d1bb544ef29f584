import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import type { Link } from '../matching/link.ts';
import type { RunContext } from '../progress.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TilePair } from '../tiles/tile.ts';
import type { RefinedOverlap } from './refined-overlap.ts';

/** An overlap to refine: the pair, and where the first solve puts a in b. */
export interface OverlapRequest {
  readonly pair: TilePair;
  readonly bFromA: Affine2;
}

/** Aligns the patches of one overlap; null where there is no room for one. */
export type RefineStep = (request: OverlapRequest) => Promise<RefinedOverlap | null>;

/**
 * Refines the overlap of every link that is not `known` about the solved poses, `concurrency` at a time; the answer is in
 * the order of the links. A link
 * that the solve removed is looked at, too: what the first model could not express the patches may well agree on.
 * @throws what the step throws; an abort is rethrown.
 */
export async function refineOverlaps(
  links: readonly Link[],
  report: SolveReport,
  refine: RefineStep,
  known: ReadonlyMap<string, RefinedOverlap>,
  concurrency: number,
  { signal, onProgress }: RunContext,
): Promise<readonly RefinedOverlap[]> {
  const requests = links.flatMap(({ pair }): OverlapRequest[] => {
    const a = report.mosaicFromTile.get(pair.a);
    const b = report.mosaicFromTile.get(pair.b);
    return a && b ? [{ pair, bFromA: composeAffine(invertAffine(b), a) }] : [];
  });
  const found = new Map(known);
  const queue = requests.filter(({ pair }) => !known.has(pairKey(pair)));
  const total = requests.length;
  let next = 0;
  let done = total - queue.length;
  onProgress({ stage: 'refine', done, total });
  const drain = async () => {
    while (next < queue.length) {
      signal.throwIfAborted();
      const request = queue[next++];
      const overlap = await refine(request).catch((error: unknown) => {
        next = queue.length; // the run has failed: nobody takes another overlap
        throw error;
      });
      if (overlap !== null) found.set(pairKey(request.pair), overlap);
      onProgress({ stage: 'refine', done: ++done, total, note: `${request.pair.a} – ${request.pair.b}` });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, queue.length)) }, drain));
  signal.throwIfAborted();
  return requests.flatMap(({ pair }) => found.get(pairKey(pair)) ?? []);
}
