import { describe, expect, it } from 'vitest';
import { shortNames, tileName } from './tile-name.ts';

describe('shortNames', () => {
  const short = (...names: string[]) => [...shortNames(names).values()];

  it('leaves out what all names share, at whole words', () => {
    expect(short('sample_r1_c1', 'sample_r1_c2', 'sample_r2_c1')).toEqual(['r1_c1', 'r1_c2', 'r2_c1']);
    expect(short('165_1_1', '165_1_3', '165_2_3')).toEqual(['1_1', '1_3', '2_3']);
    expect(short('[Grid@1 1]', '[Grid@2 1]', '[Grid@2 3]')).toEqual(['1 1', '2 1', '2 3']);
  });

  it('does not cut numbers in two', () => {
    expect(short('img_010', 'img_011')).toEqual(['010', '011']);
  });

  it('leaves out a common end too', () => {
    expect(short('em_g00_t01_s00', 'em_g00_t02_s00')).toEqual(['t01', 't02']);
  });

  it('keeps names whole that share nothing, and a name alone', () => {
    expect(short('a', 'b')).toEqual(['a', 'b']);
    expect(short('tile_1')).toEqual(['tile_1']);
  });

  it('keeps names whole where nothing would be left of one', () => {
    expect(short('tile_', 'tile_1')).toEqual(['tile_', 'tile_1']);
  });
});

describe('tileName', () => {
  it('drops folders and the extension and keeps the page', () => {
    expect(tileName('a/b/stack.tif#3')).toBe('stack#3');
  });
});
