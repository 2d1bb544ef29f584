import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { PairResult } from '../matching/link.ts';
import type { SolveReport } from '../graph/pose-graph.ts';
import { defaultSyntheticGrid, planSyntheticGrid, tilesOf } from '../synthesis/synthetic-grid.ts';
import type { SyntheticGridOptions, SyntheticGridPlan } from '../synthesis/synthetic-grid.ts';
import { proposePairs } from '../tiles/pairing.ts';
import type { GridCell, Layout, TilePair } from '../tiles/tile.ts';
import { cornerErrors, failedCorners, globalCornerErrors } from './corner-errors.ts';
import { medianOf } from './statistics.ts';

/**
 * The grid that is stitched on the user's own device: nine tiles of a made-up tissue, shifted by up to 8 px, turned by up
 * to 1°, unevenly exposed, with noise. Twelve pairs: a few seconds on a processor of two cores.
 */
export const deviceTestGrid: SyntheticGridOptions = {
  ...defaultSyntheticGrid,
  rows: 3,
  columns: 3,
  tileSize: { width: 512, height: 512 },
  overlap: { x: 0.12, y: 0.12 },
  maxShiftPx: 8,
  maxRotationRad: Math.PI / 180,
  noiseSigma: 10,
  seed: 1,
};

/** Cells that show different places, though a pair of them is proposed as neighbours: two side by side, two above each other. */
const apart: readonly (readonly [GridCell, GridCell])[] = [
  [cell(0, 0), cell(0, 2)],
  [cell(0, 2), cell(2, 2)],
  [cell(2, 0), cell(2, 2)],
  [cell(0, 0), cell(2, 0)],
];

/** A link is right within the first and wrong beyond the second, px at a corner; see `../shared/design/reference.md`. */
const [rightPx, wrongPx] = [3, 5];
/** The grid came out right when no corner of any tile is further off than this, px. */
export const toleratedPx = 1;

/** What stitching the grid says of this device. */
export interface DeviceTest {
  readonly tiles: number;
  readonly tileSide: number;
  /** Tiles that are carried by links. */
  readonly solvedTiles: number;
  /** Neighbouring pairs, and pairs that show different places. */
  readonly pairs: number;
  readonly apartPairs: number;
  /** Neighbours whose link is within 3 px at all four corners. */
  readonly rightLinks: number;
  /** Links that are off by more than 5 px, and links between tiles that share nothing. */
  readonly falseLinks: number;
  /** Largest corner error of any tile after the best rigid motion of the whole, px; infinite for a tile without a pose. */
  readonly worstPx: number;
  /** Median over the tiles of their mean corner error, px. */
  readonly medianPx: number;
  /** Wall time of matching by the pairs matched, ms. */
  readonly matchMs: number;
  /** All of it, from making the tiles to the mosaic, ms. */
  readonly elapsedMs: number;
}

/** What was measured while the grid was stitched. */
export interface DeviceTestRun {
  readonly pairs: readonly PairResult[];
  readonly report: SolveReport;
  /** What became of `apartPairs`. */
  readonly apart: readonly PairResult[];
  readonly matchMs: number;
  readonly elapsedMs: number;
}

function cell(row: number, column: number): GridCell {
  return { row, column };
}

/** The grid with its truth. */
export function deviceTestPlan(): SyntheticGridPlan {
  return planSyntheticGrid(deviceTestGrid);
}

/** Pairs that share nothing, as a layout would propose them that calls them neighbours: what links them is false. */
export function apartPairs(plan: SyntheticGridPlan): readonly TilePair[] {
  const tiles = tilesOf(plan);
  return apart.flatMap((cells) => {
    const two = cells.flatMap(({ row, column }) =>
      tiles.filter((_, k) => plan.tiles[k].row === row && plan.tiles[k].column === column),
    );
    const isBeside = cells[0].row === cells[1].row;
    const placed = new Map(two.map(({ id }, k) => [id, isBeside ? cell(0, k) : cell(k, 0)]));
    const [rows, columns] = isBeside ? [1, 2] : [2, 1];
    const layout: Layout = { kind: 'grid', rows, columns, cells: placed, overlap: plan.overlap };
    return proposePairs(layout, two);
  });
}

/** Holds a stitched grid against its truth. */
export function judgeDeviceTest(plan: SyntheticGridPlan, run: DeviceTestRun): DeviceTest {
  const corners = [...globalCornerErrors(run.report.mosaicFromTile, plan.tiles).values()];
  const links = run.pairs.map((result) => linkErrorPx(plan, result));
  const { width, height } = deviceTestGrid.tileSize;
  return {
    tiles: plan.tiles.length,
    tileSide: Math.max(width, height),
    solvedTiles: plan.tiles.filter(({ id }) => run.report.state.get(id) === 'solved').length,
    pairs: run.pairs.length,
    apartPairs: run.apart.length,
    rightLinks: links.filter((px) => px !== null && px < rightPx).length,
    falseLinks:
      links.filter((px) => px !== null && !(px <= wrongPx)).length +
      run.apart.filter(({ kind }) => kind === 'link').length,
    worstPx: Math.max(...corners.map(({ max }) => max)),
    medianPx: medianOf(corners.map(({ mean }) => mean)),
    matchMs: run.matchMs,
    elapsedMs: run.elapsedMs,
  };
}

/** Every tile in its place within a pixel, every link right and none false. */
export function isGridRight({ tiles, solvedTiles, pairs, rightLinks, falseLinks, worstPx }: DeviceTest): boolean {
  return solvedTiles === tiles && rightLinks === pairs && falseLinks === 0 && worstPx <= toleratedPx;
}

/** Largest corner error of a link, px; null without one. */
function linkErrorPx({ tiles }: SyntheticGridPlan, result: PairResult): number | null {
  if (result.kind === 'rejected') return null;
  const [a, b] = [result.pair.a, result.pair.b].map((id) => tiles.find((tile) => tile.id === id));
  if (!a || !b) return failedCorners.max;
  return cornerErrors(result.aFromB, composeAffine(invertAffine(a.mosaicFromTile), b.mosaicFromTile), b.size).max;
}
