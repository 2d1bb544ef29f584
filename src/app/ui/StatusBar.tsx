import { countText } from '../../core/count-text.ts';
import type { TileState } from '../../core/graph/pose-graph.ts';
import { warningCount } from '../state/attention.ts';
import { updateSlice } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import type { CommandContext } from './commands/command.ts';
import { OfflineStatus } from './OfflineStatus.tsx';
import { lengthText } from './length-text.ts';
import { rungText } from './rung-text.ts';
import { ElsewhereNotice } from './session/ElsewhereNotice.tsx';
import { TextSizeMenu } from './TextSizeMenu.tsx';
import { Tip } from './Tip.tsx';

/** The bottom line: cursor, how the tiles stand, warnings. */
export function StatusBar({ show }: { readonly show: CommandContext['show'] }) {
  const run = useAppState(({ result }) => result.run);
  const tileCount = useAppState(({ project }) => project.tiles.length);
  return (
    <footer className="status-bar" data-testid="status-bar">
      {run ? <Cursor /> : <span />}
      <span className="status-tiles">{run ? <TileCounts /> : tileCount > 0 && countText(tileCount, 'tile')}</span>
      <ElsewhereNotice />
      <OfflineStatus />
      <Rung show={show} />
      <Warnings />
      <TextSizeMenu />
      <Tip text="What helps to find out why something went wrong: text, without pixels or names" side="top">
        <button type="button" className="bare" data-testid="diagnostics-button" onClick={() => show('diagnostics')}>
          Diagnostics
        </button>
      </Tip>
    </footer>
  );
}

/** What matches, and on which device. */
function Rung({ show }: { readonly show: CommandContext['show'] }) {
  const rung = useAppState(({ job }) => job.matcher);
  if (!rung) return <span className="rung" data-testid="rung" />;
  return (
    <Tip text={`Matched with ${rungText(rung)} (${rung.device})`} side="top">
      <button type="button" className="bare rung" data-testid="rung" onClick={() => show('diagnostics')}>
        {rungText(rung)}
      </button>
    </Tip>
  );
}

/** The number of warnings; a click shows them. */
function Warnings() {
  const { store } = useApp();
  const count = useAppState(warningCount);
  const hasTiles = useAppState(({ project }) => project.tiles.length > 0);
  if (count === 0)
    return <span data-testid="warning-count">{hasTiles && <span className="dim">no warnings</span>}</span>;
  return (
    <Tip text="Show them beside the layout" side="top">
      <button
        type="button"
        className="bare warn-text"
        data-testid="warning-count"
        onClick={() => updateSlice(store, 'view', (view) => ({ ...view, sidePanel: 'open' }))}
      >
        {countText(count, 'warning')}
      </button>
    </Tip>
  );
}

function Cursor() {
  const cursor = useAppState(({ view }) => view.cursor);
  const pixelSizeNm = useAppState(({ result, view }) => result.run?.outcome.mosaic.pixelSizeNm ?? view.pixelSizeNm);
  return (
    <span className="status-cursor">
      <span data-testid="cursor">{cursor ? `x ${cursor.x}, y ${cursor.y} px` : 'x –, y – px'}</span>
      {cursor && pixelSizeNm !== null && (
        <span>{`${lengthText(cursor.x * pixelSizeNm)}, ${lengthText(cursor.y * pixelSizeNm)}`}</span>
      )}
    </span>
  );
}

const states: readonly (readonly [TileState, string])[] = [
  ['solved', 'held by links to other tiles'],
  ['prior', 'where the layout puts them: no link holds them'],
  ['unplaced', 'left out of the mosaic'],
];

function TileCounts() {
  const { store } = useApp();
  const report = useAppState(({ result }) => result.run?.outcome.report);
  const all = [...(report?.state.values() ?? [])];
  return (
    <>
      {states.map(([state, about]) => {
        const count = all.filter((one) => one === state).length;
        return (
          <Tip key={state} text={`${countText(count, 'tile')} ${about}`} side="top">
            <button
              type="button"
              className={`bare ${count > 0 ? `tile-${state}` : 'dim'}`}
              data-testid={`count-${state}`}
              onClick={() => updateSlice(store, 'view', (view) => ({ ...view, tab: 'tiles' }))}
            >
              {count} {state}
            </button>
          </Tip>
        );
      })}
    </>
  );
}
