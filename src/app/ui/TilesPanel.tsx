import type { TileState } from '../../core/graph/pose-graph.ts';
import type { StitchResult } from '../../core/stitch.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import type { StitchRun } from '../state/result.ts';
import { shortNames, tileName } from '../viewer/tile-name.ts';
import { useAppState } from './app-context.ts';
import { tileReason } from './tile-reason.ts';
import { Tip } from './Tip.tsx';
import { WindowedRows } from './WindowedRows.tsx';

const rowPx = 26;
/** So many reasons are spelt out; the rest is counted. */
const longestList = 50;
const stateOrder: Readonly<Record<TileState, number>> = { unplaced: 0, prior: 1, solved: 2 };

interface TilesPanelProps {
  readonly run: StitchRun;
  readonly onShow: (tile: TileId) => void;
}

/** The tiles that need a look with the reason, then all tiles. */
export function TilesPanel({ run, onShow }: TilesPanelProps) {
  const selected = useAppState(({ view }) => view.selectedTile);
  const { outcome } = run;
  const tiles = [...outcome.report.state].sort((p, q) => stateOrder[p[1]] - stateOrder[q[1]]);
  // As the table of links has them: what all names share would be all that a narrow panel shows of them.
  const short = shortNames(tiles.map(([tile]) => tileName(tile)));
  return (
    <div className="tiles-panel" data-testid="tiles-panel">
      <OpenTiles run={run} tiles={tiles.filter(([, state]) => state !== 'solved')} onShow={onShow} />
      <div className="tile-row tiles-head" aria-hidden="true">
        <span>Tile</span>
        <span>State</span>
        <span className="number">Place ±</span>
        <span className="number">Gain</span>
      </div>
      <p className="tiles-terms dim small">
        Place ±: how sure its place is, one standard deviation. Gain: the factor that evens out its brightness.
      </p>
      <WindowedRows
        count={tiles.length}
        rowHeight={rowPx}
        maxHeight={0}
        label="Tiles by state"
        renderRow={(index) => {
          const [tile, state] = tiles[index];
          const { place, gain } = numbersOf(tile, outcome);
          return (
            <div className="tile-row" data-chosen={tile === selected} data-testid="tile-row" data-state={state}>
              <span role="cell">
                <Tip text={`${tile}: ${tileReason(tile, state, run)}`} side="left">
                  <button
                    type="button"
                    className="tile-row-name"
                    aria-pressed={tile === selected}
                    onClick={() => onShow(tile)}
                  >
                    {short.get(tileName(tile))}
                  </button>
                </Tip>
              </span>
              <span role="cell" className={`tile-${state}`}>
                {state}
              </span>
              <span role="cell" className="number dim">
                {place}
              </span>
              <span role="cell" className="number dim">
                {gain}
              </span>
            </div>
          );
        }}
      />
    </div>
  );
}

interface OpenTilesProps extends TilesPanelProps {
  readonly tiles: readonly (readonly [TileId, TileState])[];
}

/** Tiles that no link holds, each with its reason. */
function OpenTiles({ run, tiles, onShow }: OpenTilesProps) {
  if (tiles.length === 0) return null;
  return (
    <ul className="open-tiles" data-testid="open-tiles" tabIndex={0} aria-label="Tiles that no link holds">
      {tiles.slice(0, longestList).map(([tile, state]) => (
        <li key={tile} className="warning" data-testid="open-tile" data-tile={tile}>
          <span>
            <button type="button" className="bare" onClick={() => onShow(tile)} disabled={state === 'unplaced'}>
              <strong>{tileName(tile)}</strong>
            </button>{' '}
            <span className={`tile-${state}`}>{state}</span>
          </span>
          <span>{tileReason(tile, state, run)}</span>
        </li>
      ))}
      {tiles.length > longestList && <li className="dim">… and {tiles.length - longestList} more</li>}
    </ul>
  );
}

/** Uncertainty of the place and the tone of a tile. */
function numbersOf(tile: TileId, { report, tones }: StitchResult): { readonly place: string; readonly gain: string } {
  const sigma = report.sigmaPx.get(tile);
  const tone = tones.get(tile);
  return {
    place: sigma !== undefined && Number.isFinite(sigma) ? placeText(sigma) : '–',
    gain: tone ? `× ${tone.gain.toFixed(2)}` : '–',
  };
}

function placeText(sigmaPx: number): string {
  return sigmaPx < 0.005 ? '< 0.01 px' : `${sigmaPx.toFixed(2)} px`;
}
