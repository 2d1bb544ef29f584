import { describe, expect, it } from 'vitest';
import { composePose, invertPose } from '../geometry/pose2.ts';
import type { Pose2 } from '../geometry/pose2.ts';
import { nominalPriors } from './nominal-poses.ts';
import { proposePairs } from './pairing.ts';
import { pairKey, tileId } from './tile.ts';
import type { GridCell, Layout, Tile, TileId } from './tile.ts';
import { plainTile } from '../testing/plain-tile.ts';

function tile(file: string, width = 100, height = 80): Tile {
  return plainTile(file, { width, height });
}

function gridOf(rows: number, columns: number, overlap = { x: 0.1, y: 0.25 }): { layout: Layout; tiles: Tile[] } {
  const cells = new Map<TileId, GridCell>();
  const tiles: Tile[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const made = tile(`t_${row}_${column}`);
      tiles.push(made);
      cells.set(made.id, { row, column });
    }
  return { layout: { kind: 'grid', rows, columns, cells, overlap }, tiles };
}

function positions(entries: Record<string, [number, number] | [number, number, number]>): Layout {
  const poses = new Map<TileId, Pose2>();
  for (const [file, [x, y, thetaRad = 0]] of Object.entries(entries)) poses.set(tileId(file), { x, y, thetaRad });
  return { kind: 'positions', poses, sigmaPx: 3 };
}

const names = (layout: Layout, tiles: readonly Tile[]) =>
  proposePairs(layout, tiles).map((pair) => `${pair.a}–${pair.b}`);

/** CPU time, not wall time: other work on the machine must not fail a test. */
function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

describe('proposePairs on a grid', () => {
  it('pairs right and lower neighbours, sorted by key', () => {
    const { layout, tiles } = gridOf(2, 2);
    const pairs = proposePairs(layout, [...tiles].reverse());
    expect(pairs.map((pair) => `${pair.a}–${pair.b}`)).toEqual([
      't_0_0–t_0_1',
      't_0_0–t_1_0',
      't_0_1–t_1_1',
      't_1_0–t_1_1',
    ]);
    const keys = pairs.map(pairKey);
    expect(keys).toEqual([...keys].sort());
    expect(pairs[0].expectedOverlap).toEqual({ x: 90, y: 0, width: 10, height: 80 });
    expect(pairs[1].expectedOverlap).toEqual({ x: 0, y: 60, width: 100, height: 20 });
    expect(pairs[0].sigmaPx).toBeCloseTo(0.025 * 90, 10);
  });

  it('orders a and b by code units, whichever is left, and gives aFromB', () => {
    const tiles = [tile('b'), tile('B')];
    const cells = new Map([
      [tileId('b'), { row: 0, column: 0 }],
      [tileId('B'), { row: 0, column: 1 }],
    ]);
    const [pair] = proposePairs({ kind: 'grid', rows: 1, columns: 2, cells, overlap: { x: 0.1, y: 0.1 } }, tiles);
    expect([pair.a, pair.b]).toEqual(['B', 'b']);
    expect(pair.aFromB.x).toBeCloseTo(-90, 10);
    expect(pair.expectedOverlap).toEqual({ x: 0, y: 0, width: 10, height: 80 });
  });

  it('never pairs across an empty cell', () => {
    const { layout, tiles } = gridOf(1, 3);
    const without = tiles.filter((made) => made.file !== 't_0_1');
    expect(proposePairs(layout, without)).toEqual([]);
  });

  it('keeps neighbours that do not overlap, and says so', () => {
    const { layout, tiles } = gridOf(1, 2, { x: -0.1, y: 0 });
    expect(proposePairs(layout, tiles).map((pair) => pair.expectedOverlap)).toEqual([null]);
  });

  it('pairs 10,000 tiles in well under a second', () => {
    const { layout, tiles } = gridOf(100, 100);
    const start = process.cpuUsage();
    expect(proposePairs(layout, tiles)).toHaveLength(19_800);
    expect(cpuMsSince(start)).toBeLessThan(1000);
  });
});

describe('proposePairs on free positions', () => {
  it('drops corners that a third tile bridges, and keeps the grid pairs', () => {
    const { layout, tiles } = gridOf(3, 3);
    const priors = nominalPriors(layout, tiles);
    const poses = new Map([...priors].map(([id, prior]) => [id, prior.pose]));
    expect(names({ kind: 'positions', poses, sigmaPx: 2 }, tiles)).toEqual(names(layout, tiles));
  });

  it('keeps a corner that is the only tie', () => {
    expect(names(positions({ a: [0, 0], b: [80, 60] }), [tile('a'), tile('b')])).toEqual(['a–b']);
  });

  it('ignores slivers', () => {
    expect(names(positions({ a: [0, 0], b: [93, 0] }), [tile('a'), tile('b')])).toEqual([]);
    expect(names(positions({ a: [0, 0], b: [92, 0] }), [tile('a'), tile('b')])).toEqual(['a–b']);
  });

  it('pairs tiles of different size by their overlap in the frame of a', () => {
    const [pair] = proposePairs(positions({ a: [10, 10], b: [40, 30] }), [tile('a', 200, 100), tile('b', 50, 40)]);
    expect(pair.expectedOverlap).toEqual({ x: 30, y: 20, width: 50, height: 40 });
    expect(pair.sigmaPx).toBeCloseTo(3 * Math.SQRT2, 10);
  });

  it('takes rotated poses: aFromB = a⁻¹ · b and the bounding box in a', () => {
    const a = { x: 100, y: 100, thetaRad: Math.PI / 2 };
    const b = { x: 100, y: 150, thetaRad: Math.PI / 2 };
    const layout: Layout = {
      kind: 'positions',
      poses: new Map([
        [tileId('a'), a],
        [tileId('b'), b],
      ]),
      sigmaPx: 1,
    };
    const [pair] = proposePairs(layout, [tile('a'), tile('b')]);
    expect(pair.aFromB).toEqual(composePose(invertPose(a), b));
    expect(pair.expectedOverlap).toEqual({ x: 50, y: 0, width: 50, height: 80 });
  });

  it('pairs 10,000 free tiles in well under a second', () => {
    const { layout, tiles } = gridOf(100, 100);
    const poses = new Map([...nominalPriors(layout, tiles)].map(([id, prior]) => [id, prior.pose]));
    const start = process.cpuUsage();
    expect(proposePairs({ kind: 'positions', poses, sigmaPx: 2 }, tiles)).toHaveLength(19_800);
    expect(cpuMsSince(start)).toBeLessThan(1000);
  });
});
