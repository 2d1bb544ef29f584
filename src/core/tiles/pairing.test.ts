import { describe, expect, it } from 'vitest';
import { composePose, invertPose } from '../geometry/pose2.ts';
import type { Pose2 } from '../geometry/pose2.ts';
import { nominalPriors } from './nominal-poses.ts';
import { boundsUnder, proposePairs } from './pairing.ts';
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

describe('the bounds of a tile', () => {
  it.each([
    [0, { x: 100, y: 100, width: 100, height: 80 }],
    [90, { x: 21, y: 100, width: 80, height: 100 }],
    [180, { x: 1, y: 21, width: 100, height: 80 }],
    [270, { x: 100, y: 1, width: 80, height: 100 }],
  ])('reach half a pixel beyond the centres of its pixels, turned by %d°', (degrees, bounds) => {
    const pose = { x: 100, y: 100, thetaRad: (degrees * Math.PI) / 180 };
    expect(boundsUnder(pose, { width: 100, height: 80 })).toEqual(bounds);
  });

  it('are those of its corners, turned by 45°', () => {
    // (−½, −½), (100½, −½), (−½, 100½) and (100½, 100½) turn to 0, −0.71; 71.42, 70.71; −71.42, 70.71; 0, 142.13.
    const bounds = boundsUnder({ x: 0.2, y: 0, thetaRad: Math.PI / 4 }, { width: 101, height: 101 });
    expect(bounds).toEqual({ x: -71, y: -0, width: 143, height: 143 });
  });
});

describe('proposePairs on free positions', () => {
  it('ignores slivers in height, and takes the smaller of the tiles for its measure', () => {
    expect(names(positions({ a: [0, 0], b: [0, 73] }), [tile('a'), tile('b')])).toEqual([]);
    expect(names(positions({ a: [0, 0], b: [0, 72] }), [tile('a'), tile('b')])).toEqual(['a–b']);
    const [large, small] = [tile('a', 400, 400), tile('b', 100, 100)];
    expect(names(positions({ a: [0, 0], b: [392, 300] }), [large, small])).toEqual(['a–b']);
    expect(names(positions({ a: [0, 0], b: [393, 300] }), [large, small])).toEqual([]);
    expect(names(positions({ a: [0, 0], b: [300, 392] }), [large, small])).toEqual(['a–b']);
    expect(names(positions({ a: [0, 0], b: [300, 393] }), [large, small])).toEqual([]);
  });

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

  it('asks a hundredth of the side of large tiles', () => {
    const at = (x: number, y: number) =>
      names(positions({ a: [0, 0], b: [x, y] }), [tile('a', 2000, 1500), tile('b', 2000, 1500)]);
    expect([at(1980, 0), at(1981, 0), at(0, 1485), at(0, 1486)]).toEqual([['a–b'], [], ['a–b'], []]);
  });

  it.each([
    [50, 40, true],
    [51, 40, true],
    [50, 41, true],
    [51, 41, false],
  ])('takes an overlap that begins at %d,%d of 100 × 80 px for a side or for a corner', (x, y, isSide) => {
    const pairs = names(positions({ a: [0, 0], b: [x, y], c: [25, 10] }), [tile('a'), tile('b'), tile('c')]);
    expect(pairs).toEqual(isSide ? ['a–b', 'a–c', 'b–c'] : ['a–c', 'b–c']);
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
