import { describe, expect, it } from 'vitest';
import { StitchError } from '../../core/errors.ts';
import { tileId, type Layout, type Tile } from '../../core/tiles/tile.ts';
import type { NamedFile, StitchClient } from '../../../workers/protocol.ts';
import type { StitchRun } from '../state/result.ts';
import { createAppStore, updateSlice } from '../state/store.ts';
import { createForeground } from './foreground.ts';
import { openFiles } from './open-files.ts';

function drop(): readonly NamedFile[] {
  return ['g/t_1_1.tif', 'g/t_1_2.tif'].map((path) => ({
    path,
    file: new File([path], path.slice(2), { lastModified: 1 }),
  }));
}

function tileOf({ path }: NamedFile): Tile {
  const kind = { channels: 1, sampleType: 'uint8', pixelSizeNm: null, stage: null } as const;
  return { id: tileId(path), file: path, page: 0, size: { width: 100, height: 100 }, ...kind };
}

function rowOf(tiles: readonly Tile[]): Layout {
  const cells = new Map(tiles.map(({ id }, column) => [id, { row: 0, column }] as const));
  return { kind: 'grid', rows: 1, columns: tiles.length, cells, overlap: { x: 0.2, y: 0.2 } };
}

/** A folder that was dropped and read, and a way to end another job. */
async function dropped() {
  const store = createAppStore();
  const read: (readonly NamedFile[])[] = [];
  const client = {
    async inspect(files: readonly NamedFile[]) {
      read.push(files);
      return { tiles: files.map(tileOf), multiPage: [], positionTables: [], problems: [], notes: [] };
    },
    openProject: async () => undefined,
    async inferLayout(tiles: readonly Tile[]) {
      const hypothesis = { layout: rowOf(tiles), description: 'a row', confidence: 1, correlation: null };
      return { hypotheses: [hypothesis], isClose: false };
    },
  };
  const foreground = createForeground(store, () => 0);
  const files = openFiles(store, client as unknown as StitchClient, foreground);
  await files.add(drop());
  const fail = (task: 'stitch' | 'export', error: Error) => foreground.run(task, () => Promise.reject(error));
  return { store, read, files, fail };
}

describe('the same files dropped again', () => {
  const unreadable = new StitchError('unreadable-file', 't_1_1.tif: the file cannot be read: drop it again.');

  it('are ignored while all is well', async () => {
    const { read, files } = await dropped();
    await files.add(drop());
    expect(read).toHaveLength(1);
  });

  it.each(['stitch', 'export'] as const)('are read anew after a %s that could not read one of them', async (task) => {
    const { store, read, files, fail } = await dropped();
    await fail(task, unreadable);
    const again = drop();
    await files.add(again);
    expect(store.getState().job.current).toMatchObject({ kind: 'done', task: 'inspect' });
    // What was dropped last is read: the browser may have taken the right to the former handles away.
    expect(read[1].map(({ file }) => file)).toEqual(again.map(({ file }) => file));
  });

  it('are ignored after a job that failed for another reason: its result stays', async () => {
    const { read, files, fail } = await dropped();
    await fail('export', new StitchError('write-failed', 'The disk is full.'));
    await files.add(drop());
    expect(read).toHaveLength(1);
  });

  it('are read anew after a run in which a pair could not be read', async () => {
    const { store, read, files } = await dropped();
    const pairs = [{ kind: 'rejected', reason: 'read-failed' }];
    updateSlice(store, 'result', (result) => ({ ...result, run: { outcome: { pairs } } as unknown as StitchRun }));
    await files.add(drop());
    expect(read).toHaveLength(2);
    expect(store.getState().result.run).toBeNull();
  });
});
