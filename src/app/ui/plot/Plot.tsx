import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useApp, useAppState } from '../app-context.ts';
import type { DrawnPlot, drawPlot } from './draw-plot.ts';
import type { PlotSpec } from './plot-spec.ts';

interface PlotProps {
  readonly label: string;
  readonly spec: PlotSpec;
}

/** A plot by uPlot, which is loaded when it is first needed; its box has its size before. */
export function Plot({ label, spec }: PlotProps) {
  const { jobs } = useApp();
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnPlot | null>(null);
  // Its letters have their size from the start.
  const textSize = useAppState(({ view }) => view.textSize);
  const [pointed, setPointed] = useState<number | null>(null);
  const draw = useEffectEvent((make: typeof drawPlot, box: HTMLElement) => make(box, spec, setPointed));
  const report = useEffectEvent((error: unknown) => jobs.report(error));
  useEffect(() => {
    let isGone = false;
    import('./draw-plot.ts').then(
      (room) => {
        if (!isGone && host.current) drawn.current = draw(room.drawPlot, host.current);
      },
      (error: unknown) => report(error),
    );
    return () => {
      isGone = true;
      drawn.current?.dispose();
      drawn.current = null;
    };
  }, [textSize]);
  useEffect(() => drawn.current?.update(spec), [spec]);
  const text = pointed !== null && pointed < spec.x.length ? spec.readout(pointed) : '';
  return (
    <div className="plot">
      <div className="plot-box" role="img" aria-label={label} ref={host} />
      <span className="plot-readout" aria-hidden="true">
        {text}
      </span>
    </div>
  );
}
