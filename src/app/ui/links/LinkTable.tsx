import type { KeyboardEvent } from 'react';
import { memo, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, Ban, RotateCcw } from 'lucide-react';
import { linkStates, qualityStep } from '../../viewer/link-state.ts';
import type { LinkColumn, LinkFilter, LinkOrder, LinkRow } from './link-row.ts';
import { filterRows, neighbourByWorst, reasonLabels, rowSentence, sortRows } from './link-row.ts';
import { LinkFilterBar, stateLabels } from './LinkFilterBar.tsx';
import { Tip } from '../Tip.tsx';
import { useRem } from '../use-rem.ts';
import './link-table.css';

/** The rows of a run and what is selected; the table keeps its own order and filter. */
export interface LinkTableProps {
  readonly rows: readonly LinkRow[];
  readonly selectedKey: string | null;
  readonly onSelect: (pairKey: string) => void;
  /** Enter or a double click: look at the pair. */
  readonly onOpen?: (pairKey: string) => void;
  readonly onToggleExclude: (pairKey: string) => void;
  readonly onExcludeAll?: (pairKeys: readonly string[]) => void;
}

/** Keys of the rows that are links. */
function linksOf(rows: readonly LinkRow[]): readonly string[] {
  return rows.filter(({ state }) => state === 'link' || state === 'removed').map(({ pairKey }) => pairKey);
}

/** Height of a row, rem; as in link-table.css. */
const ROW_REM = 26 / 16;
const OVERSCAN = 12;
const PAGE_ROWS = 12;

const columns: readonly { readonly id: LinkColumn; readonly label: string; readonly title: string }[] = [
  { id: 'pair', label: 'Pair', title: 'The two tiles' },
  { id: 'state', label: 'State', title: 'link · removed by the solver · rejected · excluded by you' },
  { id: 'matches', label: 'Matches', title: 'Matches found' },
  { id: 'inliers', label: 'Inliers', title: 'Matches that agree on one motion' },
  { id: 'confidence', label: 'Conf.', title: 'Mean confidence of the inliers' },
  { id: 'residual', label: 'Residual', title: 'Left at the solved positions, px (root mean square)' },
  { id: 'shift', label: 'Shift', title: 'Distance from where the layout had it, px' },
];

/** All pairs of a run: sortable, filtered, with the keys ↑ ↓ Home End, Enter, n (next worst), x (exclude or restore). */
export function LinkTable(props: LinkTableProps) {
  const { rows, selectedKey, onSelect, onOpen, onToggleExclude, onExcludeAll } = props;
  const [order, setOrder] = useState<LinkOrder>({ by: 'worst', descending: false });
  const [filter, setFilter] = useState<LinkFilter>(() => ({ states: new Set(linkStates), text: '' }));
  const shown = useMemo(() => sortRows(filterRows(rows, filter), order), [rows, filter, order]);
  const selectedIndex = useMemo(() => shown.findIndex((row) => row.pairKey === selectedKey), [shown, selectedKey]);
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const rowPx = ROW_REM * useRem();

  // The virtualiser hands out functions that the React compiler cannot memoise; nothing here depends on that.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    // The head sticks to the top and takes one row of the view.
    scrollPaddingEnd: rowPx,
  });
  useLayoutEffect(() => virtualizer.measure(), [rowPx, virtualizer]);

  useEffect(() => {
    if (selectedIndex >= 0) virtualizer.scrollToIndex(selectedIndex, { align: 'auto' });
  }, [selectedIndex, virtualizer]);

  const selectAt = (index: number): void => {
    const row = shown.at(Math.max(0, Math.min(shown.length - 1, index)));
    if (row !== undefined) onSelect(row.pairKey);
  };

  const act = (key: string): boolean => {
    switch (key) {
      case 'ArrowDown':
        selectAt(selectedIndex + 1);
        return true;
      case 'ArrowUp':
        selectAt(selectedIndex < 0 ? 0 : selectedIndex - 1);
        return true;
      case 'PageDown':
        selectAt(selectedIndex + PAGE_ROWS);
        return true;
      case 'PageUp':
        selectAt(selectedIndex - PAGE_ROWS);
        return true;
      case 'Home':
        selectAt(0);
        return true;
      case 'End':
        selectAt(shown.length - 1);
        return true;
      case 'n':
      case 'N': {
        const next = neighbourByWorst(shown, selectedKey, key === 'n' ? 1 : -1);
        if (next !== null) onSelect(next);
        return true;
      }
      case 'Enter':
        if (selectedKey !== null) (onOpen ?? onSelect)(selectedKey);
        return selectedKey !== null;
      case 'x': {
        const row = shown.at(selectedIndex);
        if (selectedIndex < 0 || row === undefined || row.state === 'rejected') return false;
        onToggleExclude(row.pairKey);
        return true;
      }
      default:
        return false;
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    // A column's head is pressed, not the chosen row opened.
    const isPress = event.key === 'Enter' && event.target instanceof HTMLButtonElement;
    if (isPress || event.ctrlKey || event.metaKey || event.altKey || !act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <section className="link-table" aria-label="Links" data-testid="link-table">
      <LinkFilterBar
        rows={rows}
        shown={shown}
        filter={filter}
        onFilter={(change) => setFilter((before) => ({ ...before, ...change }))}
        onExcludeShown={onExcludeAll ? () => onExcludeAll(linksOf(shown)) : null}
      />
      <div
        ref={scroller}
        className="link-table-scroller"
        role="grid"
        aria-label="Pairs of tiles"
        aria-rowcount={shown.length + 1}
        aria-activedescendant={selectedIndex >= 0 ? `${id}-${selectedIndex}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <LinkTableHead order={order} onOrder={setOrder} />
        <div className="link-table-body" role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <LinkTableRow
              key={shown[item.index].pairKey}
              id={`${id}-${item.index}`}
              row={shown[item.index]}
              index={item.index}
              top={item.start}
              isSelected={item.index === selectedIndex}
              onSelect={onSelect}
              onOpen={onOpen}
              onToggleExclude={onToggleExclude}
            />
          ))}
        </div>
        {shown.length === 0 && (
          <p className="link-table-empty">{rows.length === 0 ? 'No pairs yet.' : 'No pair passes the filter.'}</p>
        )}
      </div>
      {rows.length > 0 && <ChosenRow row={selectedIndex < 0 ? null : shown[selectedIndex]} />}
    </section>
  );
}

/** The sentence of the chosen row, two lines high whatever it says; the keys while none is chosen. */
function ChosenRow({ row }: { readonly row: LinkRow | null }) {
  const sentence = row === null ? '' : rowSentence(row);
  return (
    <p className="link-table-chosen" role="status" data-testid="link-sentence">
      {row === null ? (
        <span>
          <kbd>N</kbd> next worst · <kbd>↑ ↓</kbd> step · <kbd>Enter</kbd> look at the pair · <kbd>X</kbd> take the link
          out
        </span>
      ) : (
        <span title={sentence}>{sentence}</span>
      )}
    </p>
  );
}

function LinkTableHead({
  order,
  onOrder,
}: {
  readonly order: LinkOrder;
  readonly onOrder: (order: LinkOrder) => void;
}) {
  const sortBy = (by: LinkColumn): void => {
    // Numbers are first looked at from their bad end; a third click returns to worst first.
    const first = by === 'residual' || by === 'shift';
    if (order.by !== by) onOrder({ by, descending: first });
    else if (order.descending === first) onOrder({ by, descending: !first });
    else onOrder({ by: 'worst', descending: false });
  };
  return (
    <div className="link-table-head" role="row" aria-rowindex={1}>
      {columns.map((column) => {
        const isSorted = order.by === column.id;
        return (
          <div
            key={column.id}
            role="columnheader"
            aria-sort={isSorted ? (order.descending ? 'descending' : 'ascending') : 'none'}
            data-column={column.id}
          >
            <Tip text={column.title}>
              <button type="button" onClick={() => sortBy(column.id)}>
                {column.label}
                {isSorted && (order.descending ? <ArrowDown className="small" /> : <ArrowUp className="small" />)}
              </button>
            </Tip>
          </div>
        );
      })}
      <div role="columnheader" data-column="act">
        <span className="visually-hidden">Exclude</span>
      </div>
    </div>
  );
}

interface LinkTableRowProps {
  readonly id: string;
  readonly row: LinkRow;
  readonly index: number;
  readonly top: number;
  readonly isSelected: boolean;
  readonly onSelect: (pairKey: string) => void;
  readonly onOpen: ((pairKey: string) => void) | undefined;
  readonly onToggleExclude: (pairKey: string) => void;
}

/** Drawn again only when it is another row or another place: the list is scrolled. */
const LinkTableRow = memo(function LinkTableRow(props: LinkTableRowProps) {
  const { id, row, index, top, isSelected, onSelect, onOpen, onToggleExclude } = props;
  const isExcluded = row.state === 'excluded';
  return (
    <div
      id={id}
      className="link-table-row"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-testid="link-row"
      data-state={row.state}
      data-quality={row.quality === null || isExcluded ? 'none' : qualityStep(row.quality)}
      title={`${row.nameA} ↔ ${row.nameB}${row.detail === null ? '' : `\n${row.detail}`}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(row.pairKey)}
      onDoubleClick={() => onOpen?.(row.pairKey)}
    >
      <span role="gridcell" data-column="pair">
        <i className="link-table-mark" aria-hidden="true" />
        <span>{row.shortA}</span> <em aria-label="and">↔</em> <span>{row.shortB}</span>
      </span>
      <span role="gridcell" data-column="state">
        {row.reason === null ? stateLabels[row.state] : reasonLabels[row.reason]}
      </span>
      <NumberCell column="matches" text={row.matches.toLocaleString('en-GB')} />
      <NumberCell column="inliers" text={row.inliers?.toLocaleString('en-GB') ?? null} />
      <NumberCell column="confidence" text={row.confidence?.toFixed(2) ?? null} />
      <NumberCell column="residual" text={row.residualPx?.toFixed(2) ?? null} />
      <NumberCell column="shift" text={row.shiftPx?.toFixed(1) ?? null} />
      <span role="gridcell" data-column="act">
        {row.state !== 'rejected' && (
          <Tip text={isExcluded ? 'Restore the link' : 'Take the link out'} keys="X" side="left">
            <button
              type="button"
              tabIndex={-1}
              aria-label={`${isExcluded ? 'Restore' : 'Exclude'} the link ${row.nameA} ${row.nameB}`}
              onClick={(event) => {
                event.stopPropagation();
                onToggleExclude(row.pairKey);
              }}
            >
              {isExcluded ? <RotateCcw className="small" /> : <Ban className="small" />}
            </button>
          </Tip>
        )}
      </span>
    </div>
  );
});

function NumberCell({ column, text }: { readonly column: LinkColumn; readonly text: string | null }) {
  return (
    <span role="gridcell" data-column={column} className="link-table-number">
      {text ?? '–'}
    </span>
  );
}
