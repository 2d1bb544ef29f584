import { useEffect, useEffectEvent, useState, type RefObject } from 'react';
import type { DisplayRange, ValueStatistics } from '../../../workers/protocol.ts';
import type { StitchRun } from '../state/result.ts';
import { updateSlice } from '../state/store.ts';
import type { MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { useApp, useAppState } from './app-context.ts';
import { CheckField, NumberField, SliderField } from './Fields.tsx';
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
  return (
    <Popover label="Contrast" onOpen={() => setIsOpen(true)} onClose={() => setIsOpen(false)}>
      {statistics && <Histogram statistics={statistics} display={display} isWhole={isWhole} />}
      <ValueField
        label="Black"
        value={display.low}
        {...{ min, max, step }}
        onChange={(low) => set({ low: Math.min(low, display.high - step) })}
      />
      <ValueField
        label="White"
        value={display.high}
        {...{ min, max, step }}
        onChange={(high) => set({ high: Math.max(high, display.low + step) })}
      />
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

interface ValueFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number) => void;
}

/** One value to be typed or dragged. */
function ValueField({ label, value, min, max, step, onChange }: ValueFieldProps) {
  return (
    <div>
      <NumberField label={label} value={round(value)} step="any" onChange={onChange} />
      <input
        type="range"
        aria-label={`${label}, slider`}
        {...{ min, max, step, value }}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
    </div>
  );
}

const chartWidth = 256;
const chartHeight = 56;

/** The counts as bars; whole values that are fewer than the bins are one bar each, without gaps between them. */
function barsOf({ histogram, min, max }: ValueStatistics, isWhole: boolean): readonly number[] {
  const values = max - min + 1;
  if (!isWhole || values >= histogram.length) return Array.from(histogram);
  const bars = Array.from({ length: values }, () => 0);
  histogram.forEach((count, bin) => {
    bars[Math.min(values - 1, Math.round(((bin + 0.5) / histogram.length) * (max - min)))] += count;
  });
  return bars;
}

interface HistogramProps {
  readonly statistics: ValueStatistics;
  readonly display: DisplayRange;
  readonly isWhole: boolean;
}

/** Counts of the visible values, logarithmic, with the black and white points. */
function Histogram({ statistics, display, isWhole }: HistogramProps) {
  const { min, max } = statistics;
  const heights = barsOf(statistics, isWhole).map((count) => Math.log1p(count));
  const highest = Math.max(1e-9, ...heights);
  const barWidth = chartWidth / Math.max(1, heights.length);
  const bars = heights
    .map((height, k) => `L${(k + 0.5) * barWidth},${(chartHeight * (1 - height / highest)).toFixed(1)}`)
    .join(' ');
  const place = (value: number) => ((value - min) / Math.max(1e-12, max - min)) * chartWidth;
  return (
    <svg
      className="histogram"
      viewBox={`0 0 ${chartWidth} ${chartHeight}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Histogram of the visible values, ${round(min)} to ${round(max)}`}
    >
      <path d={`M0,${chartHeight} ${bars} L${chartWidth},${chartHeight} Z`} />
      <line x1={place(display.low)} x2={place(display.low)} y1="0" y2={chartHeight} />
      <line x1={place(display.high)} x2={place(display.high)} y1="0" y2={chartHeight} />
    </svg>
  );
}
