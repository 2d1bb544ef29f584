import { unitGain } from '../photometry/gain-offset.ts';
import { describe, expect, it } from 'vitest';
import { composeAffine, translation } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Matcher } from '../matching/matcher.ts';
import { defaultComposeOptions } from '../mosaic/mosaic.ts';
import { silentContext } from '../progress.ts';
import { cutGrid, defaultSyntheticGrid, planSyntheticGrid, tileGridOf, tilesOf } from '../synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../synthesis/texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { evaluateGrid } from './evaluate-grid.ts';
import type { EvaluationChoice, EvaluationSteps, GridSubject } from './evaluate-grid.ts';
import { mosaicLikeness, sourceLikeness } from './mosaic-likeness.ts';

/** Six tiles of 96 × 80 px, exactly where the layout says: 72 px apart across, 60 px down. */
function subjectOf(changes: Partial<GridSubject> = {}): GridSubject {
  const plan = planSyntheticGrid({
    ...defaultSyntheticGrid,
    rows: 2,
    columns: 3,
    tileSize: { width: 96, height: 80 },
    overlap: { x: 0.25, y: 0.25 },
    maxShiftPx: 0,
    maxRotationRad: 0,
    gain: { mean: 1, sigma: 0, low: 1, high: 1 },
    offset: { mean: 0, sigma: 0, low: 0, high: 0 },
  });
  const source = renderTexture(emTexture(defaultTexture), { x: 0, y: 0, ...plan.sourceSize });
  const { tiles } = cutGrid(source, plan);
  const truth = tiles.map(
    ({ id, name, size, mosaicFromTile }, k) =>
      [id, { file: name, size, mosaicFromTile, mesh: null, noiseSigma: k }] as const,
  );
  return {
    tiles: tilesOf(plan),
    layout: tileGridOf(plan),
    truth: new Map(truth),
    model: 'rigid',
    hasOverlap: true,
    reader: memoryTileReader(new Map(tiles.map(({ id, raster }) => [id, [raster]]))),
    source,
    ...changes,
  };
}

const off = { x: 1.5, y: 2 };

/** Finds every point where the layout has it but for 1.5 and 2 px, in 40 ms of wall and 70 of processor time. */
function stepsOf(alignDirectly: EvaluationSteps['alignDirectly'] = () => null) {
  let [clock, cpu, calls] = [1000, 500, 0];
  const matcher: Matcher = {
    scale: 1,
    multipleOf: 1,
    minConfidence: 0.5,
    match: (_, b, { aFromB }) => {
      clock += 40;
      cpu += 70;
      calls++;
      const [p, q]: [number[], number[]] = [[], []];
      for (let y = 2; y < b.height; y += 5)
        for (let x = 2; x < b.width; x += 5) {
          q.push(x, y);
          p.push(aFromB.a * x + aFromB.c * y + aFromB.e + off.x, aFromB.b * x + aFromB.d * y + aFromB.f + off.y);
        }
      const confidence = new Float32Array(q.length / 2).fill(0.85);
      return Promise.resolve({ a: Float32Array.from(p), b: Float32Array.from(q), confidence });
    },
    dispose: () => Promise.resolve(),
  };
  const steps: EvaluationSteps = { matcher, now: () => clock, cpuNow: () => cpu, alignDirectly };
  return { steps, calls: () => calls };
}

const alone: EvaluationChoice = { align: false, solve: false, mosaics: false, floor: false };
const four = (value: number) => [value, value, value, value].map((each) => expect.closeTo(each, 3) as number);

describe('evaluating a grid', () => {
  it('measures every pair that the layout proposes against the truth', async () => {
    const { steps, calls } = stepsOf();
    const grid = await evaluateGrid(subjectOf(), alone, steps, silentContext);
    expect(grid).toMatchObject({
      tiles: 6,
      solvedTiles: null,
      quality: null,
      referenceQuality: null,
      sourceQuality: null,
    });
    expect(grid.pairs.map(({ a, b }) => `${a} ${b}`).sort()).toEqual(
      [
        ['1_1', '1_2'],
        ['1_2', '1_3'],
        ['2_1', '2_2'],
        ['2_2', '2_3'],
        ['1_1', '2_1'],
        ['1_2', '2_2'],
        ['1_3', '2_3'],
      ]
        .map(([p, q]) => `tile_${p}.tif tile_${q}.tif`)
        .sort(),
    );
    // Asked once a pair: the second verification has the same answers.
    expect(calls()).toBe(7);
    for (const pair of grid.pairs) {
      expect(pair).toMatchObject({ matchMs: 40, cpuMs: 70, rejection: null, solved: null, floor: null, quality: null });
      expect(pair.pairwise).toEqual(four(2.5));
      expect(pair.unaligned).toEqual(four(2.5));
      expect(pair.inliers).toBe(pair.matches);
      const [sum, count] = pair.inlierError;
      expect([count, sum / count]).toEqual([pair.matches, expect.closeTo(2.5, 3)]);
    }
    // The larger of the two noises.
    const noise = grid.pairs.find(({ a, b }) => a === 'tile_1_2.tif' && b === 'tile_2_2.tif')?.noise;
    expect(noise).toBe(4);
  });

  it('solves with the pairs as they are, and tells corners after it', async () => {
    const { steps } = stepsOf();
    const grid = await evaluateGrid(subjectOf(), { ...alone, solve: true }, { ...steps, cpuNow: null }, silentContext);
    expect([grid.solvedTiles, grid.quality]).toEqual([6, null]);
    for (const { solved, cpuMs } of grid.pairs) {
      // Every link is off by as much, so that all agree.
      expect(solved?.map((each) => Math.abs(each - 2.5) < 0.05)).toEqual([true, true, true, true]);
      expect(cpuMs).toBeNull();
    }
    const apart = await evaluateGrid(
      subjectOf({ hasOverlap: false }),
      { ...alone, solve: true, floor: true },
      steps,
      silentContext,
    );
    expect([apart.solvedTiles, apart.pairs[0].solved, apart.pairs[0].floor]).toEqual([null, null, null]);
    expect(
      apart.pairs.every(({ overlap, pairwise, reference }) => overlap === 0 && pairwise === null && reference === null),
    ).toBe(true);
  });

  it('compares its mosaic, and those of four pairs, with what the true poses give', async () => {
    const subject = subjectOf();
    const { steps } = stepsOf();
    const grid = await evaluateGrid(subject, { ...alone, solve: true, mosaics: true }, steps, silentContext);
    const truePoses = new Map([...subject.truth].map(([id, { mosaicFromTile }]) => [id, mosaicFromTile]));
    if (subject.layout.kind !== 'grid') throw new Error('the layout is a grid');
    const { cells } = subject.layout;
    const posesOff = new Map(
      [...truePoses].map(([id, pose]) => {
        const { row = 0, column = 0 } = cells.get(id) ?? {};
        return [id, composeAffine(pose, translation((row + column) * off.x, (row + column) * off.y))];
      }),
    );
    const tones = new Map(subject.tiles.map(({ id }) => [id, unitGain]));
    const parts = { tiles: subject.tiles, reader: subject.reader, tones, compose: defaultComposeOptions };
    const own = await mosaicLikeness(parts, posesOff, truePoses, silentContext.signal);
    expect(grid.quality?.peakSignalToNoiseDb).toBeCloseTo(own.peakSignalToNoiseDb, 0);
    expect(grid.quality?.structuralSimilarity).toBeCloseTo(own.structuralSimilarity, 1);
    expect(subject.source).not.toBeNull();
    if (subject.source) {
      const likeness = await sourceLikeness(parts, posesOff, truePoses, subject.source, silentContext.signal);
      expect(grid.sourceQuality?.peakSignalToNoiseDb).toBeCloseTo(likeness.peakSignalToNoiseDb, 0);
    }
    expect(grid.referenceQuality?.peakSignalToNoiseDb).toBeGreaterThan(0);
    expect(grid.pairs.map(({ quality }) => quality !== null)).toEqual([true, false, true, false, true, false, true]);
    expect(grid.pairs.map(({ referenceQuality }) => referenceQuality !== null)).toEqual([true, false, true, false, true, false, true]); // prettier-ignore
    const [first] = grid.pairs;
    const two = { ...parts, tiles: subject.tiles.filter(({ file }) => file === first.a || file === first.b) };
    const [a, b] = two.tiles.map(({ id }) => id);
    const poses = new Map<typeof a, Affine2>([
      [a, truePoses.get(a) ?? translation(0, 0)],
      [b, composeAffine(truePoses.get(b) ?? translation(0, 0), translation(off.x, off.y))],
    ]);
    const pairLikeness = await mosaicLikeness(two, poses, truePoses, silentContext.signal);
    expect(first.quality?.peakSignalToNoiseDb).toBeCloseTo(pairLikeness.peakSignalToNoiseDb, 0);
    expect(first.quality?.structuralSimilarity).toBeCloseTo(pairLikeness.structuralSimilarity, 1);
    // Without the source at hand, or with a bent tile, less is told.
    const without = await evaluateGrid(
      subjectOf({ source: null }),
      { ...alone, solve: true, mosaics: true },
      steps,
      silentContext,
    );
    expect([without.sourceQuality, without.quality]).toEqual([null, grid.quality]);
    const mesh = { columns: 2, rows: 2, dx: new Float64Array(4), dy: new Float64Array(4) };
    const bentTruth = new Map([...subject.truth].map(([id, tile], k) => [id, k === 2 ? { ...tile, mesh } : tile]));
    const bent = await evaluateGrid(
      subjectOf({ truth: bentTruth }),
      { ...alone, solve: true, mosaics: true },
      steps,
      silentContext,
    );
    expect([bent.quality, bent.solvedTiles, bent.pairs[0].quality]).toEqual([null, 6, null]);
    expect(bent.pairs[0].solved).not.toBeNull();
  });

  it('aligns directly from the truth for the floor of every pair', async () => {
    const asked: unknown[] = [];
    const { steps } = stepsOf((a, b, aFromB, model) => {
      asked.push([a.region, b.region, a.raster.width, b.raster.height, aFromB.e, aFromB.f, model]);
      return asked.length === 2 ? null : composeAffine(aFromB, translation(0.3, 0.4));
    });
    const grid = await evaluateGrid(subjectOf(), { ...alone, floor: true }, steps, silentContext);
    expect(grid.pairs[0].floor).toEqual(four(0.5));
    expect(grid.pairs[1].floor).toBe('failed');
    expect(asked).toHaveLength(7);
    const [[regionA, regionB, width, height, e, f, model]] = asked as [
      [
        { x: number; width: number; height: number },
        { x: number; width: number; height: number },
        number,
        number,
        number,
        number,
        string,
      ],
    ];
    expect([e, f, model]).toEqual([expect.closeTo(72, 6), expect.closeTo(0, 6), 'rigid']);
    expect([width, height]).toEqual([regionA.width, regionB.height]);
    expect([regionA.x + regionA.width, regionB.x]).toEqual([96, 0]);
  });

  it('stops where it is told to', async () => {
    const { steps, calls } = stepsOf();
    const controller = new AbortController();
    const context = {
      ...silentContext,
      signal: controller.signal,
      yieldNow: () => {
        if (calls() === 2) controller.abort();
        return Promise.resolve();
      },
    };
    await expect(evaluateGrid(subjectOf(), alone, steps, context)).rejects.toMatchObject({ name: 'AbortError' });
    expect(calls()).toBe(2);
  });
});
