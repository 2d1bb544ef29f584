import type { TileState } from '../../core/graph/pose-graph.ts';
import type { StitchResult } from '../../core/stitch.ts';
import type { TileId } from '../../core/tiles/tile.ts';
import { useAppState } from './app-context.ts';
import { WindowedRows } from './WindowedRows.tsx';

const rowPx = 26;
const stateOrder: Readonly<Record<TileState, number>> = { unplaced: 0, prior: 1, solved: 2 };
const stateTexts: Readonly<Record<TileState, string>> = {
  solved: 'held by links',
  prior: 'where the layout puts it: no link holds it',
  unplaced: 'left out of the mosaic',
};

interface TilesPanelProps {
  readonly onShow: (tile: TileId) => void;
}

/** All tiles, the ones that need a look first. */
export function TilesPanel({ onShow }: TilesPanelProps) {
  const outcome = useAppState(({ result }) => result.run?.outcome);
  const selected = useAppState(({ view }) => view.selectedTile);
  if (!outcome) return null;
  const tiles = [...outcome.report.state].sort((p, q) => stateOrder[p[1]] - stateOrder[q[1]]);
  return (
    <div className="fill" data-testid="tiles-panel">
      <WindowedRows
        count={tiles.length}
        rowHeight={rowPx}
        maxHeight={0}
        label="Tiles by state"
        renderRow={(index) => {
          const [tile, state] = tiles[index];
          return (
            <button
              type="button"
              className="tile-row"
              aria-pressed={tile === selected}
              title={`${tile}: ${stateTexts[state]}`}
              onClick={() => onShow(tile)}
            >
              <span>{tile}</span>
              <span className={`tile-${state}`}>{state}</span>
              <span className="number dim">{numbersOf(tile, outcome)}</span>
            </button>
          );
        }}
      />
    </div>
  );
}

/** Uncertainty of the place and the tone of a tile. */
function numbersOf(tile: TileId, { report, tones }: StitchResult): string {
  const sigma = report.sigmaPx.get(tile);
  const tone = tones.get(tile);
  const place = sigma !== undefined && Number.isFinite(sigma) ? `± ${sigma.toFixed(2)} px` : '';
  return tone ? `${place}  × ${tone.gain.toFixed(3)}` : place;
}
