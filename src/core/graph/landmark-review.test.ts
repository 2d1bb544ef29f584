import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { TransformModel } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { TileId } from '../tiles/tile.ts';
import { noEdits } from './graph-edits.ts';
import type { ManualLink } from './graph-edits.ts';
import { buildLinkSystem, poseStride, sumsStride } from './link-system.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { SolveReport } from './pose-graph.ts';
import { resolvePoseGraph, solveForEdits } from './resolve.ts';
import { solvePoseGraph } from './solve.ts';
import { linkMotions, stagePoses } from './stage.ts';
import { subSystem } from './sub-system.ts';

const side = 26;
const [a, b] = [gridTileId(12, 12), gridTileId(12, 13)];

function poseOf(poses: ReadonlyMap<TileId, Affine2>, id: TileId): Affine2 {
  const pose = poses.get(id);
  if (pose === undefined) throw new RangeError(`no pose of ${id}`);
  return pose;
}

/** Two landmarks of a pair, those in b off by `offset` px along x. */
function landmarksOf(truth: ReadonlyMap<TileId, Affine2>, offset: number): ManualLink {
  const landmarks = [100, 700].map((y) => {
    const { x: px, y: py } = applyAffine(poseOf(truth, a), 950, y);
    const q = applyAffine(invertAffine(poseOf(truth, b)), px, py);
    return { a: [950, y] as const, b: [q.x + offset, q.y] as const };
  });
  return { manual: true, pair: { a, b }, landmarks, sigmaPx: 0.1 };
}

/** Largest distance between the corners of any tile in two reports, px. */
function furthest(one: SolveReport, other: SolveReport): number {
  let most = 0;
  for (const [id, pose] of one.mosaicFromTile)
    for (const [x, y] of [
      [0, 0],
      [999, 799],
    ]) {
      const p = applyAffine(pose, x, y);
      const q = applyAffine(poseOf(other.mosaicFromTile, id), x, y);
      most = Math.max(most, Math.hypot(p.x - q.x, p.y - q.y));
    }
  return most;
}

const refusedBy = (report: SolveReport) => report.edges.map(({ removed }) => removed);

describe.each([
  ['rigid', 0],
  ['affine', 0.002],
] as const)('landmarks in a grid of %s tiles', (model: TransformModel, linearSigma) => {
  const options = { ...defaultSolveOptions, model };
  const noise = { model, linearSigma, matchSigmaPx: 0.3, wrongFraction: 0.02 };
  const { graph, truth } = makeSyntheticGraph({ ...noise, rows: side, columns: side });

  it.each([0, 0.5, 20])(
    '%f px off are judged in their neighbourhood, whether set now or from the beginning',
    async (offset) => {
      const solved = await solveForEdits(graph, options, silentContext);
      const notes: string[] = [];
      const ctx = { ...silentContext, onProgress: ({ note = '' }) => void notes.push(note) };
      const edits = { ...noEdits, manualLinks: [landmarksOf(truth, offset)] };
      const warm = await resolvePoseGraph(solved, edits, ctx);
      const cold = await solvePoseGraph({ ...graph, edits }, options, silentContext);
      expect(refusedBy(warm.report)).toEqual(refusedBy(cold));
      expect(warm.report.state).toEqual(cold.state);
      expect(furthest(warm.report, cold)).toBeLessThan(1e-6);
      // Landmarks that contradict tear one of their tiles from its links, and nothing else.
      const torn = refusedBy(cold).filter(Boolean).length - refusedBy(solved.report).filter(Boolean).length;
      expect(torn > 0).toBe(offset > 1);
      expect(notes).toContain('finding wrong links');
      // What was known before the landmarks serves the next edit.
      expect(warm.memory.warm).toBe(solved.memory.warm);
      const undone = await resolvePoseGraph(warm, noEdits, silentContext);
      expect(furthest(undone.report, solved.report)).toBeLessThan(1e-3);
    },
  );
});

describe('a part of a system', () => {
  const { graph } = makeSyntheticGraph({ rows: 4, columns: 5, matchSigmaPx: 0.2 });

  it.each(['rigid', 'affine'] as const)('is the system of its tiles and the links among them, %s', (model) => {
    const whole = buildLinkSystem(graph.nodes, graph.links, model);
    const stage = stagePoses(whole);
    const motions = linkMotions(whole, stage, true);
    const inside = Uint8Array.from(whole.nodes, (_, i) => (i % 5 < 3 && i >= 5 ? 1 : 0));
    const part = subSystem(whole, motions, stage, inside);
    const ids = new Set(graph.nodes.filter((_, i) => inside[i] === 1).map(({ id }) => id));
    const links = graph.links.filter(({ pair }) => ids.has(pair.a) && ids.has(pair.b));
    const own = buildLinkSystem(
      graph.nodes.filter(({ id }) => ids.has(id)),
      links,
      model,
    );
    expect(part.system).toEqual({ ...own, unitVariance: whole.unitVariance });
    expect(part.system.sums.length).toBe(12 * sumsStride);
    expect(part.motions).toEqual(linkMotions(own, stagePoses(own), true));
    expect(part.stage).toEqual(stagePoses(own));
    expect([...part.nodes]).toEqual([5, 6, 7, 10, 11, 12, 15, 16, 17]);
    expect(part.stage.poses.length).toBe(9 * poseStride);
    expect([...part.links].every((l) => ids.has(whole.links[l].pair.a))).toBe(true);
  });
});
