import type { HeatKind, Overlays, OverlaySwitch, TintKind } from '../viewer/overlays.ts';
import { updateSlice } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import { CheckField, SelectField, SliderField } from './Fields.tsx';
import { Popover } from './Popover.tsx';

const switches: readonly { readonly id: OverlaySwitch; readonly label: string; readonly hint: string }[] = [
  { id: 'outlines', label: 'Outlines (O)', hint: 'Borders of the tiles, bent as the tiles are' },
  { id: 'names', label: 'Names (T)', hint: 'Names of the tiles, where there is room' },
  { id: 'links', label: 'Links (L)', hint: 'Lines between linked tiles, coloured by quality' },
  { id: 'seams', label: 'Seams (M)', hint: 'Where the tile that has the most say changes' },
  { id: 'residuals', label: 'Residuals (V)', hint: 'What the solution leaves between matched points, as arrows' },
];

const heats: readonly { readonly value: HeatKind; readonly label: string }[] = [
  { value: 'none', label: 'none' },
  { value: 'agreement', label: 'agreement of structure' },
  { value: 'difference', label: 'difference of values' },
];

const tints: readonly { readonly value: TintKind; readonly label: string }[] = [
  { value: 'none', label: 'none' },
  { value: 'columns', label: 'by column' },
  { value: 'rows', label: 'by row' },
];

/** Steps of the slider of the arrows' length: 1, 2, 5, 10 … 500. */
const timesSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500] as const;

/** What is drawn over the mosaic. */
export function OverlayMenu() {
  const { store } = useApp();
  const overlays = useAppState(({ view }) => view.overlays);
  const pixelSizeNm = useAppState(({ view }) => view.pixelSizeNm);
  const known = useAppState(({ result }) => result.run?.outcome.mosaic.pixelSizeNm ?? null);
  const set = (change: Partial<Overlays>) =>
    updateSlice(store, 'view', (view) => ({ ...view, overlays: { ...view.overlays, ...change } }));
  const count = overlayCount(overlays);
  return (
    <Popover
      testId="overlay-menu"
      name="Overlays"
      label={
        <>
          Overlays{' '}
          <span className="badge" aria-label={`${count} shown`}>
            {count}
          </span>
        </>
      }
    >
      {switches.map(({ id, label, hint }) => (
        <CheckField key={id} label={label} hint={hint} checked={overlays[id]} onChange={(on) => set({ [id]: on })} />
      ))}
      <SliderField
        label="Arrows longer by"
        value={Math.max(0, timesSteps.indexOf(nearestStep(overlays.residualTimes)))}
        min={0}
        max={timesSteps.length - 1}
        step={1}
        text={`× ${overlays.residualTimes}`}
        disabled={!overlays.residuals}
        onChange={(step) => set({ residualTimes: timesSteps[step] })}
      />
      <SelectField
        label="Overlaps (H)"
        value={overlays.heat}
        options={heats}
        hint="Compared in squares of 32 px, finer than the picture is shown"
        onChange={(heat) => set({ heat })}
      />
      <SelectField label="Tile colours (G)" value={overlays.tint} options={tints} onChange={(tint) => set({ tint })} />
      {known === null && (
        <>
          <label className="field field-inline">
            <span>Pixel size, nm</span>
            <input
              type="number"
              min={0}
              step="any"
              placeholder="unknown"
              value={pixelSizeNm ?? ''}
              onChange={({ currentTarget: { valueAsNumber: nm } }) =>
                updateSlice(store, 'view', (view) => ({ ...view, pixelSizeNm: nm > 0 ? nm : null }))
              }
            />
          </label>
          <p className="dim small">The files do not say it: for the scale bar and the coordinates.</p>
        </>
      )}
    </Popover>
  );
}

/** How many overlays are on. */
export function overlayCount(overlays: Overlays): number {
  return (
    switches.filter(({ id }) => overlays[id]).length +
    Number(overlays.heat !== 'none') +
    Number(overlays.tint !== 'none')
  );
}

function nearestStep(times: number): (typeof timesSteps)[number] {
  return timesSteps.reduce((best, step) => (Math.abs(step - times) < Math.abs(best - times) ? step : best));
}
