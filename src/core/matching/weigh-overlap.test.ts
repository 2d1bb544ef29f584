import { describe, expect, it } from 'vitest';
import { applyAffine, translation, type Affine2 } from '../geometry/affine2.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { defaultStitchOptions } from '../options.ts';
import { silentContext } from '../progress.ts';
import { addCharges } from '../synthesis/charging.ts';
import { randomStream } from '../synthesis/random.ts';
import { defaultTexture, emTexture, type Texture } from '../synthesis/texture.ts';
import { addNoise } from '../testing/analytic-texture.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { intersectRects } from '../geometry/rect.ts';
import { tileId, type Tile, type TilePair } from '../tiles/tile.ts';
import { matchPair } from './match-pair.ts';
import { noCorrespondences } from './matcher.ts';
import type { Correspondences, Matcher } from './matcher.ts';
import { smallMotion } from './motion-model.ts';
import { seededRandom } from '../random.ts';
import { plainTile } from '../testing/plain-tile.ts';

const size = { width: 256, height: 256 };
const nominal = { x: 217, y: 0, thetaRad: 0 };

function see(texture: Texture, textureFromTile: Affine2, sigma: number, seed: number): FloatRaster {
  const data = new Float32Array(size.width * size.height);
  for (let j = 0; j < size.height; j++)
    for (let i = 0; i < size.width; i++) {
      const p = applyAffine(textureFromTile, i, j);
      data[j * size.width + i] = texture(p.x, p.y);
    }
  return addNoise({ data, ...size }, sigma, seed);
}

/** Matches of a matcher that is told what to say; a function of the strips' frames. */
function matcherSaying(say: (aFromB: Affine2) => Correspondences): Matcher {
  return {
    scale: 1,
    multipleOf: 8,
    minConfidence: 0.1,
    match: async (_a, _b, context) => say(context.aFromB),
    dispose: async () => undefined,
  };
}
const silent = matcherSaying(() => noCorrespondences);

async function linkOf(a: Raster, b: Raster, matcher: Matcher) {
  const [idA, idB] = [tileId('a'), tileId('b')];
  const tile = (id: typeof idA): Tile => plainTile(id, size, { sampleType: 'float32' });
  const expectedOverlap = intersectRects({ x: 0, y: 0, ...size }, { x: nominal.x, y: nominal.y, ...size });
  const pair: TilePair = { a: idA, b: idB, aFromB: nominal, sigmaPx: 6.4, expectedOverlap };
  const reader = memoryTileReader(
    new Map([
      [idA, [a]],
      [idB, [b]],
    ]),
  );
  const options = { ...defaultStitchOptions.pair, model: 'rigid' as const };
  return matchPair(pair, tile(idA), tile(idB), { reader, matcher, now: () => 0 }, options, {
    signal: silentContext.signal,
  });
}

/** aFromB of a pair whose overlap lies (dx, dy) off the layout and is turned about its middle. */
function truthAt(dx: number, dy: number, turnRad: number): Affine2 {
  const turned = smallMotion('rigid', [nominal.x + dx, nominal.y + dy, turnRad], [20, 128]);
  return turned;
}

function worstCorner(found: Affine2, truth: Affine2): number {
  const corners = [0, 255].flatMap((x) => [0, 255].map((y) => [x, y]));
  return Math.max(
    ...corners.map(([x, y]) => {
      const p = applyAffine(found, x, y);
      const q = applyAffine(truth, x, y);
      return Math.hypot(p.x - q.x, p.y - q.y);
    }),
  );
}

const neuropil = emTexture({ ...defaultTexture, seed: 21 });
const origin = translation(1000, 1000);
const laidAt = (truth: Affine2): Affine2 => ({ ...truth, e: truth.e + 1000, f: truth.f + 1000 });

describe('the overlap as second evidence', () => {
  it('links a noisy overlap of which the matcher finds nothing, shifted and turned, within the floor', async () => {
    const truth = truthAt(9.3, -12.6, 0.06);
    const result = await linkOf(see(neuropil, origin, 30, 1), see(neuropil, laidAt(truth), 30, 2), silent);
    expect(result.kind).toBe('link');
    if (result.kind !== 'link') return;
    expect(result.evidence?.kind).toBe('overlap');
    expect(worstCorner(result.aFromB, truth)).toBeLessThan(1.5);
  });

  it('links an overlap in which neither noise nor a few right matches would do alone', async () => {
    const truth = truthAt(6.2, -4.4, 0);
    const tiles = [see(neuropil, origin, 125, 11), see(neuropil, laidAt(truth), 125, 12)] as const;
    const few = matcherSaying((aFromB) => matchesOf(truth, aFromB, { right: 7, wrong: 28 }));
    const none = matcherSaying((aFromB) => matchesOf(truth, aFromB, { right: 0, wrong: 35 }));
    expect((await linkOf(...tiles, silent)).kind).toBe('rejected');
    expect((await linkOf(...tiles, none)).kind).toBe('rejected');
    const result = await linkOf(...tiles, few);
    expect(result).toMatchObject({ kind: 'link', evidence: { kind: 'overlap' } });
    if (result.kind === 'link') expect(worstCorner(result.aFromB, truth)).toBeLessThan(3);
    const elsewhere = [tiles[0], see(neuropil, translation(4000, 900), 125, 13)] as const;
    expect((await linkOf(...elsewhere, few)).kind).toBe('rejected');
  });

  it('links what charges have changed in a part of either tile, and not two places charged alike', async () => {
    const truth = truthAt(-7.4, 5.8, 0.01);
    const charged = (tile: FloatRaster, seed: number): FloatRaster => {
      const data = tile.data.slice();
      addCharges(data, size, 10, randomStream(seed));
      return { ...tile, data };
    };
    const a = charged(see(neuropil, origin, 8, 41), 5);
    const result = await linkOf(a, charged(see(neuropil, laidAt(truth), 8, 42), 6), silent);
    expect(result.kind).toBe('link');
    if (result.kind !== 'link') return;
    expect(result.evidence?.structureNcc).toBeLessThan(0.95);
    expect(result.evidence?.sparedNcc).toBeGreaterThan(0.9);
    expect(worstCorner(result.aFromB, truth)).toBeLessThan(1);
    const elsewhere = charged(see(neuropil, translation(4000, 900), 8, 43), 5);
    expect((await linkOf(a, elsewhere, silent)).kind).toBe('rejected');
  });

  it('links nothing where the tiles show different places, and says by how much it fell short', async () => {
    for (let n = 0; n < 6; n++) {
      const other = translation(3000 + 700 * n, 500 * n);
      const result = await linkOf(see(neuropil, origin, 10, 2 * n), see(neuropil, other, 10, 2 * n + 1), silent);
      expect(result.kind).toBe('rejected');
      if (result.kind === 'rejected') expect(result.detail).toMatch(/searched as a whole/);
    }
  });

  it('links no lattice, however well it fits one period off', async () => {
    for (const jitterPx of [0, 3]) {
      const texture = latticeOfDots(24, jitterPx);
      const result = await linkOf(
        see(texture, origin, 8, 5),
        see(texture, translation(1000 + 217 + 3 * 24 * 11, 1000 + 24 * 7), 8, 6),
        silent,
      );
      expect(result.kind).toBe('rejected');
    }
  });

  it('rejects matches that agree on a place where different things lie on each other', async () => {
    // A matcher that pairs the dots of two lattices, strict or jittered: all of its matches agree within 3 px.
    for (const jitterPx of [0, 2]) await expectRejected(jitterPx);
  });

  async function expectRejected(jitterPx: number): Promise<void> {
    const texture = latticeOfDots(24, jitterPx);
    const far = translation(1000 + 217 + 24 * 40, 1000 + 24 * 30);
    const lying = matcherSaying((aFromB) => {
      const random = seededRandom(4);
      const b = Float32Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? 4 + 36 * random() : 4 + 240 * random()));
      const a = b.map((_, i) => {
        const p = applyAffine(aFromB, b[i - (i % 2)], b[i - (i % 2) + 1]);
        return (i % 2 === 0 ? p.x : p.y) + 2 * (random() - 0.5);
      });
      return { a, b, confidence: new Float32Array(60).fill(0.9) };
    });
    const result = await linkOf(see(texture, origin, 5, 7), see(texture, far, 5, 8), lying);
    expect(result.kind).toBe('rejected');
    if (result.kind === 'rejected') expect(result.detail).toMatch(/agree, but|searched as a whole/);
  }

  it('calls blank resin under noise no texture', async () => {
    const blank: Texture = () => 190;
    const result = await linkOf(see(blank, origin, 20, 9), see(blank, origin, 20, 10), silent);
    expect(result).toMatchObject({ kind: 'rejected', reason: 'no-texture' });
  });
});

/** Matches in the strips' frames: some where the truth puts them, to half a pixel, the rest anywhere. */
function matchesOf(truth: Affine2, aFromB: Affine2, count: { readonly right: number; readonly wrong: number }) {
  const random = seededRandom(8);
  const n = count.right + count.wrong;
  const [a, b] = [new Float32Array(2 * n), new Float32Array(2 * n)];
  // The strips' frame of b lies off the tile's by what the layout says and the strips' crop; only differences count.
  const offset = [truth.e - nominal.x, truth.f - nominal.y];
  for (let k = 0; k < n; k++) {
    const [x, y] = [4 + 36 * random(), 10 + 236 * random()];
    const p = applyAffine(aFromB, x, y);
    const isRight = k < count.right;
    b.set([x, y], 2 * k);
    a[2 * k] = p.x + (isRight ? offset[0] + random() - 0.5 : 30 * (random() - 0.5));
    a[2 * k + 1] = p.y + (isRight ? offset[1] + random() - 0.5 : 60 * (random() - 0.5));
  }
  return { a, b, confidence: new Float32Array(n).fill(0.5) };
}

/** Dark dots on a square lattice, each moved by up to `jitterPx`, of slightly different darkness. */
function latticeOfDots(period: number, jitterPx: number): Texture {
  const draw = (i: number, j: number, salt: number) => seededRandom((i * 73856093) ^ (j * 19349663) ^ salt)();
  return (x, y) => {
    let value = 180;
    const [column, row] = [Math.round(x / period), Math.round(y / period)];
    for (let j = row - 1; j <= row + 1; j++)
      for (let i = column - 1; i <= column + 1; i++) {
        const dx = x - i * period - jitterPx * (2 * draw(i, j, 1) - 1);
        const dy = y - j * period - jitterPx * (2 * draw(i, j, 2) - 1);
        value -= (60 + 40 * draw(i, j, 3)) * Math.exp(-(dx * dx + dy * dy) / 40);
      }
    return value;
  };
}
