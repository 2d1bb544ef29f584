import { useMemo } from 'react';
import { linkLoops } from '../../core/graph/link-loops.ts';
import type { EdgeReport } from '../../core/graph/pose-graph.ts';
import type { PairResult } from '../../core/matching/link.ts';
import { pairKey } from '../../core/tiles/tile.ts';
import type { Tile } from '../../core/tiles/tile.ts';
import { bendSentences } from '../../core/diagnosis/bend-sentences.ts';
import { diagnoseAcquisition, type Finding } from '../../core/diagnosis/diagnose-acquisition.ts';
import type { Recommendation } from '../../core/diagnosis/recommend-transform.ts';
import type { StitchRun } from '../state/result.ts';
import { residualHistogram, type ResidualHistogram } from './pair-inspector/residual-field.ts';
import { PlotFigure } from './plot/PlotFigure.tsx';
import { residualPlot } from './plot/residual-plot.ts';

/** What the solution says of the microscope, and which transform would do. */
export function AcquisitionTab({ run }: { readonly run: StitchRun }) {
  const { tiles, layout, outcome } = run;
  const diagnosis = useMemo(() => diagnoseAcquisition(tiles, layout, outcome.report), [tiles, layout, outcome.report]);
  const rest = diagnosis.findings.filter((finding) => !diagnosis.worthFixing.includes(finding));
  return (
    <div className="acquisition" data-testid="acquisition">
      <h2>Transform</h2>
      {outcome.recommendation ? (
        <Scores recommendation={outcome.recommendation} />
      ) : (
        <p className="hint">
          Choose “Refine patches at full resolution” or the elastic transform in the options to compare the transforms
          on patches that are held out.
        </p>
      )}
      {outcome.bend && (
        <>
          <h2>Bent tiles</h2>
          <ul data-testid="bend">
            {bendSentences(outcome.bend).map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </>
      )}
      <Spread run={run} />
      <h2>Worth mending at the microscope</h2>
      {diagnosis.worthFixing.length === 0 ? (
        <p>Nothing that the solution shows.</p>
      ) : (
        <Findings of={diagnosis.worthFixing} />
      )}
      <h2>Also measured</h2>
      <Findings of={rest} />
      {diagnosis.scan === null && (
        <p className="hint">
          The elastic transform shows, too, how scan lines start and whether images are trapezoids.
        </p>
      )}
    </div>
  );
}

/** How well the links agree with one another, all at once. */
function Spread({ run }: { readonly run: StitchRun }) {
  const { pairs, report } = run.outcome;
  const links = useMemo(() => histogramOf(keptResiduals(report.edges)), [report.edges]);
  const loops = useMemo(
    () => histogramOf(loopClosures(run.tiles, pairs, report.edges)),
    [run.tiles, pairs, report.edges],
  );
  if (links === null) return null;
  return (
    <>
      <h2>Residuals of the links</h2>
      <Residuals histogram={links} whose="links" testId="links-plot" />
      {loops && (
        <>
          <h2>Closure of the loops of three and four links, before solving</h2>
          <Residuals histogram={loops} whose="loops" testId="loops-plot" />
        </>
      )}
    </>
  );
}

interface ResidualsProps {
  readonly histogram: ResidualHistogram;
  readonly whose: string;
  readonly testId: string;
}

function Residuals({ histogram, whose, testId }: ResidualsProps) {
  const plot = useMemo(() => residualPlot(histogram, whose), [histogram, whose]);
  const { medianPx, p95Px, count } = histogram;
  return (
    <>
      <PlotFigure label={`Histogram of the residuals of ${count} ${whose}`} {...plot} testId={testId} />
      <p className="dim small">
        {count} {whose}: median {medianPx.toFixed(2)} px, 95 % below {p95Px.toFixed(2)} px
      </p>
    </>
  );
}

function Scores({ recommendation: { scores, recommended, patches } }: { readonly recommendation: Recommendation }) {
  return (
    <>
      <table data-testid="transform-scores">
        <caption>Seam shift of {patches} patches that were held out, px</caption>
        <thead>
          <tr>
            <th scope="col">Transform</th>
            <th scope="col">Median</th>
            <th scope="col">90 %</th>
          </tr>
        </thead>
        <tbody>
          {scores.map(({ transform, heldOutPx, heldOutP90Px }) => (
            <tr key={transform}>
              <th scope="row">{transform}</th>
              <td>{heldOutPx.toFixed(2)}</td>
              <td>{heldOutP90Px.toFixed(2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        The simplest that explains them within noise is <strong>{recommended}</strong>.
      </p>
    </>
  );
}

function Findings({ of: findings }: { readonly of: readonly Finding[] }) {
  return (
    <ul>
      {findings.map(({ kind, sentence, advice, isNotable }) => (
        <li key={kind}>
          {sentence} {isNotable && advice}
        </li>
      ))}
    </ul>
  );
}

function histogramOf(residuals: readonly number[]): ResidualHistogram | null {
  const all = Float32Array.from(residuals);
  return residualHistogram(
    all,
    residuals.map((_, k) => k),
  );
}

/** What the solution leaves of the links that it uses, px. */
function keptResiduals(edges: readonly EdgeReport[]): readonly number[] {
  return edges.filter(({ removed }) => !removed).map(({ residualPx }) => residualPx);
}

/** By how much the loops of the links that the solution uses miss their beginning, each motion as measured, px. */
function loopClosures(
  tiles: readonly Tile[],
  pairs: readonly PairResult[],
  edges: readonly EdgeReport[],
): readonly number[] {
  const sizes = new Map(tiles.map(({ id, size }) => [id, size]));
  const used = new Set(edges.filter(({ removed }) => !removed).map((edge) => edge.pairKey));
  const links = pairs.flatMap((result) =>
    result.kind === 'link' && used.has(pairKey(result.pair))
      ? [{ a: result.pair.a, b: result.pair.b, aFromB: result.aFromB }]
      : [],
  );
  return linkLoops(links, (tile) => sizes.get(tile) ?? { width: 0, height: 0 }).map(({ closurePx }) => closurePx);
}
