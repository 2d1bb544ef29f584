import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import type { Rect } from '../geometry/rect.ts';
import { tileId } from '../tiles/tile.ts';
import type { Placement } from './mosaic.ts';
import { findSeam, seamLattice, showsFirst } from './pair-seam.ts';
import type { PairSeam } from './pair-seam.ts';
import type { CoveredImage } from './pyramid-stream.ts';

const placed = (x: number, y: number, width: number, height: number): Placement => ({
  tile: tileId(`${x} ${y}`),
  size: { width, height },
  mosaicFromTile: translation(x, y),
  state: 'solved',
  component: 0,
  tone: { gain: 1, offset: 0 },
});

describe('the lattice of a seam', () => {
  it('holds the overlap and one node more on every side, at mosaic pixels', () => {
    expect(seamLattice(placed(0, 0, 100, 80), placed(70, 10, 100, 80))).toEqual({
      step: 1,
      firstX: 69,
      firstY: 9,
      columns: 32,
      rows: 72,
    });
    expect(seamLattice(placed(0, 0, 100, 80), placed(170, 10, 100, 80))).toBeNull();
  });

  it('is made coarser by twos until it has 32,768 nodes or fewer', () => {
    // 400 × 300 px: 402 × 302 nodes; 202 × 152 with steps of two; 102 × 77 = 7854 are enough with steps of four.
    expect(seamLattice(placed(0, 0, 500, 400), placed(100, 100, 500, 400))).toEqual({
      step: 2,
      firstX: 49,
      firstY: 49,
      columns: 202,
      rows: 152,
    });
    const fine = seamLattice(placed(0, 0, 500, 400), placed(-101, -101, 500, 400));
    expect([fine?.step, fine?.firstX, fine?.columns]).toEqual([2, -1, 202]);
  });
});

describe('a seam', () => {
  const seam: PairSeam = {
    step: 4,
    firstX: 2,
    firstY: -1,
    columns: 3,
    rows: 2,
    isFirst: Uint8Array.of(1, 0, 0, 1, 1, 0),
  };
  // Node (i, j) lies at x = (2 + i + ½)·4 − ½ = 9.5, 13.5, 17.5; y = −2.5, 1.5.
  it('shows the first tile where its nodes say so, bilinear between them', () => {
    const row = (y: number) => [9.5, 11.4, 11.6, 13.5, 15.4, 15.6, 17.5].map((x) => showsFirst(seam, x, y));
    expect(row(-2.5)).toEqual([true, true, false, false, false, false, false]);
    expect(row(1.5)).toEqual([true, true, true, true, true, false, false]);
    // Half-way down at x = 13.5 the answers 0 and 1 meet: at least a half is the first.
    expect([showsFirst(seam, 13.5, -0.6), showsFirst(seam, 13.5, -0.5)]).toEqual([false, true]);
  });

  it('goes on beyond its nodes as at them', () => {
    expect([showsFirst(seam, -50, -50), showsFirst(seam, 50, 50)]).toEqual([true, false]);
    expect([showsFirst(seam, 13.5, 99), showsFirst(seam, 13.5, -99)]).toEqual([true, false]);
  });
});

describe('finding a seam', () => {
  const [left, right] = [placed(0, 0, 60, 40), placed(20, 0, 60, 40)];

  /** Tiles whose overlap differs as `unlike` says; a constant step of brightness between them. */
  function render(unlike: (x: number, y: number) => number) {
    const asked: (Rect & { readonly step: number })[] = [];
    const draw = async (tile: Placement, rect: Rect, step: number): Promise<CoveredImage> => {
      asked.push({ ...rect, step });
      const [width, height] = [rect.width / step, rect.height / step];
      const data = new Float32Array(width * height);
      const coverage = new Uint8Array(width * height);
      for (let k = 0; k < data.length; k++) {
        const [x, y] = [rect.x + (k % width), rect.y + Math.floor(k / width)];
        const { e, f } = tile.mosaicFromTile;
        if (x < e || x >= e + 60 || y < f || y >= f + 40) continue;
        coverage[k] = 255;
        data[k] = 100 + ((7 * x + 13 * y) % 5) + (tile === right ? 40 + unlike(x, y) : 0);
      }
      return { channels: [{ data, width, height }], coverage, width, height };
    };
    return { draw, asked };
  }

  const boundary = (seam: PairSeam | null, y: number) => {
    if (seam === null) throw new Error('no seam');
    const firsts: number[] = [];
    for (let x = 15; x < 65; x++) if (showsFirst(seam, x, y)) firsts.push(x);
    expect(firsts).toEqual(firsts.map((_, k) => 15 + k));
    return 15 + firsts.length;
  };

  it('runs midway where tiles are alike but for a step of brightness', async () => {
    const { draw, asked } = render(() => 0);
    const seam = await findSeam(left, right, draw);
    expect(asked).toEqual(Array(2).fill({ x: 19, y: -1, width: 42, height: 42, step: 1 }));
    // Columns 20 … 59 overlap; costs are whole numbers, so that some px about the middle cost the same.
    for (let y = 2; y < 38; y++) expect(Math.abs(boundary(seam, y) - 40)).toBeLessThanOrEqual(5);
  });

  it('keeps to where they differ least, and to the shorter way round', async () => {
    // Everything differs but for a lane at x = 30 that steps to 34 half-way down.
    const lane = (y: number) => (y < 20 ? 30 : 34);
    const { draw } = render((x, y) => (Math.abs(x - lane(y)) <= 1 ? 0 : 20 * ((x + y) % 2)));
    const seam = await findSeam(left, right, draw);
    for (const y of [5, 10, 15]) expect(Math.abs(boundary(seam, y) - 30)).toBeLessThanOrEqual(2);
    for (const y of [25, 30, 35]) expect(Math.abs(boundary(seam, y) - 34)).toBeLessThanOrEqual(2);
  });

  it('gives each tile what it shows alone, and what lies a pixel into the overlap', async () => {
    const seam = await findSeam(left, right, render(() => 0).draw);
    for (let y = 0; y < 40; y++) {
      expect([showsFirst(seam ?? ({} as PairSeam), 19, y), showsFirst(seam ?? ({} as PairSeam), 20, y)]).toEqual([
        true,
        true,
      ]);
      expect([showsFirst(seam ?? ({} as PairSeam), 59, y), showsFirst(seam ?? ({} as PairSeam), 60, y)]).toEqual([
        false,
        false,
      ]);
    }
    expect(await findSeam(left, placed(500, 0, 60, 40), render(() => 0).draw)).toBeNull();
  });
});
