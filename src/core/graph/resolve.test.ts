import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { transformModels } from '../matching/link.ts';
import type { TransformModel } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { cornerErrors, gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { TileId } from '../tiles/tile.ts';
import { pairKey } from '../tiles/tile.ts';
import { noEdits } from './graph-edits.ts';
import type { GraphEdits, ManualLink } from './graph-edits.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { PoseGraph, SolveReport } from './pose-graph.ts';
import { resolvePoseGraph, solveForEdits } from './resolve.ts';
import { solvePoseGraph } from './solve.ts';

const size = { width: 1000, height: 800 };

function poseOf(report: SolveReport, id: TileId): Affine2 {
  const pose = report.mosaicFromTile.get(id);
  if (pose === undefined) throw new RangeError(`no pose of ${id}`);
  return pose;
}

/** Largest distance, px, between the corners of any tile in two reports. */
function furthest(one: SolveReport, other: SolveReport): number {
  let most = 0;
  for (const [id, pose] of one.mosaicFromTile) {
    for (const [x, y] of [
      [0, 0],
      [size.width - 1, size.height - 1],
    ]) {
      const p = applyAffine(pose, x, y);
      const q = applyAffine(poseOf(other, id), x, y);
      most = Math.max(most, Math.hypot(p.x - q.x, p.y - q.y));
    }
  }
  return most;
}

const keyOf = (graph: PoseGraph, l: number): string => pairKey(graph.links[l].pair);
const excluding = (...keys: string[]): GraphEdits => ({ ...noEdits, excludedLinks: new Set(keys) });

describe.each(transformModels)('resolvePoseGraph with %s tiles', (model: TransformModel) => {
  const options = { ...defaultSolveOptions, model };
  const { graph, truth } = makeSyntheticGraph({ model, rows: 6, columns: 6, linearSigma: 1e-3, matchSigmaPx: 0.1 });

  it('leaves an excluded link out as if it had never been', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const edited = await resolvePoseGraph(solved, excluding(keyOf(graph, 20)), silentContext);
    const links = graph.links.filter((_, l) => l !== 20);
    const cold = await solvePoseGraph({ ...graph, links }, options, silentContext);
    expect(furthest(edited.report, cold)).toBeLessThan(1e-3);
    expect(edited.report.edges[20]).toMatchObject({ removed: true, excluded: true });
    expect(edited.report.edges.filter((edge) => edge.removed).length).toBe(1);
  });

  it('comes back to where it was when the link is restored', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const edited = await resolvePoseGraph(solved, excluding(keyOf(graph, 20), keyOf(graph, 21)), silentContext);
    const restored = await resolvePoseGraph(edited, noEdits, silentContext);
    expect(furthest(restored.report, solved.report)).toBeLessThan(1e-3);
  });

  it('moves the whole mosaic with one pinned tile', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const tileId = gridTileId(2, 3);
    const pose = composeAffine(translation(30, -12), poseOf(solved.report, tileId));
    const edited = await resolvePoseGraph(solved, { ...noEdits, pins: [{ tileId, pose, sigmaPx: 1 }] }, silentContext);
    for (const [id, before] of solved.report.mosaicFromTile) {
      const p = applyAffine(poseOf(edited.report, id), 500, 400);
      const q = applyAffine(before, 500, 400);
      expect(Math.hypot(p.x - q.x - 30, p.y - q.y + 12)).toBeLessThan(1e-3);
    }
    const p = applyAffine(poseOf(edited.report, tileId), 500, 400);
    expect(Math.hypot(p.x - applyAffine(pose, 500, 400).x, p.y - applyAffine(pose, 500, 400).y)).toBeLessThan(0.01);
  });

  it('equals a cold solve with pins and landmarks', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const [a, b] = [gridTileId(1, 1), gridTileId(1, 2)];
    const pin = (tileId: TileId) => ({ tileId, pose: poseOf(solved.report, tileId), sigmaPx: 0.5 });
    const manual: ManualLink = {
      manual: true,
      pair: { a, b },
      landmarks: [
        { a: [950, 100], b: [50, 103] },
        { a: [960, 700], b: [60, 702] },
      ],
      sigmaPx: 1,
    };
    const edits = { ...noEdits, pins: [pin(gridTileId(0, 0)), pin(gridTileId(5, 5))], manualLinks: [manual] };
    const warm = await resolvePoseGraph(solved, edits, silentContext);
    const cold = await solveForEdits({ ...graph, edits }, options, silentContext);
    expect(furthest(warm.report, cold.report)).toBeLessThan(1e-3);
    const undone = await resolvePoseGraph(warm, noEdits, silentContext);
    expect(furthest(undone.report, solved.report)).toBeLessThan(1e-3);
    expect(truth.size).toBe(36);
  });
});

describe.each(['translation', 'rigid'] as const)('leaving out one link after another of %s tiles', (model) => {
  const options = { ...defaultSolveOptions, model };
  const noise = { linkSigmaPx: 0.1, linkSigmaRad: model === 'rigid' ? 2e-4 : 0, matchSigmaPx: 0.1 };

  it.each([0, 0.1])('equals the cold solve, errors and all, where %f of the links are wrong', async (wrongFraction) => {
    const { graph } = makeSyntheticGraph({
      ...noise,
      model,
      rows: 12,
      columns: 12,
      wrongFraction,
      periodPx: 80,
      seed: 3,
    });
    const solved = await solveForEdits(graph, options, silentContext);
    for (const l of [0, 31, 100, 101, 200, 263]) {
      const edits = excluding(keyOf(graph, l));
      const { report } = await resolvePoseGraph(solved, edits, silentContext);
      const cold = await solvePoseGraph({ ...graph, edits }, options, silentContext);
      expect(report.edges.map(({ removed }) => removed)).toEqual(cold.edges.map(({ removed }) => removed));
      expect(report.state).toEqual(cold.state);
      expect(furthest(report, cold)).toBeLessThan(1e-6);
      for (const [id, sigma] of cold.sigmaPx)
        expect(Math.abs((report.sigmaPx.get(id) ?? NaN) - sigma)).toBeLessThan(1e-4);
      expect(report.cost / cold.cost).toBeCloseTo(1, 6);
    }
  });

  it('equals the cold solve where a tile is left without links', async () => {
    const { graph } = makeSyntheticGraph({ ...noise, model, rows: 5, columns: 5 });
    const solved = await solveForEdits(graph, options, silentContext);
    const corner = gridTileId(0, 0);
    const around = graph.links.flatMap(({ pair }, l) => (pair.a === corner || pair.b === corner ? [l] : []));
    const edits = excluding(...around.map((l) => keyOf(graph, l)));
    const { report } = await resolvePoseGraph(solved, edits, silentContext);
    const cold = await solvePoseGraph({ ...graph, edits }, options, silentContext);
    expect(report.state.get(corner)).toBe('prior');
    expect(report.state).toEqual(cold.state);
    expect(furthest(report, cold)).toBeLessThan(1e-6);
  });
});

describe('resolvePoseGraph', () => {
  const options = { ...defaultSolveOptions, model: 'rigid' as const };
  const { graph, truth } = makeSyntheticGraph({ rows: 4, columns: 4, matchSigmaPx: 0.2 });
  const lone = gridTileId(3, 3);

  it('places a tile without links by landmarks alone', async () => {
    const neighbour = gridTileId(3, 2);
    const links = graph.links.filter(({ pair }) => pair.a !== lone && pair.b !== lone);
    const solved = await solveForEdits({ ...graph, links }, options, silentContext);
    expect(solved.report.state.get(lone)).toBe('prior');
    const trueA = truth.get(neighbour);
    const trueB = truth.get(lone);
    if (trueA === undefined || trueB === undefined) throw new RangeError('no truth');
    const landmarks = [100, 700].map((y) => {
      const { x: px, y: py } = applyAffine(trueB, 50, y);
      const det = trueA.a * trueA.d - trueA.b * trueA.c;
      const dx = px - trueA.e;
      const dy = py - trueA.f;
      const p = [(trueA.d * dx - trueA.c * dy) / det, (trueA.a * dy - trueA.b * dx) / det] as const;
      return { a: [50, y] as const, b: p };
    });
    const manual: ManualLink = { manual: true, pair: { a: lone, b: neighbour }, landmarks, sigmaPx: 0.5 };
    const edited = await resolvePoseGraph(solved, { ...noEdits, manualLinks: [manual] }, silentContext);
    expect(edited.report.state.get(lone)).toBe('solved');
    expect(edited.report.edges.filter((edge) => edge.manual).map((edge) => edge.weight)).toEqual([1]);
    const errors = cornerErrors(edited.report.mosaicFromTile, truth, [...truth.keys()], size);
    expect(Math.max(...errors)).toBeLessThan(0.5);
  });

  it('solves nothing when the edits say what they said before', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    expect(await resolvePoseGraph(solved, { ...noEdits }, silentContext)).toBe(solved);
    const edited = await resolvePoseGraph(solved, excluding(keyOf(graph, 3)), silentContext);
    expect(edited).not.toBe(solved);
    expect(await resolvePoseGraph(edited, excluding(keyOf(graph, 3)), silentContext)).toBe(edited);
  });

  it('never removes landmarks, however far off they are', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const pair = { a: gridTileId(1, 1), b: gridTileId(1, 2) };
    const landmarks = [{ a: [950, 400] as const, b: [120, 400] as const }];
    const manual: ManualLink = { manual: true, pair, landmarks, sigmaPx: 0.01 };
    const edited = await resolvePoseGraph(solved, { ...noEdits, manualLinks: [manual] }, silentContext);
    expect(edited.report.edges.find((edge) => edge.manual)).toMatchObject({ weight: 1, removed: false });
  });

  it('holds two pinned tiles where they are said to be, and the rest follows', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const [first, last] = [gridTileId(0, 0), gridTileId(3, 3)];
    const moved = composeAffine(translation(2, 0), poseOf(solved.report, last));
    const pins = [
      { tileId: first, pose: poseOf(solved.report, first), sigmaPx: 0.001 },
      { tileId: last, pose: moved, sigmaPx: 0.001 },
    ];
    const { report } = await resolvePoseGraph(solved, { ...noEdits, pins }, silentContext);
    expect(Math.abs(poseOf(report, last).e - moved.e)).toBeLessThan(0.01);
    expect(Math.abs(poseOf(report, first).e - poseOf(solved.report, first).e)).toBeLessThan(0.01);
    const middle = poseOf(report, gridTileId(1, 2)).e - poseOf(solved.report, gridTileId(1, 2)).e;
    expect(middle).toBeGreaterThan(0.2);
    expect(middle).toBeLessThan(1.8);
  });

  it('places a pinned tile without links at its pin', async () => {
    const links = graph.links.filter(({ pair }) => pair.a !== lone && pair.b !== lone);
    const pose = translation(5000, 4000);
    const edits = { ...noEdits, pins: [{ tileId: lone, pose, sigmaPx: 1 }] };
    const report = await solvePoseGraph({ ...graph, links, edits }, options, silentContext);
    expect(poseOf(report, lone).e).toBeCloseTo(5000, 6);
    expect(poseOf(report, lone).f).toBeCloseTo(4000, 6);
  });

  it('refuses a pin of no tile and one without sigma', async () => {
    const solved = await solveForEdits(graph, options, silentContext);
    const pin = { tileId: lone, pose: translation(0, 0), sigmaPx: 0 };
    await expect(resolvePoseGraph(solved, { ...noEdits, pins: [pin] }, silentContext)).rejects.toThrow(RangeError);
  });
});
