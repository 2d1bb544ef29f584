import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Matcher } from '../src/core/matching/matcher.ts';
import { defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import { mosaicQuality } from '../src/core/testing/accuracy/mosaic-quality.ts';
import { meanOf, medianOf } from '../src/core/evaluation/statistics.ts';
import { pairErrors } from '../src/core/testing/accuracy/pair-errors.ts';
import {
  planClean,
  planEm424,
  planToned,
  renderPicture,
  stitchPlan,
  type Picture,
} from '../src/core/testing/accuracy/synthetic-cases.ts';
import { loadMatcher } from './matcher.ts';

// The small version of `npm run bench -- accuracy`: one grid of 2×2 tiles of about 430² a case, under the bounds that
// the project sets for tiles of 640² and more; about 25 s of one core.
const cases = [
  { id: 'sift', cornerPx: 0.1, biasPx: 0.02 },
  { id: 'loftr', cornerPx: 0.3, biasPx: 0.1 },
] as const;

const timeoutMs = 120_000;
let picture: Picture;
beforeAll(() => {
  picture = renderPicture(1260, 5);
}, timeoutMs);

describe.each(cases)('the pipeline from pixels to poses with $id', ({ id, cornerPx, biasPx }) => {
  let matcher: Matcher;

  beforeAll(async () => {
    matcher = (await loadMatcher(id, undefined)).matcher;
  }, timeoutMs);
  afterAll(() => matcher.dispose());

  it(`places the corners of noise-free tiles turned by up to 5° to ${cornerPx} px in the median`, async () => {
    const plan = planClean({ tileSize: { width: 416, height: 416 }, overlap: 0.25, maxRotationDegrees: 5, seed: 12 });
    const errors = pairErrors(await stitchPlan(picture, plan, matcher, 'rigid'));
    expect(errors).toHaveLength(4);
    expect(errors.every(({ bias }) => bias !== null)).toBe(true);
    expect(Math.max(...errors.map(({ thetaRad }) => Math.abs(thetaRad)))).toBeGreaterThan(0.05);
    expect(medianOf(errors.map(({ solved }) => solved.mean))).toBeLessThanOrEqual(cornerPx);
  });

  it(`shifts no axis by more than ${biasPx} px on the mean at a side that nothing divides`, async () => {
    const plan = planClean({ tileSize: { width: 449, height: 421 }, overlap: 0.2, maxRotationDegrees: 0, seed: 4 });
    const errors = pairErrors(await stitchPlan(picture, plan, matcher, 'rigid'));
    const biases = errors.flatMap(({ bias }) => (bias ? [bias] : []));
    expect(biases).toHaveLength(4);
    expect(Math.abs(meanOf(biases.map(({ x }) => x)).mean)).toBeLessThanOrEqual(biasPx);
    expect(Math.abs(meanOf(biases.map(({ y }) => y)).mean)).toBeLessThanOrEqual(biasPx);
  });

  it('gives back the source of an em424 grid to 30 dB and an SSIM of 0.9, aligned at the first tile', async () => {
    const stitched = await stitchPlan(picture, planEm424(2, 416, 3), matcher, 'rigid');
    const quality = await mosaicQuality(stitched, { ...defaultComposeOptions, blend: 'feather' }, 'root');
    expect(quality.covered).toBeGreaterThan(0.6);
    expect(quality.peakSignalToNoiseDb).toBeGreaterThanOrEqual(30);
    expect(quality.structuralSimilarity).toBeGreaterThanOrEqual(0.9);
  });

  it('keeps stiff tiles stiff where affine links of a thin overlap say that they stretch, to 0.5 px', async () => {
    const stitched = await stitchPlan(picture, planToned(2, 640, 0.12, 9), matcher, 'affine');
    expect(medianOf(pairErrors(stitched).map(({ solved }) => solved.mean))).toBeLessThanOrEqual(0.5);
  });
});
