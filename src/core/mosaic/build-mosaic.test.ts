import { unitGain } from '../photometry/gain-offset.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import { describe, expect, it } from 'vitest';
import { affineFromPose } from '../geometry/pose2.ts';
import { translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { SolveReport, TileState } from '../graph/pose-graph.ts';
import { plainReport } from '../testing/plain-report.ts';
import { plainTile } from '../testing/plain-tile.ts';
import { tileId } from '../tiles/tile.ts';
import type { Tile, TileId } from '../tiles/tile.ts';
import { buildMosaic, commonSampleType } from './build-mosaic.ts';

const tile = (name: string, more: Partial<Tile> = {}): Tile => plainTile(name, { width: 100, height: 50 }, more);

function reportOf(poses: Readonly<Record<string, readonly [Affine2, TileState]>>): SolveReport {
  const entries = Object.entries(poses).map(([name, value]) => [tileId(name), value] as const);
  return plainReport(new Map(entries.map(([id, [pose]]) => [id, pose])), {
    state: new Map(entries.map(([id, [, state]]) => [id, state])),
  });
}

const noTones: ReadonlyMap<TileId, GainOffset> = new Map<TileId, GainOffset>();

describe('buildMosaic', () => {
  it('bounds the pixel centres by whole pixels', () => {
    const report = reportOf({ a: [translation(0, 0), 'solved'], b: [translation(90.25, -3.5), 'solved'] });
    const mosaic = buildMosaic([tile('a'), tile('b')], report, noTones, []);
    expect(mosaic.bounds).toEqual({ x: 0, y: -4, width: 191, height: 54 });
  });

  it('adds no column for a rounding error of a pose', () => {
    const report = reportOf({ a: [translation(-1e-12, 1e-12), 'solved'] });
    expect(buildMosaic([tile('a')], report, noTones, []).bounds).toEqual({ x: 0, y: 0, width: 100, height: 50 });
  });

  it('bounds a turned tile by its corners', () => {
    const report = reportOf({ a: [affineFromPose({ x: 10, y: 20, thetaRad: Math.PI / 2 }), 'solved'] });
    expect(buildMosaic([tile('a')], report, noTones, []).bounds).toEqual({ x: -39, y: 20, width: 50, height: 100 });
  });

  it('draws in the given order, then in the order of the tiles, and leaves unplaced tiles out', () => {
    const report = reportOf({
      a: [translation(0, 0), 'solved'],
      b: [translation(1, 0), 'prior'],
      c: [translation(2, 0), 'solved'],
      d: [translation(3, 0), 'unplaced'],
    });
    const tones = new Map([[tileId('c'), { gain: 2, offset: 1 }]]);
    const mosaic = buildMosaic(
      ['a', 'b', 'c', 'd', 'e'].map((name) => tile(name)),
      report,
      tones,
      [tileId('c')],
    );
    expect(mosaic.placements.map((each) => [each.tile, each.state, each.tone])).toEqual([
      ['c', 'solved', { gain: 2, offset: 1 }],
      ['a', 'solved', unitGain],
      ['b', 'prior', unitGain],
    ]);
  });

  it('takes the median pixel size, the widest type and colour where one tile has it', () => {
    const report = reportOf({
      a: [translation(0, 0), 'solved'],
      b: [translation(1, 0), 'solved'],
      c: [translation(2, 0), 'solved'],
    });
    const tiles = [
      tile('a', { pixelSizeNm: 4 }),
      tile('b', { pixelSizeNm: 6, sampleType: 'uint16' }),
      tile('c', { channels: 3 }),
    ];
    const mosaic = buildMosaic(tiles, report, noTones, []);
    expect(mosaic).toMatchObject({ pixelSizeNm: 5, sampleType: 'uint16', channels: 3 });
  });

  it('names what is wrong when nothing is placed or a pose is not a number', () => {
    expect(() => buildMosaic([tile('a')], reportOf({}), noTones, [])).toThrow('No tile of the project');
    const broken = reportOf({ a: [translation(NaN, 0), 'solved'] });
    expect(() => buildMosaic([tile('a')], broken, noTones, [])).toThrow('The pose of a is not a number');
  });
});

describe('commonSampleType', () => {
  it('holds every value of every type unchanged', () => {
    expect(commonSampleType(['uint8', 'uint8'])).toBe('uint8');
    expect(commonSampleType(['uint8', 'uint16'])).toBe('uint16');
    expect(commonSampleType(['uint8', 'int16'])).toBe('int16');
    expect(commonSampleType(['uint16', 'int16'])).toBe('float32');
    expect(commonSampleType(['uint16', 'float32'])).toBe('float32');
  });
});
