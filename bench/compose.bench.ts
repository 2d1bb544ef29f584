/**
 * `npm run bench -- compose`: megapixels of mosaic per second of processor time, one thread, beside OpenCV's single-threaded
 * `warpAffine` of the same tiles into their bounding boxes. Both take turns, the best of all turns counts. Tiles come from
 * the cache that the app composes from, and are composed in squares of 1024 px, as an export does. `-- compose --profile [NAME]` tells instead which functions one subject's time goes to.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeAffine, invertAffine, translation } from '../src/core/geometry/affine2.ts';
import type { Rect } from '../src/core/geometry/rect.ts';
import { boundsOfPlacements } from '../src/core/mosaic/build-mosaic.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import { defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import type { BlendMode, ComposeOptions } from '../src/core/mosaic/mosaic.ts';
import { seamStore } from '../src/core/mosaic/seam-store.ts';
import { silentContext } from '../src/core/progress.ts';
import type { SampleType } from '../src/core/raster/raster.ts';
import { cachedTileReader } from '../src/core/mosaic/tile-cache.ts';
import { memoryTileReader } from '../src/core/testing/memory-tile-reader.ts';
import { profileOf } from './compose/profile.ts';
import type { ProfileRow } from './compose/profile.ts';
import { grid, side } from './compose/scene.ts';
import type { Motion } from './compose/scene.ts';

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

const turns = 3;
const repeats = 6;
const squareSide = 1024;

interface Subject {
  readonly name: string;
  readonly compose: () => Promise<number>;
  readonly repeats: number;
  best: number;
}

/** A composition, square by square as an export makes it, that answers its megapixels per second of processor time; seams are found before it is timed. */
function subject(
  sampleType: SampleType,
  blend: BlendMode,
  motion: Motion,
  change: Partial<ComposeOptions> = {},
): Subject {
  const options = { ...defaultComposeOptions, evenTones: false, blend, ...change };
  const { mosaic, rasters } = grid(sampleType, motion, options.evenTones);
  const isSlow = blend === 'multiband';
  const reader = cachedTileReader(memoryTileReader(rasters), 2 ** 28);
  const seams = seamStore();
  const { signal } = silentContext;
  const squares = squaresOf(mosaic.bounds);
  const extra = [change.interpolation ?? 'bilinear', ...(options.evenTones ? ['with tones'] : [])].join(', ');
  return {
    name: `${sampleType} ${motion} ${blend}, ${extra}`,
    async compose() {
      const start = process.cpuUsage();
      for (const rect of squares) await composeRegion(mosaic, { rect, scale: 1 }, options, reader, signal, seams);
      // User and system together: the kernel knows their sum, and shares it out by sampling only.
      const { user, system } = process.cpuUsage(start);
      return (mosaic.bounds.width * mosaic.bounds.height) / (user + system);
    },
    repeats: isSlow ? 1 : repeats,
    best: 0,
  };
}

/** The mosaic in the squares that an export composes one after the other. */
function squaresOf({ x, y, width, height }: Rect): readonly Rect[] {
  const squares: Rect[] = [];
  for (let j = 0; j < height; j += squareSide)
    for (let i = 0; i < width; i += squareSide) {
      const size = { width: Math.min(squareSide, width - i), height: Math.min(squareSide, height - j) };
      squares.push({ x: x + i, y: y + j, ...size });
    }
  return squares;
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

/** Everything that is composed, by name. */
function allSubjects() {
  return {
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
}

/** All rates, OpenCV's and ours by turns; or the profile of one subject. */
export async function run(args: readonly string[]): Promise<readonly (ComposeRate | ProfileRow)[]> {
  const at = args.indexOf('--profile');
  return at < 0 ? rates() : profile(args[at + 1] ?? 'overlay8');
}

/** Seconds of processor time that are profiled, after a third of them to warm up. */
const profiledSeconds = 3;

async function profile(name: string): Promise<readonly ProfileRow[]> {
  const subjects: Readonly<Record<string, Subject>> = allSubjects();
  const chosen = Object.hasOwn(subjects, name) ? subjects[name] : null;
  if (chosen === null) throw new RangeError(`--profile takes one of ${Object.keys(subjects).join(', ')}`);
  const composeFor = async (seconds: number) => {
    const start = process.cpuUsage().user;
    while (process.cpuUsage().user - start < 1e6 * seconds) chosen.best = Math.max(chosen.best, await chosen.compose());
  };
  await composeFor(profiledSeconds / 3);
  const rows = await profileOf(() => composeFor(profiledSeconds));
  process.stdout.write(`${chosen.name}: ${chosen.best.toFixed(1)} Mpx/s at best\n`);
  return rows;
}

async function rates(): Promise<readonly ComposeRate[]> {
  const subjects = allSubjects();
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
