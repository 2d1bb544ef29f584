import type { Overlays } from '../viewer/overlays.ts';

const legends: Readonly<Record<'agreement' | 'difference' | 'residuals', readonly string[]>> = {
  agreement: ['< 0.3', '0.3', '0.5', '0.7', '≥ 0.85'],
  difference: ['> 15 %', '15', '10', '6', '≤ 3 %'],
  residuals: ['> 3.5', '3.5', '2.5', '1.5', '≤ 0.75 px'],
};

/** What the colours over the mosaic mean. */
export function OverlayLegend({ overlays }: { readonly overlays: Overlays }) {
  const { heat, residuals, seams } = overlays;
  if (heat === 'none' && !residuals && !seams) return null;
  return (
    <div className="overlay-legend" data-testid="overlay-legend">
      {heat === 'agreement' && <Scale title="Overlap: correlation of structure" labels={legends.agreement} hasSilent />}
      {heat === 'difference' && <Scale title="Overlap: difference, of the display range" labels={legends.difference} />}
      {residuals && <Scale title={`Residuals, drawn × ${overlays.residualTimes}`} labels={legends.residuals} />}
      {seams && <p className="legend-seam">Seams</p>}
    </div>
  );
}

interface ScaleProps {
  readonly title: string;
  readonly labels: readonly string[];
  readonly hasSilent?: boolean;
}

function Scale({ title, labels, hasSilent }: ScaleProps) {
  return (
    <div role="group" aria-label={title}>
      <p>{title}</p>
      <ul>
        {labels.map((label, quality) => (
          <li key={label} data-quality={quality}>
            {label}
          </li>
        ))}
        {hasSilent && <li data-quality="none">no structure</li>}
      </ul>
    </div>
  );
}
