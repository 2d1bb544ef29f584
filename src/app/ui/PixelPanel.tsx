import { X } from 'lucide-react';
import type { PixelProbe, ProbedTile } from '../../core/mosaic/pixel-probe.ts';
import type { DisplayRange } from '../../../workers/protocol.ts';
import { updateSlice } from '../state/store.ts';
import { tileName } from '../viewer/tile-name.ts';
import { useApp, useAppState } from './app-context.ts';
import { lengthText } from './length-text.ts';
import { usePixelProbe } from './use-pixel-probe.ts';
import { Terms } from './Terms.tsx';

/** One pixel of the mosaic: its place, its value before display, and the tiles that make it. */
export function PixelPanel({ pixelSizeNm }: { readonly pixelSizeNm: number | null }) {
  const { client, store, jobs } = useApp();
  const cursor = useAppState(({ view }) => view.cursor);
  const viewport = useAppState(({ view }) => view.viewport);
  const display = useAppState(({ view }) => view.display);
  const generation = useAppState(({ result }) => result.revision);
  const middle = viewport && { x: Math.round(viewport.x), y: Math.round(viewport.y) };
  const probe = usePixelProbe(client, cursor ?? middle, generation, jobs.report);
  return (
    <section className="pixel-panel" aria-label="Pixel" data-testid="pixel-panel">
      <header>
        <h2>{cursor ? 'Pixel under the pointer' : 'Pixel in the middle'}</h2>
        <Terms name="What the columns mean" terms={columnTerms} />
        <button
          type="button"
          className="bare"
          aria-label="Close the pixel inspector"
          onClick={() => updateSlice(store, 'view', (view) => ({ ...view, isPixelShown: false }))}
        >
          <X className="small" />
        </button>
      </header>
      {/* The pointer moves too fast to be read out: only the pixel in the middle, chosen by keys, is announced. */}
      <div role="status" aria-live={cursor ? 'off' : 'polite'}>
        {probe ? <Probe probe={probe} pixelSizeNm={pixelSizeNm} display={display} /> : <p className="dim">Reading…</p>}
      </div>
    </section>
  );
}

const columnTerms = [
  ['Raw', 'The sample of the file, before tones and display'],
  ['Toned', 'After the tone that evens it with its neighbours'],
  ['Weight', 'Share in the mosaic’s value'],
] as const;

interface ProbeProps {
  readonly probe: PixelProbe;
  readonly pixelSizeNm: number | null;
  readonly display: DisplayRange;
}

function Probe({ probe, pixelSizeNm, display }: ProbeProps) {
  const { x, y, value, tiles } = probe;
  return (
    <>
      <dl>
        <dt>Place</dt>
        <dd data-testid="pixel-place">
          {x}, {y} px
          {pixelSizeNm !== null && ` · ${lengthText(x * pixelSizeNm)}, ${lengthText(y * pixelSizeNm)}`}
        </dd>
        <dt>Value</dt>
        <dd data-testid="pixel-value">
          {value === null ? 'no tile here' : `${value.map(numberText).join(', ')} · shown ${greyText(value, display)}`}
        </dd>
      </dl>
      {tiles.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Tile</th>
              <th scope="col">x, y in it</th>
              <th scope="col">Raw</th>
              <th scope="col">Toned</th>
              <th scope="col">Weight</th>
            </tr>
          </thead>
          <tbody>
            {tiles.map((tile) => (
              <TileRow key={tile.tile} tile={tile} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function TileRow({ tile: { tile, u, v, raw, tone, weight } }: { readonly tile: ProbedTile }) {
  const toned = raw.map((value) => tone.gain * value + tone.offset);
  return (
    <tr data-testid="pixel-tile" className={weight === 0 ? 'dim' : undefined}>
      <th scope="row">{tileName(tile)}</th>
      <td>
        {u.toFixed(1)}, {v.toFixed(1)}
      </td>
      <td>{raw.map(numberText).join(', ')}</td>
      <td>{toned.map((value) => numberText(Number(value.toFixed(1)))).join(', ')}</td>
      <td>{Math.round(100 * weight)} %</td>
    </tr>
  );
}

function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}

/** Brightness on the screen, % of white. */
function greyText(value: readonly number[], { low, high, gamma, invert }: DisplayRange): string {
  const mean = value.reduce((sum, one) => sum + one, 0) / value.length;
  const t = Math.min(1, Math.max(0, (mean - low) / Math.max(1e-12, high - low))) ** (1 / gamma);
  return `${Math.round(100 * (invert ? 1 - t : t))} %`;
}
