/**
 * `npm run bench -- compose`: megapixels of mosaic per second of processor time, one thread, beside OpenCV's single-threaded
 * `warpAffine` of the same tiles into their bounding boxes. Both take turns, the best of all turns counts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeAffine, invertAffine, translation } from '../src/core/geometry/affine2.ts';
import { affineFromPose } from '../src/core/geometry/pose2.ts';
import { boundsOfPlacements } from '../src/core/mosaic/build-mosaic.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import { defaultComposeOptions, unitGain } from '../src/core/mosaic/mosaic.ts';
import type { BlendMode, ComposeOptions, Mosaic, Placement } from '../src/core/mosaic/mosaic.ts';
import { seamStore } from '../src/core/mosaic/seam-store.ts';
import { silentContext } from '../src/core/progress.ts';
import type { Raster, SampleType } from '../src/core/raster/raster.ts';
import { allocateSamples } from '../src/core/raster/raster.ts';
import { memoryTileReader } from '../src/core/testing/memory-tile-reader.ts';
import { tileId } from '../src/core/tiles/tile.ts';
import type { TileId } from '../src/core/tiles/tile.ts';

/** One line of the bench. */
export interface ComposeRate {
  readonly name: string;
  readonly megapixelsPerSecond: number;
  /** What OpenCV does in the same run: the image's warp, with that of a weight for `feather`; the affine for `elastic`. */
  readonly beside: number | null;
  readonly ratio: number | null;
  /** Ratio that the project asks for. */
  readonly wanted: string;
}

const side = 1024;
const step = 870;
const tilesAcross = 3;
const turns = 2;
const repeats = 4;

interface Scene {
  readonly mosaic: Mosaic;
  readonly rasters: ReadonlyMap<TileId, readonly Raster[]>;
}

type Motion = 'turned' | 'bent' | 'whole pixels';

/** A 3×3 grid of 1024² tiles with 15 % overlap, turned by up to 0.5° and, if bent, by meshes of 9×9 nodes. */
function grid(sampleType: SampleType, motion: Motion, hasTones: boolean): Scene {
  const rasters = new Map<TileId, readonly Raster[]>();
  const placements = Array.from({ length: tilesAcross ** 2 }, (_, n): Placement => {
    const [column, row] = [n % tilesAcross, Math.floor(n / tilesAcross)];
    const data = allocateSamples(sampleType, side * side);
    const across = Float64Array.from({ length: side }, (_, u) => 60 * Math.sin((u + step * column) / 17));
    for (let v = 0, i = 0; v < side; v++) {
      const down = Math.cos((v + step * row) / 13);
      for (let u = 0; u < side; u++, i++) data[i] = 128 + across[u] * down + (Math.imul(i + n, 2654435761) >>> 27);
    }
    const id = tileId(`tile-${n}`);
    rasters.set(id, [{ data, width: side, height: side }]);
    const isTurned = motion !== 'whole pixels';
    const bend = (phase: number) => Float64Array.from({ length: 81 }, (_, k) => 1.5 * Math.sin(0.7 * k + n + phase));
    return {
      tile: id,
      size: { width: side, height: side },
      mosaicFromTile: affineFromPose({
        x: step * column + (isTurned ? 0.37 * n : 0),
        y: step * row,
        thetaRad: isTurned ? 0.009 * Math.sin(n * 2.1) : 0,
      }),
      ...(motion === 'bent' ? { mesh: { columns: 9, rows: 9, dx: bend(0), dy: bend(1.6) } } : {}),
      state: 'solved',
      component: 0,
      tone: hasTones ? { gain: 1 + 0.01 * n, offset: n } : unitGain,
    };
  });
  const bounds = boundsOfPlacements(placements);
  return { mosaic: { bounds, placements, channels: 1, sampleType, pixelSizeNm: null }, rasters };
}

interface Subject {
  readonly name: string;
  readonly compose: () => Promise<number>;
  readonly repeats: number;
  best: number;
}

/** A composition that answers its megapixels per second of processor time; seams are found before it is timed. */
function subject(
  sampleType: SampleType,
  blend: BlendMode,
  motion: Motion,
  change: Partial<ComposeOptions> = {},
): Subject {
  const options = { ...defaultComposeOptions, evenTones: false, blend, ...change };
  const { mosaic, rasters } = grid(sampleType, motion, options.evenTones);
  const isSlow = blend === 'multiband';
  const reader = memoryTileReader(rasters);
  const seams = seamStore();
  const region = { rect: mosaic.bounds, scale: 1 };
  const extra = [change.interpolation ?? 'bilinear', ...(options.evenTones ? ['with tones'] : [])].join(', ');
  return {
    name: `${sampleType} ${motion} ${blend}, ${extra}`,
    async compose() {
      const start = process.cpuUsage().user;
      const { width, height } = await composeRegion(mosaic, region, options, reader, silentContext.signal, seams);
      return (width * height) / (process.cpuUsage().user - start);
    },
    repeats: isSlow ? 1 : repeats,
    best: 0,
  };
}

interface OpenCvRates {
  readonly version: string;
  readonly image: number;
  readonly imageAndWeight: number;
}

async function openCv(sampleType: 'uint8' | 'uint16'): Promise<OpenCvRates> {
  const folder = await mkdtemp(join(tmpdir(), 'compose-bench-'));
  try {
    const { mosaic, rasters } = grid(sampleType, 'turned', false);
    const tiles = [];
    for (const placement of mosaic.placements) {
      const { x, y, width, height } = boundsOfPlacements([placement]);
      const { a, b, c, d, e, f } = composeAffine(invertAffine(placement.mosaicFromTile), translation(x, y));
      tiles.push({ file: placement.tile, tileFromOutput: [[a, c, e], [b, d, f]], width, height }); // prettier-ignore
      const [raster] = rasters.get(placement.tile) ?? [];
      await writeFile(join(folder, placement.tile), new Uint8Array(raster.data.buffer));
    }
    await writeFile(join(folder, 'tiles.json'), JSON.stringify({ side, type: sampleType, repeats, tiles }));
    const script = fileURLToPath(new URL('compose/opencv_warp.py', import.meta.url));
    return JSON.parse(execFileSync('/usr/bin/python3', [script, folder], { encoding: 'utf8' })) as OpenCvRates;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All rates, OpenCV's and ours by turns. */
export async function run(): Promise<readonly ComposeRate[]> {
  const subjects = {
    overlay8: subject('uint8', 'overlay', 'turned'),
    overlay16: subject('uint16', 'overlay', 'turned'),
    feather8: subject('uint8', 'feather', 'turned'),
    feather16: subject('uint16', 'feather', 'turned'),
    bent8: subject('uint8', 'overlay', 'bent'),
    bent16: subject('uint16', 'overlay', 'bent'),
    toned: subject('uint8', 'feather', 'turned', { evenTones: true }),
    none: subject('uint8', 'none', 'turned'),
    average: subject('uint8', 'average', 'turned'),
    seam: subject('uint8', 'seam', 'turned'),
    multiband: subject('uint8', 'multiband', 'turned'),
    bicubic: subject('uint8', 'overlay', 'turned', { interpolation: 'bicubic' }),
    whole: subject('uint8', 'overlay', 'whole pixels'),
    float: subject('float32', 'feather', 'turned'),
  };
  const reference = { image8: 0, weighted8: 0, image16: 0, weighted16: 0 };
  for (let turn = 0; turn < turns; turn++) {
    const [narrow, wide] = [await openCv('uint8'), await openCv('uint16')];
    reference.image8 = Math.max(reference.image8, narrow.image);
    reference.weighted8 = Math.max(reference.weighted8, narrow.imageAndWeight);
    reference.image16 = Math.max(reference.image16, wide.image);
    reference.weighted16 = Math.max(reference.weighted16, wide.imageAndWeight);
    for (const each of Object.values(subjects))
      for (let repeat = 0; repeat < each.repeats; repeat++) each.best = Math.max(each.best, await each.compose());
  }
  const row = ({ name, best }: Subject, beside: number | null, wanted: number | null): ComposeRate => ({
    name,
    megapixelsPerSecond: Math.round(best * 10) / 10,
    beside: beside === null ? null : Math.round(beside * 10) / 10,
    ratio: beside === null ? null : Math.round((best / beside) * 100) / 100,
    wanted: wanted === null ? '' : `≥ ${wanted}`,
  });
  return [
    row(subjects.overlay8, reference.image8, 0.5),
    row(subjects.overlay16, reference.image16, 0.5),
    row(subjects.feather8, reference.weighted8, 0.33),
    row(subjects.feather16, reference.weighted16, 0.33),
    row(subjects.bent8, subjects.overlay8.best, 0.5),
    row(subjects.bent16, subjects.overlay16.best, 0.5),
    ...[subjects.toned, subjects.none, subjects.average, subjects.seam, subjects.multiband].map((each) =>
      row(each, null, null),
    ),
    ...[subjects.bicubic, subjects.whole, subjects.float].map((each) => row(each, null, null)),
  ];
}
