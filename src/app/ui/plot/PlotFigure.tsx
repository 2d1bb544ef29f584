import { ClipboardCopy, Table2 } from 'lucide-react';
import { useState } from 'react';
import { useApp } from '../app-context.ts';
import { Tip } from '../Tip.tsx';
import { Plot } from './Plot.tsx';
import { cellText, tableCsv, type PlotTable } from './plot-table.ts';
import type { PlotSpec } from './plot-spec.ts';
import './plot.css';

interface PlotFigureProps {
  /** What the plot is of, for those who do not see it. */
  readonly label: string;
  readonly spec: PlotSpec;
  readonly table: PlotTable;
  readonly testId?: string;
}

/**
 * A plot and its numbers: the table is read out whether it is shown or not, is shown by a button, and is copied as CSV.
 */
export function PlotFigure({ label, spec, table, testId }: PlotFigureProps) {
  const { jobs } = useApp();
  const [isTableShown, setIsTableShown] = useState(false);
  const [isCopied, setIsCopied] = useState(false);
  const copy = () => {
    navigator.clipboard.writeText(tableCsv(table)).then(() => setIsCopied(true), jobs.report);
  };
  return (
    <figure className="plot-figure" data-testid={testId}>
      <Plot label={label} spec={spec} />
      <div className="plot-tools">
        <Tip text={isTableShown ? 'Hide the numbers' : 'Show the numbers as a table'}>
          <button
            type="button"
            className="bare"
            aria-label="Table"
            aria-expanded={isTableShown}
            data-testid="plot-table-button"
            onClick={() => setIsTableShown(!isTableShown)}
          >
            <Table2 className="small" aria-hidden="true" />
          </button>
        </Tip>
        <Tip text="Copy the numbers as CSV">
          <button type="button" className="bare" aria-label="Copy as CSV" data-testid="plot-copy" onClick={copy}>
            <ClipboardCopy className="small" aria-hidden="true" />
          </button>
        </Tip>
        <span role="status">{isCopied && 'Copied'}</span>
      </div>
      <div
        className={isTableShown ? 'plot-table' : 'visually-hidden'}
        {...(isTableShown && { tabIndex: 0, role: 'region', 'aria-label': `${table.caption}, table` })}
      >
        <NumberTable table={table} />
      </div>
    </figure>
  );
}

function NumberTable({ table: { caption, columns } }: { readonly table: PlotTable }) {
  const rows = columns[0]?.values.length ?? 0;
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ label }) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: rows }, (_, row) => (
          <tr key={row}>
            {columns.map((column, k) =>
              k === 0 ? (
                <th key={column.label} scope="row">
                  {cellText(column, row)}
                </th>
              ) : (
                <td key={column.label}>{cellText(column, row)}</td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
