import type { TileState } from '../../core/graph/pose-graph.ts';
import type { AppState } from '../state/store.ts';
import { useAppState } from './app-context.ts';

/** The bottom line: cursor, zoom, how the tiles stand, warnings. */
export function StatusBar() {
  const run = useAppState(({ result }) => result.run);
  const tileCount = useAppState(({ project }) => project.tiles.length);
  const problemCount = useAppState(problemsOf);
  return (
    <footer className="status-bar" data-testid="status-bar">
      {run ? <Cursor /> : <span />}
      <span className="status-tiles">{run ? <TileCounts /> : `${tileCount} tile${tileCount === 1 ? '' : 's'}`}</span>
      <span className={problemCount > 0 ? 'warn-text' : 'dim'} data-testid="warning-count">
        {problemCount} warning{problemCount === 1 ? '' : 's'}
      </span>
    </footer>
  );
}

function problemsOf({ project, result }: AppState): number {
  const found = project.inspection?.problems.length ?? 0;
  return found + project.edits.layoutProblems.length + (result.run?.outcome.warnings.length ?? 0);
}

function Cursor() {
  const cursor = useAppState(({ view }) => view.cursor);
  const zoom = useAppState(({ view }) => view.viewport?.zoom ?? null);
  const pixelSizeNm = useAppState(({ result }) => result.run?.outcome.mosaic.pixelSizeNm ?? null);
  return (
    <span className="status-cursor">
      <span data-testid="cursor">{cursor ? `x ${cursor.x}, y ${cursor.y} px` : 'x –, y – px'}</span>
      {cursor && pixelSizeNm !== null && (
        <span>{`${lengthText(cursor.x * pixelSizeNm)}, ${lengthText(cursor.y * pixelSizeNm)}`}</span>
      )}
      {zoom !== null && <span data-testid="zoom">{`${(zoom * 100).toFixed(zoom < 0.1 ? 1 : 0)} %`}</span>}
    </span>
  );
}

function lengthText(nm: number): string {
  return Math.abs(nm) < 1000 ? `${nm.toFixed(0)} nm` : `${(nm / 1000).toFixed(2)} µm`;
}

const states: readonly TileState[] = ['solved', 'prior', 'unplaced'];

function TileCounts() {
  const report = useAppState(({ result }) => result.run?.outcome.report);
  const all = [...(report?.state.values() ?? [])];
  return (
    <>
      {states.map((state) => {
        const count = all.filter((one) => one === state).length;
        return (
          <span key={state} className={`tile-${state}`} data-testid={`count-${state}`}>
            {count} {state}
          </span>
        );
      })}
    </>
  );
}
