import { describe, expect, it } from 'vitest';
import { treePath } from './file-tree-sink.ts';
import { memorySink } from './memory-sink.ts';
import { zipTreeSink } from './zip-writer.ts';

const leadingOut = [
  '../a',
  'a/../../b',
  '/etc/passwd',
  'a//b',
  '',
  '.',
  'a/.',
  'C:/a',
  'a\\..\\b',
  'a/b\u0000c',
  'a\nb',
];

describe('a path in a tree of files', () => {
  it('is refused when it leads, or could lead, out of the folder', () => {
    for (const path of leadingOut)
      expect(() => treePath(path)).toThrow(expect.objectContaining({ code: 'write-failed' }));
    expect(treePath('0/c/12/zarr.json')).toEqual(['0', 'c', '12', 'zarr.json']);
    expect(treePath('.zattrs')).toEqual(['.zattrs']);
  });

  it('does not reach an archive either', async () => {
    const tree = zipTreeSink(memorySink());
    for (const path of leadingOut)
      await expect(tree.write(path, Uint8Array.of(1))).rejects.toMatchObject({ code: 'write-failed' });
  });
});
