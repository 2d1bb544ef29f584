import type { TileReader } from '../tiles/tile.ts';

/** Tiles decoded at a time: the platform inflates on threads of its own, and each holds a whole tile while it does. */
const defaultLanes = 4;

/**
 * A reader that asks another for at most `lanes` tiles at a time, first come, first served: a region of a thousand tiles
 * seen from far away does not hold a thousand decoded files. A read that is cancelled while it waits is never begun.
 */
export function boundedTileReader(reader: TileReader, lanes = defaultLanes): TileReader {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const enter = async (): Promise<void> => {
    if (busy >= lanes) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
  };
  /** The lane goes to the next who waits, or is free. */
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  };
  return {
    async read(tile, request) {
      await enter();
      try {
        request.signal.throwIfAborted();
        return await reader.read(tile, request);
      } finally {
        leave();
      }
    },
  };
}
