import { describe, expect, it } from 'vitest';
import { cellText, tableCsv } from './plot-table.ts';

describe('the table of a plot', () => {
  it('is a CSV with a line of heads, numbers with the places that were asked for', () => {
    const table = {
      caption: 'Residuals',
      columns: [
        { label: 'From, px', values: [0, 0.25], places: 2 },
        { label: 'To', values: ['0.25', '5 "or more"'] },
        { label: 'Matches', values: [12, 0] },
      ],
    };
    expect(tableCsv(table)).toBe('"From, px",To,Matches\r\n0.00,0.25,12\r\n0.25,"5 ""or more""",0\r\n');
    expect(cellText(table.columns[0], 1)).toBe('0.25');
  });

  it('has its heads when there is nothing to count', () => {
    expect(tableCsv({ caption: '', columns: [{ label: 'Matches', values: [] }] })).toBe('Matches\r\n');
    expect(tableCsv({ caption: '', columns: [] })).toBe('\r\n');
  });
});
