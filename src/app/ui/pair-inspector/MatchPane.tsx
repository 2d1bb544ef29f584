import { useCallback, useMemo, useState } from 'react';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import type { PairResult } from '../../../core/matching/link.ts';
import type { PairView } from '../../../../workers/protocol.ts';
import { qualityStep, residualQuality } from '../../viewer/link-state.ts';
import { readOverlayColours } from '../../viewer/overlay-colours.ts';
import { tileName } from '../../viewer/tile-name.ts';
import { filterMatches, layOutCrops, matchResiduals, pictureFromTile, thinOut } from './match-picture.ts';
import type { Paint } from './pan-zoom.ts';
import { drawBitmap } from './pan-zoom.ts';
import { PanZoomCanvas } from './PanZoomCanvas.tsx';
import { Segmented } from '../Segmented.tsx';
import { Slider } from '../Slider.tsx';

type Shown = 'inliers' | 'outliers' | 'both';

/** More lines than this hide the picture; the dots are always all there. */
const MAX_LINES = 160;
/** With more matches than this the dots get smaller. */
const CROWD = 250;
const FULL_TURN = 2 * Math.PI;
const legendLabels = ['>3.5', '3.5', '2.5', '1.5', '0.75 px'] as const;

/** Both crops with their matches: lines coloured by the residual under `aFromB`, outliers dashed. */
export function MatchPane({
  result,
  view,
  aFromB,
}: {
  readonly result: PairResult;
  readonly view: PairView;
  readonly aFromB: Affine2;
}) {
  const [shown, setShown] = useState<Shown>('inliers');
  const [minConfidence, setMinConfidence] = useState(0);
  const [hasLines, setHasLines] = useState(true);
  const matches = result.correspondences;
  const mask = result.kind === 'link' ? result.inlierMask : null;
  const layout = useMemo(() => layOutCrops(view.a, view.b), [view]);
  const residuals = useMemo(() => matchResiduals(matches, aFromB), [matches, aFromB]);
  const indices = useMemo(
    () =>
      filterMatches(matches, mask, {
        // Nothing has been verified in a rejected pair: all its matches are shown.
        inliers: shown !== 'outliers',
        outliers: shown !== 'inliers' || mask === null,
        minConfidence,
      }),
    [matches, mask, shown, minConfidence],
  );
  const lines = useMemo(() => (hasLines ? thinOut(indices, MAX_LINES) : []), [indices, hasLines]);

  const paint = useCallback<Paint>(
    (context, t, ratio) => {
      const colours = readOverlayColours(context.canvas);
      drawBitmap(context, t, view.a.bitmap, layout.a.offset.x, layout.a.offset.y);
      drawBitmap(context, t, view.b.bitmap, layout.b.offset.x, layout.b.offset.y);
      const colourOf = (i: number): string => colours.quality[qualityStep(residualQuality(residuals[i]))];
      const p = (i: number) => pictureFromTile(layout.a, matches.a[2 * i], matches.a[2 * i + 1]);
      const q = (i: number) => pictureFromTile(layout.b, matches.b[2 * i], matches.b[2 * i + 1]);
      context.lineWidth = ratio;
      for (const i of lines) {
        const from = p(i);
        const to = q(i);
        const isInlier = mask !== null && mask[i] === 1;
        context.setLineDash(isInlier ? [] : [3 * ratio, 3 * ratio]);
        context.globalAlpha = isInlier ? 0.6 : 0.75;
        context.strokeStyle = isInlier ? colourOf(i) : colours.bad;
        context.beginPath();
        context.moveTo(from.x * t.scale + t.x, from.y * t.scale + t.y);
        context.lineTo(to.x * t.scale + t.x, to.y * t.scale + t.y);
        context.stroke();
      }
      context.globalAlpha = 0.95;
      const radius = (indices.length > CROWD ? 1.4 : 2.2) * ratio;
      for (const i of indices) {
        context.fillStyle = mask !== null && mask[i] === 1 ? colourOf(i) : colours.bad;
        for (const at of [p(i), q(i)]) {
          context.beginPath();
          context.arc(at.x * t.scale + t.x, at.y * t.scale + t.y, radius, 0, FULL_TURN);
          context.fill();
        }
      }
    },
    [view, layout, residuals, matches, mask, indices, lines],
  );

  return (
    <section className="pair-pane" aria-label="Matches" data-testid="match-pane">
      <header className="pair-pane-head">
        <h3>Matches</h3>
        {mask !== null && (
          <Segmented<Shown>
            label="Which matches"
            value={shown}
            options={[
              { value: 'inliers', label: 'Inliers' },
              { value: 'outliers', label: 'Outliers' },
              { value: 'both', label: 'Both' },
            ]}
            onChange={setShown}
          />
        )}
        <label className="pair-check">
          <input type="checkbox" checked={hasLines} onChange={(event) => setHasLines(event.target.checked)} />
          Lines
        </label>
        <div className="pair-slider">
          Confidence ≥ <output>{minConfidence.toFixed(2)}</output>
          <Slider
            {...{ min: 0, max: 1, step: 0.01 }}
            value={minConfidence}
            label="Least confidence of the matches shown"
            text={minConfidence.toFixed(2)}
            onChange={setMinConfidence}
          />
        </div>
      </header>
      <div className="pair-stage">
        <PanZoomCanvas
          content={layout.size}
          paint={paint}
          label={`${tileName(result.pair.a)} and ${tileName(result.pair.b)} with ${indices.length} matches`}
        />
        {mask !== null && shown !== 'outliers' && (
          <ul className="pair-legend" aria-label="Largest residual of each colour, px">
            {legendLabels.map((label, step) => (
              <li key={label} data-quality={step}>
                {label}
              </li>
            ))}
          </ul>
        )}
        <p className="pair-shown" aria-live="polite">
          {shownText(indices.length, matches.confidence.length, lines.length, hasLines)}
        </p>
      </div>
    </section>
  );
}

function shownText(shown: number, all: number, lines: number, hasLines: boolean): string {
  const text = `${shown.toLocaleString('en-GB')} of ${all.toLocaleString('en-GB')} matches`;
  return hasLines && lines < shown ? `${text}, ${lines} lines` : text;
}
