import { useState } from 'react';
import { scanOrders } from '../../core/tiles/scan-order.ts';
import type { Layout, Tile } from '../../core/tiles/tile.ts';
import { countText } from '../../core/count-text.ts';
import { squareGrid, suggestPattern, type LayoutChoice, type ScanSetting } from '../state/layout-choice.ts';
import { useApp, useAppState } from './app-context.ts';
import { NumberField, Section, SelectField, SliderField } from './Fields.tsx';
import { ScanOrderPicker } from './ScanOrderPicker.tsx';
import { WindowedRows } from './WindowedRows.tsx';

/** Greatest overlap that the sliders offer, percent. */
const largestOverlapPercent = 60;
const tableRowPx = 24;
const tableHeightPx = 240;

/** Where the tiles belong: what was found, how sure that is, and every way to correct it. */
export function LayoutPanel({ open }: { readonly open: boolean }) {
  const layout = useAppState(({ project }) => project.edits.layout);
  const tiles = useAppState(({ project }) => project.tiles);
  return (
    <Section title="Layout" summary={layout ? shapeOf(layout) : 'not known yet'} open={open} testId="layout-panel">
      <Finding />
      <SourceChoice />
      {layout?.kind === 'grid' && <OverlapFields />}
      <PlaceTable layout={layout} tiles={tiles} />
    </Section>
  );
}

function shapeOf(layout: Layout): string {
  if (layout.kind === 'positions') return `${layout.poses.size} positions`;
  const cells = layout.rows * layout.columns;
  const missing = cells - layout.cells.size;
  return `${countText(layout.rows, 'row')} × ${countText(layout.columns, 'column')}${missing > 0 ? `, ${missing} empty` : ''}`;
}

/** So many readings are offered. */
const longestRanking = 6;

/** The readings of the names: the best one with its confidence, or a question when two are close. */
function Finding() {
  const ranking = useAppState(({ project }) => project.ranking);
  const choice = useAppState(({ project }) => project.edits.layoutChoice);
  if (!ranking || choice.kind !== 'hypothesis') return null;
  const chosen = ranking.hypotheses.at(choice.index);
  if (ranking.hypotheses.length === 0) return null;
  if (ranking.isClose || !chosen)
    return (
      <fieldset className="hypotheses question">
        <legend data-testid="layout-question">
          {chosen ? 'Several readings fit about equally well. Which is right?' : 'Which reading of the names is right?'}
        </legend>
        <Readings />
      </fieldset>
    );
  return (
    <>
      <p data-testid="layout-found">
        {chosen.description}{' '}
        <span className="dim">
          (confidence {percent(chosen.confidence)}, {correlationText(chosen.correlation)})
        </span>
      </p>
      {ranking.hypotheses.length > 1 && (
        <details className="fold">
          <summary>Other readings</summary>
          <fieldset className="hypotheses" aria-label="Readings of the names">
            <Readings />
          </fieldset>
        </details>
      )}
    </>
  );
}

function Readings() {
  const { jobs } = useApp();
  const hypotheses = useAppState(({ project }) => project.ranking?.hypotheses) ?? [];
  const choice = useAppState(({ project }) => project.edits.layoutChoice);
  return hypotheses.slice(0, longestRanking).map((hypothesis, index) => (
    <label key={hypothesis.description} className="check hypothesis">
      <input
        type="radio"
        name="hypothesis"
        checked={choice.kind === 'hypothesis' && index === choice.index}
        onChange={() => jobs.chooseLayout({ kind: 'hypothesis', index })}
      />
      <span>{hypothesis.description}</span>
      <meter
        min={0}
        max={1}
        value={hypothesis.confidence}
        aria-label={`Confidence ${percent(hypothesis.confidence)}`}
      />
      <span className="number">{percent(hypothesis.confidence)}</span>
    </label>
  ));
}

function correlationText(correlation: number | null): string {
  return correlation === null
    ? 'from the names alone'
    : `neighbouring thumbnails correlate with ${correlation.toFixed(2)}`;
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

type SourceKind = LayoutChoice['kind'];

/** Names, pattern, scan order or positions, with the fields of the chosen one. */
function SourceChoice() {
  const { jobs } = useApp();
  const choice = useAppState(({ project }) => project.edits.layoutChoice);
  const tiles = useAppState(({ project }) => project.tiles);
  const layout = useAppState(({ project }) => project.edits.layout);
  const tables = useAppState(({ project }) => project.inspection?.positionTables) ?? [];
  const staged = tiles.filter((tile) => tile.stage !== null).length;
  const scan = scanOf(choice, layout, tiles);
  const choose = (kind: SourceKind) => {
    const choices: Readonly<Record<SourceKind, () => LayoutChoice>> = {
      hypothesis: () => ({ kind: 'hypothesis', index: 0 }),
      pattern: () => ({ kind: 'pattern', pattern: suggestPattern(tiles), scan: null }),
      scan: () => ({ kind: 'scan', scan }),
      table: () => ({ kind: 'table', path: tables[0]?.path ?? '' }),
      stage: () => ({ kind: 'stage' }),
      given: () => choice,
    };
    jobs.chooseLayout(choices[kind]());
  };
  return (
    <>
      <SelectField
        label="Positions from"
        value={choice.kind}
        options={[
          { value: 'hypothesis', label: 'File names and pictures' },
          { value: 'pattern', label: 'Name pattern' },
          { value: 'scan', label: 'Rows, columns, scan order' },
          ...(tables.length > 0 ? [{ value: 'table', label: 'Positions file' } as const] : []),
          ...(staged > 0 ? [{ value: 'stage', label: `Stage positions (${staged} tiles)` } as const] : []),
          ...(choice.kind === 'given' ? [{ value: 'given', label: 'The project, tile by tile' } as const] : []),
        ]}
        onChange={choose}
      />
      {choice.kind === 'pattern' && <PatternFields key={tiles[0]?.id} choice={choice} scan={scan} />}
      {choice.kind === 'scan' && (
        <ScanFields scan={scan} onChange={(next) => jobs.chooseLayout({ kind: 'scan', scan: next })} />
      )}
      {choice.kind === 'table' && (
        <SelectField
          label="Positions file"
          value={choice.path}
          options={tables.map((table) => ({
            value: table.path,
            label: `${table.path} (${table.format}, ${table.positions.length})`,
          }))}
          onChange={(path) => jobs.chooseLayout({ kind: 'table', path })}
        />
      )}
    </>
  );
}

/** The scan to start from: the chosen one, else the shape of the present grid, else a square. */
function scanOf(choice: LayoutChoice, layout: Layout | null, tiles: readonly Tile[]): ScanSetting {
  if ((choice.kind === 'scan' || choice.kind === 'pattern') && choice.scan) return choice.scan;
  const shape = layout?.kind === 'grid' ? layout : squareGrid(tiles.length);
  return { rows: shape.rows, columns: shape.columns, order: scanOrders[0] };
}

interface PatternFieldsProps {
  readonly choice: Extract<LayoutChoice, { kind: 'pattern' }>;
  readonly scan: ScanSetting;
}

function PatternFields({ choice, scan }: PatternFieldsProps) {
  const { jobs } = useApp();
  const [text, setText] = useState(choice.pattern);
  const givesNumber = /\{[ip]+\}|\(\?<(index|i|p)>/.test(text);
  return (
    <>
      <div className="field">
        <label htmlFor="name-pattern">Name pattern</label>
        <input
          id="name-pattern"
          type="text"
          className="mono"
          spellCheck={false}
          value={text}
          aria-describedby="name-pattern-help"
          data-testid="name-pattern"
          onChange={({ target }) => {
            setText(target.value);
            jobs.chooseLayout({ ...choice, pattern: target.value });
          }}
        />
        <p id="name-pattern-help" className="dim small">
          <code>{'{rr}'}</code> row, <code>{'{cc}'}</code> column, <code>{'{iii}'}</code> running number, <code>*</code>{' '}
          anything; or a regular expression with groups <code>{'(?<row>\\d+)'}</code> and{' '}
          <code>{'(?<column>\\d+)'}</code>.
        </p>
      </div>
      {givesNumber && (
        <ScanFields scan={scan} onChange={(next) => jobs.chooseLayout({ ...choice, pattern: text, scan: next })} />
      )}
    </>
  );
}

interface ScanFieldsProps {
  readonly scan: ScanSetting;
  readonly onChange: (scan: ScanSetting) => void;
}

function ScanFields({ scan, onChange }: ScanFieldsProps) {
  return (
    <>
      <div className="pair">
        <NumberField label="Rows" value={scan.rows} min={1} step={1} onChange={(rows) => onChange({ ...scan, rows })} />
        <NumberField
          label="Columns"
          value={scan.columns}
          min={1}
          step={1}
          onChange={(columns) => onChange({ ...scan, columns })}
        />
      </div>
      <ScanOrderPicker value={scan.order} onChange={(order) => onChange({ ...scan, order })} />
    </>
  );
}

function OverlapFields() {
  const { jobs } = useApp();
  const layout = useAppState(({ project }) => project.edits.layout);
  const isSet = useAppState(({ project }) => project.edits.overlap !== null);
  if (layout?.kind !== 'grid') return null;
  const { overlap } = layout;
  const slider = (axis: 'x' | 'y', label: string) => (
    <SliderField
      label={label}
      value={Math.round(overlap[axis] * 1000) / 10}
      min={0}
      max={largestOverlapPercent}
      step={0.5}
      text={`${(overlap[axis] * 100).toFixed(1)} %`}
      hint="Nominal overlap of neighbours, as a share of the tile"
      onChange={(value) => jobs.setOverlap({ ...overlap, [axis]: value / 100 })}
    />
  );
  return (
    <>
      {slider('x', 'Overlap of columns (x)')}
      {slider('y', 'Overlap of rows (y)')}
      <div className="row">
        <button type="button" onClick={() => void jobs.estimateOverlap()} data-testid="estimate-overlap">
          Estimate overlap
        </button>
        <button type="button" disabled={!isSet} onClick={() => jobs.setOverlap(null)}>
          As found
        </button>
      </div>
    </>
  );
}

interface PlaceTableProps {
  readonly layout: Layout | null;
  readonly tiles: readonly Tile[];
}

/** Name → row, column (counted from one) or x, y. */
function PlaceTable({ layout, tiles }: PlaceTableProps) {
  const isGrid = layout?.kind !== 'positions';
  return (
    <>
      <div className="places-head" aria-hidden="true">
        <span>Tile</span>
        <span>{isGrid ? 'Row' : 'x px'}</span>
        <span>{isGrid ? 'Column' : 'y px'}</span>
      </div>
      <WindowedRows
        count={tiles.length}
        rowHeight={tableRowPx}
        maxHeight={tableHeightPx}
        label="Tiles and their places"
        testId="layout-table"
        renderRow={(index) => <PlaceRow tile={tiles[index]} layout={layout} />}
      />
    </>
  );
}

function PlaceRow({ tile, layout }: { readonly tile: Tile; readonly layout: Layout | null }) {
  const [first, second] = placeText(tile, layout);
  return (
    <div className="place">
      {/* Where a name does not fit its end stays: that is what tells tiles apart. */}
      <span role="cell" className="end-first">
        <bdi>{tile.id}</bdi>
      </span>
      <span role="cell" className="number">
        {first}
      </span>
      <span role="cell" className="number">
        {second}
      </span>
    </div>
  );
}

function placeText(tile: Tile, layout: Layout | null): readonly [string, string] {
  if (layout?.kind === 'grid') {
    const cell = layout.cells.get(tile.id);
    return cell ? [String(cell.row + 1), String(cell.column + 1)] : ['–', '–'];
  }
  const pose = layout?.poses.get(tile.id);
  return pose ? [pose.x.toFixed(0), pose.y.toFixed(0)] : ['–', '–'];
}
