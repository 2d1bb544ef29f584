import { useEffect, useState } from 'react';
import { isAbort } from '../../core/errors.ts';
import type { Point } from '../../core/geometry/affine2.ts';
import type { PixelProbe } from '../../core/mosaic/pixel-probe.ts';
import type { StitchClient } from '../../../workers/protocol.ts';

/** The pointer rests so long before a pixel is looked into, ms. */
const REST_MS = 30;

/** What a pixel of the mosaic is made of; the last answer stays until the next is there. */
export function usePixelProbe(
  client: Pick<StitchClient, 'probePixel'>,
  pixel: Point | null,
  generation: number,
  onError: (error: unknown) => void,
): PixelProbe | null {
  const [probe, setProbe] = useState<PixelProbe | null>(null);
  const x = pixel?.x;
  const y = pixel?.y;
  useEffect(() => {
    if (x === undefined || y === undefined) return;
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      client.probePixel(x, y, signal).then(
        (found) => {
          if (!signal.aborted) setProbe(found);
        },
        (error: unknown) => {
          if (!signal.aborted && !isAbort(error)) onError(error);
        },
      );
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [client, x, y, generation, onError]);
  return probe;
}
