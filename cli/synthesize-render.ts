import { access, mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import { silentContext } from '../src/core/progress.ts';
import { cropRaster, lumaOf } from '../src/core/raster/raster.ts';
import type { Raster } from '../src/core/raster/raster.ts';
import { quantilesOf } from '../src/core/raster/statistics.ts';
import { fadeTexture } from '../src/core/synthesis/fade-texture.ts';
import { proceduralSource } from '../src/core/synthesis/procedural-source.ts';
import type { SourceSpec } from '../src/core/synthesis/set-grid.ts';
import { renderSetTile } from '../src/core/synthesis/set-tile.ts';
import type { SetTile } from '../src/core/synthesis/set-tile.ts';
import { textureMap, type TextureMap } from '../src/core/synthesis/texture-map.ts';
import { openImage } from '../src/formats/index.ts';
import { memorySink } from '../src/formats/memory-sink.ts';
import { softwareName } from '../src/formats/software.ts';
import { writeTiledTiff } from '../src/formats/tiff/tiff-writer.ts';
import { fileSource } from './node-files.ts';

/** What a thread is asked to do: look where an image has texture, or render tiles of one source. */
export type SynthesisTask =
  | { readonly kind: 'survey'; readonly path: string }
  | {
      readonly kind: 'render';
      readonly source: SourceSpec;
      /** Path of a source image; null for a procedural one. */
      readonly path: string | null;
      readonly tiles: readonly SetTile[];
      readonly folder: string;
      readonly compression: 'deflate' | 'none';
      /** Name below `folder` for the source itself, or null. */
      readonly keepSourceAs: string | null;
    };

/** The answer to a task. */
export type SynthesisAnswer =
  { readonly kind: 'survey'; readonly texture: TextureMap } | { readonly kind: 'render'; readonly tiles: number };

/** Does tasks one after the other; the last image that was read stays in memory. */
export function synthesisRenderer(): (task: SynthesisTask) => Promise<SynthesisAnswer> {
  let last: { readonly path: string; readonly grey: Raster<Uint8Array> } | null = null;
  const read = async (path: string): Promise<Raster<Uint8Array>> => {
    if (last?.path !== path) {
      last = null; // two large images are never held at once
      last = { path, grey: await readGrey(path) };
    }
    return last.grey;
  };
  return async (task) => {
    if (task.kind === 'survey') return { kind: 'survey', texture: textureMap(await read(task.path)) };
    const { source, path } = task;
    const grey =
      source.kind === 'procedural'
        ? proceduralSource(source.seed, source.index, source.specimen, source.size)
        : await read(path ?? '');
    const specimen = source.fadeTo === null ? grey : fadeTexture(grey, source.fadeTo, source.seed, source.index);
    if (task.keepSourceAs) await keepSource(join(task.folder, task.keepSourceAs), specimen);
    for (const tile of task.tiles)
      await writeWhole(join(task.folder, tile.name), await tiffBytes(renderSetTile(specimen, tile), task.compression));
    return { kind: 'render', tiles: task.tiles.length };
  };
}

/**
 * Reads an image as grey 0…255: 8-bit values as they are, colour as its luma, other sample types stretched from their
 * 0.1 to their 99.9 percentile.
 */
async function readGrey(path: string): Promise<Raster<Uint8Array>> {
  const image = await openImage(await fileSource(path, basename(path)));
  const channels = await image.readRegion(0, undefined, silentContext.signal);
  const luma = lumaOf(channels);
  const { width, height } = luma;
  const grey = new Uint8Array(width * height);
  if (channels[0].data instanceof Uint8Array) {
    for (let i = 0; i < grey.length; i++) grey[i] = luma.data[i] + 0.5;
    return { data: grey, width, height };
  }
  const [low, high] = quantilesOf(luma.data, [0.001, 0.999]);
  if (!(high > low)) throw new StitchError('unsupported-image', `${path} is empty: all its values are equal.`);
  const scale = 255 / (high - low);
  for (let i = 0; i < grey.length; i++) grey[i] = Math.min(Math.max(scale * (luma.data[i] - low), 0), 255) + 0.5;
  return { data: grey, width, height };
}

async function keepSource(path: string, specimen: Raster): Promise<void> {
  if (await isPresent(path)) return;
  await mkdir(dirname(path), { recursive: true });
  const data = Uint8Array.from(specimen.data, (value) => Math.min(Math.max(value + 0.5, 0), 255));
  await writeWhole(path, await tiffBytes({ ...specimen, data }, 'deflate'));
}

async function isPresent(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function tiffBytes(raster: Raster<Uint8Array>, compression: 'deflate' | 'none'): Promise<Uint8Array> {
  const sink = memorySink();
  const side = Math.min(512, 16 * Math.ceil(Math.min(raster.width, raster.height) / 16));
  await writeTiledTiff(
    sink,
    { size: raster, channels: 1, sampleType: 'uint8', pixelSizeNm: null, software: softwareName },
    async (rect) => [cropRaster(raster, rect)],
    { tileSize: side, compression },
    silentContext,
  );
  return sink.bytes();
}

/** Writes beside the target and renames: the target is whole or absent. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError(
      'write-failed',
      `${path} could not be written (${why}); free some disk space and run again, finished tiles are kept.`,
      { file: path },
      { cause },
    );
  }
}

/** True when `tile` was written by an earlier run: uncompressed it is at least as large as its pixels. */
export async function isTileWhole(folder: string, tile: SetTile, compression: 'deflate' | 'none'): Promise<boolean> {
  const least = compression === 'none' ? tile.size.width * tile.size.height : 1;
  return stat(join(folder, tile.name)).then(
    ({ size }) => size >= least,
    () => false,
  );
}
