import type { Tensor } from 'onnxruntime-common';
import type { InferenceSessionLike } from './loftr.ts';

/**
 * Two graphs of one network as one session: feeds that bound how far a partner lies (`bandInput`) go to the graph that
 * looks no further, which is loaded when it is first needed; all others to the graph that looks everywhere.
 */
export function bandedSession(
  everywhere: InferenceSessionLike,
  bandInput: string,
  openBand: () => Promise<InferenceSessionLike>,
): InferenceSessionLike {
  let band: Promise<InferenceSessionLike> | null = null;
  const opened = (): Promise<InferenceSessionLike> => {
    if (band) return band;
    const opening = openBand();
    band = opening;
    opening.catch(() => {
      band = null; // tried again with the next pair
    });
    return opening;
  };
  return {
    run: async (feeds) => (Object.hasOwn(feeds, bandInput) ? (await opened()).run(feeds) : everywhere.run(feeds)),
    async release() {
      await everywhere.release();
      const known = await band?.catch(() => null);
      await known?.release();
    },
  };
}

/** The feeds of a device that has no graph with a band. */
export function withoutBand(
  feeds: Readonly<Record<string, Tensor>>,
  bandInput: string | null,
): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => name !== bandInput));
}
