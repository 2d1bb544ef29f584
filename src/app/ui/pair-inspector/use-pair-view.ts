import { useEffect, useState } from 'react';
import { isAbort } from '../../../core/errors.ts';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import type { TilePair } from '../../../core/tiles/tile.ts';
import type { PairView, StitchClient } from '../../../../workers/protocol.ts';

/** The bitmaps of a pair, or why there are none. */
export type PairViewState =
  | { readonly status: 'loading' }
  | { readonly status: 'ready'; readonly view: PairView; readonly isStale: boolean }
  | { readonly status: 'failed'; readonly message: string };

/** Longer side of every bitmap, px: the overlaps of tiles up to this are looked at pixel by pixel. */
const MAX_SIDE = 4096;

interface Answer {
  readonly pair: TilePair;
  readonly motion: string;
  readonly view: PairView | null;
  readonly message: string;
}

/**
 * Asks for the pictures of a pair. With another motion of the same pair the old picture stays until the new one is
 * there; bitmaps are closed when they are no longer shown.
 */
export function usePairView(client: Pick<StitchClient, 'pairView'>, pair: TilePair, aFromB: Affine2): PairViewState {
  const [answer, setAnswer] = useState<Answer | null>(null);
  // By value: a parent may compute the same motion anew at every render.
  const { a, b, c, d, e, f } = aFromB;
  const motion = `${a},${b},${c},${d},${e},${f}`;

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    client.pairView({ pair, aFromB: { a, b, c, d, e, f }, maxSide: MAX_SIDE }, signal).then(
      (view) => {
        if (signal.aborted) closePairView(view);
        else setAnswer({ pair, motion, view, message: '' });
      },
      (error: unknown) => {
        if (signal.aborted || isAbort(error)) return;
        setAnswer({ pair, motion, view: null, message: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => controller.abort();
  }, [client, pair, motion, a, b, c, d, e, f]);

  useEffect(() => {
    const view = answer?.view ?? null;
    return () => {
      if (view !== null) closePairView(view);
    };
  }, [answer]);

  if (answer === null || answer.pair !== pair) return { status: 'loading' };
  if (answer.view === null) return { status: 'failed', message: answer.message };
  return { status: 'ready', view: answer.view, isStale: answer.motion !== motion };
}

function closePairView(view: PairView): void {
  for (const bitmap of [view.a.bitmap, view.b.bitmap, view.overlapA, view.overlapB, view.difference, view.greenMagenta])
    bitmap.close();
}
