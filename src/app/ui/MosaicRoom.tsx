import type { RefObject } from 'react';
import type { StitchRun } from '../state/result.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { MosaicPane } from './MosaicPane.tsx';
import { ResultPanel } from './ResultPanel.tsx';

interface MosaicRoomProps {
  readonly run: StitchRun;
  readonly viewer: RefObject<MosaicViewerHandle | null>;
}

/** All that is needed once there is a mosaic: the picture in the middle, the evidence on the right. */
export function MosaicRoom({ run, viewer }: MosaicRoomProps) {
  return (
    <>
      <section className="centre" aria-label="Mosaic">
        <MosaicPane run={run} viewer={viewer} />
      </section>
      <ResultPanel run={run} viewer={viewer} />
    </>
  );
}
