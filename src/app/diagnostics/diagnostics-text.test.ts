import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StitchError } from '../../core/errors.ts';
import { defaultStitchOptions } from '../../core/options.ts';
import { tileId, type Tile } from '../../core/tiles/tile.ts';
import { withError } from '../state/job.ts';
import type { StitchRun } from '../state/result.ts';
import { createAppStore, updateSlice } from '../state/store.ts';
import { diagnosticsText } from './diagnostics-text.ts';
import { followStore } from './event-log.ts';
import { addNames, scrub } from './scrub.ts';

const environment = { version: 'em-stitch 0.1.0', browser: 'a browser' };

function tileOf(file: string): Tile {
  return {
    id: tileId(file),
    file,
    page: 0,
    size: { width: 2048, height: 1768 },
    channels: 1,
    sampleType: 'uint16',
    pixelSizeNm: 4.5,
    stage: { x: 31337.25, y: 77777.75, thetaRad: 0 },
  };
}

/** A finished run whose matches, pixels and names are all of a kind that can be searched for. */
function runOf(tiles: readonly Tile[]): StitchRun {
  const [a, b] = tiles.map(({ id }) => id);
  const pair = { a, b, aFromB: { x: 1800, y: 0, thetaRad: 0 }, sigmaPx: 20, expectedOverlap: null };
  const correspondences = {
    a: Float32Array.of(54321.5, 54321.5),
    b: Float32Array.of(54321.5, 54321.5),
    confidence: Float32Array.of(0.54321),
  };
  const rejected = {
    ...{ kind: 'rejected' as const, pair, correspondences, matchMs: 12, reason: 'no-texture' as const },
    detail: `${tiles[0].file} shows nothing`,
  };
  const report = {
    mosaicFromTile: new Map(),
    state: new Map([[a, 'solved' as const]]),
    sigmaPx: new Map([[a, 0.1]]),
    component: new Map(),
    components: [[a, b]],
    edges: [{ pairKey: `${a}\u0000${b}`, residualPx: 0.25, weight: 1, removed: false }],
    termination: 'converged' as const,
    ...{ iterations: 7, cost: 1 },
  };
  const bounds = { x: 0, y: 0, width: 3900, height: 1768 };
  const mosaic = { bounds, placements: [], channels: 1 as const, sampleType: 'uint16' as const, pixelSizeNm: 4.5 };
  const warnings = [`${tiles[0].file} stands where the layout puts it.`];
  const layout = { kind: 'positions' as const, poses: new Map(), sigmaPx: 20 };
  return {
    ...{ tiles, layout, ownModel: null, options: defaultStitchOptions, excluded: new Set<string>(), corrections: [] },
    ...{ change: null, matcher: null, matchedPairs: 1, knownPairs: 0, elapsedMs: 2500 },
    outcome: { pairs: [rejected], report, tones: new Map(), mosaic, warnings },
  };
}

function diagnose(paths: readonly string[], messages: readonly string[]): string {
  const store = createAppStore();
  let clock = 0;
  const log = followStore(store, () => (clock += 500));
  const tiles = paths.map(tileOf);
  const files = paths.map((path) => ({ path, file: new File([], path) }));
  updateSlice(store, 'project', (project) => ({ ...project, files }));
  updateSlice(store, 'project', (project) => ({
    ...project,
    tiles,
    inspection: {
      tiles,
      multiPage: [],
      positionTables: [],
      problems: [{ file: paths[0], code: 'truncated-file', message: `${paths[0]}: the file ends before its data do.` }],
      notes: [{ file: paths[0], note: `${paths[0]} has two pages.` }],
    },
    edits: {
      ...project.edits,
      options: { ...defaultStitchOptions, compose: { ...defaultStitchOptions.compose, topmost: tiles[0].id as never } },
    },
  }));
  for (const message of messages)
    updateSlice(store, 'job', (job) =>
      withError(job, new StitchError('unreadable-file', message, {}, { cause: new Error(`within: ${message}`) })),
    );
  updateSlice(store, 'result', () => ({ run: runOf(tiles), revision: 1 }));
  return diagnosticsText(store.getState(), environment, log);
}

/** Parts of names as microscopists give them: letters of any script, spaces, brackets, dots. */
const namePart = fc
  .string({ unit: fc.constantFrom(...'abcdefgXYZäéß瓦0123456789 _-()+&'), minLength: 4, maxLength: 14 })
  .map((name) => `Mustermann${name.trim()}`);

describe('diagnostics', () => {
  it('say what ran, on what, how long, what failed and why', () => {
    const text = diagnose(['d/one.tif', 'd/other.tif'], ['"one.tif" could not be read.']);
    for (const line of [
      'browser: a browser',
      'unreadable-file: "file 1" could not be read.',
      'caused by Error: within: "file 1" could not be read.',
      'next step: Check that the disk is connected',
      '2 × 2048 × 1768 uint16, .tif, 4.5 nm a pixel, with a stage position, first page',
      'truncated-file: file 1: the file ends before its data do.',
      '"matcher": "loftr"',
      'time a pair, ms: median 12.0',
      'residuals, px: median 0.250',
      'solve: converged after 7 steps',
    ])
      expect(text).toContain(line);
    expect(text).toMatch(/ s {2}error unreadable-file: "file 1" could not be read/);
  });

  it('hold no name of a file, folder or person, whatever the names and messages are', () => {
    fc.assert(
      fc.property(fc.array(namePart, { minLength: 2, maxLength: 4 }), namePart, namePart, (names, user, project) => {
        const paths = [...new Set(names)].map((name, k) => `${project}/${name}_${k}.tif`);
        if (paths.length < 2) return;
        const text = diagnose(paths, [
          ...paths.map((path) => `${path} could not be read.`),
          `EACCES: permission denied, open '/home/${user.replaceAll(' ', '_')}/scans/a.dat'`,
          `"C:\\Users\\${user}\\Desktop\\b.dat" is gone`,
          `${user.replaceAll(' ', '')}.tiff: unknown`,
          `Failed to fetch http://lab.test/${encodeURIComponent(user)}/model.bin`,
        ]);
        expect(text).not.toMatch(/Mustermann|lab\.test/);
        for (const path of paths) expect(text).not.toContain(path.split('/')[1]);
      }),
      { numRuns: 60 },
    );
  });

  it('hold no pixel, no match and no stage position', () => {
    const text = diagnose(['d/one.tif', 'd/other.tif'], []);
    expect(text).not.toMatch(/54321|31337|77777/);
    expect(text.length).toBeLessThan(6000);
  });

  it('leave our own words alone', () => {
    const tokens = new Map<string, string>();
    addNames(tokens, 'EM 2026/tile_r1_c1.tif');
    addNames(tokens, 'EM 2026/tile_r1_c2.tif');
    expect(scrub('tile_r1_c1 – tile_r1_c2.tif: 12 of 40 matches (0.3/px) agree; 3 and/or 4.', tokens)).toBe(
      'file 1 – file 2: 12 of 40 matches (0.3/px) agree; 3 and/or 4.',
    );
  });
});

describe('addNames', () => {
  it('numbers files and folders on, each once, and takes no time for a large drop', () => {
    const tokens = new Map<string, string>();
    const started = performance.now();
    for (let k = 0; k < 20_000; k++) addNames(tokens, `grid/row ${k % 100}/tile ${k}.tif`);
    addNames(tokens, 'grid/row 7/tile 7.tif');
    addNames(tokens, 'other/last.tif');
    // Counting all names for each took minutes.
    expect(performance.now() - started).toBeLessThan(5000);
    expect(tokens.get('tile 19999')).toBe('file 20000');
    expect(tokens.get('other')).toBe('folder 102');
    expect(tokens.get('last.tif')).toBe('file 20001');
  });
});
