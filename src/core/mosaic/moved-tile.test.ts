import { unitGain } from '../photometry/gain-offset.ts';
import { describe, expect, it } from 'vitest';
import type { Affine2 } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import { silentContext } from '../progress.ts';
import { sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { tileId } from '../tiles/tile.ts';
import { boundsOfPlacements } from './build-mosaic.ts';
import { composeRegion } from './compositor.ts';
import { defaultComposeOptions } from './mosaic.ts';
import type { Mosaic, Placement } from './mosaic.ts';
import { composeMoved, differenceOfMoved } from './moved-tile.ts';
import type { MoveSubject } from './moved-tile.ts';
import { placementIndex } from './pyramid-stream-placements.ts';

const size = { width: 160, height: 160 };
const { signal } = silentContext;
const texture = spotTexture(5);
const [a, b, c] = ['a', 'b', 'c'].map((name) => tileId(name));
/** Where the tiles were really imaged; b is placed wrongly by `error` in the mosaic. */
const truth = new Map([
  [a, affineFromPose({ x: 0, y: 0, thetaRad: 0 })],
  [b, affineFromPose({ x: 110.37, y: 3.81, thetaRad: 0 })],
  [c, affineFromPose({ x: 2.2, y: 109.4, thetaRad: 0 })],
]);
const error = { x: 0.3, y: -0.4 };
const shifted = (pose: Affine2, x: number, y: number): Affine2 => ({ ...pose, e: pose.e + x, f: pose.f + y });

function subjectOf(blend: MoveSubject['options']['blend'] = 'feather'): MoveSubject & { readonly mosaic: Mosaic } {
  const placements = [...truth].map(([tile, pose]): Placement => {
    const mosaicFromTile = tile === b ? shifted(pose, error.x, error.y) : pose;
    return { tile, size, mosaicFromTile, state: 'solved', component: 0, tone: unitGain };
  });
  const kind = { channels: 1, sampleType: 'float32', pixelSizeNm: null } as const;
  const mosaic: Mosaic = { bounds: boundsOfPlacements(placements), placements, ...kind };
  const rasters = new Map(
    [...truth].map(([tile, pose]) => [tile, [sampleTexture(texture, size.width, size.height, pose)]]),
  );
  return {
    mosaic,
    near: placementIndex(mosaic),
    placement: placements[1],
    options: { ...defaultComposeOptions, blend, interpolation: 'bicubic' },
    reader: memoryTileReader(rasters),
  };
}

const wrong = shifted(truth.get(b) ?? affineFromPose({ x: 0, y: 0, thetaRad: 0 }), error.x, error.y);
/** The overlap of a and b with some air, at three output px a mosaic px: what is seen when zoomed in. */
const region = { rect: { x: 118, y: 10, width: 34, height: 80 }, scale: 3 };

async function meanDifference(subject: MoveSubject, x: number, y: number): Promise<number> {
  const moved = { tile: b, mosaicFromTile: shifted(wrong, x, y) };
  const { difference } = await differenceOfMoved(subject, moved, region, signal);
  expect(difference.every((value) => value >= 0)).toBe(true); // all of it is overlap
  return difference.reduce((sum, value) => sum + value, 0) / difference.length;
}

describe('a held tile', () => {
  it('differs least from its neighbour in the tenth of a pixel where it was imaged', async () => {
    const subject = subjectOf();
    const found: { readonly x: number; readonly y: number; readonly mean: number }[] = [];
    for (let i = -3; i <= 3; i++)
      for (let j = -3; j <= 3; j++) {
        const at = { x: i / 10 - error.x, y: j / 10 - error.y };
        found.push({ x: i / 10, y: j / 10, mean: await meanDifference(subject, at.x, at.y) });
      }
    const best = found.reduce((p, q) => (q.mean < p.mean ? q : p));
    expect([best.x, best.y]).toEqual([0, 0]);
    // Each tenth of a pixel is seen: twice as far off, about twice the difference.
    const beside = found.filter(({ x, y }) => y === 0 && x > 0).map(({ mean }) => mean);
    for (let k = 1; k < beside.length; k++) expect(beside[k]).toBeGreaterThan(beside[k - 1] * 1.1);
    expect(beside[0]).toBeGreaterThan(1.5 * best.mean);
  });

  it('is blended where it is held: at its true place the picture is the specimen itself', async () => {
    const held = { tile: b, mosaicFromTile: shifted(wrong, -error.x, -error.y) };
    const { channels, coverage, width, height } = await composeMoved(subjectOf(), held, region, signal);
    expect(coverage.every((value) => value === 255)).toBe(true);
    let [worst, worstShifted] = [0, 0];
    for (let j = 0; j < height; j++)
      for (let i = 0; i < width; i++) {
        const x = region.rect.x + (i + 0.5) / region.scale - 0.5;
        const y = region.rect.y + (j + 0.5) / region.scale - 0.5;
        const shown = channels[0].data[j * width + i];
        worst = Math.max(worst, Math.abs(shown - texture.valueAt(x, y)));
        worstShifted = Math.max(worstShifted, Math.abs(shown - texture.valueAt(x + 0.1, y)));
      }
    expect(worst).toBeLessThan(0.02); // bicubic, of values that span 1
    expect(worstShifted).toBeGreaterThan(2 * worst);
  });

  it('is the mosaic pixel by pixel while it has not been moved, and leaves a hole where it was', async () => {
    const subject = subjectOf();
    const whole = { rect: subject.mosaic.bounds, scale: 1 };
    const shown = await composeRegion(subject.mosaic, whole, subject.options, subject.reader, signal);
    const still = await composeMoved(subject, { tile: b, mosaicFromTile: wrong }, whole, signal);
    expect(still.channels[0].data).toEqual(shown.channels[0].data);
    const away = { tile: b, mosaicFromTile: shifted(wrong, 5000, 0) };
    const without = await composeMoved(subject, away, whole, signal);
    const at = 80 * without.width + 230;
    expect([shown.coverage[at], without.coverage[at]]).toEqual([255, 0]);
  });

  it('is found by its own place when only where it is held is on the screen', async () => {
    const far = { tile: b, mosaicFromTile: shifted(wrong, 9000, 40) };
    const there = { rect: { x: 9150, y: 60, width: 20, height: 20 }, scale: 1 };
    const { coverage } = await composeMoved(subjectOf(), far, there, signal);
    expect(coverage.every((value) => value === 255)).toBe(true);
    const { difference, region: held } = await differenceOfMoved(subjectOf(), far, there, signal);
    expect(difference.every((value) => Number.isNaN(value))).toBe(true);
    expect(held.coverage.every((value) => value === 255)).toBe(true);
  });

  it('has a difference only where it lies over others', async () => {
    const held = { tile: b, mosaicFromTile: wrong };
    // a ends at 159.5, b begins at 110.67 − ½: columns of a alone, of both, and of b alone.
    const across = { rect: { x: 100, y: 50, width: 80, height: 3 }, scale: 1 };
    const { difference, region: shown } = await differenceOfMoved(subjectOf(), held, across, signal);
    const isKnown = Array.from({ length: 80 }, (_, i) => !Number.isNaN(difference[80 + i]));
    expect(isKnown).toEqual(Array.from({ length: 80 }, (_, i) => 100 + i >= 110.17 && 100 + i <= 159.5));
    expect(shown.coverage.every((value) => value === 255)).toBe(true);
  });

  it('is feathered where the mosaic searches seams', async () => {
    const held = { tile: b, mosaicFromTile: wrong };
    const [feathered, cut] = await Promise.all(
      (['feather', 'seam'] as const).map((blend) => composeMoved(subjectOf(blend), held, region, signal)),
    );
    expect(cut.channels[0].data).toEqual(feathered.channels[0].data);
  });
});
