import { describe, expect, it } from 'vitest';
import { rectanglePolygon } from '../../core/geometry/polygon.ts';
import { StitchError } from '../../core/errors.ts';
import type { PairResult } from '../../core/matching/link.ts';
import { defaultSolveOptions, type PoseGraph } from '../../core/graph/pose-graph.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import { pairKey, tileId, type Layout, type Tile, type TilePair } from '../../core/tiles/tile.ts';
import type { NamedFile, ProjectFile, StitchClient } from '../../../workers/protocol.ts';
import type { StitchOptions } from '../../core/options.ts';
import { createAppStore, phaseOf } from '../state/store.ts';
import { createJobs } from './jobs.ts';
import { memoryPairCache } from './pair-cache.ts';

const names = ['g/t_1_1.tif', 'g/t_1_2.tif', 'g/t_2_1.tif', 'g/t_2_2.tif'];

function drop(paths: readonly string[] = names): readonly NamedFile[] {
  return paths.map((path) => ({ path, file: new File([path], path.slice(2), { lastModified: 1 }) }));
}

function tileOf({ path }: NamedFile): Tile {
  const size = { width: 100, height: 100 };
  const kind = { channels: 1, sampleType: 'uint8', pixelSizeNm: null, stage: null } as const;
  return { id: tileId(path), file: path, page: 0, size, ...kind };
}

function gridOf(tiles: readonly Tile[]): Layout {
  const cells = new Map(tiles.map(({ id }) => [id, { row: Number(id[2]) - 1, column: Number(id[4]) - 1 }] as const));
  return { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.2, y: 0.2 } };
}

function linkOf(pair: TilePair): PairResult {
  const moments = { weight: 1, meanA: [0, 0], meanB: [0, 0], aa: [1, 0, 1], bb: [1, 0, 1], ab: [1, 0, 0, 1] } as const;
  return {
    kind: 'link',
    pair,
    model: 'affine',
    correspondences: noCorrespondences,
    matchMs: 1,
    aFromB: { a: 1, b: 0, c: 0, d: 1, e: pair.aFromB.x, f: pair.aFromB.y },
    inlierMask: new Uint8Array(0),
    inliers: 40,
    confidence: 0.9,
    rmsPx: 0.5,
    moments,
    intensities: null,
  };
}

/** Rejects as an aborted fetch does; resolves when `open` is called. */
function gate(signal: AbortSignal): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = () => undefined as void;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    signal.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')));
  });
  return { passed, open };
}

/** Workers in the same thread: places tiles by their priors; counts calls; can hold matching after some pairs. */
function fakeClient() {
  const calls = {
    matched: [] as string[],
    solved: [] as number[],
    shown: [] as string[],
    opened: 0,
    inspected: 0,
    cold: 0,
  };
  const state = { holdAfter: Infinity, held: () => undefined as void, failSolve: false, replaceOnce: false };
  let kept: PoseGraph | null = null;
  const client: StitchClient = {
    matchConcurrency: 1,
    matcherStatus: null,
    async inspect(files) {
      calls.inspected++;
      const images = files.filter(({ path }) => path.endsWith('.tif'));
      const broken = files.filter(({ path }) => !path.endsWith('.tif'));
      const problems = broken.map(({ path }) => ({ file: path, code: 'not-an-image', message: `"${path}" is text.` }));
      return { tiles: images.map(tileOf), multiPage: [], positionTables: [], problems, notes: [] };
    },
    async openProject() {
      calls.opened++;
    },
    makeTestGrid: () => Promise.reject(new Error('no test grid here')),
    async makeSample() {
      return { files: drop(), truth: '{}' };
    },
    async inferLayout(all) {
      const tiles = all.filter(({ file }) => !file.startsWith('u_'));
      const hypothesis = { layout: gridOf(tiles), description: 'row, column', confidence: 1, correlation: null };
      return { hypotheses: [hypothesis], isClose: false };
    },
    async estimateOverlap() {
      return { x: 0.3, y: null };
    },
    thumbnail: () => Promise.reject(new Error('no pictures here')),
    async loadMatcher({ matcher }) {
      return { matcher, rung: 'js', model: null, modelSha256: null, device: 'test' };
    },
    async matchPair(pair, _options, signal) {
      if (state.replaceOnce) {
        state.replaceOnce = false;
        throw new DOMException('the worker was replaced', 'AbortError');
      }
      if (calls.matched.length >= state.holdAfter) {
        const { passed } = gate(signal);
        state.held();
        await passed;
      }
      calls.matched.push(pairKey(pair));
      return linkOf(pair);
    },
    async solve({ nodes, links }) {
      if (state.failSolve) throw new StitchError('numerical-failure', 'The system is singular.');
      calls.solved.push(links.length);
      const ids = nodes.map(({ id }) => id);
      const place = ({ prior }: (typeof nodes)[number]) => ({
        a: 1,
        b: 0,
        c: 0,
        d: 1,
        e: prior.pose.x,
        f: prior.pose.y,
      });
      return {
        mosaicFromTile: new Map(nodes.map((node) => [node.id, place(node)])),
        state: new Map(ids.map((id) => [id, 'solved'])),
        sigmaPx: new Map(ids.map((id) => [id, 0.1])),
        component: new Map(ids.map((id) => [id, 0])),
        components: [ids],
        edges: links.map((link) => ({ pairKey: pairKey(link.pair), residualPx: 0.5, weight: 1, removed: false })),
        termination: 'converged',
        iterations: 1,
        cost: 0,
      };
    },
    async solveForEdits(graph, options, signal, onProgress) {
      calls.cold++;
      kept = graph;
      const left = graph.links.filter(({ pair }) => graph.edits?.excludedLinks.has(pairKey(pair)) !== true);
      return client.solve({ ...graph, links: left }, options, signal, onProgress);
    },
    async resolveEdits(edits, signal, onProgress) {
      if (!kept) return null;
      const left = kept.links.filter(({ pair }) => !edits.excludedLinks.has(pairKey(pair)));
      return client.solve({ ...kept, links: left }, defaultSolveOptions, signal, onProgress);
    },
    parseProject: async (text) => JSON.parse(text) as ProjectFile,
    parseOptions: async (text) => JSON.parse(text) as StitchOptions,
    identify: async (files) => files.map(({ file }) => file.name),
    snapLandmark: async ({ inA, inB }) => ({ inA, inB, correlation: 1 }),
    refine: () => Promise.reject(new Error('no pictures here')),
    solveElastic: () => Promise.reject(new Error('no pictures here')),
    recommend: () => Promise.resolve(null),
    findOddTiles: () => Promise.resolve([]),
    estimateShading: () => Promise.reject(new Error('not asked for')),
    async solveTones() {
      return new Map();
    },
    async showMosaic(_mosaic, { blend }) {
      calls.shown.push(blend);
    },
    renderChunk: () => Promise.reject(new Error('no pictures here')),
    renderMoved: () => Promise.reject(new Error('no pictures here')),
    async statistics() {
      return { min: 0, max: 255, low: 10, high: 200, histogram: new Uint32Array(256) };
    },
    pairView: () => Promise.reject(new Error('no pictures here')),
    renderEvidence: () => Promise.reject(new Error('no pictures here')),
    probePixel: () => Promise.reject(new Error('no pixels here')),
    correlationSurface: () => Promise.reject(new Error('no pixels here')),
    tryPair: () => Promise.reject(new Error('no trials here')),
    async exportMosaic() {
      const file = new File(['tiff'], 'mosaic.tif');
      return { bytes: 10, width: 5, height: 2, kind: 'TIFF', levels: 1, values: null, damaged: [], file };
    },
    async textExport({ kind, excluded }) {
      return { files: [{ name: `${kind}.txt`, text: `${excluded.size} excluded` }], warnings: ['Rotation is lost.'] };
    },
    dispose: () => undefined,
  };
  return { client, calls, state };
}

function app() {
  const store = createAppStore();
  const fake = fakeClient();
  const downloads: string[] = [];
  let clock = 0;
  const jobs = createJobs({
    store,
    client: fake.client,
    spareClient: () => fake.client,
    cache: memoryPairCache(),
    place: {
      choose: async ({ name }) => ({ kind: 'opfs', name }),
      download: (name) => void downloads.push(name),
    },
    embeddedModel: { kind: 'url', manifestUrl: 'test:model' },
    now: () => clock++,
  });
  return { store, jobs, downloads, ...fake };
}

/** All promises that are ready have run. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('adding files', () => {
  it('reads headers, opens the project and adopts the first layout', async () => {
    const { store, jobs, calls } = app();
    await jobs.addFiles(drop());
    const { project } = store.getState();
    expect(project.tiles.map(({ file }) => file)).toEqual(['t_1_1.tif', 't_1_2.tif', 't_2_1.tif', 't_2_2.tif']);
    expect(project.edits.layout).toMatchObject({ rows: 2, columns: 2 });
    expect(phaseOf(store.getState())).toBe('ready');
    expect(calls.opened).toBe(1);
  });

  it('does nothing when the same files come again, and reads again when one is new', async () => {
    const { store, jobs, calls } = app();
    await jobs.addFiles(drop(names.slice(0, 3)));
    await jobs.addFiles(drop(names.slice(0, 3)));
    expect(calls.inspected).toBe(1);
    await jobs.addFiles(drop(names.slice(3)));
    expect(calls.inspected).toBe(2);
    expect(store.getState().project.tiles).toHaveLength(4);
  });

  it('says so when nothing in the drop is an image, and keeps the reasons', async () => {
    const { store, jobs } = app();
    await jobs.addFiles(drop(['g/notes.txt']));
    const { job, project } = store.getState();
    expect(job.errors).toMatchObject([{ code: 'no-tiles' }]);
    expect(project.inspection?.problems).toMatchObject([{ file: 'notes.txt' }]);
    expect(project.files).toEqual([]);
  });

  it('takes the larger of two mixed grids, and all tiles when the user says so', async () => {
    const { store, jobs } = app();
    await jobs.addFiles(drop([...names, 'g/u_1_1.tif', 'g/u_1_2.tif']));
    expect(store.getState().project.tiles.map(({ file }) => file[0])).toEqual(['t', 't', 't', 't']);
    await jobs.chooseGroup(null);
    expect(store.getState().project.tiles).toHaveLength(6);
  });

  it('keeps both of two drops that come in quick succession', async () => {
    const { store, jobs } = app();
    await Promise.all([jobs.addFiles(drop(names.slice(0, 2))), jobs.addFiles(drop(names.slice(2)))]);
    expect(store.getState().project.tiles).toHaveLength(4);
  });
});

describe('stitching', () => {
  it('leads from the built-in sample to a mosaic', async () => {
    const { store, jobs, calls } = app();
    await jobs.openSample();
    await jobs.stitch();
    const { result, view } = store.getState();
    expect(phaseOf(store.getState())).toBe('done');
    expect(result.run?.outcome.pairs).toHaveLength(4);
    expect(result.run).toMatchObject({ matchedPairs: 4, knownPairs: 0 });
    expect(calls.shown).toEqual(['feather']);
    expect(view.display).toMatchObject({ low: 10, high: 200 });
  });

  it('matches nothing again in a second run', async () => {
    const { store, jobs, calls } = app();
    await jobs.openSample();
    await jobs.stitch();
    await jobs.stitch();
    expect(calls.matched).toHaveLength(4);
    expect(store.getState().result.run).toMatchObject({ matchedPairs: 0, knownPairs: 4 });
  });

  it('matches again when an option of matching changes', async () => {
    const { store, jobs, calls } = app();
    await jobs.openSample();
    await jobs.stitch();
    const { options } = store.getState().project.edits;
    jobs.setOptions('ransacPx', { ...options, pair: { ...options.pair, ransacPx: 5 } });
    await settled();
    expect(calls.matched).toHaveLength(4);
    await jobs.stitch();
    expect(calls.matched).toHaveLength(8);
  });

  it('is cancelled at once, keeps the finished pairs and takes a new run', async () => {
    const { store, jobs, calls, state } = app();
    await jobs.openSample();
    state.holdAfter = 3;
    const held = new Promise<void>((resolve) => (state.held = resolve));
    const run = jobs.stitch();
    await held;
    jobs.cancel();
    expect(store.getState().job.current).toEqual({ kind: 'cancelled', task: 'stitch', keptPairs: 3 });
    state.holdAfter = Infinity;
    await jobs.stitch();
    await run;
    expect(phaseOf(store.getState())).toBe('done');
    expect(calls.matched).toHaveLength(4);
    expect(store.getState().result.run).toMatchObject({ matchedPairs: 1, knownPairs: 3 });
  });

  it('keeps the finished pairs and both drops when more files are dropped while pairs are matched', async () => {
    const { store, jobs, calls, state } = app();
    await jobs.addFiles(drop());
    state.holdAfter = 3;
    const held = new Promise<void>((resolve) => (state.held = resolve));
    const run = jobs.stitch();
    await held;
    state.holdAfter = Infinity;
    // The same files again are no reason to stop.
    await jobs.addFiles(drop());
    expect(phaseOf(store.getState())).toBe('running');
    await jobs.addFiles(drop(['g/u_1_1.tif', 'g/u_1_2.tif']));
    await run;
    expect(store.getState().project.files).toHaveLength(6);
    expect(phaseOf(store.getState())).toBe('ready');
    await jobs.stitch();
    expect(calls.matched).toHaveLength(4);
    expect(store.getState().result.run).toMatchObject({ matchedPairs: 1, knownPairs: 3 });
  });

  it('asks a fresh worker when the old one, deaf from a cancelled run, is replaced meanwhile', async () => {
    const { store, jobs, calls, state } = app();
    await jobs.openSample();
    state.replaceOnce = true;
    await jobs.stitch();
    expect(phaseOf(store.getState())).toBe('done');
    expect(calls.matched).toHaveLength(4);
  });

  it('keeps the finished pairs when a later step fails, and the message until it is dismissed', async () => {
    const { store, jobs, calls, state } = app();
    await jobs.openSample();
    state.failSolve = true;
    await jobs.stitch();
    expect(phaseOf(store.getState())).toBe('failed');
    const [error] = store.getState().job.errors;
    expect(error).toMatchObject({ code: 'numerical-failure' });
    state.failSolve = false;
    await jobs.stitch();
    expect(calls.matched).toHaveLength(4);
    expect(store.getState().job.errors).toHaveLength(1);
    jobs.dismissError(error.id);
    expect(store.getState().job.errors).toEqual([]);
  });
});

describe('edits of a finished run', () => {
  async function stitched() {
    const made = app();
    await made.jobs.openSample();
    await made.jobs.stitch();
    const pair = made.store.getState().result.run?.outcome.pairs[0].pair;
    if (!pair) throw new Error('the run has pairs');
    return { ...made, key: pairKey(pair) };
  }

  it('solves again without the excluded link; undo and redo follow', async () => {
    const { store, jobs, calls, key } = await stitched();
    const { revision } = store.getState().result;
    jobs.setExcluded(key, true);
    await settled();
    expect(calls.solved).toEqual([4, 3]);
    expect(store.getState().result.run?.excluded).toEqual(new Set([key]));
    expect(store.getState().result.revision).toBeGreaterThan(revision);
    jobs.undo();
    await settled();
    expect(calls.solved).toEqual([4, 3, 4]);
    jobs.redo();
    await settled();
    expect(calls.solved).toEqual([4, 3, 4, 3]);
    expect(calls.matched).toHaveLength(4);
    expect(calls.cold).toBe(1);
  });

  it('tells the error before and after over the same links, and what the step was', async () => {
    const { store, jobs, key } = await stitched();
    jobs.setExcluded(key, true);
    await settled();
    expect(store.getState().result.run?.change).toMatchObject({
      label: 'exclude link t_1_1 – t_1_2',
      before: { links: 3 },
      after: { links: 3 },
    });
    jobs.undo();
    await settled();
    expect(store.getState().result.run?.change).toMatchObject({
      label: 'undo exclude link t_1_1 – t_1_2',
      after: { links: 4 },
    });
  });

  it('switches one of several edits off without undoing the later ones', async () => {
    const { store, jobs, calls, key } = await stitched();
    const tile = store.getState().project.tiles[3].id;
    jobs.setExcluded(key, true);
    jobs.corrections.add({ kind: 'raise-tile', tile });
    await settled();
    expect(store.getState().result.run?.outcome.mosaic.placements[0].tile).toBe(tile);
    const [first] = store.getState().project.edits.corrections;
    jobs.corrections.setOn(first.id, false);
    await settled();
    expect(calls.solved.at(-1)).toBe(4);
    expect(store.getState().result.run?.outcome.mosaic.placements[0].tile).toBe(tile);
    expect(store.getState().project.lastStep).toBe('switch off exclude link t_1_1 – t_1_2');
  });

  it('matches a masked pair again, and nothing when the mask is switched off', async () => {
    const { store, jobs, calls } = await stitched();
    const tile = store.getState().project.tiles[0].id;
    const polygon = rectanglePolygon({ x: 85, y: 20 }, { x: 95, y: 40 });
    jobs.corrections.add({ kind: 'mask-tile', tile, polygon, use: 'matching' });
    await settled();
    expect(calls.matched).toHaveLength(5);
    expect(store.getState().result.run).toMatchObject({ matchedPairs: 1, knownPairs: 3 });
    jobs.corrections.setOn(store.getState().project.edits.corrections[0].id, false);
    await settled();
    expect(calls.matched).toHaveLength(5);
    expect(store.getState().result.run).toMatchObject({ matchedPairs: 0, knownPairs: 4 });
  });

  it('matches a pair that the layout did not propose, and says why it cannot', async () => {
    const { store, jobs, calls } = await stitched();
    const [first, second, , last] = store.getState().project.tiles.map(({ id }) => id);
    jobs.corrections.linkTiles(last, first);
    await settled();
    expect(calls.matched.at(-1)).toBe(pairKey({ a: first, b: last }));
    expect(store.getState().result.run?.outcome.pairs).toHaveLength(5);
    jobs.corrections.linkTiles(second, second);
    expect(store.getState().job.errors).toMatchObject([{ code: 'bad-options' }]);
  });

  it('renders anew without solving when the blend changes', async () => {
    const { store, jobs, calls } = await stitched();
    const { options } = store.getState().project.edits;
    jobs.setOptions('blend', { ...options, compose: { ...options.compose, blend: 'average' } });
    await settled();
    expect(calls.shown).toEqual(['feather', 'average']);
    expect(calls.solved).toEqual([4]);
    expect(store.getState().result.run?.options.compose.blend).toBe('average');
  });

  it('catches up with an edit that was made while the run was going on', async () => {
    const { store, jobs, calls, key } = await stitched();
    const run = jobs.stitch();
    jobs.setExcluded(key, true);
    await run;
    await settled();
    expect(calls.solved.at(-1)).toBe(3);
    expect(store.getState().result.run?.excluded.has(key)).toBe(true);
  });

  it('goes to files through the place the user chose', async () => {
    const { store, jobs, downloads } = await stitched();
    await jobs.exportMosaic({ format: 'tiff' });
    expect(await jobs.exportText('tile-configuration')).toEqual(['Rotation is lost.']);
    expect(downloads).toEqual(['mosaic.tif', 'tile-configuration.txt']);
    expect(store.getState().job.current).toMatchObject({ kind: 'done', task: 'export' });
  });
});
