import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import { transformModels } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import { cornerErrors, gridTileId, makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import type { SyntheticGraph, SyntheticGraphOptions } from '../testing/synthetic-graph.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TileId } from '../tiles/tile.ts';
import { noEdits } from './graph-edits.ts';
import type { GraphEdits, ManualLink } from './graph-edits.ts';
import { defaultSolveOptions } from './pose-graph.ts';
import type { PoseGraph, SolveReport } from './pose-graph.ts';
import { resolvePoseGraph, solveForEdits } from './resolve.ts';
import { solvePoseGraph } from './solve.ts';

// Whole solves of a few tiles: milliseconds each, where those of `solve.test.ts` take seconds.
const size = { width: 1000, height: 800 };
const rigid = { ...defaultSolveOptions, model: 'rigid' } as const;
const grid = (more: Partial<SyntheticGraphOptions> = {}): SyntheticGraph =>
  makeSyntheticGraph({ model: 'rigid', rows: 4, columns: 4, linearSigma: 0, matchSigmaPx: 0.2, ...more });

const keyOf = (graph: PoseGraph, l: number) => pairKey(graph.links[l].pair);
const linkBetween = ({ links }: PoseGraph, a: TileId, b: TileId) =>
  links.findIndex(({ pair }) => pair.a === a && pair.b === b);

/** The graph with what links measure shifted: px by which p lies further on. */
function shifted(graph: PoseGraph, errors: ReadonlyMap<number, readonly [number, number]>): PoseGraph {
  const links = graph.links.map((link, l) => {
    const [x, y] = errors.get(l) ?? [0, 0];
    const [px, py] = link.moments.meanA;
    return { ...link, moments: { ...link.moments, meanA: [px + x, py + y] as const } };
  });
  return { ...graph, links };
}

const removedOf = ({ edges }: SolveReport) =>
  edges.flatMap(({ removed, pairKey: key }) => (removed ? [key] : [])).sort();
const statesOf = ({ state }: SolveReport, value: string) =>
  [...state].flatMap(([id, each]) => (each === value ? [id] : []));

function worst({ truth }: SyntheticGraph, report: SolveReport, ids: readonly TileId[] = [...truth.keys()]): number {
  return Math.max(...cornerErrors(report.mosaicFromTile, truth, ids, size, 'rigid'));
}

function furthest(one: SolveReport, other: SolveReport): number {
  return Math.max(
    ...[...one.mosaicFromTile].flatMap(([id, pose]) => {
      const back = other.mosaicFromTile.get(id);
      return [
        [0, 0],
        [999, 799],
      ].map(([x, y]) => {
        const p = applyAffine(pose, x, y);
        const q = back ? applyAffine(back, x, y) : { x: NaN, y: NaN };
        return Math.hypot(p.x - q.x, p.y - q.y);
      });
    }),
  );
}

describe.each(transformModels)('a small grid, %s', (model) => {
  const options = { ...defaultSolveOptions, model };

  it('is solved to the noise of its matches, and says how well', async () => {
    const synthetic = makeSyntheticGraph({ model, rows: 3, columns: 3, linearSigma: 1e-3, matchSigmaPx: 0.3, seed: 2 });
    const report = await solvePoseGraph(synthetic.graph, options, silentContext);
    expect(report.termination).toBe('converged');
    expect(worst(synthetic, report)).toBeLessThan(model === 'affine' || model === 'similarity' ? 6 : 1);
    expect(statesOf(report, 'solved').length).toBe(9);
    expect(report.components.map((ids) => ids.length)).toEqual([9]);
    expect(removedOf(report)).toEqual([]);
    for (const { residualPx, weight } of report.edges) {
      // Noise of 0.3 px an axis in both tiles: 0.6 px a match.
      expect(residualPx).toBeGreaterThan(0.4);
      expect(residualPx).toBeLessThan(0.9);
      expect(weight).toBeGreaterThan(0.9);
      expect(weight).toBeLessThanOrEqual(1);
    }
    const weighed = report.edges.reduce((sum, { residualPx, weight }) => sum + 40 * weight * residualPx ** 2, 0);
    expect(report.cost / weighed).toBeCloseTo(1, 6);
    for (const sigma of report.sigmaPx.values()) {
      expect(sigma).toBeGreaterThan(0.01);
      expect(sigma).toBeLessThan(1);
    }
    // The middle is known best.
    const sigmaOf = (row: number, column: number) => report.sigmaPx.get(gridTileId(row, column)) ?? NaN;
    expect(sigmaOf(1, 1)).toBeLessThan(sigmaOf(0, 0));
  });

  it('does not depend on the order of tiles and links', async () => {
    const { graph } = makeSyntheticGraph({ model, rows: 3, columns: 3, matchSigmaPx: 0.3, seed: 2 });
    const turned = { nodes: [...graph.nodes].reverse(), links: [...graph.links].reverse() };
    const [one, other] = await Promise.all([graph, turned].map((each) => solvePoseGraph(each, options, silentContext)));
    expect(furthest(one, other)).toBe(0);
  });

  it('is taken up again under edits as it is solved from the beginning', async () => {
    const { graph } = makeSyntheticGraph({ model, rows: 3, columns: 4, linearSigma: 1e-3, matchSigmaPx: 0.1, seed: 3 });
    const solved = await solveForEdits(graph, options, silentContext);
    const pose = solved.report.mosaicFromTile.get(gridTileId(1, 1));
    if (!pose) throw new Error('no pose');
    const all: readonly GraphEdits[] = [
      { ...noEdits, excludedLinks: new Set([keyOf(graph, 5)]) },
      { ...noEdits, excludedLinks: new Set([keyOf(graph, 3), keyOf(graph, 7), keyOf(graph, 9), keyOf(graph, 12)]) },
      { ...noEdits, pins: [{ tileId: gridTileId(1, 1), pose: { ...pose, e: pose.e + 7 }, sigmaPx: 0.5 }] },
      {
        excludedLinks: new Set([keyOf(graph, 5)]),
        pins: [{ tileId: gridTileId(0, 0), pose, sigmaPx: 2 }],
        manualLinks: [],
      },
    ];
    for (const edits of all) {
      const warm = await resolvePoseGraph(solved, edits, silentContext);
      const cold = await solvePoseGraph({ ...graph, edits }, options, silentContext);
      expect(furthest(warm.report, cold)).toBeLessThan(2e-3);
      expect(removedOf(warm.report)).toEqual([...edits.excludedLinks].sort());
      expect(warm.report.edges.filter(({ excluded }) => excluded).length).toBe(edits.excludedLinks.size);
      const back = await resolvePoseGraph(warm, noEdits, silentContext);
      expect(furthest(back.report, solved.report)).toBeLessThan(2e-3);
      for (const [id, sigma] of warm.report.sigmaPx) expect(sigma / (cold.sigmaPx.get(id) ?? NaN)).toBeCloseTo(1, 1);
      // Edits that say the same are the same solve.
      expect(
        await resolvePoseGraph(
          warm,
          { ...edits, excludedLinks: new Set([...edits.excludedLinks].reverse()) },
          silentContext,
        ),
      ).toBe(warm);
    }
  });
});

describe('wrong links in a small grid', () => {
  it.each([1, 2, 3, 4, 5, 6])('are told from the right ones (seed %i)', async (seed) => {
    const synthetic = grid({ rows: 5, columns: 5, wrongFraction: 0.1, seed, periodPx: 60 });
    const report = await solvePoseGraph(synthetic.graph, rigid, silentContext);
    const wrong = synthetic.graph.links.flatMap((link, l) => (synthetic.wrong[l] ? [pairKey(link.pair)] : []));
    const removed = removedOf(report);
    // No wrong one stays that is off by more than noise; no right one goes but with a tile that nothing else holds.
    for (const [l, link] of synthetic.graph.links.entries()) {
      const [a, b] = [synthetic.truth.get(link.pair.a), synthetic.truth.get(link.pair.b)];
      if (!a || !b || !synthetic.wrong[l]) continue;
      const p = applyAffine(a, ...link.moments.meanA);
      const q = applyAffine(b, ...link.moments.meanB);
      if (Math.hypot(p.x - q.x, p.y - q.y) > 6) expect(removed).toContain(pairKey(link.pair));
    }
    expect(removed.filter((key) => !wrong.includes(key)).length).toBeLessThanOrEqual(1);
    expect(worst(synthetic, report, statesOf(report, 'solved'))).toBeLessThan(2);
    expect(statesOf(report, 'solved').length).toBeGreaterThanOrEqual(23);
  });

  it('carry no corner away: of two that contradict each other the stage decides', async () => {
    const synthetic = grid({ stageSigmaPx: 2 });
    const [corner, left, above] = [gridTileId(3, 3), gridTileId(3, 2), gridTileId(2, 3)];
    const beside = linkBetween(synthetic.graph, left, corner);
    const below = linkBetween(synthetic.graph, above, corner);
    const report = await solvePoseGraph(shifted(synthetic.graph, new Map([[beside, [70, 20]]])), rigid, silentContext);
    expect(removedOf(report)).toEqual([keyOf(synthetic.graph, beside)]);
    expect(worst(synthetic, report)).toBeLessThan(1.5);
    const other = await solvePoseGraph(shifted(synthetic.graph, new Map([[below, [-50, 44]]])), rigid, silentContext);
    expect(removedOf(other)).toEqual([keyOf(synthetic.graph, below)]);
    // Both wrong, and not alike: the tile is let go, and stands where the stage has it beside its neighbours.
    const both = new Map<number, readonly [number, number]>([
      [beside, [70, 20]],
      [below, [-50, 44]],
    ]);
    const gone = await solvePoseGraph(shifted(synthetic.graph, both), rigid, silentContext);
    expect(removedOf(gone)).toEqual([keyOf(synthetic.graph, beside), keyOf(synthetic.graph, below)].sort());
    expect(gone.state.get(corner)).toBe('prior');
    expect(gone.sigmaPx.get(corner)).toBe(2);
    expect(worst(synthetic, gone, [corner, left, above])).toBeLessThan(40);
  });

  it('do not hold a row a period off, though its links agree among themselves', async () => {
    // The last row hangs on the rest by four links; two of them are wrong alike.
    const synthetic = grid({ rows: 4, columns: 4, stageSigmaPx: 3 });
    const across = [0, 1, 2, 3].map((column) =>
      linkBetween(synthetic.graph, gridTileId(2, column), gridTileId(3, column)),
    );
    const errors = new Map(across.slice(0, 1).map((l) => [l, [0, 45] as const]));
    const report = await solvePoseGraph(shifted(synthetic.graph, errors), rigid, silentContext);
    expect(removedOf(report)).toEqual([keyOf(synthetic.graph, across[0])]);
    expect(worst(synthetic, report)).toBeLessThan(1.5);
  });

  it('leave an island where the stage has it when all that reaches it is wrong', async () => {
    const synthetic = grid({ rows: 4, columns: 4, stageSigmaPx: 2 });
    const { graph } = synthetic;
    const last = [0, 1, 2, 3].map((column) => gridTileId(3, column));
    const across = last.map((id, column) => linkBetween(graph, gridTileId(2, column), id));
    const errors = new Map<number, readonly [number, number]>([
      [across[0], [60, -30]],
      [across[1], [-55, 41]],
      [across[2], [33, 70]],
      [across[3], [-80, -20]],
    ]);
    const report = await solvePoseGraph(shifted(graph, errors), rigid, silentContext);
    for (const l of across) expect(removedOf(report)).toContain(keyOf(graph, l));
    expect(last.map((id) => report.state.get(id))).toEqual(['prior', 'prior', 'prior', 'prior']);
    expect(new Set(last.map((id) => report.component.get(id)))).toEqual(new Set([1]));
    // Its inside is held by its own links.
    const [first, second] = [report.mosaicFromTile.get(last[0]), report.mosaicFromTile.get(last[1])];
    const [a, b] = [synthetic.truth.get(last[0]), synthetic.truth.get(last[1])];
    if (!first || !second || !a || !b) throw new Error('no pose');
    const p = applyAffine(invertAffine(first), ...(Object.values(applyAffine(second, 0, 400)) as [number, number]));
    const q = applyAffine(invertAffine(a), ...(Object.values(applyAffine(b, 0, 400)) as [number, number]));
    expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(1);
  });

  it('are kept where nothing is to be removed', async () => {
    const synthetic = grid({ stageSigmaPx: 2 });
    const graph = shifted(synthetic.graph, new Map([[7, [40, 10]]]));
    const report = await solvePoseGraph(graph, { ...rigid, removal: null }, silentContext);
    expect(removedOf(report)).toEqual([]);
    const spoilt = report.edges.find(({ pairKey: key }) => key === keyOf(graph, 7));
    expect(spoilt?.weight ?? 1).toBeLessThan(0.1);
    expect(worst(synthetic, report)).toBeLessThan(2);
  });
});

describe('landmarks in a small grid', () => {
  const landmarksAt = (
    synthetic: SyntheticGraph,
    a: TileId,
    b: TileId,
    error: readonly [number, number] = [0, 0],
  ): ManualLink => {
    const [poseA, poseB] = [synthetic.truth.get(a), synthetic.truth.get(b)];
    if (!poseA || !poseB) throw new Error('no pose');
    const landmarks = [
      [20, 100],
      [60, 700],
    ].map(([x, y]) => {
      const world = applyAffine(poseB, x, y);
      const p = applyAffine(invertAffine(poseA), world.x, world.y);
      return { a: [p.x + error[0], p.y + error[1]] as const, b: [x, y] as const };
    });
    return { manual: true, pair: { a, b }, landmarks, sigmaPx: 0.2 };
  };

  it('hold a tile that wrong links would carry away', async () => {
    const synthetic = grid({ stageSigmaPx: 2 });
    const [corner, left, above] = [gridTileId(3, 3), gridTileId(3, 2), gridTileId(2, 3)];
    const errors = new Map<number, readonly [number, number]>([
      [linkBetween(synthetic.graph, left, corner), [70, 20]],
      [linkBetween(synthetic.graph, above, corner), [-50, 44]],
    ]);
    const graph = shifted(synthetic.graph, errors);
    const edits = { ...noEdits, manualLinks: [landmarksAt(synthetic, left, corner)] };
    const cold = await solvePoseGraph({ ...graph, edits }, rigid, silentContext);
    expect(cold.state.get(corner)).toBe('solved');
    expect(worst(synthetic, cold)).toBeLessThan(2);
    const manual = cold.edges.filter((edge) => edge.manual);
    expect(manual).toEqual([expect.objectContaining({ pairKey: pairKey({ a: left, b: corner }), removed: false })]);
    expect(manual[0].weight).toBeGreaterThan(0);
    expect(cold.edges.length).toBe(graph.links.length + 1);
    const solved = await solveForEdits(graph, rigid, silentContext);
    expect(solved.report.state.get(corner)).toBe('prior');
    const warm = await resolvePoseGraph(solved, edits, silentContext);
    expect(furthest(warm.report, cold)).toBeLessThan(5e-3);
  });

  it('join what no link joins, whichever way round they are set', async () => {
    const synthetic = grid({ rows: 2, columns: 2, stageSigmaPx: 4 });
    const [left, corner] = [gridTileId(1, 0), gridTileId(1, 1)];
    const links = synthetic.graph.links.filter(({ pair }) => pair.b !== corner);
    const { pair, landmarks, ...rest } = landmarksAt(synthetic, left, corner);
    const swapped: ManualLink = {
      ...rest,
      pair: { a: pair.b, b: pair.a },
      landmarks: landmarks.map(({ a, b }) => ({ a: b, b: a })),
    };
    const reports = await Promise.all(
      [{ pair, landmarks, ...rest }, swapped].map((manual) =>
        solvePoseGraph(
          { ...synthetic.graph, links, edits: { ...noEdits, manualLinks: [manual] } },
          rigid,
          silentContext,
        ),
      ),
    );
    for (const report of reports) {
      expect(report.state.get(corner)).toBe('solved');
      expect(worst(synthetic, report)).toBeLessThan(1.5);
    }
    expect(furthest(reports[0], reports[1])).toBeLessThan(1e-6);
    const without = await solvePoseGraph({ ...synthetic.graph, links }, rigid, silentContext);
    expect(without.state.get(corner)).toBe('prior');
  });

  it('name tiles of the graph', async () => {
    const synthetic = grid({ rows: 2, columns: 2 });
    const bad = { ...landmarksAt(synthetic, gridTileId(0, 0), gridTileId(0, 1)), sigmaPx: 0 };
    const solve = (edits: GraphEdits) => solvePoseGraph({ ...synthetic.graph, edits }, rigid, silentContext);
    await expect(solve({ ...noEdits, manualLinks: [bad] })).rejects.toThrow(RangeError);
    await expect(solve({ ...noEdits, manualLinks: [{ ...bad, sigmaPx: 1, landmarks: [] }] })).rejects.toThrow(
      RangeError,
    );
    await expect(solvePoseGraph(synthetic.graph, { ...rigid, robustScalePx: 0 }, silentContext)).rejects.toMatchObject({
      code: 'bad-options',
      message: 'robustScalePx must be above 0, not 0.',
    });
  });
});

describe('a graph without links', () => {
  it('stands where the stage has it', async () => {
    const { graph } = grid({ rows: 2, columns: 2 });
    const report = await solvePoseGraph({ ...graph, links: [] }, rigid, silentContext);
    expect(report).toMatchObject({ termination: 'no-links', cost: 0, edges: [] });
    for (const { id, prior } of graph.nodes) {
      expect(report.state.get(id)).toBe('prior');
      expect(report.sigmaPx.get(id)).toBe(prior.sigmaPx);
      const pose = report.mosaicFromTile.get(id);
      expect([pose?.e, pose?.f]).toEqual([expect.closeTo(prior.pose.x, 9), expect.closeTo(prior.pose.y, 9)]);
    }
  });

  it('leaves out tiles of which not even the stage knows', async () => {
    const { graph } = grid({ rows: 2, columns: 2 });
    const nodes = graph.nodes.map((node, i) =>
      i === 3 ? { ...node, prior: { ...node.prior, pose: { x: NaN, y: 0, thetaRad: 0 } } } : node,
    );
    const alone = await solvePoseGraph(
      { nodes, links: graph.links.filter(({ pair }) => pair.b !== nodes[3].id) },
      rigid,
      silentContext,
    );
    expect(alone.state.get(nodes[3].id)).toBe('unplaced');
    expect(alone.mosaicFromTile.has(nodes[3].id)).toBe(false);
    const linked = await solvePoseGraph({ nodes, links: graph.links }, rigid, silentContext);
    expect(linked.state.get(nodes[3].id)).toBe('solved');
  });
});
