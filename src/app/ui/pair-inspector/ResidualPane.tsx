import { useCallback, useMemo, useState } from 'react';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import type { PairView } from '../../../../workers/protocol.ts';
import { readOverlayColours } from '../../viewer/overlay-colours.ts';
import { paintArrows } from '../../viewer/residual-arrows.ts';
import { PlotFigure } from '../plot/PlotFigure.tsx';
import { Slider } from '../Slider.tsx';
import { residualPlot } from '../plot/residual-plot.ts';
import { filterMatches, matchResiduals } from './match-picture.ts';
import type { Paint } from './pan-zoom.ts';
import { drawBitmap } from './pan-zoom.ts';
import type { PanZoomLink } from './pan-zoom-link.ts';
import { PanZoomCanvas } from './PanZoomCanvas.tsx';
import { residualHistogram, residualVectors } from './residual-field.ts';

interface ResidualPaneProps {
  readonly result: PairResult;
  readonly view: PairView;
  readonly aFromB: Affine2;
  readonly link: PanZoomLink;
}

const START_TIMES = 20;

/** What the motion leaves at each match: how much, and which way. */
export function ResidualPane({ result, view, aFromB, link }: ResidualPaneProps) {
  const [times, setTimes] = useState(START_TIMES);
  const matches = result.correspondences;
  const mask = result.kind === 'link' ? result.inlierMask : null;
  const indices = useMemo(
    () => filterMatches(matches, mask, { inliers: true, outliers: mask === null, minConfidence: 0 }),
    [matches, mask],
  );
  const histogram = useMemo(
    () => residualHistogram(matchResiduals(matches, aFromB), indices),
    [matches, aFromB, indices],
  );
  const vectors = useMemo(() => residualVectors(matches, indices, aFromB), [matches, indices, aFromB]);
  const { overlapA, overlapRegion } = view;
  const content = useMemo(() => ({ width: overlapA.width, height: overlapA.height }), [overlapA]);

  const paint = useCallback<Paint>(
    (context, t, ratio) => {
      context.globalAlpha = 0.55;
      drawBitmap(context, t, overlapA, 0, 0);
      context.globalAlpha = 1;
      // Places of a, full resolution → content → device.
      const reduced = overlapA.width / overlapRegion.width;
      const scale = t.scale * reduced;
      const origin = (start: number) => (0.5 - start) * reduced - 0.5;
      const transform = {
        scale,
        x: origin(overlapRegion.x) * t.scale + t.x,
        y: origin(overlapRegion.y) * t.scale + t.y,
      };
      const { canvas } = context;
      paintArrows(context, vectors, times, { transform, size: canvas, ratio, turns: 0 }, readOverlayColours(canvas));
    },
    [overlapA, overlapRegion, vectors, times],
  );

  const whose = mask === null ? 'matches' : 'inliers';
  const plot = useMemo(() => histogram && residualPlot(histogram, whose), [histogram, whose]);
  if (histogram === null || plot === null) return <p className="pair-message">No matches, no residuals.</p>;
  return (
    <section className="pair-pane" aria-label="Residuals" data-testid="residual-pane">
      <header className="pair-pane-head">
        <h3>Residuals</h3>
        <span className="pair-fact">
          median <b>{histogram.medianPx.toFixed(2)}</b> · rms <b>{histogram.rmsPx.toFixed(2)}</b> · 95 % below{' '}
          <b>{histogram.p95Px.toFixed(2)} px</b>
        </span>
        <div className="pair-slider">
          Arrows <output>× {times}</output>
          <Slider
            {...{ min: 1, max: 100, step: 1 }}
            value={times}
            label="Arrows longer by"
            text={`× ${times}`}
            onChange={setTimes}
          />
        </div>
      </header>
      <PlotFigure
        label={`Histogram of the residuals of ${histogram.count} ${whose}`}
        {...plot}
        testId="residual-plot"
      />
      <div className="pair-stage">
        <PanZoomCanvas
          content={content}
          paint={paint}
          link={link}
          label={`Residual vectors of ${histogram.count} ${whose}, ${times} times as long as they are`}
        />
      </div>
    </section>
  );
}
