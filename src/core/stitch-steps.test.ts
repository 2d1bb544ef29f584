import { describe, expect, it } from 'vitest';
import type { Recommendation } from './diagnosis/recommend-transform.ts';
import type { ElasticFit, ElasticReport } from './elastic/solve-elastic-graph.ts';
import type { PoseGraph, SolveOptions, SolveReport } from './graph/pose-graph.ts';
import { translation } from './geometry/affine2.ts';
import { linkMoments } from './matching/link-moments.ts';
import type { Link, PairResult } from './matching/link.ts';
import { defaultStitchOptions } from './options.ts';
import type { ShadingEstimate } from './photometry/estimate-shading.ts';
import { silentContext } from './progress.ts';
import type { Progress } from './progress.ts';
import type { RefinedOverlap } from './refine/refined-overlap.ts';
import { poseGraphOf, stitch } from './stitch.ts';
import type { ElasticRequest, RecommendRequest, StitchInput, StitchSteps } from './stitch.ts';
import { plainTile } from './testing/plain-tile.ts';
import { pairKey, tileId } from './tiles/tile.ts';
import type { TileGrid, TilePair } from './tiles/tile.ts';

const size = { width: 100, height: 100 };
const ids = ['a', 'b', 'c', 'd'].map((name) => tileId(name));
const tiles = ids.map((id) => plainTile(id, size));
const layout: TileGrid = {
  kind: 'grid',
  rows: 2,
  columns: 2,
  cells: new Map(ids.map((id, k) => [id, { row: Math.floor(k / 2), column: k % 2 }])),
  overlap: { x: 0.2, y: 0.2 },
};

function linkOf(pair: TilePair): Link {
  const { x, y } = pair.aFromB;
  const b = Float32Array.of(1, 2, 15, 4, 3, 12, 14, 17);
  const a = b.map((value, k) => value + (k % 2 === 0 ? x : y));
  const correspondences = { a, b, confidence: new Float32Array(4).fill(1) };
  const inlierMask = new Uint8Array(4).fill(1);
  return {
    kind: 'link',
    pair,
    model: 'rigid',
    aFromB: translation(x, y),
    correspondences,
    inlierMask,
    inliers: 4,
    confidence: 1,
    rmsPx: 0,
    moments: linkMoments(correspondences, inlierMask),
    intensities: null,
    matchMs: 1,
  };
}

/** A report that puts the tiles where the layout has them; links named are removed. */
function reportOf({ nodes, links, edits }: PoseGraph, removed: readonly string[] = []): SolveReport {
  return {
    mosaicFromTile: new Map(nodes.map(({ id, prior: { pose } }) => [id, translation(pose.x, pose.y)])),
    state: new Map(nodes.map(({ id }) => [id, 'solved'])),
    sigmaPx: new Map(nodes.map(({ id }) => [id, 0.1])),
    component: new Map(nodes.map(({ id }) => [id, 0])),
    components: [nodes.map(({ id }) => id)],
    edges: links.map(({ pair }) => {
      const key = pairKey(pair);
      const isExcluded = edits?.excludedLinks.has(key) === true;
      return {
        pairKey: key,
        residualPx: 0,
        weight: 1,
        removed: removed.includes(key) || isExcluded,
        ...(isExcluded ? { excluded: true as const } : {}),
      };
    }),
    termination: 'converged',
    iterations: 1,
    cost: 0,
  };
}

const key = (p: number, q: number) => pairKey({ a: ids[p], b: ids[q] });

/** Steps that say what they are told to and note down what they were asked. */
function recordedSteps(more: Partial<StitchSteps> = {}, removed: readonly string[] = []) {
  const solved: { graph: PoseGraph; options: SolveOptions }[] = [];
  const toned: (readonly Link[])[] = [];
  const finished: PairResult[] = [];
  const steps: StitchSteps = {
    concurrency: 2,
    matchPair: async (pair) => linkOf(pair),
    onPair: (result) => void finished.push(result),
    solve: async (graph, options) => {
      solved.push({ graph, options });
      return reportOf(graph, removed);
    },
    solveTones: async (links) => {
      toned.push(links);
      return new Map(ids.map((id) => [id, { gain: 1, offset: 0 }]));
    },
    ...more,
  };
  return { steps, solved, toned, finished };
}

function inputOf(more: Partial<StitchInput> = {}, solve: Partial<SolveOptions> = {}): StitchInput {
  const options = { ...defaultStitchOptions, solve: { ...defaultStitchOptions.solve, ...solve } };
  return { tiles, layout, options, known: new Map(), excluded: new Set(), ...more };
}

const overlapOf = (pair: TilePair): RefinedOverlap => ({
  pair,
  a: new Float32Array(0),
  b: new Float32Array(0),
  covariance: new Float32Array(0),
  correlation: new Float32Array(0),
  tried: 0,
  losses: { texture: 0, correlation: 0, backward: 0, neighbours: 0 },
});
const keysOf = (links: readonly { readonly pair: TilePair }[]) => links.map(({ pair }) => pairKey(pair));

describe('the progress of a run', () => {
  it('counts the pairs, known ones first, and names each as it is finished', async () => {
    const seen: Progress[] = [];
    const { steps, finished } = recordedSteps({ concurrency: 1 });
    const known = new Map([
      [
        key(0, 1),
        linkOf({ a: ids[0], b: ids[1], aFromB: { x: 80, y: 0, thetaRad: 0 }, sigmaPx: 1, expectedOverlap: null }),
      ],
    ]);
    const result = await stitch(inputOf({ known }), steps, { ...silentContext, onProgress: (p) => void seen.push(p) });
    const matched = seen.filter(({ stage }) => stage === 'match');
    expect(result.pairs.length).toBe(matched[0].total);
    expect(matched[0]).toEqual({ stage: 'match', done: 1, total: result.pairs.length });
    expect(matched.slice(1).map(({ done }) => done)).toEqual(matched.slice(1).map((_, k) => k + 2));
    expect(matched.length).toBe(result.pairs.length);
    expect(matched.slice(1).map(({ note }) => note)).toEqual(finished.map(({ pair }) => `${pair.a} – ${pair.b}`));
    expect(keysOf(result.pairs)).toEqual(keysOf(result.pairs).sort());
    expect(seen.filter(({ stage }) => stage === 'photometry')).toEqual([
      { stage: 'photometry', done: 0, total: 1 },
      { stage: 'photometry', done: 1, total: 1 },
    ]);
  });

  it('has no more pairs in flight than it may', async () => {
    for (const [concurrency, most] of [
      [1, 1],
      [3, 3],
      [0, 1],
    ]) {
      let [running, peak] = [0, 0];
      const { steps } = recordedSteps({
        concurrency,
        matchPair: async (pair) => {
          peak = Math.max(peak, ++running);
          await Promise.resolve();
          await Promise.resolve();
          running--;
          return linkOf(pair);
        },
      });
      await stitch(inputOf(), steps, silentContext);
      expect(peak).toBe(most);
    }
  });

  it('ends where it is aborted: before a pair, and before the tones', async () => {
    const abort = Object.assign(new Error('stop'), { name: 'AbortError' });
    const signalAfter = (calls: number) => {
      let count = 0;
      const throwIfAborted = () => {
        if (count++ >= calls) throw abort;
      };
      return { aborted: false, throwIfAborted };
    };
    const one = recordedSteps({ concurrency: 1 });
    await expect(stitch(inputOf(), one.steps, { ...silentContext, signal: signalAfter(2) })).rejects.toBe(abort);
    expect(one.finished.length).toBe(2);
    const pairs = (await stitch(inputOf(), recordedSteps().steps, silentContext)).pairs.length;
    const all = recordedSteps({ concurrency: 1 });
    await expect(stitch(inputOf(), all.steps, { ...silentContext, signal: signalAfter(pairs) })).rejects.toBe(abort);
    expect([all.finished.length, all.solved.length]).toEqual([pairs, 0]);
    const late = recordedSteps({ concurrency: 1 });
    await expect(stitch(inputOf(), late.steps, { ...silentContext, signal: signalAfter(pairs + 1) })).rejects.toBe(
      abort,
    );
    expect([late.solved.length, late.toned.length]).toEqual([1, 0]);
  });

  it('says what is wrong with a single tile', async () => {
    await expect(stitch(inputOf({ tiles: [tiles[0]] }), recordedSteps().steps, silentContext)).rejects.toMatchObject({
      code: 'one-tile',
      message: 'A mosaic needs at least two tiles; add the neighbours of this one.',
    });
    await expect(
      stitch(inputOf({ tiles: tiles.slice(0, 2) }), recordedSteps().steps, silentContext),
    ).resolves.toBeDefined();
  });
});

describe('the graph of a run', () => {
  it('has the links alone of the pairs, and no edits where there are none', async () => {
    const { pairs } = await stitch(inputOf(), recordedSteps().steps, silentContext);
    const mixed = pairs.map((result, k): PairResult =>
      k === 1
        ? {
            kind: 'rejected',
            reason: 'no-texture',
            detail: '',
            pair: result.pair,
            correspondences: result.correspondences,
            matchMs: 0,
          }
        : result,
    );
    const graph = poseGraphOf(inputOf(), mixed);
    expect(graph.nodes.map(({ id }) => id)).toEqual(ids);
    expect(keysOf(graph.links)).toEqual(keysOf(pairs.filter((_, k) => k !== 1)));
    expect(graph.edits).toBeUndefined();
  });

  it('leaves excluded links to the solver alone: no report, no tone speaks of them', async () => {
    const excluded = new Set([key(0, 1)]);
    const { steps, solved, toned } = recordedSteps();
    const { report } = await stitch(inputOf({ excluded }), steps, silentContext);
    expect(solved[0].graph.edits?.excludedLinks).toEqual(excluded);
    expect(keysOf(solved[0].graph.links)).toContain(key(0, 1));
    expect(report.edges.map((edge) => edge.pairKey)).not.toContain(key(0, 1));
    expect(keysOf(toned[0])).not.toContain(key(0, 1));
    expect(toned[0].length).toBe(solved[0].graph.links.length - 1);
  });

  it('takes exclusions from the edits too', async () => {
    const edits = [{ id: '1', isOn: true, edit: { kind: 'exclude-link', a: ids[2], b: ids[3] } as const }];
    const graph = poseGraphOf(inputOf({ edits, excluded: new Set([key(0, 1)]) }), []);
    expect(graph.edits?.excludedLinks).toEqual(new Set([key(2, 3), key(0, 1)]));
    expect(poseGraphOf(inputOf({ edits }), []).edits?.excludedLinks).toEqual(new Set([key(2, 3)]));
  });

  it('matches tiles that a person has joined, where both are there', async () => {
    const joined = (a: number, b: (typeof ids)[number]) => ({
      id: `${a}`,
      isOn: true,
      edit: {
        kind: 'link-tiles',
        pair: { a: ids[a], b, aFromB: { x: 70, y: 70, thetaRad: 0 }, sigmaPx: 9, expectedOverlap: null },
      } as const,
    });
    const narrow = { ...layout, overlap: { x: 0.05, y: 0.05 } };
    const plain = await stitch(inputOf({ layout: narrow }), recordedSteps().steps, silentContext);
    const more = await stitch(
      inputOf({ layout: narrow, edits: [joined(0, ids[3]), joined(1, tileId('gone'))] }),
      recordedSteps().steps,
      silentContext,
    );
    expect(keysOf(more.pairs).filter((each) => !keysOf(plain.pairs).includes(each))).toEqual(
      keysOf(plain.pairs).includes(key(0, 3)) ? [] : [key(0, 3)],
    );
  });

  it('lets no removed link speak of brightness', async () => {
    const { steps, toned } = recordedSteps({}, [key(1, 3)]);
    await stitch(inputOf(), steps, silentContext);
    expect(keysOf(toned[0])).not.toContain(key(1, 3));
    expect(keysOf(toned[0])).toContain(key(0, 1));
  });
});

describe('refining and bending', () => {
  it('are not asked for where the options do not', async () => {
    const { steps, solved } = recordedSteps({ refine: () => Promise.reject(new Error('asked')) });
    const result = await stitch(inputOf(), steps, silentContext);
    expect(solved.map(({ options }) => options.model)).toEqual(['affine']);
    expect('refined' in result).toBe(false);
    expect('recommendation' in result).toBe(false);
    expect('shading' in result).toBe(false);
  });

  it.each([[{ refine: true }], [{ elastic: true }]])('are refused where they are not available: %j', async (solve) => {
    for (const more of [{}, { refine: async () => null }])
      await expect(stitch(inputOf({}, solve), recordedSteps(more).steps, silentContext)).rejects.toMatchObject({
        code: 'bad-options',
        message: 'Refinement and the elastic transform are not available here.',
      });
  });

  const fit: ElasticFit = {
    ...{ medianPx: 0.1, p90Px: 0.3, patches: 99, fittedPx: 0.1, heldOutPx: 0.11, softness: 0.001 },
    ...{ leastStretch: 0.9, mostStretch: 1.1, stiffened: [ids[1]], converged: true },
  };
  const elastic =
    (asked: ElasticRequest[]) =>
    async (request: ElasticRequest): Promise<ElasticReport> => {
      asked.push(request);
      return { ...reportOf(request.graph), iterations: 77, meshes: new Map(), elastic: fit };
    };

  it('solve again with the patches, under the same options', async () => {
    const asked: ElasticRequest[] = [];
    const overlaps: TilePair[] = [];
    const { steps, solved } = recordedSteps({
      solveElastic: elastic(asked),
      refine: async ({ pair }) => {
        overlaps.push(pair);
        return overlapOf(pair);
      },
    });
    const excluded = new Set([key(0, 1)]);
    const result = await stitch(inputOf({ excluded }, { refine: true, model: 'rigid' }), steps, silentContext);
    expect(solved.map(({ options }) => options.model)).toEqual(['rigid', 'rigid']);
    expect(overlaps.map(pairKey)).not.toContain(key(0, 1));
    expect(overlaps.length).toBe(solved[0].graph.links.length - 1);
    expect(result.refined?.length).toBe(overlaps.length);
    expect(result.bend).toBeUndefined();
    expect(asked).toEqual([]);
    // The second report, too, is silent about what was excluded.
    expect(result.report.edges.map((edge) => edge.pairKey)).not.toContain(key(0, 1));
    expect(solved[1].graph.edits?.excludedLinks).toEqual(excluded);
  });

  it('take patches that are known already', async () => {
    const asked: TilePair[] = [];
    const first = await stitch(inputOf(), recordedSteps().steps, silentContext);
    const knownRefined = new Map(first.pairs.map(({ pair }) => [pairKey(pair), overlapOf(pair)]));
    const { steps } = recordedSteps({
      solveElastic: elastic([]),
      refine: async ({ pair }) => {
        asked.push(pair);
        return null;
      },
    });
    const result = await stitch(inputOf({ knownRefined }, { refine: true }), steps, silentContext);
    expect(asked).toEqual([]);
    expect(result.refined?.length).toBe(first.pairs.length);
  });

  it('bend from an affine solution, with patches unless they are declined', async () => {
    for (const refine of [undefined, false] as const) {
      const asked: ElasticRequest[] = [];
      const { steps, solved } = recordedSteps({
        solveElastic: elastic(asked),
        refine: async ({ pair }) => overlapOf(pair),
      });
      const options = { elastic: true, model: 'rigid', ...(refine === undefined ? {} : { refine }) } as const;
      const result = await stitch(inputOf({ excluded: new Set([key(0, 1)]) }, options), steps, silentContext);
      expect(solved.map((each) => each.options.model)).toEqual(['affine']);
      expect(asked.length).toBe(1);
      expect(asked[0].start.iterations).toBe(1);
      expect(keysOf(asked[0].graph.links)).not.toContain(key(0, 1));
      expect(asked[0].graph.edits).toBeUndefined();
      expect(asked[0].refined.length).toBe(refine === false ? 0 : asked[0].graph.links.length);
      expect(result.report.iterations).toBe(77);
      expect(result.bend).toEqual(fit);
      expect(result.warnings).toContainEqual(
        expect.stringContaining(`1 tile would have folded and was made stiffer: ${ids[1]}`),
      );
      expect(result.refined).toEqual(asked[0].refined);
    }
  });
});

describe('what a run says besides', () => {
  const recommendation = { recommended: 'rigid', scores: [], patches: 3, sentence: 'Rigid will do.' } as Recommendation;

  it('recommends a transform from refined overlaps alone', async () => {
    const asked: RecommendRequest[] = [];
    const recommend = async (request: RecommendRequest) => {
      asked.push(request);
      return recommendation;
    };
    const more = {
      recommend,
      refine: async ({ pair }: { pair: TilePair }) => overlapOf(pair),
      solveElastic: () => Promise.reject(new Error('asked')),
    };
    const plain = await stitch(inputOf(), recordedSteps(more).steps, silentContext);
    expect([plain.recommendation, asked.length]).toEqual([undefined, 0]);
    const input = inputOf({ excluded: new Set([key(0, 1)]) }, { refine: true });
    const refined = await stitch(input, recordedSteps(more).steps, silentContext);
    expect(refined.recommendation).toBe(recommendation);
    expect(asked[0].options).toBe(input.options.solve);
    expect(asked[0].refined).toBe(refined.refined);
    expect(keysOf(asked[0].graph.links)).not.toContain(key(0, 1));
    const none = await stitch(input, recordedSteps({ ...more, recommend: async () => null }).steps, silentContext);
    expect('recommendation' in none).toBe(false);
  });

  it('does not compare transforms on more than 150 tiles', async () => {
    for (const [count, asks] of [
      [150, 1],
      [151, 0],
    ]) {
      const many = Array.from({ length: count }, (_, k) => plainTile(`t${1000 + k}`, size));
      const row: TileGrid = {
        ...layout,
        rows: 1,
        columns: count,
        cells: new Map(many.map(({ id }, column) => [id, { row: 0, column }])),
      };
      let asked = 0;
      const { steps } = recordedSteps({
        recommend: async () => {
          asked++;
          return recommendation;
        },
        refine: async ({ pair }) => overlapOf(pair),
        solveElastic: () => Promise.reject(new Error('asked')),
      });
      await stitch(inputOf({ tiles: many, layout: row }, { refine: true }), steps, silentContext);
      expect(asked).toBe(asks);
    }
  });

  it('warns of odd tiles first', async () => {
    const oddity = { mirrored: true, quarterTurns: 0, reversed: false } as const;
    const { steps } = recordedSteps({
      findOddTiles: async (pairs) => {
        expect(pairs.length).toBeGreaterThan(3);
        return [{ tile: ids[1], oddity, correlation: 0.8, rival: 0.1 }];
      },
    });
    const { warnings } = await stitch(inputOf(), steps, silentContext);
    expect(warnings[0]).toContain('b');
    expect(warnings[0]).toContain('mirror');
    const { warnings: none } = await stitch(inputOf(), recordedSteps().steps, silentContext);
    expect(none).toEqual([]);
  });

  const estimate = (field: ShadingEstimate['field']): ShadingEstimate => ({
    field,
    tiles: 4,
    least: 0.9,
    most: 1.1,
    sigma: 0.01,
    sentence: 'Shaded.',
  });

  it('estimates the shading where it is asked for, from links that were kept', async () => {
    const requests: (readonly Link[])[] = [];
    const options = { ...defaultStitchOptions, shading: 'estimate' as const };
    const { steps } = recordedSteps(
      {
        estimateShading: async (request) => {
          requests.push(request.links);
          expect(request.tiles).toBe(tiles);
          return estimate(null);
        },
      },
      [key(1, 3)],
    );
    const result = await stitch(inputOf({ options }), steps, silentContext);
    expect(result.shading).toEqual(estimate(null));
    expect('shading' in result.mosaic).toBe(false);
    expect(keysOf(requests[0])).not.toContain(key(1, 3));
    const known = await stitch(inputOf({ options, knownShading: estimate(null) }), steps, silentContext);
    expect(known.shading?.tiles).toBe(4);
    expect(requests.length).toBe(1);
    await expect(stitch(inputOf({ options }), recordedSteps().steps, silentContext)).rejects.toMatchObject({
      code: 'bad-options',
      message: 'Shading cannot be estimated here; switch it off.',
    });
    const { steps: idle } = recordedSteps({ estimateShading: () => Promise.reject(new Error('asked')) });
    expect('shading' in (await stitch(inputOf({ knownShading: estimate(null) }), idle, silentContext))).toBe(false);
  });
});
