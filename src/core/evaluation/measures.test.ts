import { describe, expect, it } from 'vitest';
import { applyAffine, composeAffine, invertAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { seededRandom } from '../random.ts';
import { sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { makeSyntheticGraph } from '../testing/synthetic-graph.ts';
import { tileId } from '../tiles/tile.ts';
import type { TileGrid, TileId } from '../tiles/tile.ts';
import {
  bootstrapIntervals,
  differenceStatistic,
  meanStatistic,
  medianStatistic,
  ratioStatistic,
  recallAreaStatistic,
} from './bootstrap.ts';
import {
  alignRigidly,
  cornerDistances,
  cornerErrors,
  globalCornerErrors,
  neighbourCornerErrors,
} from './corner-errors.ts';
import { globalTone, peakSignalToNoise, structuralSimilarity } from './image-similarity.ts';
import { loopClosures, overlapFlow } from './overlap-flow.ts';
import { areaUnderRecall } from './recall.ts';
import { referenceBias, referenceMatches, referencePoint } from './reference-mapping.ts';
import { meanOf, medianOf, quantileOf } from './statistics.ts';

describe('statistics of weighted units', () => {
  const random = seededRandom(2);
  const values = Array.from({ length: 9 }, (_, k) => (k === 4 ? NaN : k === 6 ? Infinity : Math.round(10 * random())));
  const weights = Uint32Array.of(2, 0, 1, 3, 1, 0, 1, 2, 1);
  /** Every unit so many times. */
  const copies = values.flatMap((value, k) => Array<number>(weights[k]).fill(value)).filter((value) => value === value);

  it('are those of as many copies', () => {
    expect(medianStatistic(values)(weights)).toBe(medianOf(copies));
    const finite = values.map((value) => (value === Infinity ? 7 : value));
    const repeated = copies.map((value) => (value === Infinity ? 7 : value));
    expect(meanStatistic(finite)(weights)).toBeCloseTo(meanOf(repeated).mean, 12);
    expect(ratioStatistic([1, 2, 3], [4, 5, 6])(Uint32Array.of(2, 0, 1))).toBeCloseTo(5 / 14, 12);
    const errors = [1, 9, 2, 3, Infinity, 5];
    const twice = Uint32Array.of(2, 0, 1);
    // Units of two errors: the first twice, the last once.
    expect(recallAreaStatistic(errors, 2, 10)(twice)).toBeCloseTo(areaUnderRecall([1, 1, 9, 9, Infinity, 5], 10), 12);
    expect(recallAreaStatistic(errors, 2, 4)(Uint32Array.of(1, 1, 1))).toBeCloseTo(areaUnderRecall(errors, 4), 12);
    expect(differenceStatistic(meanStatistic([5, 7]), meanStatistic([1, 2]))(Uint32Array.of(1, 1))).toBe(4.5);
  });

  it('are no number of nothing, and an infinite ratio does not spoil a unit that is not drawn', () => {
    const none = Uint32Array.of(0, 0);
    expect([
      medianStatistic([1, 2])(none),
      meanStatistic([1, 2])(none),
      recallAreaStatistic([1, 2], 1, 5)(none),
    ]).toEqual([NaN, NaN, NaN]);
    expect(ratioStatistic([Infinity, 1], [1, 1])(Uint32Array.of(0, 1))).toBe(1);
    expect(medianStatistic([NaN, NaN])(Uint32Array.of(1, 1))).toBeNaN();
  });

  it('have the percentiles of their resamples for an interval', () => {
    const options = { resamples: 400, seed: 6 };
    const seen: number[][] = [];
    const spy = (weightsOf: Uint32Array) => {
      seen.push([...weightsOf]);
      return weightsOf[0];
    };
    const [interval] = bootstrapIntervals(5, [spy], options);
    expect(interval.value).toBe(1);
    const drawn = seen.slice(1);
    expect(drawn.length).toBe(400);
    expect(drawn.every((each) => each.reduce((sum, weight) => sum + weight, 0) === 5)).toBe(true);
    const sorted = drawn.map(([weight]) => weight).sort((p, q) => p - q);
    expect([interval.low, interval.high]).toEqual([sorted[10], sorted[389]]);
    const [half] = bootstrapIntervals(5, [(w) => (w[0] === 1 ? 3 : NaN)], options);
    expect(half).toEqual({ value: 3, low: 3, high: 3 });
    expect(bootstrapIntervals(5, [() => NaN], options)).toEqual([{ value: NaN, low: NaN, high: NaN }]);
  });

  it('of plain lists take the middle, a share and the mean with its error', () => {
    expect([medianOf([3, 1, 2]), medianOf([4, 1, 3, 2]), medianOf([1, Infinity, Infinity])]).toEqual([
      2,
      2.5,
      Infinity,
    ]);
    expect(medianOf([])).toBeNaN();
    expect([quantileOf([1, 2, 3, 4, 5], 0.9), quantileOf([1, 2, 3, 4, 5], 0.9, Math.floor)]).toEqual([5, 4]);
    const { mean, standardError } = meanOf([2, 4, 9]);
    expect(mean).toBe(5);
    // Σ(9 + 1 + 16) / 2 = 13, over 3.
    expect(standardError).toBeCloseTo(Math.sqrt(13 / 3), 12);
    expect(meanOf([7]).standardError).toBe(0);
  });
});

describe('errors of corners', () => {
  const size = { width: 101, height: 51 };
  const pose: Affine2 = { a: 1.01, b: 0.02, c: -0.03, d: 0.98, e: 5, f: -7 };
  const truth = [0, 1, 2].map((k) => ({
    id: tileId(String(k)),
    size,
    mosaicFromTile: { ...pose, e: 90 * k, f: 3 * k, b: 0.02 * k },
  }));

  it('are distances at the centres of the corner pixels', () => {
    // e + 3 everywhere, and 0.04 px a px of height along y.
    const off = { ...pose, e: pose.e + 3, d: pose.d + 0.08 };
    expect(cornerDistances(off, pose, size)).toEqual([3, 3, 5, 5].map((value) => expect.closeTo(value, 9) as number));
    expect(cornerErrors(off, pose, size)).toEqual({
      mean: expect.closeTo(4, 9) as number,
      max: expect.closeTo(5, 9) as number,
    });
  });

  it('of neighbours are those of b in the frame of a', () => {
    const [a, b] = truth;
    const whole = { a: 0, b: 1, c: -1, d: 0, e: 400, f: 9 };
    const moved = new Map(truth.map(({ id, mosaicFromTile }) => [id, composeAffine(whole, mosaicFromTile)]));
    expect(neighbourCornerErrors(moved, a, b).max).toBeLessThan(1e-9);
    const off = new Map(moved).set(b.id, composeAffine(whole, composeAffine(b.mosaicFromTile, translation(0, 2))));
    const shift = applyAffine({ ...composeAffine(invertAffine(a.mosaicFromTile), b.mosaicFromTile), e: 0, f: 0 }, 0, 2);
    expect(neighbourCornerErrors(off, a, b).mean).toBeCloseTo(Math.hypot(shift.x, shift.y), 9);
    expect(neighbourCornerErrors(new Map([[a.id, pose]]), a, b)).toEqual({ mean: Infinity, max: Infinity });
    expect(neighbourCornerErrors(new Map([[b.id, pose]]), a, b)).toEqual({ mean: Infinity, max: Infinity });
  });

  it('of a mosaic are what the best rigid motion leaves', () => {
    const whole = { a: Math.cos(2), b: Math.sin(2), c: -Math.sin(2), d: Math.cos(2), e: 70, f: -30 };
    const moved = new Map(
      truth.map(({ id, mosaicFromTile }) => [id, composeAffine(invertAffine(whole), mosaicFromTile)]),
    );
    const aligned = alignRigidly(moved, truth);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f'] as const) expect(aligned?.[key]).toBeCloseTo(whole[key], 8);
    const errors = globalCornerErrors(moved, truth.concat({ ...truth[0], id: tileId('gone') }));
    expect([...errors.values()].slice(0, 3).every(({ max }) => max < 1e-8)).toBe(true);
    expect(errors.get(tileId('gone'))).toEqual({ mean: Infinity, max: Infinity });
    expect(alignRigidly(new Map(), truth)).toBeNull();
    expect([...globalCornerErrors(new Map(), truth).values()]).toEqual(
      Array(3).fill({ mean: Infinity, max: Infinity }),
    );
    // One tile of three 6 px off: the rest takes a third of it.
    const [first, ...others] = truth;
    const apart = new Map(truth.map(({ id, mosaicFromTile }) => [id, mosaicFromTile]));
    apart.set(first.id, { ...first.mosaicFromTile, f: first.mosaicFromTile.f + 6 });
    const left = globalCornerErrors(apart, truth);
    expect(left.get(others[0].id)?.mean).toBeGreaterThan(1.5);
    expect(left.get(first.id)?.mean).toBeLessThan(4.5);
  });
});

describe('likeness of images', () => {
  const random = seededRandom(4);
  const [width, height] = [19, 280];
  const reference = { data: Float32Array.from({ length: width * height }, () => 255 * random()), width, height };
  const image = { ...reference, data: reference.data.map((value) => 0.5 * value + 10 + 20 * random()) };
  const mask = Uint8Array.from({ length: width * height }, (_, k) => (k % width < 2 || k > 270 * width ? 0 : 1));

  it('has the tone of least squares', () => {
    const pair = { image: { ...reference, data: reference.data.map((value) => 2 * value - 6) }, reference };
    expect(globalTone(pair).gain).toBeCloseTo(0.5, 5);
    expect(globalTone(pair).offset).toBeCloseTo(3, 3);
    const flat = { image: { ...reference, data: new Float32Array(width * height).fill(9) }, reference };
    expect(globalTone(flat).gain).toBe(0);
    const some = {
      image: { data: Float32Array.of(1, 2, 99), width: 3, height: 1 },
      reference: { data: Float32Array.of(10, 12, 5), width: 3, height: 1 },
      mask: Uint8Array.of(1, 1, 0),
    };
    expect(globalTone(some)).toEqual({ gain: expect.closeTo(2, 9) as number, offset: expect.closeTo(8, 9) as number });
  });

  it.each([undefined, mask])('is PSNR and SSIM by their definitions, with a mask or without', (masked) => {
    const pair = masked ? { image, reference, mask: masked } : { image, reference };
    const { gain, offset } = globalTone(pair);
    const counts = (k: number) => masked === undefined || masked[k] !== 0;
    const x = Float64Array.from(image.data, (value) => gain * value + offset);
    const y = reference.data;
    let [n, squares] = [0, 0];
    x.forEach((value, k) => {
      if (!counts(k)) return;
      n++;
      squares += (value - y[k]) ** 2;
    });
    expect(peakSignalToNoise(pair)).toBeCloseTo(10 * Math.log10((255 ** 2 * n) / squares), 9);
    const kernel = Array.from({ length: 121 }, (_, k) =>
      Math.exp(-(((k % 11) - 5) ** 2 + (Math.floor(k / 11) - 5) ** 2) / 4.5),
    );
    const total = kernel.reduce((sum, weight) => sum + weight, 0);
    let [sum, windows] = [0, 0];
    for (let j = 5; j < height - 5; j++)
      for (let i = 5; i < width - 5; i++) {
        const places = kernel.map((_, k) => (j + Math.floor(k / 11) - 5) * width + i + (k % 11) - 5);
        if (!places.every(counts)) continue;
        const mean = (value: (at: number) => number) =>
          kernel.reduce((s, w, k) => s + (w / total) * value(places[k]), 0);
        const [mx, my] = [mean((at) => x[at]), mean((at) => y[at])];
        const [vx, vy] = [mean((at) => x[at] ** 2) - mx ** 2, mean((at) => y[at] ** 2) - my ** 2];
        const covariance = mean((at) => x[at] * y[at]) - mx * my;
        sum +=
          ((2 * mx * my + 6.5025) * (2 * covariance + 58.5225)) / ((mx ** 2 + my ** 2 + 6.5025) * (vx + vy + 58.5225));
        windows++;
      }
    expect(structuralSimilarity(pair)).toBeCloseTo(sum / windows, 6);
  });
});

describe('what the pixels of an overlap say', () => {
  const texture = spotTexture(7, 9);
  const a = sampleTexture(texture, 170, 150, translation(0, 0));
  const bright = { ...a, data: a.data.map((value) => 200 * value) };
  const b = sampleTexture(texture, 190, 160, translation(-6.5, -4));
  const dark = { ...b, data: b.data.map((value) => 90 * value + 20) };

  it('is a block of 64 px a place, with the shift to where it fits best', () => {
    // b's pixel (0, 0) lies at (−6.5, −4) of a; the motion says (−4.5, −5.5).
    const flow = overlapFlow(bright, dark, translation(-4.5, -5.5));
    expect(flow.length).toBe(4);
    for (const { shiftPx, correlation } of flow) {
      expect(Math.abs((shiftPx ?? NaN) - 2.5)).toBeLessThan(0.1);
      expect(correlation).toBeLessThan(0.95);
    }
    for (const { shiftPx, correlation } of overlapFlow(bright, dark, translation(-6.5, -4))) {
      expect(shiftPx).toBeLessThan(0.05);
      expect(correlation).toBeGreaterThan(0.99);
    }
  });

  it('is nothing of blocks that the other tile does not hold whole, and no shift where nothing fits', () => {
    expect(overlapFlow(bright, dark, translation(60, 0)).length).toBe(2);
    expect(overlapFlow(bright, dark, translation(0, 60)).length).toBe(2);
    expect(overlapFlow(bright, dark, translation(-100, 0)).length).toBe(2);
    expect(overlapFlow(bright, dark, translation(500, 0))).toEqual([]);
    const other = sampleTexture(spotTexture(99, 9), 190, 160, translation(0, 0));
    const unlike = overlapFlow(bright, { ...other, data: other.data.map((value) => 100 * value) }, translation(-6, -4));
    expect(unlike.map(({ shiftPx }) => shiftPx)).toEqual([null, null, null, null]);
  });

  it('closes loops of four in either direction of the links', () => {
    const { graph } = makeSyntheticGraph({ rows: 2, columns: 2 });
    const ids = graph.nodes.map(({ id }) => id);
    const cells = new Map<TileId, { row: number; column: number }>(
      ids.map((id, k) => [id, { row: Math.floor(k / 2), column: k % 2 }]),
    );
    const grid: TileGrid = { kind: 'grid', rows: 2, columns: 2, cells, overlap: { x: 0.1, y: 0.1 } };
    const motions = new Map([
      [`${ids[0]}\n${ids[1]}`, translation(900, 0)],
      [`${ids[1]}\n${ids[3]}`, translation(0, 720)],
      [`${ids[2]}\n${ids[3]}`, translation(897, 4)],
      [`${ids[0]}\n${ids[2]}`, translation(0, 720)],
    ]);
    const links = graph.links.map((link) => ({
      ...link,
      aFromB: motions.get(`${link.pair.a}\n${link.pair.b}`) ?? translation(NaN, 0),
    }));
    const sizeOf = () => ({ width: 1000, height: 800 });
    // Right, down, back left by 897 and up by 4, up: (3, −4) px off.
    expect(loopClosures(grid, links, sizeOf)).toEqual([expect.closeTo(5, 9)]);
    const reversed = links.map((link, k) =>
      k === 1
        ? { ...link, pair: { ...link.pair, a: link.pair.b, b: link.pair.a }, aFromB: invertAffine(link.aFromB) }
        : link,
    );
    expect(loopClosures(grid, reversed, sizeOf)).toEqual([expect.closeTo(5, 9)]);
    expect(loopClosures(grid, links.slice(1), sizeOf)).toEqual([]);
    expect(loopClosures({ ...grid, cells: new Map([...cells].slice(1)) }, links, sizeOf)).toEqual([]);
  });
});

describe('the mapping of the reference system', () => {
  it('loses what its strip is floored by', () => {
    // 307 px: half is 154, floored to 152, twice 304. 154 px: 77, 72, 144. 205 px: 103, 96, 192.
    expect([referenceBias(1024, 0.3), referenceBias(512, 0.3), referenceBias(1024, 0.2)]).toEqual([3, 10, 13]);
  });

  it('resizes the strip, and scales back by the factor of the other axis', () => {
    const tile = { width: 1024, height: 1000 };
    const place = { axis: 'horizontal', isFirst: true } as const;
    // Strip of 307 px from column 717 on, 152 × 496 px small; factor 1000/496.
    const factor = 1000 / 496;
    const p = referencePoint(800, 300, tile, place, 0.3);
    expect(p?.x).toBeCloseTo(((83.5 * 152) / 307 - 0.5) * factor + 1024 - 152 * factor, 9);
    expect(p?.y).toBeCloseTo((300.5 / factor - 0.5) * factor, 9);
    const second = referencePoint(83, 300, tile, { ...place, isFirst: false }, 0.3);
    expect(second?.x).toBeCloseTo(((83.5 * 152) / 307 - 0.5) * factor, 9);
    const turned = referencePoint(300, 800, { width: 1000, height: 1024 }, { axis: 'vertical', isFirst: true }, 0.3);
    expect([turned?.x, turned?.y]).toEqual([p?.y, p?.x]);
    const at = (x: number) => referencePoint(x, 300, tile, place, 0.3) !== null;
    expect([at(716.4), at(716.5), at(1023.5), at(1023.6)]).toEqual([false, true, true, false]);
  });

  it('takes the matches of a pair that both strips show', () => {
    const sizes = { sizeA: { width: 1024, height: 1024 }, sizeB: { width: 1024, height: 1024 }, overlap: 0.3 };
    const found = {
      a: Float32Array.of(800, 300, 100, 300, 900, 10),
      b: Float32Array.of(83, 300, 83, 300, 900, 10),
      confidence: Float32Array.of(0.9, 0.8, 0.7),
    };
    const kept = (e: number, f: number) => referenceMatches(found, { ...sizes, nominalAFromB: translation(e, f) });
    const right = kept(717, 0);
    expect(right.confidence).toEqual(Float32Array.of(0.9));
    const p = referencePoint(800, 300, sizes.sizeA, { axis: 'horizontal', isFirst: true }, 0.3);
    const q = referencePoint(83, 300, sizes.sizeB, { axis: 'horizontal', isFirst: false }, 0.3);
    expect(right.a).toEqual(Float32Array.of(p?.x ?? NaN, p?.y ?? NaN));
    expect(right.b).toEqual(Float32Array.of(q?.x ?? NaN, q?.y ?? NaN));
    // b left of a, above and below it: other strips, other matches.
    expect(kept(-717, 0).confidence).toEqual(Float32Array.of());
    expect(kept(0, 717).confidence).toEqual(Float32Array.of());
    expect(kept(0, -717).confidence).toEqual(Float32Array.of());
  });
});
