import { describe, expect, it } from 'vitest';
import { translation } from '../geometry/affine2.ts';
import { seededRandom } from '../random.ts';
import { tileId } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { cutSeed, minCut } from './grid-min-cut.ts';
import type { Placement } from './mosaic.ts';
import { findSeam } from './pair-seam.ts';
import type { CoveredImage } from './pyramid-stream.ts';

const placed = (x: number, y: number, width: number, height: number): Placement => ({
  tile: tileId(`${x} ${y}`),
  size: { width, height },
  mosaicFromTile: translation(x, y),
  state: 'solved',
  component: 0,
  tone: { gain: 1, offset: 0 },
});

const medianOf = (values: readonly number[]) => {
  const known = values.filter((value) => !Number.isNaN(value)).sort((p, q) => p - q);
  return known[Math.floor(known.length / 2)] ?? 0;
};

/**
 * Who shows at each node by the definition: seeds where a tile is alone and one node into the overlap, and through every
 * other node a cost of 2 + 4 (how much nearer to one tile than to the other)² + 16 (unlikeness over the usual one)².
 */
function definition(a: CoveredImage, b: CoveredImage): Uint8Array {
  const { width, height } = a;
  const nodes = Array.from({ length: width * height }, (_, n) => n);
  const has = (image: CoveredImage, n: number) => image.coverage[n] !== 0;
  const near = (n: number) => [n - 1, n + 1, n - width, n + width];
  const seeds = nodes.map((n) => {
    if (!has(a, n) && !has(b, n)) return cutSeed.outside;
    if (!has(b, n)) return cutSeed.first;
    if (!has(a, n)) return cutSeed.second;
    const isNear = (own: CoveredImage, other: CoveredImage) => near(n).some((m) => has(own, m) && !has(other, m));
    const [byFirst, bySecond] = [isNear(a, b), isNear(b, a)];
    if (byFirst === bySecond) return cutSeed.free;
    return byFirst ? cutSeed.first : cutSeed.second;
  });
  const both = nodes.filter((n) => has(a, n) && has(b, n));
  const unlike = (n: number) =>
    a.channels.reduce((sum, { data }, c) => {
      const difference = (m: number) => data[m] - b.channels[c].data[m];
      return sum + Math.abs(difference(n) - medianOf(both.map(difference)));
    }, 0);
  const usual = medianOf(both.map(unlike)) || both.reduce((sum, n) => sum + unlike(n), 0) / both.length || 1;
  const steps = (n: number, kind: number) =>
    nodes.reduce((least, m) => {
      if (seeds[m] !== kind) return least;
      const far = Math.abs((m % width) - (n % width)) + Math.abs(Math.floor(m / width) - Math.floor(n / width));
      return Math.min(least, far);
    }, width * height);
  const cost = (n: number) => {
    if (!both.includes(n)) return 2 ** 20;
    const [p, q] = [steps(n, cutSeed.first), steps(n, cutSeed.second)];
    return Math.min(2 ** 20, 2 + 4 * ((p - q) / Math.max(1, p + q)) ** 2 + 16 * (unlike(n) / usual) ** 2);
  };
  const costs = nodes.map(cost);
  const edge = (step: number) => Int32Array.from(nodes, (n) => Math.round(costs[n] + (costs[n + step] ?? 0)));
  const grid = { width, height, seeds: Uint8Array.from(seeds), right: edge(1), down: edge(width) };
  return minCut(grid).map((part) => (part === 2 ? 0 : 1));
}

/** Draws both tiles of a scene: `value(own, c, x, y)`, covered where they are. */
function scene(tiles: readonly [Placement, Placement], channels: number, value: (own: 0 | 1, c: number) => number) {
  const drawn: CoveredImage[] = [];
  const render = async (placement: Placement, rect: { x: number; y: number; width: number; height: number }) => {
    const own = placement === tiles[0] ? 0 : 1;
    const { width, height } = rect;
    const box = boundsOfPlacements([placement]);
    const coverage = Uint8Array.from({ length: width * height }, (_, n) => {
      const [x, y] = [rect.x + (n % width), rect.y + Math.floor(n / width)];
      return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height ? 255 : 0;
    });
    const image: CoveredImage = {
      channels: Array.from({ length: channels }, (_, c) => ({
        data: Float32Array.from(coverage, (covered) => (covered === 0 ? 0 : value(own, c))),
        width,
        height,
      })),
      coverage,
      width,
      height,
    };
    drawn.push(image);
    return image;
  };
  return { render, drawn };
}

async function expectDefinition(
  tiles: readonly [Placement, Placement],
  channels: number,
  value: (own: 0 | 1, c: number) => number,
) {
  const { render, drawn } = scene(tiles, channels, value);
  const seam = await findSeam(tiles[0], tiles[1], render);
  expect([...(seam?.isFirst ?? [])]).toEqual([...definition(drawn[0], drawn[1])]);
  return seam?.isFirst ?? new Uint8Array();
}

describe('the cost of a seam', () => {
  it.each([
    ['side by side', placed(0, 0, 14, 12), placed(5, 0, 14, 12)],
    ['the later one left', placed(5, 1, 14, 9), placed(0, 0, 13, 12)],
    ['corner to corner', placed(0, 0, 14, 12), placed(6, 4, 14, 12)],
    ['the other corners', placed(0, 5, 14, 12), placed(6, 0, 14, 12)],
    ['one above the other', placed(0, 0, 12, 9), placed(0, 4, 12, 9)],
    ['one within the other', placed(0, 0, 16, 14), placed(3, 3, 8, 8)],
    ['crossed', placed(4, 0, 7, 16), placed(0, 5, 16, 6)],
  ])('is that of its definition: tiles %s', async (_, first, second) => {
    const random = seededRandom(first.size.width + second.size.height);
    const seen = new Set<string>();
    for (let n = 0; n < 8; n++) {
      const channels = n % 4 === 3 ? 3 : 1;
      const found = await expectDefinition([first, second], channels, (own) => 50 * own + 20 * random() ** 2);
      seen.add(found.join(''));
    }
    // A tile within another is nowhere alone: there is no seam.
    expect(seen.size).toBeGreaterThan(first.size.width === 16 && second.size.width === 8 ? 0 : 4);
  });

  it('is in units of the mean where most of the overlap is alike, and no more than its length where all is', async () => {
    const tiles = [placed(0, 0, 14, 12), placed(5, 0, 14, 12)] as const;
    const random = seededRandom(8);
    for (let n = 0; n < 5; n++)
      await expectDefinition(tiles, 1, (own) => 30 * own + (own === 1 && random() < 0.3 ? 9 * random() : 0));
    await expectDefinition(tiles, 1, (own) => 30 * own);
  });

  it('leaves samples that are no numbers out of the usual difference', async () => {
    const tiles = [placed(0, 0, 14, 12), placed(5, 0, 14, 12)] as const;
    const random = seededRandom(9);
    const { render } = scene(tiles, 1, (own) => (random() < 0.05 ? NaN : 40 * own + 5 * random()));
    const seam = await findSeam(tiles[0], tiles[1], render);
    // What one tile shows alone is its own, whatever the rest is.
    const rows = Array.from({ length: 12 }, (_, j) => j + 1);
    const columns = seam?.columns ?? 0;
    expect(rows.map((j) => seam?.isFirst[j * columns])).toEqual(rows.map(() => 1));
    expect(rows.map((j) => seam?.isFirst[(j + 1) * columns - 1])).toEqual(rows.map(() => 0));
  });
});
