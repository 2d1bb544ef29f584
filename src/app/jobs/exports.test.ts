import { describe, expect, it } from 'vitest';
import type { ExportRequest } from '../../../workers/protocol.ts';
import { type Tile } from '../../core/tiles/tile.ts';
import { createAppStore, updateSlice } from '../state/store.ts';
import { sectionsIn, withEntry } from '../state/sections.ts';
import type { StitchRun } from '../state/result.ts';
import { createExports } from './exports.ts';
import { createForeground } from './foreground.ts';
import { plainTile } from '../../core/testing/plain-tile.ts';

const tileOf = (file: string): Tile => plainTile(file, { width: 10, height: 10 });
const tiles = [3, 4, 5].flatMap((s) => ['1_1', '1_2', '2_1', '2_2'].map((cell) => tileOf(`s0000${s}/t_${cell}.tif`)));

/** A stack of three sections, the second of which failed; opening a section shows its run. */
function stack() {
  const store = createAppStore();
  updateSlice(store, 'sections', () => {
    const done = ['s00003', 's00005'].reduce(
      (state, name) => withEntry(state, name, { state: 'done' }),
      sectionsIn(tiles),
    );
    return withEntry(done, 's00004', { state: 'failed' });
  });
  const log: string[] = [];
  const state = { failing: '' };
  const show = (section: string) => {
    // What a run holds is for the worker: here only its presence counts.
    const run = { outcome: {} } as unknown as StitchRun;
    updateSlice(store, 'sections', (sections) => ({ ...sections, current: section }));
    updateSlice(store, 'result', (result) => ({ ...result, run }));
  };
  const exports = createExports({
    store,
    foreground: createForeground(store, () => 0),
    client: {
      async exportMosaic({ target }: ExportRequest) {
        const name = target.kind === 'opfs' ? target.name : target.handle.name;
        if (name === state.failing) throw new Error('the disk is full');
        log.push(`wrote ${name}`);
        const size = { bytes: 10, width: 5, height: 2 };
        return { ...size, kind: 'OME-TIFF', levels: 1, values: null, damaged: [], file: new File(['tiff'], name) };
      },
      textExport: async ({ kind }) => ({ files: [{ name: `${kind}.json`, text: '{}' }], warnings: [] }),
      identify: async () => [],
    },
    place: {
      choose: async ({ name }) => ({ kind: 'opfs', name }),
      download: (name) => void log.push(`downloaded ${name}`),
    },
    openSection: async (name) => {
      log.push(`opened ${name}`);
      show(name);
    },
  });
  return { store, exports, log, state, show };
}

describe('the exports of a stack', () => {
  it('write picture and solution of every stitched section, named after it', async () => {
    const { exports, log } = stack();
    await exports.sections({ format: 'ome-tiff' });
    expect(log).toEqual(
      ['s00003', 's00005'].flatMap((name) => [
        `opened ${name}`,
        `wrote ${name}-mosaic.ome.tif`,
        `downloaded ${name}-mosaic.ome.tif`,
        `downloaded ${name}-solution.json`,
      ]),
    );
  });

  it('end at the first section that cannot be written, and say why', async () => {
    const { store, exports, log, state } = stack();
    state.failing = 's00003-mosaic.ome.tif';
    await exports.sections({ format: 'ome-tiff' });
    expect(log).toEqual(['opened s00003']);
    expect(store.getState().job.current.kind).toBe('failed');
  });

  it('carry the name of the section that is open', async () => {
    const { exports, log, show } = stack();
    show('s00005');
    await exports.mosaic({ format: 'tiff' });
    await exports.text('solution');
    expect(log).toEqual(['wrote s00005-mosaic.tif', 'downloaded s00005-mosaic.tif', 'downloaded s00005-solution.json']);
  });
});
