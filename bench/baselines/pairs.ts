import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeAffine, translation } from '../../src/core/geometry/affine2.ts';
import type { Affine2 } from '../../src/core/geometry/affine2.ts';
import { affineFromPose } from '../../src/core/geometry/pose2.ts';
import { lumaOf } from '../../src/core/raster/raster.ts';
import type { Raster } from '../../src/core/raster/raster.ts';
import { sampleBicubic, windowOf } from '../../src/core/raster/sample.ts';
import { randomStream } from '../../src/core/synthesis/random.ts';
import type { RandomStream } from '../../src/core/synthesis/random.ts';
import { openImage } from '../../src/formats/index.ts';

const dataFolder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

/** Two 8-bit pictures of one specimen, and where the second lies in the first. */
export interface BaselinePair {
  readonly source: string;
  readonly a: Raster<Uint8Array>;
  readonly b: Raster<Uint8Array>;
  /** The truth, px. */
  readonly aFromB: Affine2;
}

export interface PairOptions {
  readonly width: number;
  readonly height: number;
  /** Largest shift of b against a along either axis, share of the width and of the height. */
  readonly maxShift: number;
  readonly maxRotationDegrees: number;
  /** The rotation itself, when it is not to be drawn. */
  readonly rotationDegrees?: number;
  /** Standard deviation of the noise, independent in a and b, grey levels. */
  readonly noiseSigma: number;
  readonly seed: number;
}

/** One picture of ../shared/data. */
export interface Source {
  readonly name: string;
  readonly raster: Raster;
}

/** Whether ../shared/data is there. */
export function hasSources(): boolean {
  return existsSync(dataFolder);
}

/** Real micrographs, in an order in which tissues alternate: two of each of train/cremi, train/fibsem-medulla, axons, mussel-165, mussel-1. */
export async function readSources(): Promise<readonly Source[]> {
  const cremi = await filesOf('train/cremi');
  const medulla = await filesOf('train/fibsem-medulla');
  const [mussel165, mussel1] = [await filesOf('mussel-165'), await filesOf('mussel-1')];
  const axons = [join(dataFolder, 'train/axons.png')];
  const middle = (files: readonly string[]) => files.slice(files.length >> 1);
  const tissues = [cremi, middle(mussel165), medulla, middle(mussel1), axons];
  const files = [0, 1].flatMap((k) => tissues.flatMap((tissue) => tissue.slice(k * 3, k * 3 + 1)));
  return Promise.all(files.map(readPicture));
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(dataFolder, folder));
  return names
    .filter((name) => /\.(png|tif)$/.test(name))
    .sort()
    .map((name) => join(dataFolder, folder, name));
}

async function readPicture(path: string): Promise<Source> {
  const bytes = new Uint8Array(await readFile(path));
  const image = await openImage({
    name: basename(path),
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  });
  const signal = { aborted: false, throwIfAborted: () => undefined };
  return { name: basename(path), raster: lumaOf(await image.readRegion(0, undefined, signal)) };
}

/**
 * Cuts a pair from a picture: a at a sub-pixel place, b shifted and turned against it about its centre, both bicubic,
 * noise added, rounded to 8 bits. Null when the picture is too small.
 */
export function cutPair({ name, raster }: Source, options: PairOptions): BaselinePair | null {
  const { width, height, maxShift, maxRotationDegrees, noiseSigma, seed } = options;
  const random = randomStream(seed);
  const symmetric = (limit: number) => limit * (2 * random.uniform() - 1);
  const thetaRad = ((options.rotationDegrees ?? symmetric(maxRotationDegrees)) * Math.PI) / 180;
  // Turning about the centre moves corners by this much at most.
  const turning = Math.ceil((Math.hypot(width, height) / 2) * Math.abs(thetaRad)) + 3;
  const room = { x: raster.width - width - 2 * turning, y: raster.height - height - 2 * turning };
  if (room.x < 0 || room.y < 0) return null;
  const shift = {
    x: symmetric(Math.min(maxShift * width, room.x)),
    y: symmetric(Math.min(maxShift * height, room.y)),
  };
  const place = (space: number, by: number) => turning + Math.max(0, -by) + random.uniform() * (space - Math.abs(by));
  const sourceFromA = translation(place(room.x, shift.x), place(room.y, shift.y));
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const aFromB = composeAffine(
    composeAffine(translation(shift.x + cx, shift.y + cy), affineFromPose({ x: 0, y: 0, thetaRad })),
    translation(-cx, -cy),
  );
  const cut = (sourceFromPicture: Affine2, stream: RandomStream) =>
    noisyCut(raster, sourceFromPicture, width, height, noiseSigma, stream);
  return {
    source: name,
    a: cut(sourceFromA, randomStream(seed, 1)),
    b: cut(composeAffine(sourceFromA, aFromB), randomStream(seed, 2)),
    aFromB,
  };
}

function noisyCut(
  raster: Raster,
  t: Affine2,
  width: number,
  height: number,
  sigma: number,
  random: RandomStream,
): Raster<Uint8Array> {
  const data = new Uint8Array(width * height);
  const [us, vs, out] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
  const window = windowOf(raster);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      us[x] = t.a * x + t.c * y + t.e;
      vs[x] = t.b * x + t.d * y + t.f;
    }
    sampleBicubic(window, us, vs, 0, width, out);
    for (let x = 0; x < width; x++)
      data[y * width + x] = Math.max(0, Math.min(255, Math.round(out[x] + (sigma > 0 ? sigma * random.normal() : 0))));
  }
  return { data, width, height };
}
