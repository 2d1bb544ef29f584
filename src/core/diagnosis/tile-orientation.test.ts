import { describe, expect, it } from 'vitest';
import { noCorrespondences } from '../matching/matcher.ts';
import type { PairResult } from '../matching/link.ts';
import { silentContext } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { memoryTileReader } from '../testing/memory-tile-reader.ts';
import { addNoise, sampleTexture, spotTexture } from '../testing/analytic-texture.ts';
import { tileId, type Tile } from '../tiles/tile.ts';
import { findOddTiles, oddTileSentence, type Oddity } from './tile-orientation.ts';

const side = 240;
const step = 204; // 15 % overlap

/** Mirrored left to right, then turned clockwise, then reversed: as a wrong export writes it. */
function spoilt({ data, width, height }: FloatRaster, { mirrored, quarterTurns, reversed }: Oddity): FloatRaster {
  let image = { data: data.slice(), width, height };
  const rewrite = (w: number, h: number, from: (x: number, y: number) => number) => {
    const output = new Float32Array(w * h);
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) output[y * w + x] = image.data[from(x, y)];
    image = { data: output, width: w, height: h };
  };
  const { width: w0 } = image;
  if (mirrored) rewrite(w0, image.height, (x, y) => y * w0 + (w0 - 1 - x));
  for (let k = 0; k < quarterTurns; k++) {
    const { width: w, height: h } = image;
    rewrite(h, w, (x, y) => (h - 1 - x) * w + y);
  }
  if (reversed) image.data = image.data.map((value) => 1 - value);
  return image;
}

/** Three tiles in a corner: the one in the middle of the L has two neighbours. */
function corner(oddity: Oddity, seed = 5, width = side) {
  const texture = spotTexture(seed, 11);
  const places = [
    [0, 0],
    [step, 0],
    [0, step],
  ];
  const ids = ['a.tif', 'b.tif', 'c.tif'].map((name) => tileId(name));
  const rasters = places.map(([x, y], k) =>
    addNoise(sampleTexture(texture, width, side, { a: 1, b: 0, c: 0, d: 1, e: x + 2.3 * k, f: y - 1.7 * k }), 0.03, k),
  );
  const images = [spoilt(rasters[0], oddity), rasters[1], rasters[2]];
  const tiles: Tile[] = ids.map((id, k) => ({
    ...{ id, file: id, page: 0, channels: 1, sampleType: 'float32', pixelSizeNm: null, stage: null },
    size: { width: images[k].width, height: images[k].height },
  }));
  const rejected = (b: number, x: number, y: number): PairResult => ({
    ...{ kind: 'rejected', reason: 'no-consensus', detail: '', correspondences: noCorrespondences, matchMs: 1 },
    pair: { a: ids[0], b: ids[b], aFromB: { x, y, thetaRad: 0 }, sigmaPx: 10, expectedOverlap: null },
  });
  const pairs = [rejected(1, step, 0), rejected(2, 0, step)];
  const reader = memoryTileReader(new Map(ids.map((id, k) => [id, [images[k]]])));
  return findOddTiles(pairs, tiles, reader, silentContext);
}

const all: readonly Oddity[] = [false, true].flatMap((mirrored) =>
  ([0, 1, 2, 3] as const).flatMap((quarterTurns) =>
    [false, true].map((reversed) => ({ mirrored, quarterTurns, reversed })),
  ),
);

describe('a tile that lies wrongly', () => {
  it.each(all.filter((oddity) => oddity.mirrored || oddity.quarterTurns > 0 || oddity.reversed))(
    'is recognised: %o',
    async (oddity) => {
      const found = await corner(oddity);
      const odd = found.find(({ tile }) => tile === 'a.tif');
      expect(odd?.oddity).toEqual(oddity);
      expect(odd?.correlation).toBeGreaterThan(0.6);
    },
  );

  it('is not claimed of tiles that lie rightly, or show other places', async () => {
    expect(await corner({ mirrored: false, quarterTurns: 0, reversed: false })).toEqual([]);
    const texture = (seed: number) =>
      sampleTexture(spotTexture(seed, 11), side, side, { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 });
    let claims = 0;
    for (let seed = 0; seed < 12; seed++) {
      const ids = [tileId('a.tif'), tileId('b.tif')];
      const tiles: Tile[] = ids.map((id) => ({
        ...{ id, file: id, page: 0, channels: 1, sampleType: 'float32', pixelSizeNm: null, stage: null },
        size: { width: side, height: side },
      }));
      const pair: PairResult = {
        ...{ kind: 'rejected', reason: 'no-consensus', detail: '', correspondences: noCorrespondences, matchMs: 1 },
        pair: { a: ids[0], b: ids[1], aFromB: { x: step, y: 0, thetaRad: 0 }, sigmaPx: 10, expectedOverlap: null },
      };
      const reader = memoryTileReader(new Map(ids.map((id, k) => [id, [texture(100 + 7 * seed + k)]])));
      claims += (await findOddTiles([pair], tiles, reader, silentContext)).length;
    }
    expect(claims).toBe(0);
  });

  it('is said in a sentence that ends with what to do', async () => {
    const [odd] = await corner({ mirrored: true, quarterTurns: 1, reversed: false });
    expect(oddTileSentence(odd)).toMatch(
      /^a\.tif seems to be mirrored and turned by 90°: so it would fit its neighbours \(correlation 0\.\d\d\)\. Export it again/,
    );
  });
});
