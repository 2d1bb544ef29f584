import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellOf, describeScanOrder, isSameScan, scanOrders } from './scan-order.ts';
import type { ScanOrder } from './scan-order.ts';

/** The visiting numbers of a 2 × 3 grid as a picture. */
function picture(order: ScanOrder): string {
  const rows = ['...', '...'].map((line) => [...line]);
  for (let index = 0; index < 6; index++) {
    const { row, column } = cellOf(index, 2, 3, order);
    rows[row][column] = String(index);
  }
  return rows.map((line) => line.join('')).join('/');
}

describe('cellOf', () => {
  it('draws all 16 orders', () => {
    expect(Object.fromEntries(scanOrders.map((order) => [describeScanOrder(order), picture(order)]))).toEqual({
      'raster by rows from the top left': '012/345',
      'snake by rows from the top left': '012/543',
      'raster by columns from the top left': '024/135',
      'snake by columns from the top left': '034/125',
      'raster by rows from the top right': '210/543',
      'snake by rows from the top right': '210/345',
      'raster by columns from the top right': '420/531',
      'snake by columns from the top right': '430/521',
      'raster by rows from the bottom left': '345/012',
      'snake by rows from the bottom left': '543/012',
      'raster by columns from the bottom left': '135/024',
      'snake by columns from the bottom left': '125/034',
      'raster by rows from the bottom right': '543/210',
      'snake by rows from the bottom right': '345/210',
      'raster by columns from the bottom right': '531/420',
      'snake by columns from the bottom right': '521/430',
    });
  });

  it('visits every cell once', () => {
    const side = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(side, side, fc.constantFrom(...scanOrders), (rows, columns, order) => {
        const seen = new Set<string>();
        for (let index = 0; index < rows * columns; index++) {
          const { row, column } = cellOf(index, rows, columns, order);
          expect(row >= 0 && row < rows && column >= 0 && column < columns).toBe(true);
          seen.add(`${row},${column}`);
        }
        expect(seen.size).toBe(rows * columns);
      }),
    );
  });

  it('refuses an index outside the grid', () => {
    expect(() => cellOf(6, 2, 3, scanOrders[0])).toThrow(RangeError);
  });
});

it('knows that one row has no snake, and that two columns have', () => {
  const [raster, snake] = scanOrders;
  expect(isSameScan(raster, snake, 1, 5)).toBe(true);
  expect(isSameScan(raster, snake, 3, 2)).toBe(false);
});
