import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StitchError } from '../errors.ts';
import { affineToArray, determinant, rotationOf } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { fitModel } from '../matching/moment-fit.ts';
import { sampleMoments } from '../matching/link-moments.ts';
import { transformModels } from '../matching/link.ts';
import type { Link, TransformModel } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { bentGraph } from '../testing/bent-graph.ts';
import { cornerErrors, gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { SyntheticGraph } from '../testing/synthetic-graph.ts';
import type { TileId } from '../tiles/tile.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { PoseGraph, SolveReport } from './pose-graph.ts';
import { solvePoseGraph } from './solve.ts';

const size = { width: 1000, height: 800 };
const centre = { x: (size.width - 1) / 2, y: (size.height - 1) / 2 };

function solve(graph: PoseGraph, model: TransformModel): Promise<SolveReport> {
  return solvePoseGraph(graph, { ...defaultSolveOptions, model }, silentContext);
}

function poseOf(report: SolveReport, id: TileId): Affine2 {
  const pose = report.mosaicFromTile.get(id);
  if (pose === undefined) throw new RangeError(`no pose of ${id}`);
  return pose;
}

function centreOf(t: Affine2): [number, number] {
  return [t.a * centre.x + t.c * centre.y + t.e, t.b * centre.x + t.d * centre.y + t.f];
}

function sortedErrors({ truth }: SyntheticGraph, report: SolveReport, model: TransformModel): number[] {
  return cornerErrors(report.mosaicFromTile, truth, report.components[0], size, model).sort((p, q) => p - q);
}

/** The graph without the links for which `drop` holds. */
function without(graph: PoseGraph, drop: (a: TileId, b: TileId) => boolean): PoseGraph {
  return { ...graph, links: graph.links.filter(({ pair }) => !drop(pair.a, pair.b)) };
}

describe.each(transformModels)('solvePoseGraph with %s tiles', (model) => {
  it('recovers a noise-free grid from a stage that is 10 px off', async () => {
    const synthetic = makeSyntheticGraph({ model });
    const report = await solve(synthetic.graph, model);
    expect(report.components.length).toBe(1);
    expect([...report.state.values()].every((state) => state === 'solved')).toBe(true);
    // Up to the gauge, which for each model is its own group of motions.
    expect(sortedErrors(synthetic, report, model).at(-1)).toBeLessThan(1e-6);
  });

  it('closes a 2 × 2 loop', async () => {
    const synthetic = makeSyntheticGraph({ model, rows: 2, columns: 2, rotationSigmaRad: 0.026 });
    const report = await solve(synthetic.graph, model);
    expect(sortedErrors(synthetic, report, model).at(-1)).toBeLessThan(1e-6);
    expect(Math.max(...report.edges.map((edge) => edge.residualPx))).toBeLessThan(1e-5);
  });

  it('gives the same poses whatever the order of links and nodes', async () => {
    const { graph } = makeSyntheticGraph({ model, rows: 3, columns: 3, matchSigmaPx: 0.5 });
    const expected = await solve(graph, model);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...graph.links], { minLength: graph.links.length }),
        fc.shuffledSubarray([...graph.nodes], { minLength: graph.nodes.length }),
        async (links, nodes) => {
          const report = await solve({ links, nodes }, model);
          for (const { id } of nodes)
            expect(affineToArray(poseOf(report, id))).toEqual(affineToArray(poseOf(expected, id)));
          expect(report.edges).toEqual(expected.edges);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('places a mosaic where the layout has it, whatever was measured', async () => {
    const { graph } = makeSyntheticGraph({ model, rows: 3, columns: 4, rotationSigmaRad: 0.01 });
    const report = await solve(graph, model);
    let x = 0;
    let y = 0;
    let turn = 0;
    for (const { id, prior } of graph.nodes) {
      const pose = poseOf(report, id);
      const [cx, cy] = centreOf(pose);
      x += cx - prior.pose.x - centre.x;
      y += cy - prior.pose.y - centre.y;
      turn += Math.sin(rotationOf(pose));
    }
    expect(Math.abs(x)).toBeLessThan(1e-6);
    expect(Math.abs(y)).toBeLessThan(1e-6);
    // The mean rotation matrix is turned to the stage's: the sum of sines, up to the spread of stretches.
    expect(Math.abs(turn)).toBeLessThan(1e-3);
  });
});

describe('solvePoseGraph', () => {
  it('follows turns of ± 1.5° between neighbours', async () => {
    const synthetic = makeSyntheticGraph({ rows: 5, columns: 5, rotationSigmaRad: 0.026, matchSigmaPx: 0.3 });
    const report = await solve(synthetic.graph, 'rigid');
    // 40 matches a link of 0.3 px: 0.3·√2/√40 = 0.07 px a link.
    expect(sortedErrors(synthetic, report, 'rigid').at(-1)).toBeLessThan(0.6);
    expect(report.edges.every((edge) => !edge.removed)).toBe(true);
  });

  it('never takes most links for wrong where a translation cannot follow turned tiles', async () => {
    for (let seed = 1; seed <= 24; seed++) {
      const turned = makeSyntheticGraph({ rows: 3, columns: 3, rotationSigmaRad: 0.008, stageSigmaPx: 20, seed });
      const report = await solve(turned.graph, 'translation');
      const kept = report.edges.filter((edge) => !edge.removed).length;
      expect(kept, `links kept of 12, seed ${seed}`).toBeGreaterThanOrEqual(6);
    }
  });

  it.each([
    ['turned by 1.1°', { rotationSigmaRad: 0.02 }],
    ['stretched and sheared by 1 %', { linearSigma: 0.01 }],
    ['stretched and sheared by 2 %', { linearSigma: 0.02 }],
    ['scanned with lines that start 12 px late', { lineStartPx: 12 }],
    ['bent by 3 px', { smoothPx: 3 }],
    ['bent by 10 px', { smoothPx: 10 }],
  ])('refuses no right link of tiles %s, under any model', async (_, change) => {
    const bending = { linearSigma: 0, rotationSigmaRad: 0.005, lineStartPx: 0, smoothPx: 0, ...change };
    for (const [across, seeds] of [
      [3, 6],
      [7, 1],
    ])
      for (let seed = 1; seed <= seeds; seed++)
        for (const model of transformModels) {
          const report = await solve(bentGraph(bending, across, 0, seed).graph, model);
          expect(report.edges.filter((edge) => edge.removed)).toEqual([]);
        }
  });

  it('refuses wrong links between tiles that are bent by 3 px', async () => {
    const bending = { linearSigma: 0, rotationSigmaRad: 0.005, lineStartPx: 0, smoothPx: 3 };
    for (const model of ['rigid', 'affine'] as const) {
      const { graph, wrong } = bentGraph(bending, 8, 0.1, 1);
      const report = await solve(graph, model);
      expect(report.edges.map((edge) => edge.removed)).toEqual(wrong);
    }
  });

  it('is bent by less than 0.01 px by a stage that is 30 px off', async () => {
    const off = makeSyntheticGraph({ rows: 6, columns: 6, stageSigmaPx: 30 });
    const report = await solve(off.graph, 'rigid');
    expect(sortedErrors(off, report, 'rigid').at(-1)).toBeLessThan(0.01);
  });

  it('states a sigma that is the scatter of the result', async () => {
    const ratios: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const synthetic = makeSyntheticGraph({ rows: 4, columns: 4, matchSigmaPx: 0.5, seed });
      const report = await solve(synthetic.graph, 'rigid');
      const ids = report.components[0];
      // Centres against the truth after the best motion of centres: what sigma speaks of.
      const points = { a: [] as number[], b: [] as number[] };
      for (const id of ids) {
        const truth = synthetic.truth.get(id);
        if (truth === undefined) throw new RangeError(id);
        points.a.push(...centreOf(truth));
        points.b.push(...centreOf(poseOf(report, id)));
      }
      const map = alignCentres(points.a, points.b);
      ids.forEach((id, i) => {
        const x = map.a * points.b[2 * i] + map.c * points.b[2 * i + 1] + map.e - points.a[2 * i];
        const y = map.b * points.b[2 * i] + map.d * points.b[2 * i + 1] + map.f - points.a[2 * i + 1];
        ratios.push((x * x + y * y) / 2 / (report.sigmaPx.get(id) ?? NaN) ** 2);
      });
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    // χ² of 20 × 16 tiles, correlated among each other; the truth's turn is aligned on centres, the gauge on rotations.
    expect(mean).toBeGreaterThan(0.5);
    expect(mean).toBeLessThan(1.6);
  });

  it.each(['similarity', 'affine'] as const)(
    'neither shrinks nor shears a 30 × 30 mosaic of noisy %s tiles',
    async (model) => {
      const synthetic = makeSyntheticGraph({ rows: 30, columns: 30, model, linearSigma: 0, matchSigmaPx: 0.5 });
      const report = await solve(synthetic.graph, model);
      const a: number[] = [];
      const b: number[] = [];
      let [meanA, meanB, meanC, meanD] = [0, 0, 0, 0];
      for (const [id, truth] of synthetic.truth) {
        const pose = poseOf(report, id);
        a.push(...centreOf(truth));
        b.push(...centreOf(pose));
        meanA += pose.a / 900;
        meanB += pose.b / 900;
        meanC += pose.c / 900;
        meanD += pose.d / 900;
      }
      expect(Math.abs(meanA - 1)).toBeLessThan(1e-9 + 1e-3);
      expect(Math.abs(meanB)).toBeLessThan(1e-3);
      expect(Math.abs(meanC)).toBeLessThan(1e-3);
      expect(Math.abs(meanD - 1)).toBeLessThan(1e-9 + 1e-3);
      // Least squares without care shrinks such a mosaic by ten per cent.
      const whole = fitModel('affine', momentsOf(a, b));
      if (whole === null) throw new Error('no fit');
      expect(Math.sqrt(determinant(whole))).toBeGreaterThan(0.998);
      expect(Math.sqrt(determinant(whole))).toBeLessThan(1.002);
    },
  );

  it.each([1, 2, 3])(
    'rejects one wrong link in ten on a 20 × 20 grid, a period of 80 px off or anywhere (seed %i)',
    async (seed) => {
      const synthetic = makeSyntheticGraph({
        rows: 20,
        columns: 20,
        matchSigmaPx: 0.1,
        wrongFraction: 0.1,
        periodPx: 80,
        seed,
      });
      const report = await solve(synthetic.graph, 'rigid');
      expect(sortedErrors(synthetic, report, 'rigid').at(-1)).toBeLessThan(1);
      expect(report.components[0].length).toBeGreaterThan(0.97 * 400);
      const kept = report.edges.filter((edge, l) => synthetic.wrong[l] && !edge.removed);
      expect(kept).toEqual([]);
    },
  );

  it('removes one wrong link of a small grid and keeps the right ones', async () => {
    const synthetic = makeSyntheticGraph({ rows: 3, columns: 3, matchSigmaPx: 0.2, stageSigmaPx: 5 });
    const isWrong = ({ pair }: Link): boolean => pair.a === gridTileId(1, 0) && pair.b === gridTileId(1, 1);
    const links = synthetic.graph.links.map((link) =>
      isWrong(link)
        ? { ...link, moments: { ...link.moments, meanA: [link.moments.meanA[0] + 60, link.moments.meanA[1]] as const } }
        : link,
    );
    const report = await solve({ ...synthetic.graph, links }, 'rigid');
    expect(report.edges.map((edge) => edge.removed)).toEqual(links.map(isWrong));
    expect(sortedErrors(synthetic, report, 'rigid').at(-1)).toBeLessThan(1);
  });

  it('keeps every link when removal is off', async () => {
    const { graph } = makeSyntheticGraph({ rows: 4, columns: 4, wrongFraction: 0.2, matchSigmaPx: 0.1 });
    const report = await solvePoseGraph(
      graph,
      { ...defaultSolveOptions, model: 'rigid', removal: null },
      silentContext,
    );
    expect(report.edges.some((edge) => edge.removed)).toBe(false);
  });

  it('places a tile without links by its stage relative to its solved neighbours', async () => {
    // The stage is right but for a turn of the whole grid by 0.02 rad that the links know.
    const { graph, truth } = makeSyntheticGraph({ rows: 5, columns: 5, stageSigmaPx: 0, rotationSigmaRad: 0 });
    const lone = gridTileId(2, 2);
    const shifted = {
      ...without(graph, (a, b) => a === lone || b === lone),
      nodes: graph.nodes.map((node) => ({
        ...node,
        prior: {
          ...node.prior,
          pose: { ...node.prior.pose, x: 1.01 * node.prior.pose.x + 300, y: 1.01 * node.prior.pose.y },
        },
      })),
    };
    const report = await solve(shifted, 'rigid');
    expect(report.state.get(lone)).toBe('prior');
    expect(report.component.get(lone)).toBe(1);
    // Right between its neighbours, though the stage's scale is 1 % off.
    const ids = [...truth.keys()];
    const errors = cornerErrors(report.mosaicFromTile, truth, ids, size, 'rigid');
    expect(Math.max(...errors)).toBeLessThan(0.5);
  });

  it('places an island by its stage and keeps its inside', async () => {
    const synthetic = makeSyntheticGraph({ rows: 4, columns: 6, stageSigmaPx: 5 });
    const isIsland = (id: TileId): boolean => id.includes('c0004') || id.includes('c0005');
    const cut = without(synthetic.graph, (a, b) => isIsland(a) !== isIsland(b));
    const report = await solve(cut, 'rigid');
    expect(report.components.map((tiles) => tiles.length)).toEqual([16, 8]);
    const island = cornerErrors(report.mosaicFromTile, synthetic.truth, report.components[1], size, 'rigid');
    expect(Math.max(...island)).toBeLessThan(1e-6);
    // Against the rest it is as far off as the stage.
    const all = cornerErrors(report.mosaicFromTile, synthetic.truth, [...synthetic.truth.keys()], size, 'rigid');
    expect(Math.max(...all)).toBeLessThan(40);
  });

  it('solves a grid whose first cell is missing', async () => {
    const synthetic = makeSyntheticGraph({ rows: 3, columns: 3 });
    const first = gridTileId(0, 0);
    const graph = {
      nodes: synthetic.graph.nodes.filter((node) => node.id !== first),
      links: synthetic.graph.links.filter((link) => link.pair.a !== first),
    };
    const report = await solve(graph, 'rigid');
    expect(sortedErrors(synthetic, report, 'rigid').at(-1)).toBeLessThan(1e-6);
  });

  it('leaves tiles where the stage has them when there are no links', async () => {
    const { graph } = makeSyntheticGraph({ rows: 2, columns: 2 });
    const report = await solve({ ...graph, links: [] }, 'affine');
    expect(report.termination).toBe('no-links');
    for (const { id, prior } of graph.nodes) {
      expect(report.state.get(id)).toBe('prior');
      expect(poseOf(report, id)).toMatchObject({ a: 1, b: 0, e: prior.pose.x, f: prior.pose.y });
    }
  });

  it('takes a single tile and an empty graph', async () => {
    const { graph } = makeSyntheticGraph({ rows: 1, columns: 1 });
    expect((await solve(graph, 'rigid')).state.get(gridTileId(0, 0))).toBe('prior');
    expect((await solve({ nodes: [], links: [] }, 'rigid')).components).toEqual([]);
  });

  it('calls a tile unplaced only when it has neither link nor finite prior', async () => {
    const { graph, truth } = makeSyntheticGraph({ rows: 3, columns: 3 });
    const [linked, lone] = [gridTileId(0, 2), gridTileId(2, 0)];
    const unknown = { x: NaN, y: NaN, thetaRad: 0 };
    const nodes = graph.nodes.map((node) =>
      node.id === linked || node.id === lone ? { ...node, prior: { ...node.prior, pose: unknown } } : node,
    );
    const report = await solve({ ...without(graph, (a, b) => a === lone || b === lone), nodes }, 'rigid');
    expect(report.state.get(lone)).toBe('unplaced');
    expect(report.mosaicFromTile.has(lone)).toBe(false);
    expect(report.state.get(linked)).toBe('solved');
    const errors = cornerErrors(report.mosaicFromTile, truth, report.components[0], size, 'rigid');
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });

  it('names the pair whose matches are not finite', async () => {
    const { graph } = makeSyntheticGraph({ rows: 2, columns: 2 });
    const links = graph.links.map((link, l) =>
      l === 1 ? { ...link, moments: { ...link.moments, weight: NaN } } : link,
    );
    const failure = await solve({ ...graph, links }, 'rigid').catch((error: unknown) => error);
    if (!(failure instanceof StitchError)) throw new Error('no StitchError');
    expect(failure.code).toBe('numerical-failure');
    expect(failure.detail.pair).toEqual([graph.links[1].pair.a, graph.links[1].pair.b]);
  });

  it('stops when it is cancelled', async () => {
    const { graph } = makeSyntheticGraph();
    const aborted = new Error('stop');
    aborted.name = 'AbortError';
    const signal = {
      aborted: true,
      throwIfAborted: () => {
        throw aborted;
      },
    };
    await expect(solvePoseGraph(graph, defaultSolveOptions, { ...silentContext, signal })).rejects.toBe(aborted);
  });
});

function momentsOf(a: readonly number[], b: readonly number[]) {
  return sampleMoments(
    { a: Float64Array.from(a), b: Float64Array.from(b) },
    Array.from({ length: a.length / 2 }, (_, i) => i),
  );
}

function alignCentres(a: readonly number[], b: readonly number[]): Affine2 {
  const map = fitModel('rigid', momentsOf(a, b));
  if (map === null) throw new Error('no alignment');
  return map;
}
