import { useEffect, useEffectEvent, useState } from 'react';
import { useApp, useAppState } from './app-context.ts';
import type { MosaicRoom } from './MosaicRoom.tsx';

/**
 * What shows a mosaic, null until it is there: it is loaded with the first run, not before one is asked for. A run takes
 * far longer.
 */
export function useMosaicRoom(): typeof MosaicRoom | null {
  const { jobs } = useApp();
  const isWanted = useAppState(
    ({ job, result }) => result.run !== null || (job.current.kind === 'running' && job.current.task === 'stitch'),
  );
  const [room, setRoom] = useState<{ readonly MosaicRoom: typeof MosaicRoom } | null>(null);
  const load = useEffectEvent(() => {
    import('./MosaicRoom.tsx').then(setRoom, (error: unknown) => jobs.report(error));
  });
  useEffect(() => {
    if (isWanted) load();
  }, [isWanted]);
  return room && room.MosaicRoom;
}
