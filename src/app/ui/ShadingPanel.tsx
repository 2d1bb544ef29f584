import { useEffect, useRef } from 'react';
import type { ShadingField } from '../../core/photometry/shading-field.ts';
import { useApp, useAppState } from './app-context.ts';
import { CheckField, Section } from './Fields.tsx';

/** The illumination that all tiles share: a switch, what was found, and a small picture of it. */
export function ShadingPanel() {
  const { jobs } = useApp();
  const options = useAppState(({ project }) => project.edits.options);
  const shading = useAppState(({ result }) => result.run?.outcome.shading);
  const isOn = options.shading === 'estimate';
  const summary = !isOn ? 'kept' : shading?.field ? 'taken out' : shading ? 'none found' : 'to be estimated';
  return (
    <Section title="Shading" summary={summary} testId="shading-panel">
      <CheckField
        label="Take out the shading that all tiles share"
        hint="Estimated from the overlaps and from what all tiles have in common, before their brightness is evened"
        checked={isOn}
        onChange={(on) => jobs.setOptions('shading', { ...options, shading: on ? 'estimate' : 'none' })}
      />
      {isOn && shading && <p data-testid="shading-found">{shading.sentence}</p>}
      {isOn && shading?.field && <ShadingPicture field={shading.field} />}
    </Section>
  );
}

/** A tile of even brightness as it would be seen, darkest to brightest stretched over the greys. */
function ShadingPicture({ field }: { readonly field: ShadingField }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { columns, rows, values } = field;
  useEffect(() => {
    const target = canvas.current?.getContext('2d');
    if (!target) return;
    const least = values.reduce((low, value) => Math.min(low, value), Infinity);
    const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
    const picture = target.createImageData(columns, rows);
    for (let n = 0; n < values.length; n++) {
      const grey = Math.round((255 * (values[n] - least)) / Math.max(1e-6, most - least));
      picture.data.set([grey, grey, grey, 255], 4 * n);
    }
    target.putImageData(picture, 0, 0);
  }, [columns, rows, values]);
  return (
    <canvas
      ref={canvas}
      width={columns}
      height={rows}
      role="img"
      aria-label="Picture of the shading"
      data-testid="shading-picture"
      style={{ width: 132, height: 132 }}
    />
  );
}
