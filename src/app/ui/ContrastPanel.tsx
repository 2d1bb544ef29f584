import { Range, Root, Thumb, Track } from '@radix-ui/react-slider';
import { useEffect, useEffectEvent, useMemo, useState, type RefObject } from 'react';
import type { DisplayRange, ValueStatistics } from '../../../workers/protocol.ts';
import type { StitchRun } from '../state/result.ts';
import { updateSlice } from '../state/store.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useApp, useAppState } from './app-context.ts';
import { CheckField, NumberField, SliderField } from './Fields.tsx';
import { histogramPlot } from './plot/histogram-plot.ts';
import { PlotFigure } from './plot/PlotFigure.tsx';
import { Popover } from './Popover.tsx';
import { statisticsRegion, useAutoContrast } from './use-auto-contrast.ts';

interface ContrastPanelProps {
  readonly run: StitchRun;
  readonly viewer: RefObject<MosaicViewerHandle | null>;
}

/** The picture rests so long before its values are counted again, ms. */
const REST_MS = 250;

/** How values become grey on the screen; the data and the exports never change. */
export function ContrastPanel({ run, viewer }: ContrastPanelProps) {
  const { store, client, jobs } = useApp();
  const display = useAppState(({ view }) => view.display);
  const [statistics, setStatistics] = useState<ValueStatistics | null>(null);
  const set = (change: Partial<DisplayRange>) =>
    updateSlice(store, 'view', (view) => ({ ...view, display: { ...view.display, ...change } }));

  const [isOpen, setIsOpen] = useState(false);
  const viewport = useAppState(({ view }) => (isOpen ? view.viewport : null));
  const revision = useAppState(({ result }) => result.revision);
  const look = useEffectEvent((signal: AbortSignal) => {
    const seen = statisticsRegion(run, viewer.current);
    if (seen)
      client.statistics(seen.rect, seen.scale, signal).then(
        (found) => !signal.aborted && setStatistics(found),
        (error: unknown) => !signal.aborted && jobs.report(error),
      );
  });
  // The histogram is of what is seen: it follows the view while it is open.
  useEffect(() => {
    if (!isOpen) return;
    const controller = new AbortController();
    const timer = setTimeout(() => look(controller.signal), REST_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [isOpen, viewport, revision]);
  const auto = useAutoContrast(run, viewer);
  const { min, max } = statistics ?? { min: Math.min(0, display.low), max: display.high };
  const isWhole = run.outcome.mosaic.sampleType !== 'float32';
  const step = isWhole ? 1 : (max - min) / 1000 || 0.001;
  const { low, high } = display;
  const plot = useMemo(
    () => statistics && histogramPlot(statistics, { low, high }, isWhole),
    [statistics, low, high, isWhole],
  );
  return (
    <Popover label="Contrast" name="Contrast" testId="contrast-menu" onOpenChange={setIsOpen}>
      {plot ? <PlotFigure {...plot} testId="grey-histogram" /> : <div className="plot-room" />}
      <WindowSlider {...{ display, min, max, step, set }} />
      <div className="pair">
        <NumberField
          label="Black"
          value={round(display.low)}
          step="any"
          onChange={(low) => set({ low: Math.min(low, display.high - step) })}
        />
        <NumberField
          label="White"
          value={round(display.high)}
          step="any"
          onChange={(high) => set({ high: Math.max(high, display.low + step) })}
        />
      </div>
      <SliderField
        label="Gamma"
        value={display.gamma}
        min={0.2}
        max={4}
        step={0.05}
        text={display.gamma.toFixed(2)}
        onChange={(gamma) => set({ gamma })}
      />
      <CheckField label="Invert" checked={display.invert} onChange={(invert) => set({ invert })} />
      <div className="row">
        <button type="button" data-testid="auto-contrast" onClick={auto}>
          Auto
        </button>
        <button
          type="button"
          disabled={display.gamma === 1 && !display.invert}
          onClick={() => set({ gamma: 1, invert: false })}
        >
          Reset gamma
        </button>
      </div>
      <p className="dim small">For the screen only: data and exports do not change.</p>
    </Popover>
  );
}

function round(value: number): number {
  return Number(value.toPrecision(5));
}

interface WindowSliderProps {
  readonly display: DisplayRange;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly set: (change: Partial<DisplayRange>) => void;
}

/** Black and white as two handles under the histogram, at the places of their values. */
function WindowSlider({ display, min, max, step, set }: WindowSliderProps) {
  const shown = (value: number) => Math.max(min, Math.min(max, value));
  const ends = [shown(display.low), shown(display.high)];
  return (
    <Root
      className="slider window-slider"
      value={ends}
      {...{ min, max, step }}
      minStepsBetweenThumbs={1}
      // A handle that stands at the end of the axis for a value beyond it stays what it is until it is moved.
      onValueChange={([low, high]) => set({ ...(low !== ends[0] && { low }), ...(high !== ends[1] && { high }) })}
    >
      <Track className="slider-track">
        <Range className="slider-range" />
      </Track>
      <Thumb className="slider-thumb" aria-label="Black, slider" />
      <Thumb className="slider-thumb" aria-label="White, slider" />
    </Root>
  );
}
