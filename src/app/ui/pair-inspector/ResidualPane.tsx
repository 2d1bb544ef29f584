import { useCallback, useMemo, useState } from 'react';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import type { PairView } from '../../../../workers/protocol.ts';
import { qualityStep, residualQuality } from '../../viewer/link-state.ts';
import { readOverlayColours } from '../../viewer/overlay-colours.ts';
import { paintArrows } from '../../viewer/residual-arrows.ts';
import { filterMatches, matchResiduals } from './match-picture.ts';
import type { Paint } from './pan-zoom.ts';
import { drawBitmap } from './pan-zoom.ts';
import type { PanZoomLink } from './pan-zoom-link.ts';
import { PanZoomCanvas } from './PanZoomCanvas.tsx';
import { residualHistogram, residualVectors, type ResidualHistogram } from './residual-field.ts';

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

  if (histogram === null) return <p className="pair-message">No matches, no residuals.</p>;
  const whose = mask === null ? 'matches' : 'inliers';
  return (
    <section className="pair-pane" aria-label="Residuals" data-testid="residual-pane">
      <header className="pair-pane-head">
        <h3>Residuals</h3>
        <span className="pair-fact">
          median <b>{histogram.medianPx.toFixed(2)}</b> · rms <b>{histogram.rmsPx.toFixed(2)}</b> · 95 % below{' '}
          <b>{histogram.p95Px.toFixed(2)} px</b>
        </span>
        <label className="pair-slider">
          Arrows <output>× {times}</output>
          <input
            type="range"
            min={1}
            max={100}
            value={times}
            aria-label="Arrows longer by"
            onChange={(event) => setTimes(event.target.valueAsNumber)}
          />
        </label>
      </header>
      <Histogram histogram={histogram} whose={whose} />
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

const BAR_AREA = { width: 400, height: 54 };

function Histogram({ histogram, whose }: { readonly histogram: ResidualHistogram; readonly whose: string }) {
  const { counts, ends } = histogram;
  const most = Math.max(1, ...counts);
  const width = BAR_AREA.width / counts.length;
  return (
    <figure className="pair-histogram">
      <svg
        viewBox={`0 0 ${BAR_AREA.width} ${BAR_AREA.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of the residuals of ${histogram.count} ${whose}`}
      >
        {counts.map((count, bin) => {
          const height = (BAR_AREA.height * count) / most;
          return (
            <rect
              key={ends[bin]}
              data-quality={qualityStep(residualQuality(ends[bin] - 0.125))}
              x={bin * width}
              y={BAR_AREA.height - height}
              width={width - 1}
              height={height}
            >
              <title>{binText(histogram, bin)}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption>
        {[0, 1, 2, 3, 4, 5].map((px) => (
          <span key={px}>{px === 5 ? '≥ 5 px' : px}</span>
        ))}
      </figcaption>
      <table className="visually-hidden">
        <caption>Residuals</caption>
        <tbody>
          {counts.map((count, bin) =>
            count === 0 ? null : (
              <tr key={ends[bin]}>
                <td>{binText(histogram, bin)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </figure>
  );
}

function binText({ counts, ends }: ResidualHistogram, bin: number): string {
  const start = bin === 0 ? 0 : ends[bin - 1];
  const range = bin === ends.length - 1 ? `${start} px and more` : `${start} to ${ends[bin]} px`;
  return `${range}: ${counts[bin]}`;
}
