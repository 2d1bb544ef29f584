import { Trash2 } from 'lucide-react';
import { maskUses, type NamedEdit } from '../../../core/edits/edit.ts';
import type { TileId } from '../../../core/tiles/tile.ts';
import { changeText, entryName, type Tool } from '../../state/edits.ts';
import type { StitchRun } from '../../state/result.ts';
import { updateSlice } from '../../state/store.ts';
import { tileName } from '../../viewer/tile-name.ts';
import { useApp, useAppState } from '../app-context.ts';
import { Tip } from '../Tip.tsx';
import { UndoButton } from '../UndoButton.tsx';
import { pinHere } from './pin-here.ts';
import './edits.css';

/** Everything that was corrected by hand: what the last step did, the tools for a tile, and the list. */
export function EditsTab({ run }: { readonly run: StitchRun }) {
  return (
    <div className="edits-tab" data-testid="edits-panel">
      <LastChange run={run} />
      <TileTools run={run} />
      <EditEntries />
    </div>
  );
}

function LastChange({ run }: { readonly run: StitchRun }) {
  return (
    <section className="edits-change" aria-label="Last step">
      <p
        role="status"
        data-testid="edit-change"
        data-before={run.change?.before.meanPx}
        data-after={run.change?.after.meanPx}
      >
        {run.change ? (
          <>
            <strong>{run.change.label}</strong>
            <span className="number">{changeText(run.change)}</span>
            <span className="dim small">solved in {run.change.solveMs.toFixed(0)} ms</span>
          </>
        ) : (
          <span className="dim">Every correction is solved at once; the error before and after is shown here.</span>
        )}
      </p>
      <div className="row">
        <UndoButton way="undo" isNamed />
        <UndoButton way="redo" isNamed />
      </div>
    </section>
  );
}

/** What can be done to the tile that is selected on the mosaic. */
function TileTools({ run }: { readonly run: StitchRun }) {
  const { store, jobs } = useApp();
  const selected = useAppState(({ view }) => view.selectedTile);
  const current = useAppState(({ tool }) => tool.tool);
  const choose = (id: string) => {
    const tile = run.tiles.find((one) => one.id === id);
    updateSlice(store, 'view', (view) => ({ ...view, selectedTile: tile?.id ?? null }));
  };
  return (
    <section className="edits-tools" aria-label="Tile">
      <div className="field field-inline">
        <label htmlFor="edits-tile">Tile</label>
        <select
          id="edits-tile"
          value={selected ?? ''}
          data-testid="edits-tile"
          onChange={({ target }) => choose(target.value)}
        >
          <option value="">Click a tile on the mosaic</option>
          {run.tiles.map(({ id }) => (
            <option key={id} value={id}>
              {tileName(id)}
            </option>
          ))}
        </select>
      </div>
      {selected !== null && (
        <>
          <div className="row">
            <ToolButton label="Move or turn" tool={{ kind: 'move', tile: selected }} current={current} />
            <button type="button" data-testid="pin-tile" onClick={() => pinHere(run, selected, jobs.corrections.add)}>
              Pin here
            </button>
            <Tip text="Drawn over the others; seen with the blend ‘overlay’">
              <button
                type="button"
                data-testid="raise-tile"
                onClick={() => jobs.corrections.add({ kind: 'raise-tile', tile: selected })}
              >
                Put on top
              </button>
            </Tip>
          </div>
          <div className="row">
            <ToolButton
              label="Mask rectangle"
              tool={{ kind: 'mask', tile: selected, shape: 'rectangle' }}
              current={current}
            />
            <ToolButton
              label="Mask polygon"
              tool={{ kind: 'mask', tile: selected, shape: 'polygon' }}
              current={current}
            />
          </div>
          <LinkTo run={run} tile={selected} />
        </>
      )}
    </section>
  );
}

function ToolButton(props: { readonly label: string; readonly tool: Tool; readonly current: Tool | null }) {
  const { store } = useApp();
  const { label, tool, current } = props;
  const isOn = JSON.stringify(tool) === JSON.stringify(current);
  return (
    <button
      type="button"
      aria-pressed={isOn}
      data-testid={`tool-${tool.kind}${tool.kind === 'mask' ? `-${tool.shape}` : ''}`}
      onClick={() => updateSlice(store, 'tool', () => ({ tool: isOn ? null : tool }))}
    >
      {label}
    </button>
  );
}

/** Proposes a pair with a tile that has no link to this one yet. */
function LinkTo({ run, tile }: { readonly run: StitchRun; readonly tile: TileId }) {
  const { jobs } = useApp();
  const paired = new Set(
    run.outcome.pairs.flatMap(({ pair }) => (pair.a === tile ? [pair.b] : pair.b === tile ? [pair.a] : [])),
  );
  const others = run.tiles.filter(({ id }) => id !== tile && !paired.has(id));
  return (
    <div className="field field-inline">
      <label htmlFor="edits-link">Link to</label>
      <Tip text="Matches the two where the mosaic has them, though the layout did not propose it" side="top">
        <select
          id="edits-link"
          value=""
          data-testid="link-to"
          disabled={others.length === 0}
          onChange={({ target }) => {
            const other = others.find(({ id }) => id === target.value);
            if (other) jobs.corrections.linkTiles(tile, other.id);
          }}
        >
          <option value="">{others.length > 0 ? 'a tile that was not proposed…' : 'all tiles are proposed'}</option>
          {others.map(({ id }) => (
            <option key={id} value={id}>
              {tileName(id)}
            </option>
          ))}
        </select>
      </Tip>
    </div>
  );
}

function EditEntries() {
  const list = useAppState(({ project }) => project.edits.corrections);
  if (list.length === 0)
    return (
      <p className="hint dim">
        No corrections yet. Press x on a link to take it out, set landmarks in the inspector, or choose a tile above.
      </p>
    );
  return (
    <ol className="edits-list" aria-label="Corrections" data-testid="edits-list">
      {list.map((entry) => (
        <EditEntry key={entry.id} entry={entry} />
      ))}
    </ol>
  );
}

function EditEntry({ entry }: { readonly entry: NamedEdit }) {
  const { jobs } = useApp();
  const { id, isOn, edit } = entry;
  const name = entryName(entry);
  return (
    <li data-testid="edit-entry" data-kind={edit.kind} data-on={isOn}>
      <label className="check">
        <input type="checkbox" checked={isOn} onChange={({ target }) => jobs.corrections.setOn(id, target.checked)} />
        {withoutWeight(name)}
      </label>
      <Weight entry={entry} />
      <button type="button" className="icon" aria-label={`Delete ${name}`} onClick={() => jobs.corrections.remove(id)}>
        <Trash2 className="small" aria-hidden="true" />
      </button>
    </li>
  );
}

/** The weight stands beside the name, where it can be changed. */
function withoutWeight(name: string): string {
  return name.replace(/ \(± [\d.]+ px\)$/, '');
}

const sigmas = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** One standard deviation of a pin or a landmark: the smaller, the more the links give way. */
function Weight({ entry: { id, edit } }: { readonly entry: NamedEdit }) {
  const { jobs } = useApp();
  if (edit.kind === 'mask-tile')
    return (
      <select
        aria-label="What ignores the mask"
        value={edit.use}
        onChange={({ target }) => {
          const use = maskUses.find((one) => one === target.value);
          if (use) jobs.corrections.change(id, { ...edit, use }, 'use of a mask');
        }}
      >
        {maskUses.map((use) => (
          <option key={use} value={use}>
            {use}
          </option>
        ))}
      </select>
    );
  if (edit.kind !== 'pin-tile' && edit.kind !== 'landmark') return <span />;
  const choices = sigmas.includes(edit.sigmaPx) ? sigmas : [...sigmas, edit.sigmaPx].sort((p, q) => p - q);
  return (
    <Tip text="One standard deviation: the smaller, the more the links give way" side="left">
      <select
        aria-label="Standard deviation, px"
        value={edit.sigmaPx}
        onChange={({ target }) => {
          const changed = { ...edit, sigmaPx: Number(target.value) };
          jobs.corrections.change(id, changed, `weigh ${entryName({ id, isOn: true, edit: changed })}`);
        }}
      >
        {choices.map((sigma) => (
          <option key={sigma} value={sigma}>
            ± {sigma} px
          </option>
        ))}
      </select>
    </Tip>
  );
}
