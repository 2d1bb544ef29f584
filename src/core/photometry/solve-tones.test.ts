import { describe, expect, it } from 'vitest';
import type { IntensityMoments, Link } from '../matching/link.ts';
import { noCorrespondences } from '../matching/matcher.ts';
import { emptyMoments } from '../matching/link-moments.ts';
import type { GainOffset } from './gain-offset.ts';
import { gridTileId, seededRandom } from '../testing/synthetic-graph.ts';
import type { TileId } from '../tiles/tile.ts';
import { solveTones } from './solve-tones.ts';

function linkOf(a: TileId, b: TileId, intensities: IntensityMoments | null, dx = 0, dy = 0): Link {
  return {
    kind: 'link',
    pair: { a, b, aFromB: { x: 0, y: 0, thetaRad: 0 }, sigmaPx: 1, expectedOverlap: null },
    correspondences: noCorrespondences,
    matchMs: 0,
    model: 'rigid',
    aFromB: { a: 1, b: 0, c: 0, d: 1, e: dx, f: dy },
    inlierMask: new Uint8Array(0),
    inliers: 0,
    confidence: 1,
    rmsPx: 0,
    moments: emptyMoments,
    intensities,
  };
}

function momentsOf(a: readonly number[], b: readonly number[]): IntensityMoments {
  const mean = (v: readonly number[]) => v.reduce((s, x) => s + x, 0) / v.length;
  const meanA = mean(a);
  const meanB = mean(b);
  return {
    count: a.length,
    meanA,
    meanB,
    varianceA: mean(a.map((x) => (x - meanA) ** 2)),
    varianceB: mean(b.map((x) => (x - meanB) ** 2)),
    covariance: mean(a.map((x, i) => (x - meanA) * (b[i] - meanB))),
  };
}

interface Grid {
  readonly links: Link[];
  readonly ids: TileId[];
  /** seen = gain · true + offset */
  readonly seen: ReadonlyMap<TileId, GainOffset>;
}

/** The data set's photometry: gains N(1, √0.0033), offsets N(0, √75), noise of variance 25, values around 128 ± 30, times `unit`. */
function makeGrid(rows: number, columns: number, seed: number, unit = 1, noise = 5): Grid {
  const draw = seededRandom(seed);
  const ids: TileId[] = [];
  const seen = new Map<TileId, GainOffset>();
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      ids.push(gridTileId(r, c));
      seen.set(gridTileId(r, c), {
        gain: 1 + Math.sqrt(0.0033) * draw.normal(),
        offset: unit * Math.sqrt(75) * draw.normal(),
      });
    }
  const links: Link[] = [];
  const view = (id: TileId, values: readonly number[]): number[] => {
    const tone = seen.get(id);
    if (tone === undefined) throw new RangeError(id);
    return values.map((v) => tone.gain * (v + unit * noise * draw.normal()) + tone.offset);
  };
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      for (const [dr, dc] of [
        [0, 1],
        [1, 0],
      ]) {
        if (r + dr >= rows || c + dc >= columns) continue;
        const level = unit * (128 + 15 * draw.normal());
        const values = Array.from({ length: 2000 }, () => level + unit * 30 * draw.normal());
        const a = gridTileId(r, c);
        const b = gridTileId(r + dr, c + dc);
        links.push(linkOf(a, b, momentsOf(view(a, values), view(b, values))));
      }
  return { links, ids, seen };
}

/** Values −2 σ, 0, +2 σ as they come out, after the best common line: the largest error over all tiles. */
function worstToneError({ ids, seen }: Grid, tones: ReadonlyMap<TileId, GainOffset>, unit = 1): number {
  const levels = [68, 128, 188].map((v) => v * unit);
  const outcome = ids.map((id) => {
    const tone = tones.get(id);
    const view = seen.get(id);
    if (tone === undefined || view === undefined) throw new RangeError(id);
    return levels.map((v) => tone.gain * (view.gain * v + view.offset) + tone.offset);
  });
  // A common gain and offset of the mosaic cannot be seen in overlaps.
  return Math.max(
    ...levels.map((_, k) => {
      const mean = outcome.reduce((s, row) => s + row[k], 0) / outcome.length;
      return Math.max(...outcome.map((row) => Math.abs(row[k] - mean)));
    }),
  );
}

/** How far the level 128 comes apart between the two tiles of a link. */
function stepAcross(
  { pair }: Link,
  seen: ReadonlyMap<TileId, GainOffset>,
  tones: ReadonlyMap<TileId, GainOffset>,
): number {
  const levelOf = (id: TileId): number => {
    const view = seen.get(id) ?? { gain: NaN, offset: NaN };
    const tone = tones.get(id) ?? { gain: 1, offset: 0 };
    return tone.gain * (view.gain * 128 + view.offset) + tone.offset;
  };
  return Math.abs(levelOf(pair.a) - levelOf(pair.b));
}

describe('solveTones', () => {
  it('evens the gains and offsets of the data set to within two grey levels over a 10 × 10 grid', () => {
    for (const seed of [1, 2, 3]) {
      const grid = makeGrid(10, 10, seed);
      const before = worstToneError(grid, new Map(grid.ids.map((id) => [id, { gain: 1, offset: 0 }])));
      const after = worstToneError(grid, solveTones(grid.links, grid.ids));
      expect(before).toBeGreaterThan(20);
      expect(after).toBeLessThan(2);
    }
  });

  it.each([257, 1 / 255])('does the same for values %f times as large', (unit) => {
    const grid = makeGrid(6, 6, 4, unit);
    expect(worstToneError(grid, solveTones(grid.links, grid.ids), unit)).toBeLessThan(2 * unit);
  });

  it('is exact without noise', () => {
    const grid = makeGrid(4, 4, 5, 1, 0);
    // What remains is the pull of the prior: σ_shading²/σ_prior² = 1/900 of a gain, 1/160,000 of a brightness.
    expect(worstToneError(grid, solveTones(grid.links, grid.ids))).toBeLessThan(0.3);
  });

  it('keeps the mean log gain at 0 and the mean brightness of the overlaps', () => {
    const grid = makeGrid(5, 5, 6);
    const tones = solveTones(grid.links, grid.ids);
    const of = (id: TileId): GainOffset => tones.get(id) ?? { gain: NaN, offset: NaN };
    expect(grid.ids.reduce((s, id) => s + Math.log(of(id).gain), 0)).toBeCloseTo(0, 9);
    let change = 0;
    for (const { pair, intensities } of grid.links) {
      if (intensities === null) continue;
      const { meanA, meanB } = intensities;
      change += (of(pair.a).gain - 1) * meanA + of(pair.a).offset + (of(pair.b).gain - 1) * meanB + of(pair.b).offset;
    }
    expect(change / grid.links.length).toBeCloseTo(0, 9);
  });

  it('leaves tiles alone whose overlaps are blank, flat or not measured', () => {
    const [a, b, c] = [gridTileId(0, 0), gridTileId(0, 1), gridTileId(0, 2)];
    const blank = { count: 1000, meanA: 0, meanB: 200, varianceA: 0, varianceB: 0, covariance: 0 };
    const tones = solveTones([linkOf(a, b, blank), linkOf(b, c, null)], [a, b, c]);
    for (const id of [a, b, c]) expect(tones.get(id)).toEqual({ gain: 1, offset: 0 });
    // Noise without common texture says nothing of gain, but its level is real.
    const flat = { count: 1000, meanA: 110, meanB: 100, varianceA: 4, varianceB: 9, covariance: 0 };
    const even = solveTones([linkOf(a, b, flat)], [a, b]);
    expect(even.get(a)?.gain).toBeCloseTo(1, 6);
    expect(110 + (even.get(a)?.offset ?? NaN)).toBeCloseTo(100 + (even.get(b)?.offset ?? NaN), 1);
    expect(110 + (even.get(a)?.offset ?? NaN)).toBeCloseTo(105, 1);
  });

  it('is not led by one overlap that is wrong', () => {
    const grid = makeGrid(6, 6, 7);
    const wrong = grid.links.map((link, l) =>
      l === 20 && link.intensities !== null
        ? { ...link, intensities: { ...link.intensities, meanB: link.intensities.meanB + 100, varianceB: 4000 } }
        : link,
    );
    expect(worstToneError(grid, solveTones(wrong, grid.ids))).toBeLessThan(2);
  });

  it('does not depend on the order of the links', () => {
    const grid = makeGrid(4, 5, 8);
    expect(solveTones([...grid.links].reverse(), [...grid.ids].reverse())).toEqual(solveTones(grid.links, grid.ids));
  });

  it('evens 10,000 tiles, a tenth of whose overlaps are charged, in about a second', () => {
    const draw = seededRandom(9);
    const side = 100;
    const ids: TileId[] = [];
    const seen = new Map<TileId, GainOffset>();
    for (let k = 0; k < side * side; k++) {
      ids.push(gridTileId(Math.floor(k / side), k % side));
      seen.set(ids[k], { gain: 1 + 0.05 * draw.normal(), offset: 8 * draw.normal() });
    }
    const links: Link[] = [];
    for (let k = 0; k < side * side; k++)
      for (const [step, dx, dy] of [
        [1, 900, 0],
        [side, 0, 900],
      ]) {
        if (k + step >= side * side || (step === 1 && (k + 1) % side === 0)) continue;
        const [a, b] = [seen.get(ids[k]), seen.get(ids[k + step])];
        if (!a || !b) throw new RangeError(ids[k]);
        const level = 128 + 15 * draw.normal();
        const charge = draw.uniform() < 0.1 ? 40 * draw.normal() : 0;
        const intensities = {
          count: 2000,
          meanA: a.gain * level + a.offset,
          meanB: b.gain * (level + charge) + b.offset,
          varianceA: a.gain ** 2 * 925,
          varianceB: b.gain ** 2 * 925,
          covariance: a.gain * b.gain * 900,
        };
        links.push(linkOf(ids[k], ids[k + step], intensities, dx, dy));
      }
    // CPU time, not wall time: other work on the machine must not fail a test. About 0.7 s of a free core.
    const started = process.cpuUsage();
    const tones = solveTones(links, ids);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(5);
    const before = Float64Array.from(links, (link) => stepAcross(link, seen, new Map()));
    const after = Float64Array.from(links, (link) => stepAcross(link, seen, tones));
    expect(before.sort()[links.length >> 1]).toBeGreaterThan(7);
    expect(after.sort()[links.length >> 1]).toBeLessThan(0.5);
    expect(after[Math.floor(0.9 * links.length)]).toBeLessThan(2);
  });

  it('names the pair whose moments are not finite', () => {
    const [a, b] = [gridTileId(0, 0), gridTileId(0, 1)];
    const broken = { count: 10, meanA: NaN, meanB: 0, varianceA: 1, varianceB: 1, covariance: 1 };
    expect(() => solveTones([linkOf(a, b, broken)], [a, b])).toThrow(a);
  });
});

describe('two tiles', () => {
  const [a, b] = [gridTileId(0, 0), gridTileId(0, 1)];
  const toneOf = (intensities: IntensityMoments) => {
    const tones = solveTones([linkOf(a, b, intensities)], [b, a]);
    return [a, b].map((id) => tones.get(id) ?? { gain: NaN, offset: NaN });
  };

  it('share a difference of gain as far as its weight goes against that of equal gains', () => {
    // ρ = 0.8, 3200 samples of which 200 count: (1 − ρ²)/(200 ρ²) + 0.01² = 0.0029125.
    const [ofA, ofB] = toneOf({ count: 3200, meanA: 100, meanB: 100, varianceA: 100, varianceB: 400, covariance: 160 });
    const weight = 1 / 0.0029125;
    // w (2λ − ln 2)² + 2 λ²/0.3²; the loss takes half a percent of w.
    const lambda = (weight * Math.LN2) / (2 * weight + 1 / 0.09);
    expect(Math.log(ofA.gain)).toBeCloseTo(lambda, 4);
    expect(Math.log(ofB.gain)).toBeCloseTo(-lambda, 4);
    // The mean level, 100, is left where it is.
    expect(100 * ofA.gain + ofA.offset).toBeCloseTo(100, 9);
    expect(100 * ofB.gain + ofB.offset).toBeCloseTo(100, 9);
  });

  it('meet in the middle of their brightness, but for the little that equal brightness weighs', () => {
    // Perfect correlation: only the shading’s 5 % of the contrast, 10, is uncertain: v = 0.25; the prior is 200.
    const [ofA, ofB] = toneOf({ count: 1600, meanA: 120, meanB: 90, varianceA: 100, varianceB: 100, covariance: 100 });
    const beta = (-30 * 4) / (2 * 4 + 1 / 200 ** 2);
    expect(ofA).toEqual({ gain: 1, offset: expect.closeTo(beta, 6) as number });
    expect(ofB).toEqual({ gain: 1, offset: expect.closeTo(-beta, 6) as number });
  });

  it('keep the brightness of all, weighted by overlaps, where there are three', () => {
    const c = gridTileId(0, 2);
    const of = (meanA: number, meanB: number) =>
      ({ count: 1600, meanA, meanB, varianceA: 100, varianceB: 100, covariance: 100 }) as const;
    const tones = solveTones([linkOf(a, b, of(120, 90)), linkOf(b, c, of(95, 80))], [a, b, c]);
    const [x, y, z] = [a, b, c].map((id) => tones.get(id)?.offset ?? NaN);
    expect(120 + x).toBeCloseTo(90 + y, 2);
    expect(95 + y).toBeCloseTo(80 + z, 2);
    expect(x + y + y + z).toBeCloseTo(0, 9);
  });

  it('say nothing by an overlap of one sample, without variance on one side, or with itself', () => {
    const known = { count: 1600, meanA: 120, meanB: 90, varianceA: 100, varianceB: 100, covariance: 100 };
    const even = { gain: 1, offset: 0 };
    expect(toneOf({ ...known, count: 1 })).toEqual([even, even]);
    expect(toneOf({ ...known, varianceA: 0 })).toEqual([even, even]);
    expect(toneOf({ ...known, varianceB: 0 })).toEqual([even, even]);
    expect(solveTones([linkOf(a, a, known)], [a]).get(a)).toEqual(even);
    expect(solveTones([linkOf(a, b, known)], [a]).get(a)).toEqual(even);
    expect(toneOf(known)).not.toEqual([even, even]);
  });

  it('that nobody links are left as they are beside others that are', () => {
    const alone = gridTileId(5, 5);
    const known = { count: 1600, meanA: 120, meanB: 90, varianceA: 100, varianceB: 400, covariance: 190 };
    const tones = solveTones([linkOf(a, b, known)], [a, alone, b]);
    expect(tones.get(alone)).toEqual({ gain: 1, offset: 0 });
    expect(tones.get(a)?.gain).toBeGreaterThan(1.2);
  });
});
