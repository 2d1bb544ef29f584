import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { applyPattern, firstNumber, gridFromPattern, parsePattern, readName, shapeFor } from './file-name-pattern.ts';
import { scanOrders } from './scan-order.ts';
import type { Tile } from './tile.ts';
import { plainTile } from '../testing/plain-tile.ts';

const tile = (file: string): Tile => plainTile(file, { width: 100, height: 80 });

function errorOf(run: () => unknown): StitchError {
  try {
    run();
  } catch (error) {
    if (error instanceof StitchError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('why a pattern cannot be used', () => {
  it.each([
    ['image.tif', 'it needs {r} and {c}, or {i} (groups row and column, or index).'],
    [`{i}${'a'.repeat(254)}`, 'it is longer than 256 characters.'],
    ['(a)\\1(?<index>\\d+)', 'it refers back to a group.'],
    ['(?<i>\\d)\\k<i>', 'it refers back to a group.'],
    ['(\\w+)+(?<index>\\d)', 'a repeated group holds a repetition or a choice itself; searching it can take for ever.'],
    ['(a|b){2}(?<i>\\d)', 'a repeated group holds a repetition or a choice itself; searching it can take for ever.'],
    ['(a{2}){3}(?<i>\\d)', 'a repeated group holds a repetition or a choice itself; searching it can take for ever.'],
    ['.*.*.*.*.*(?<index>\\d+)x', 'it has more than 5 open repetitions (* or +).'],
  ])('%s', (text, why) => {
    const error = errorOf(() => parsePattern(text));
    expect(error).toMatchObject({ code: 'bad-options', detail: { pattern: text } });
    expect(error.message).toBe(`The name pattern "${text}" cannot be used: ${why}`);
  });

  it('says so when it is no regular expression', () => {
    const error = errorOf(() => parsePattern('(?<i>\\d'));
    expect(error.message).toMatch(/^The name pattern "\(\?<i>\\d" is no regular expression: .+\.$/);
    expect(error).toMatchObject({ code: 'bad-options', detail: { pattern: '(?<i>\\d' } });
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  it.each([
    '.*.*.*.*(?<index>\\d+)x',
    '(?<i>\\d{2,3})',
    '((a)(b)){2}(?<i>\\d)',
    '[+*(|]+(?<i>\\d)',
    '\\++\\*(?<i>\\d)',
  ])('is not told of %s, which is cheap', (text) => {
    expect(parsePattern(text)).toMatchObject({ text, kind: 'regular-expression', gives: 'index' });
  });

  it('takes 256 characters', () => {
    expect(parsePattern(`{i}${'a'.repeat(253)}`).text.length).toBe(256);
  });
});

describe('a parsed pattern', () => {
  it('says what it is and how long a name it searches', () => {
    // Anchored placeholders of two open widths: n² / 2 ≤ 3e8.
    expect(parsePattern('t_{r}_{c}.tif')).toMatchObject({
      kind: 'placeholders',
      gives: 'cell',
      onPath: false,
      maxNameLength: 4096,
    });
    // Free at its start and two open repetitions: n³ / 6 ≤ 3e8, n ≤ 1216.
    expect(parsePattern('a/(?<r>\\d+)_(?<c>\\d+)')).toMatchObject({
      kind: 'regular-expression',
      onPath: true,
      maxNameLength: 1216,
    });
    expect(parsePattern('^(?<r>\\d+)_(?<c>\\d+)').maxNameLength).toBe(4096);
    // Four: n⁴ / 24 ≤ 3e8.
    expect(parsePattern('.*_(?<r>\\d+)_(?<c>\\d+)').maxNameLength).toBe(Math.floor((3e8 * 24) ** 0.25));
  });

  it('does not fit a longer name, nor a number beyond a thousand million', () => {
    const pattern = parsePattern('.*_(?<r>\\d+)_(?<c>\\d+)');
    const name = (length: number) => `${'a'.repeat(length - 4)}_1_2`;
    expect(readName(pattern, name(pattern.maxNameLength))).toEqual({ kind: 'cell', row: 1, column: 2 });
    expect(readName(pattern, name(pattern.maxNameLength + 1))).toBeNull();
    const index = parsePattern('i{i}');
    expect(readName(index, 'i1000000000')).toEqual({ kind: 'index', index: 1_000_000_000 });
    expect(readName(index, 'i1000000001')).toBeNull();
    expect(readName(parsePattern('{r}_{c}'), '1000000001_1')).toBeNull();
    expect(readName(parsePattern('{r}_{c}'), '1_1000000001')).toBeNull();
  });

  it('takes signs as they are, and stars within a folder only', () => {
    const reads = (text: string, file: string) => readName(parsePattern(text), file) !== null;
    expect(reads('a.{i}', 'ab1')).toBe(false);
    expect(reads('a+(b)[c]^$|{i}', 'a+(b)[c]^$|1')).toBe(true);
    expect(reads('x/*{i}', 'x/y_1')).toBe(true);
    expect(reads('x/*{i}', 'x/y/1')).toBe(false);
    expect(reads('x/*{i}', 'w/x/1')).toBe(false);
    expect(reads('{ii}5', '125')).toBe(true);
    expect(reads('{ii}5', '1235')).toBe(false);
  });

  it('takes a group that is a number only', () => {
    expect(readName(parsePattern('(?<index>\\w)(?<i>\\d)'), 'a7')).toEqual({ kind: 'index', index: 7 });
    expect(readName(parsePattern('(?<index>\\w)'), 'a')).toBeNull();
    expect(readName(parsePattern('(?<r>\\d)(?<c>\\w)'), '1a')).toBeNull();
    expect(readName(parsePattern('(?<r>\\w)(?<c>\\d)'), 'a1')).toBeNull();
  });
});

describe('what is wrong about names', () => {
  it('counts those that do not fit', () => {
    const one = applyPattern(parsePattern('i{i}'), ['i1', 'x']);
    expect(one.errors.map(({ message }) => message)).toEqual([
      'The pattern "i{i}" does not fit "x". Correct the pattern or remove the files.',
    ]);
    const [error] = applyPattern(parsePattern('i{i}'), ['i1', 'x', 'y', 'z']).errors;
    expect(error.message).toBe(
      'The pattern "i{i}" does not fit "x" and 2 more of 4 names. Correct the pattern or remove the files.',
    );
    expect(error.detail).toEqual({ file: 'x', pattern: 'i{i}', misfits: 3 });
    expect(applyPattern(parsePattern('i{i}'), ['i1', 'i2']).errors).toEqual([]);
  });

  it('names both files of a cell or a number', () => {
    const [cell] = applyPattern(parsePattern('{r}_{c}'), ['1_2', '1_12', '01_2']).errors;
    expect(cell.message).toBe(
      '"1_2" and "01_2" both read as row 1, column 2. Correct the name pattern or remove one of the two files.',
    );
    expect(cell).toMatchObject({
      code: 'cell-taken',
      detail: { file: '01_2', pair: ['1_2', '01_2'], row: 1, column: 2 },
    });
    const [number] = applyPattern(parsePattern('i{i}'), ['i5', 'i05']).errors;
    expect(number.message).toBe(
      '"i5" and "i05" both read as number 5. Correct the name pattern or remove one of the two files.',
    );
    expect(number).toMatchObject({ code: 'cell-taken', detail: { file: 'i05', pair: ['i5', 'i05'], index: 5 } });
  });
});

describe('a grid of running numbers', () => {
  it('begins with 0, with 1 where a quarter may be missing, or with the least', () => {
    expect([firstNumber(0, 4), firstNumber(1, 4), firstNumber(2, 4), firstNumber(3, 4)]).toEqual([0, 1, 1, 3]);
    expect(firstNumber(2, 3)).toBe(2);
  });

  it('has the shape that is given, or is as square as it can be', () => {
    expect(shapeFor(7, 2, 9)).toEqual({ rows: 2, columns: 9 });
    expect(shapeFor(7, null, 3)).toEqual({ rows: 3, columns: 3 });
    expect(shapeFor(7, 2, null)).toEqual({ rows: 2, columns: 4 });
    expect(shapeFor(7, null, null)).toEqual({ rows: 3, columns: 3 });
    expect(shapeFor(6, null, null)).toEqual({ rows: 2, columns: 3 });
  });

  const order = (rows: number | null, columns: number | null) => ({ order: scanOrders[0], rows, columns });
  const overlap = { x: 0.1, y: 0.1 };

  it('says which numbers do not fit', () => {
    const error = errorOf(() => gridFromPattern(parsePattern('i{i}'), ['i1', 'i9'].map(tile), order(2, 3), overlap));
    expect(error.message).toBe(
      'The names read with "i{i}" go from 1 to 9, but 2 rows × 3 columns hold only 6 tiles. Change rows, columns or the pattern.',
    );
    expect(error).toMatchObject({ code: 'bad-options', detail: { rows: 2, columns: 3, count: 9 } });
    expect(gridFromPattern(parsePattern('i{i}'), ['i1', 'i6'].map(tile), order(2, 3), overlap).cells.size).toBe(2);
  });

  it('says which files meet, and that none fits', () => {
    const twice = errorOf(() =>
      gridFromPattern(parsePattern('{r}_{c}'), ['1_1', '2_1', '02_1'].map(tile), order(null, null), overlap),
    );
    expect(twice.message).toBe(
      '"2_1" and "02_1" would both lie in row 2, column 1. Correct the name pattern or remove one of the two files.',
    );
    expect(twice.detail).toEqual({ file: '02_1', pair: ['2_1', '02_1'], row: 1, column: 0 });
    const none = errorOf(() => gridFromPattern(parsePattern('i{i}'), ['x', 'y'].map(tile), order(null, null), overlap));
    expect(none.message).toContain('does not fit "x" and 1 more of 2 names');
    const nothing = errorOf(() => gridFromPattern(parsePattern('i{i}'), [], order(null, null), overlap));
    expect(nothing.message).toContain('does not fit ""');
  });
});
