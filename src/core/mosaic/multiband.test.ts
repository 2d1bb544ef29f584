import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { allocateSamples } from '../raster/raster.ts';
import type { SampleType } from '../raster/raster.ts';
import { sampleBilinear } from '../raster/sample.ts';
import { tileId } from '../tiles/tile.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { Placement } from './mosaic.ts';
import { bandCount, blendBands, blendReachPx, framedBlock } from './multiband.ts';
import type { Block } from './row-intervals.ts';
import { rowWork } from './row-work.ts';
import type { PlacedSource } from './row-work.ts';
import { warpOf } from './warp.ts';

describe('the bands of a blend', () => {
  it('are five at full scale, one fewer every halving, six at most', () => {
    expect([16, 4, 2, 1, 0.5, 0.3, 0.25, 1 / 16, 1 / 32, 1 / 64].map(bandCount)).toEqual([
      6, 6, 6, 5, 4, 3, 3, 1, 0, 0,
    ]);
  });

  it('reach five cells beyond a region, and none of the other blends does', () => {
    // Cells of 32, 16 and 1 output px.
    expect([1, 0.5, 1 / 32].map((scale) => blendReachPx('multiband', scale))).toEqual([160, 160, 160]);
    expect(blendReachPx('seam', 1)).toBe(0);
  });

  it('take a frame of whole cells that are fixed in the output, four more on every side', () => {
    const block = { i0: 0, i1: 10, j0: 3, j1: 8 };
    expect(framedBlock(block, 0, 5, 7)).toBe(block);
    // Cells of 4: columns 5 … 15 are cells 1 … 3, rows 10 … 15 are cells 2 … 3.
    expect(framedBlock(block, 2, 5, 7)).toEqual({ i0: -12 - 5, i1: 32 - 5, j0: -8 - 7, j1: 32 - 7 });
    expect(framedBlock(block, 1, -5, 0)).toEqual({ i0: -14 + 5, i1: 14 + 5, j0: -6, j1: 16 });
  });
});

/** A grid of numbers at absolute places, beyond its border repeated. */
interface Grid {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number) => number;
}

function gridOf(x: number, y: number, width: number, height: number, value: (x: number, y: number) => number): Grid {
  const data = Float64Array.from({ length: width * height }, (_, k) =>
    value(x + (k % width), y + Math.floor(k / width)),
  );
  const clamp = (at: number, count: number) => Math.min(Math.max(at, 0), count - 1);
  return { x, y, width, height, at: (p, q) => data[clamp(q - y, height) * width + clamp(p - x, width)] };
}

const kernel = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16];

/** Sample (x, y) of the half is the kernel about (2x, 2y). */
const reduced = (g: Grid): Grid =>
  gridOf(g.x / 2, g.y / 2, g.width / 2, g.height / 2, (x, y) => {
    let sum = 0;
    kernel.forEach((wy, n) => kernel.forEach((wx, m) => (sum += wx * wy * g.at(2 * x + m - 2, 2 * y + n - 2))));
    return sum;
  });

const expanded = (g: Grid): Grid =>
  gridOf(2 * g.x, 2 * g.y, 2 * g.width, 2 * g.height, (x, y) => {
    let sum = 0;
    for (let n = -2; n <= 2; n++)
      for (let m = -2; m <= 2; m++)
        if ((x + m) % 2 === 0 && (y + n) % 2 === 0)
          sum += 4 * kernel[n + 2] * kernel[m + 2] * g.at((x + m) / 2, (y + n) / 2);
    return sum;
  });

const levelsOf = (g: Grid, count: number): readonly Grid[] => {
  const levels = [g];
  for (let n = 0; n < count; n++) levels.push(reduced(levels[n]));
  return levels;
};

/** Σₖ expand(Σ Wₖ Bₖ / Σ Wₖ) by its definition, of tiles and of the masks of where each shows. */
function burtAdelson(tiles: readonly Grid[], masks: readonly Grid[], bands: number): Grid {
  const pyramids = tiles.map((tile) => levelsOf(tile, bands));
  const weights = masks.map((mask) => levelsOf(mask, bands));
  let result: Grid | null = null;
  for (let n = bands; n >= 0; n--) {
    const base: Grid | null = result === null ? null : expanded(result);
    const coarser = pyramids.map((levels) => (n < bands ? expanded(levels[n + 1]) : null));
    const { x, y, width, height } = pyramids[0][n];
    result = gridOf(x, y, width, height, (p, q) => {
      let [sum, weight] = [0, 0];
      pyramids.forEach((levels, t) => {
        const w = weights[t][n].at(p, q);
        sum += w * (levels[n].at(p, q) - (coarser[t]?.at(p, q) ?? 0));
        weight += w;
      });
      return (base?.at(p, q) ?? 0) + (weight > 0 ? sum / weight : 0);
    });
  }
  if (result === null) throw new Error('no bands');
  return result;
}

interface Shown {
  readonly pose: Affine2;
  readonly width: number;
  readonly height: number;
  readonly value: (u: number, v: number) => number;
}

function sourceOf(
  type: SampleType,
  { pose, width, height, value }: Shown,
  index: number,
  channels: number,
): PlacedSource {
  const placement: Placement = {
    tile: tileId(`t${index}`),
    size: { width, height },
    mosaicFromTile: pose,
    state: 'solved',
    component: 0,
    tone: unitGain,
  };
  const centre = applyAffine(pose, (width - 1) / 2, (height - 1) / 2);
  const windows = Array.from({ length: channels }, (_, c) => {
    const data = allocateSamples(type, width * height);
    for (let k = 0; k < data.length; k++) data[k] = value(k % width, Math.floor(k / width)) + 13 * c;
    return { raster: { data, width, height }, x: 0, y: 0, size: { width, height } };
  });
  const span = { x0: -200, x1: 400, y0: -200, y1: 400 };
  return {
    warp: warpOf(placement, 0, span),
    windows,
    sampleType: type,
    tone: unitGain,
    index,
    centreX: centre.x,
    centreY: centre.y,
  };
}

/** What is written before the bands: where nothing is blended it stays. */
const before = (type: SampleType) => (type === 'float32' ? -500.25 : 251);

/** Blends a block of a composition whose pixel (i, j) is the mosaic point (firstX + i, firstY + j). */
function blend(type: SampleType, shown: readonly Shown[], block: Block, firstX: number, firstY: number, bands: number) {
  const [width, height] = [block.i1 + 2, block.j1 + 3];
  const xs = Float64Array.from({ length: width }, (_, i) => firstX + i);
  const channels = [0, 1].map(() => allocateSamples(type, width * height).fill(before(type)));
  const coverage = new Uint8Array(width * height);
  const sources = shown.map((one, index) => sourceOf(type, one, index, 2));
  const ownerAt = (x: number, y: number): number => {
    let [owner, least] = [-1, Infinity];
    shown.forEach(({ pose, width: w, height: h }, index) => {
      const p = applyAffine(invertAffine(pose), x, y);
      if (p.x < -0.5 || p.y < -0.5 || p.x > w - 0.5 || p.y > h - 0.5) return;
      const far = Math.hypot(x - sources[index].centreX, y - sources[index].centreY);
      if (far < least) [owner, least] = [index, far];
    });
    return owner;
  };
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) coverage[j * width + i] = ownerAt(firstX + i, firstY + j) < 0 ? 0 : 255;
  const frame = framedBlock(block, bands, firstX, firstY);
  const frameXs = Float64Array.from({ length: frame.i1 - frame.i0 }, (_, k) => firstX + frame.i0 + k);
  const frameYs = Float64Array.from({ length: frame.j1 - frame.j0 }, (_, k) => firstY + frame.j0 + k);
  const work = rowWork(
    { blend: 'multiband', sample: sampleBilinear, isUnitStep: true, grid: null },
    xs,
    channels,
    coverage,
  );
  blendBands(work, sources, block, { ...frame, xs: frameXs, ys: frameYs }, bands);
  return { channels, width, height, ownerAt, sources };
}

/** The same by its definition, over much more than the frame. */
function definition(
  type: SampleType,
  shown: readonly Shown[],
  block: Block,
  firstX: number,
  firstY: number,
  bands: number,
) {
  const { channels, width, height, ownerAt, sources } = blend(type, shown, block, firstX, firstY, bands);
  const cell = 2 ** bands;
  const more = 9 * cell;
  const left = Math.floor((firstX + block.i0) / cell) * cell - more;
  const top = Math.floor((firstY + block.j0) / cell) * cell - more;
  const across = Math.ceil((block.i1 - block.i0) / cell + 1) * cell + 2 * more;
  const down = Math.ceil((block.j1 - block.j0) / cell + 1) * cell + 2 * more;
  const owners = gridOf(left, top, across, down, ownerAt);
  const masks = shown.map((_, index) => gridOf(left, top, across, down, (x, y) => (owners.at(x, y) === index ? 1 : 0)));
  const sampled = (c: number) =>
    sources.map(({ windows, warp }) =>
      gridOf(left, top, across, down, (x, y) => {
        const [us, vs, out] = [new Float64Array(1), new Float64Array(1), new Float64Array(1)];
        warp.mapRow(Float64Array.of(x), y, 0, 1, us, vs);
        sampleBilinear(windows[c], us, vs, 0, 1, out);
        return Number.isNaN(out[0]) ? 0 : out[0];
      }),
    );
  const truths = [0, 1].map((c) => burtAdelson(sampled(c), masks, bands));
  /** Another tile shows in this cell or within three of it. */
  const isMixed = (x: number, y: number) => {
    const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
    const seen = new Set<number>();
    for (let q = (row - 3) * cell; q < (row + 4) * cell; q++)
      for (let p = (column - 3) * cell; p < (column + 4) * cell; p++)
        if (owners.at(p, q) >= 0) seen.add(owners.at(p, q));
    return seen.size > 1;
  };
  return { channels, width, height, ownerAt, truths, isMixed };
}

const hash = (n: number) => ((Math.imul(n + 5, 2654435761) >>> 11) & 255) / 4;
const textured = (seed: number, level: number) => (u: number, v: number) =>
  level + hash(977 * seed + 61 * u + 1009 * v);

function expectDefinition(
  type: SampleType,
  shown: readonly Shown[],
  block: Block,
  firstX: number,
  firstY: number,
  bands: number,
) {
  const { channels, width, height, ownerAt, truths, isMixed } = definition(type, shown, block, firstX, firstY, bands);
  let [blended, plain, canvas, worst] = [0, 0, 0, 0];
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      const [x, y] = [firstX + i, firstY + j];
      const isInside = i >= block.i0 && i < block.i1 && j >= block.j0 && j < block.j1;
      const isBlended = isInside && ownerAt(x, y) >= 0 && isMixed(x, y);
      channels.forEach((data, c) => {
        const shows = data[j * width + i];
        const truth = isBlended ? truths[c].at(x, y) : before(type);
        const meant = type === 'float32' ? truth : Math.min(255, Math.max(0, truth));
        worst = Math.max(worst, Math.abs(shows - meant) - (isBlended && type !== 'float32' ? 0.5 : 0));
      });
      if (isBlended) blended++;
      else if (isInside && ownerAt(x, y) >= 0) plain++;
      else if (isInside) canvas++;
    }
  // What lies beyond three cells is less than 1e-4 of the range, which is 300.
  expect(worst).toBeLessThan(0.02);
  return { blended, plain, canvas };
}

describe('blending bands', () => {
  const pair: readonly Shown[] = [
    { pose: translation(0, 0), width: 60, height: 40, value: textured(1, 20) },
    { pose: translation(44, 3), width: 60, height: 40, value: textured(2, 120) },
  ];

  it.each([
    ['float32', 1],
    ['float32', 2],
    ['uint8', 1],
    ['uint8', 2],
  ] as const)('is the sum of the bands of both tiles, weighted where they show: %s, %d bands', (type, bands) => {
    const counts = expectDefinition(type, pair, { i0: 3, i1: 64, j0: 1, j1: 30 }, 17, -3, bands);
    expect(counts.blended).toBeGreaterThan(200);
    expect(counts.canvas).toBeGreaterThan(20);
    // Far from the seam nothing is touched.
    expect(counts.plain).toBeGreaterThan(100);
  });

  it('is the same of turned tiles, three that meet at a point', () => {
    const three: readonly Shown[] = [
      { pose: affineFromPose({ x: 0, y: 2, thetaRad: 0.1 }), width: 40, height: 30, value: textured(3, 20) },
      { pose: affineFromPose({ x: 30, y: -1, thetaRad: -0.15 }), width: 40, height: 30, value: textured(4, 200) },
      { pose: affineFromPose({ x: 14, y: 22, thetaRad: 0.05 }), width: 40, height: 30, value: textured(5, 90) },
    ];
    const { blended, canvas } = expectDefinition('float32', three, { i0: 2, i1: 70, j0: 4, j1: 55 }, -7, -5, 1);
    expect(blended).toBeGreaterThan(500);
    expect(canvas).toBeGreaterThan(500);
    expectDefinition('float32', three, { i0: 0, i1: 12, j0: 0, j1: 9 }, 31, 17, 2);
    expectDefinition('uint8', three, { i0: 0, i1: 1, j0: 0, j1: 1 }, 31, 17, 2);
  });

  it('leaves everything as it is where one tile shows alone', () => {
    const { channels } = blend('float32', pair, { i0: 0, i1: 12, j0: 0, j1: 12 }, 5, 5, 2);
    expect(channels.every((data) => data.every((value) => value === before('float32')))).toBe(true);
    const none = blend('float32', [], { i0: 0, i1: 12, j0: 0, j1: 12 }, 5, 5, 2);
    expect(none.channels[0].every((value) => value === before('float32'))).toBe(true);
  });

  it('takes a sample that is no number for 0 in the bands, so that it spreads no further', () => {
    const holed: readonly Shown[] = [
      pair[0],
      { ...pair[1], value: (u, v) => (u === 9 && v === 10 ? NaN : pair[1].value(u, v)) },
    ];
    expectDefinition('float32', holed, { i0: 0, i1: 40, j0: 0, j1: 20 }, 30, 2, 1);
  });
});
