import { describe, expect, it } from 'vitest';
import { silentContext } from '../core/progress.ts';
import { tileId } from '../core/tiles/tile.ts';
import type { Tile } from '../core/tiles/tile.ts';
import { byteSourceFromBytes } from './byte-source.ts';
import type { ByteSource } from './image-file.ts';
import { projectTileReader } from './project-reader.ts';

/** An 8-bit MRC of two sections of 3 × 2 px. */
function stack(): Uint8Array {
  const bytes = new Uint8Array(1024 + 12);
  const view = new DataView(bytes.buffer);
  [3, 2, 2, 0].forEach((value, k) => view.setInt32(4 * k, value, true));
  bytes.set([0x4d, 0x41, 0x50, 0x20], 208);
  for (let k = 0; k < 12; k++) bytes[1024 + k] = k;
  return bytes;
}

function tile(page: number): Tile {
  const size = { width: 3, height: 2 };
  return {
    id: tileId('s.mrc', page),
    file: 's.mrc',
    page,
    size,
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stage: null,
  };
}

const { signal } = silentContext;

/** A reader of both sections; `fails` many reads of the file reject first. */
function readerOf(fails = 0) {
  let opened = 0;
  const inner = byteSourceFromBytes('s.mrc', stack());
  const source: ByteSource = {
    ...inner,
    read: (offset, length) => {
      if (offset === 0) opened++;
      return fails-- > 0 ? Promise.reject(new Error('gone')) : inner.read(offset, length);
    },
  };
  return { reader: projectTileReader([tile(0), tile(1)].map((one) => ({ tile: one, source }))), opened: () => opened };
}

describe('reading the tiles of a project', () => {
  it('gives each tile its own page, rows from the top', async () => {
    const { reader } = readerOf();
    const first = await reader.read(tileId('s.mrc', 0), { level: 0, signal });
    expect([...first[0].data]).toEqual([3, 4, 5, 0, 1, 2]);
    const region = { x: 1, y: 0, width: 2, height: 1 };
    expect([...(await reader.read(tileId('s.mrc', 1), { level: 0, region, signal }))[0].data]).toEqual([10, 11]);
  });

  it('opens a file once, and again after it could not be opened', async () => {
    const { reader, opened } = readerOf();
    await reader.read(tileId('s.mrc', 0), { level: 0, signal });
    const once = opened();
    await reader.read(tileId('s.mrc', 1), { level: 0, signal });
    expect(opened()).toBe(once);
    const failing = readerOf(1).reader;
    await expect(failing.read(tileId('s.mrc', 0), { level: 0, signal })).rejects.toThrow('gone');
    expect((await failing.read(tileId('s.mrc', 0), { level: 0, signal }))[0].width).toBe(3);
  });

  it('refuses other levels, tiles that it does not know, and a cancelled read', async () => {
    const { reader } = readerOf();
    await expect(reader.read(tileId('s.mrc', 0), { level: 1, signal })).rejects.toThrow(
      'level 1 of s.mrc: this reader reads full resolution only',
    );
    await expect(reader.read(tileId('t.mrc', 0), { level: 0, signal })).rejects.toMatchObject({
      code: 'unreadable-file',
      message: 't.mrc is not in the project any more; drop its folder again.',
      detail: { file: 't.mrc' },
    });
    const aborted = AbortSignal.abort();
    await expect(reader.read(tileId('s.mrc', 0), { level: 0, signal: aborted })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
