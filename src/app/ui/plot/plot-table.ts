/** The numbers of a plot, one list for each column, all of one length. */
export interface PlotTable {
  readonly caption: string;
  readonly columns: readonly PlotColumn[];
}

/** A column: text as it stands, numbers with so many places. */
export interface PlotColumn {
  readonly label: string;
  readonly values: readonly (number | string)[];
  readonly places?: number;
}

/** A cell as it is read. */
export function cellText(column: PlotColumn, row: number): string {
  const value = column.values[row];
  return typeof value === 'string' ? value : column.places === undefined ? String(value) : value.toFixed(column.places);
}

/** The table as a spreadsheet takes it: a line of heads, CRLF, quotes where they are needed. @see RFC 4180 */
export function tableCsv({ columns }: PlotTable): string {
  const rows = columns[0]?.values.length ?? 0;
  const lines = [
    columns.map(({ label }) => label),
    ...Array.from({ length: rows }, (_, row) => columns.map((column) => cellText(column, row))),
  ];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
