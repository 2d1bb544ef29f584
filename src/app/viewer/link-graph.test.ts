import { describe, expect, it } from 'vitest';
import { translation } from '../../core/geometry/affine2.ts';
import type { RejectedPair } from '../../core/matching/link.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import { tileId } from '../../core/tiles/tile.ts';
import type { ViewerLink } from './link-graph.ts';
import { pickLink, viewerLinks } from './link-graph.ts';
import { qualityStep, residualQuality } from './link-state.ts';
import { tileName } from './tile-name.ts';

const a = {
  tile: tileId('d/a.tif'),
  size: { width: 101, height: 51 },
  mosaicFromTile: translation(10, 20),
  state: 'solved',
} as const;
const b = {
  tile: tileId('d/b.tif'),
  size: { width: 101, height: 51 },
  mosaicFromTile: translation(100, 20),
  state: 'prior',
} as const;
const rejected: RejectedPair = {
  kind: 'rejected',
  pair: {
    a: a.tile,
    b: b.tile,
    aFromB: { x: 90, y: 0, thetaRad: 0 },
    sigmaPx: 5,
    expectedOverlap: { x: 90, y: 0, width: 11, height: 51 },
  },
  correspondences: noCorrespondences,
  matchMs: 0,
  reason: 'no-texture',
  detail: '',
};

describe('viewerLinks', () => {
  it('runs from tile centre to tile centre with the dot in the middle of the overlap', () => {
    const [link] = viewerLinks({ placements: [a, b], results: [rejected], edges: [], excluded: new Set() });
    expect(link.from).toEqual({ x: 60, y: 45 });
    expect(link.to).toEqual({ x: 150, y: 45 });
    expect(link.seam).toEqual({ x: 105, y: 45 });
    expect(link).toMatchObject({ label: 'a ↔ b', state: 'rejected', quality: null });
  });

  it('leaves out pairs of tiles that have no place', () => {
    expect(viewerLinks({ placements: [a], results: [rejected], edges: [], excluded: new Set() })).toEqual([]);
  });
});

function straight(pairKey: string, x1: number, y1: number, x2: number, y2: number): ViewerLink {
  const seam = { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
  return { pairKey, label: pairKey, from: { x: x1, y: y1 }, to: { x: x2, y: y2 }, seam, quality: 1, state: 'link' };
}

describe('pickLink', () => {
  const links = [straight('across', 0, 0, 100, 0), straight('down', 30, -50, 30, 250)];

  it('picks the nearest line within reach', () => {
    expect(pickLink(links, { x: 80, y: 4 }, 5)?.pairKey).toBe('across');
    expect(pickLink(links, { x: 33, y: 200 }, 5)?.pairKey).toBe('down');
    expect(pickLink(links, { x: 80, y: 6 }, 5)).toBeNull();
    expect(pickLink(links, { x: 120, y: 0 }, 5)).toBeNull();
  });

  it('prefers a dot to a line that passes nearer', () => {
    const crossed = [straight('dotted', 0, 0, 100, 0), straight('passing', 52, -50, 52, 250)];
    expect(pickLink(crossed, { x: 52, y: 3 }, 5)?.pairKey).toBe('dotted');
  });
});

describe('quality scale', () => {
  it('falls by one class at 0.75, 1.5, 2.5 and 3.5 px', () => {
    expect([0, 0.75, 1, 2, 3, 4, 40].map((r) => qualityStep(residualQuality(r)))).toEqual([4, 4, 3, 2, 1, 0, 0]);
  });

  it('never rises with the residual', () => {
    for (let r = 0; r < 10; r += 0.1) expect(residualQuality(r + 0.1)).toBeLessThan(residualQuality(r));
  });
});

describe('tileName', () => {
  it('drops folders and the extension but keeps the page', () => {
    expect(tileName('a/b/Tile_1_2.tif')).toBe('Tile_1_2');
    expect(tileName('stack.tif#3')).toBe('stack#3');
    expect(tileName('.hidden')).toBe('.hidden');
    expect(tileName('plain')).toBe('plain');
  });
});
