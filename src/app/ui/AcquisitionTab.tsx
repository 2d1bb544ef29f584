import { useMemo } from 'react';
import { diagnoseAcquisition, type Finding } from '../../core/diagnosis/diagnose-acquisition.ts';
import type { Recommendation } from '../../core/diagnosis/recommend-transform.ts';
import type { StitchRun } from '../state/result.ts';

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
