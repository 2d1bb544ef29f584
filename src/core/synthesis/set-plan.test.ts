import { describe, expect, it } from 'vitest';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { synthesisPresets } from './presets.ts';
import { planSet, splitOf } from './set-plan.ts';
import type { SetOptions, SourceImage } from './set-plan.ts';
import { setRecipes } from './set-recipes.ts';
import { textureMap } from './texture-map.ts';
import type { TrueGrid, TrueGridTile } from './truth-set.ts';

const asked: SetOptions = {
  preset: 'em424',
  seed: 5,
  grids: null,
  tiles: null,
  split: 'all',
  rows: null,
  columns: null,
  tileSide: null,
  overlap: null,
  noiseSigma: null,
  similarity: false,
};

const truths = (options: Partial<SetOptions>, sources: readonly SourceImage[] = []): readonly TrueGrid[] =>
  planSet({ ...asked, ...options }, sources).grids.map(({ truth }) => truth);

const affineOf = ({ mosaicFromTile: [a, b, c, d, e, f] }: TrueGridTile): Affine2 => ({ a, b, c, d, e, f });

function moments(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variance, sigma: Math.sqrt(variance), standardError: Math.sqrt(variance / values.length) };
}

/** Grey noise where `isTextured`, resin elsewhere. */
function sourceImage(
  width: number,
  height: number,
  isTextured: (x: number, y: number) => boolean = () => true,
): SourceImage {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const cell = ((x >> 2) * 31 + (y >> 2) * 17) % 7;
      data[y * width + x] = isTextured(x, y) ? 100 + 10 * cell : 190;
    }
  return { name: 'specimen.tif', size: { width, height }, texture: textureMap({ data, width, height }) };
}

describe('planSet em424', () => {
  const grids = truths({ preset: 'em424' });

  it('numbers and names 424 grids, the first 60 to validate, the next 60 to test, the rest to train', () => {
    expect(grids).toHaveLength(424);
    expect(grids[7].tiles.map(({ file }) => file)[5]).toBe('em424_g00007_t00005_s00000.tif');
    for (const grid of grids)
      for (const [at, tile] of grid.tiles.entries()) expect(at).toBe(tile.row * grid.columns + tile.column);
    const count = (split: string) => grids.filter((grid) => grid.split === split).length;
    expect([count('validate'), count('test'), count('train')]).toEqual([60, 60, 304]);
    expect(['validate', 'test', 'train']).toEqual([59, 60, 120].map((index) => splitOf('em424', index)));
  });

  it('keeps to one split without changing its grids', () => {
    const test = truths({ split: 'test' });
    expect(test.map(({ index }) => index)).toEqual(Array.from({ length: 60 }, (_, n) => 60 + n));
    expect(test[3]).toEqual(grids[63]);
    expect(truths({ split: 'train', grids: 2 }).map(({ index }) => index)).toEqual([120, 121]);
    expect(truths({ tiles: 20 })).toHaveLength(3);
  });

  it('starts tiles 729 px apart with jitters U{0…30}, none in the first row and column', () => {
    const jitters: number[] = [];
    for (const { tiles } of grids)
      for (const { row, column, startX, startY } of tiles) {
        const [dx, dy] = [startX - 90 - 729 * column, startY - 90 - 729 * row];
        for (const [index, jitter] of [
          [column, dx],
          [row, dy],
        ]) {
          expect(Number.isInteger(jitter)).toBe(true);
          if (index === 0) expect(jitter).toBe(0);
          else jitters.push(jitter);
        }
      }
    expect([Math.min(...jitters), Math.max(...jitters)]).toEqual([0, 30]);
    const { mean, variance, standardError } = moments(jitters);
    expect(Math.abs(mean - 15)).toBeLessThan(4 * standardError);
    expect(Math.abs(variance - (31 ** 2 - 1) / 12)).toBeLessThan(3);
    expect(grids[0].nominal.overlap.x).toBeCloseTo(0.288, 3);
  });

  it('turns by whole degrees in a chain that starts at 0 and draws from [max(p − 5, −5), min(p + 5, 5))', () => {
    const steps: number[] = [];
    for (const { tiles } of grids) {
      expect(tiles[0].angleDeg).toBe(0);
      for (let at = 1; at < tiles.length; at++) {
        const [previous, angle] = [tiles[at - 1].angleDeg, tiles[at].angleDeg];
        expect(angle).toBeGreaterThanOrEqual(Math.max(previous - 5, -5));
        expect(angle).toBeLessThan(Math.min(previous + 5, 5));
        if (previous === 0) steps.push(angle);
      }
    }
    const { mean, variance, standardError } = moments(steps);
    expect(Math.abs(mean + 0.5)).toBeLessThan(4 * standardError); // uniform over −5 … 4
    expect(Math.abs(variance - 99 / 12)).toBeLessThan(0.8);
  });

  it('draws gain N(1, √0.0033) and offset N(0, √75) clipped to ±50, and a noise of variance 25', () => {
    const imagings = grids.flatMap(({ tiles }) => tiles.map(({ imaging }) => imaging));
    const gain = moments(imagings.map((imaging) => imaging.gain));
    const offset = moments(imagings.map((imaging) => imaging.offset));
    expect(Math.abs(gain.mean - 1)).toBeLessThan(4 * gain.standardError);
    expect(Math.abs(gain.variance / 0.0033 - 1)).toBeLessThan(0.1); // 4 standard errors: 4·√(2/3816)
    expect(Math.abs(offset.mean)).toBeLessThan(4 * offset.standardError);
    expect(Math.abs(offset.variance / 75 - 1)).toBeLessThan(0.1);
    expect(imagings.every(({ noiseSigma }) => noiseSigma === 5)).toBe(true);
  });

  it('cuts as many rows and columns as a source image holds, and leaves out one that is too small', () => {
    const images = [sourceImage(2692, 1963), sourceImage(1500, 1500)].map((image) => ({ ...image, texture: null }));
    const { grids: cut, notes } = planSet(asked, [images[0], { ...images[1], name: 'small.tif' }]);
    expect(cut.map(({ truth }) => [truth.rows, truth.columns, truth.source])).toEqual([[2, 3, 'specimen.tif']]);
    expect(notes[0]).toContain('small.tif is left out: 1500×1500 px');
    expect(() => planSet(asked, [images[1]])).toThrow('no source image holds at least two tiles of 1024 px');
  });
});

describe('planSet of the other presets', () => {
  it('makes at least 400 pairs each, 2,000 without overlap, and the same set for the same seed', () => {
    for (const preset of synthesisPresets) {
      if (preset === 'em424') continue;
      const grids = truths({ preset });
      const pairs = grids.reduce((sum, { rows, columns }) => sum + rows * (columns - 1) + columns * (rows - 1), 0);
      expect(pairs).toBeGreaterThanOrEqual(preset === 'disjoint' ? 2000 : 400);
      expect(grids.every(({ hasOverlap, split }) => hasOverlap === (preset !== 'disjoint') && split === 'test')).toBe(
        true,
      );
      expect(truths({ preset, grids: 3 })).toEqual(grids.slice(0, 3));
      expect(truths({ preset, grids: 3, seed: 6 })).not.toEqual(grids.slice(0, 3));
    }
  });

  it('keeps every pixel with its neighbours inside the source', () => {
    for (const preset of synthesisPresets)
      for (const { tiles, sourceSize } of truths({ preset, grids: 8 }))
        for (const tile of tiles) {
          const reach = tile.mesh ? Math.max(...tile.mesh.dx.map(Math.abs), ...tile.mesh.dy.map(Math.abs)) : 0;
          for (const u of [0, tile.width - 1])
            for (const v of [0, tile.height - 1]) {
              const p = applyAffine(affineOf(tile), u, v);
              expect(Math.min(p.x, p.y) - reach).toBeGreaterThanOrEqual(1);
              expect(Math.max(p.x - sourceSize.width, p.y - sourceSize.height) + reach).toBeLessThanOrEqual(-2);
            }
        }
  });

  it('cuts row pairs beside and above each other in turn, turned by up to 5° against each other, without scale', () => {
    const grids = truths({ preset: 'pair-15-clean' });
    expect(grids.slice(0, 4).map(({ rows, columns }) => [rows, columns])).toEqual([[1, 2], [2, 1], [1, 2], [2, 1]]); // prettier-ignore
    const turns = grids.map(({ tiles: [a, b] }) => b.angleDeg - a.angleDeg);
    expect(Math.max(...turns.map(Math.abs))).toBeLessThanOrEqual(5);
    expect(Math.abs(moments(turns).variance - 100 / 12)).toBeLessThan(1.2);
    for (const { model, nominal, tiles } of grids) {
      expect([model, nominal.pitch.x, tiles[0].width]).toEqual(['rigid', 0.85 * 256, 256]);
      for (const tile of tiles) expect(Math.hypot(...tile.mosaicFromTile.slice(0, 2))).toBeCloseTo(1, 12);
    }
    const scales = truths({ preset: 'pair-15-clean', similarity: true }).map(({ tiles: [a, b] }) =>
      Math.log(Math.hypot(...b.mosaicFromTile.slice(0, 2)) / Math.hypot(...a.mosaicFromTile.slice(0, 2))),
    );
    expect(Math.max(...scales.map(Math.abs))).toBeLessThanOrEqual(0.01);
    expect(moments(scales).sigma).toBeCloseTo(0.01 / Math.sqrt(3), 3);
  });

  it('puts the true overlap where the microscope says, to the stage error', () => {
    for (const preset of ['pair-10-noise15', 'low-overlap', 'strip-clean'] as const)
      for (const { nominal, tiles, tileSize } of truths({ preset, grids: 20 })) {
        const centre = (tile: TrueGridTile) =>
          applyAffine(affineOf(tile), (tileSize.width - 1) / 2, (tileSize.height - 1) / 2);
        const [first, second] = [centre(tiles[0]), centre(tiles[1])];
        const { jitterPx } = setRecipes[preset];
        const step = tiles[1].column === 1 ? { x: nominal.pitch.x, y: 0 } : { x: 0, y: nominal.pitch.y };
        expect(Math.abs(second.x - first.x - step.x)).toBeLessThanOrEqual(2 * jitterPx + 1e-9);
        expect(Math.abs(second.y - first.y - step.y)).toBeLessThanOrEqual(2 * jitterPx + 1e-9);
      }
  });

  it('draws noise within the stated span and contrasts at the stated ratio', () => {
    for (const { tiles } of truths({ preset: 'pair-15-contrast' })) {
      const [a, b] = tiles.map(({ imaging }) => imaging);
      expect(Math.abs(Math.log2(a.gain / b.gain))).toBeCloseTo(1, 9);
      expect(Math.min(a.noiseSigma, b.noiseSigma)).toBeGreaterThanOrEqual(10);
      expect(Math.max(a.noiseSigma, b.noiseSigma)).toBeLessThanOrEqual(20);
    }
    const fixed = truths({ preset: 'noisy', noiseSigma: [40, 40], overlap: [0.2, 0.2], tileSide: 300, grids: 1 })[0];
    expect(fixed.tiles.every(({ imaging, width }) => imaging.noiseSigma === 40 && width === 300)).toBe(true);
    expect(fixed.nominal.pitch.x).toBe(240);
  });

  it('stretches line starts by up to 10 px over 60–250 px and adds a smooth field of 1–3 px', () => {
    for (const { model, tiles } of truths({ preset: 'drift', grids: 20 }))
      for (const { mesh } of tiles) {
        if (!mesh) throw new Error('a drifting tile has a mesh');
        expect(model).toBe('mesh');
        const startMinusEnd = Array.from({ length: mesh.rows }, (_, j) => {
          const row = mesh.dx.slice(j * mesh.columns, (j + 1) * mesh.columns);
          return row[0] - row[mesh.columns - 1];
        });
        const mean = moments(startMinusEnd).mean;
        expect(mean).toBeGreaterThan(2 * 0.8 * (1 - Math.exp(-511 / 250)) - 6);
        expect(mean).toBeLessThan(10 + 6);
        expect(Math.max(...mesh.dy.map(Math.abs))).toBeLessThanOrEqual(3);
      }
  });

  it('cuts tiles without overlap that share no pixel, though the layout says they do', () => {
    const image = { ...sourceImage(900, 700), texture: null };
    for (const sources of [[], [image]]) {
      const grids = truths({ preset: 'disjoint', grids: 80 }, sources);
      const kinds = grids.map(({ disjoint }) => disjoint);
      expect(kinds.filter((kind) => kind === 'elsewhere')).toHaveLength(40);
      expect(kinds.filter((kind) => kind === 'resin')).toHaveLength(20);
      for (const { tiles, nominal } of grids) {
        expect(nominal.overlap.x).toBeGreaterThanOrEqual(0.1);
        const aFromB = affineBetween(tiles[0], tiles[1]);
        for (const u of [0, 85, 170, 255])
          for (const v of [0, 85, 170, 255]) {
            const p = applyAffine(aFromB, u, v);
            expect(Math.max(-p.x, -p.y, p.x - 255, p.y - 255)).toBeGreaterThan(0);
          }
      }
    }
  });

  it('passes over places without texture, counts them, and leaves out an image that has none', () => {
    const half = sourceImage(1200, 900, (x) => x < 600);
    const grids = truths({ preset: 'pair-15-clean', grids: 40 }, [half]);
    expect(grids.reduce((sum, { placesSkipped }) => sum + placesSkipped, 0)).toBeGreaterThan(20);
    for (const { tiles } of grids) {
      const left = Math.max(...tiles.map(({ startX }) => startX));
      const right = Math.min(...tiles.map(({ startX }) => startX)) + 256;
      expect(600 - left).toBeGreaterThan(0.5 * (right - left) - 16); // half of the overlap, to a block
    }
    const blank = { ...sourceImage(1200, 900, () => false), name: 'resin.tif' };
    const { notes, grids: planned } = planSet({ ...asked, preset: 'noisy', grids: 2, rows: 1, columns: 2 }, [
      blank,
      half,
    ]);
    expect(planned.map(({ truth }) => truth.source)).toEqual(['specimen.tif', 'specimen.tif']);
    expect(notes).toEqual([expect.stringMatching(/^resin.tif is left out: of 400 places none shows enough texture/)]);
    expect(() => planSet({ ...asked, preset: 'noisy' }, [sourceImage(300, 300)])).toThrow(
      'take smaller tiles with --tile',
    );
  });
});

function affineBetween(a: TrueGridTile, b: TrueGridTile): Affine2 {
  const aFromSource = invertAffine(affineOf(a));
  const sourceFromB = affineOf(b);
  const origin = applyAffine(sourceFromB, 0, 0);
  const p = applyAffine(aFromSource, origin.x, origin.y);
  const linear = (x: number, y: number) => {
    const q = applyAffine(sourceFromB, x, y);
    const r = applyAffine(aFromSource, q.x, q.y);
    return { x: r.x - p.x, y: r.y - p.y };
  };
  const [i, j] = [linear(1, 0), linear(0, 1)];
  return { a: i.x, b: i.y, c: j.x, d: j.y, e: p.x, f: p.y };
}
