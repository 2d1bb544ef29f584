import type { RefObject } from 'react';
import type { StitchRun } from '../state/result.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useApp } from './app-context.ts';
import { visibleRegion } from './visible-region.ts';

/** Long side of the region that statistics are taken from, px. */
const STATISTICS_SIDE = 1024;

/** The visible part of the mosaic and the scale its values are counted at; null when nothing is visible. */
export function statisticsRegion(run: StitchRun, viewer: MosaicViewerHandle | null) {
  const rect = visibleRegion(viewer, run.outcome.mosaic.bounds);
  return rect && { rect, scale: Math.min(1, STATISTICS_SIDE / Math.max(rect.width, rect.height)) };
}

/** Stretches the contrast between the percentiles of what is visible. */
export function useAutoContrast(run: StitchRun, viewer: RefObject<MosaicViewerHandle | null>): () => void {
  const { jobs } = useApp();
  return () => {
    const seen = statisticsRegion(run, viewer.current);
    if (seen) void jobs.autoDisplay(seen.rect, seen.scale);
  };
}
