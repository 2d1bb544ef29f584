import { affineToArray } from '../core/geometry/affine2.ts';
import { planPyramid, streamPyramid, tileTotal } from '../core/mosaic/pyramid-stream.ts';
import type { PyramidPlan, PyramidTile } from '../core/mosaic/pyramid-stream.ts';
import type { RunContext } from '../core/progress.ts';
import { allocateSamples, sampleTypeOf } from '../core/raster/raster.ts';
import type { Raster } from '../core/raster/raster.ts';
import type { FileTreeSink } from './file-tree-sink.ts';
import { abortingOnFailure } from './mosaic-writer.ts';
import type { MosaicTarget, MosaicWriter } from './mosaic-writer.ts';
import { orderedWrites } from './ordered-writes.ts';
import { measuredRange } from './pyramid-samples.ts';
import type { ValueRange } from './pyramid-samples.ts';
import { describeChange, mosaicPicture } from './pyramid-source.ts';
import type { MosaicPicture } from './pyramid-source.ts';
import { softwareName } from './software.ts';
import { gzip } from './tiff/deflate.ts';
import { zipTreeSink } from './zip-writer.ts';

/** Side of a chunk: 2 MB of 16-bit samples, a good bite for a viewer over a network. */
const chunkSide = 1024;
/** The coarsest level fits a thumbnail. */
const coarsestSide = 512;
const chunksInFlight = 4;
const version = '0.5';

/**
 * Writes an OME-Zarr 0.5 image (Zarr 3): one array a level, chunks of 1024², gzip; into a folder, or into a ZIP archive
 * of stored entries. Chunks that no tile touches are left out, as Zarr understands: they read as the fill value.
 * @see OME-NGFF 0.5, "multiscales"; Zarr core specification 3.1; NGFF RFC 9 for the archive
 */
export const omeZarrWriter: MosaicWriter = {
  async write(target, mosaic, options, reader, context) {
    const tree = treeOf(target);
    return abortingOnFailure(tree, async () => {
      const picture = await mosaicPicture(mosaic, options, reader, context);
      const { size, sampleType } = picture;
      const plan = planPyramid(size, chunkSide, coarsestSide);
      const shown = sampleType === 'uint8' ? { low: 0, high: 255 } : await measuredRange(size, picture.compose);
      await writeJson(tree, 'zarr.json', groupOf(picture, plan, shown));
      for (let level = 0; level < plan.levels.length; level++)
        await writeJson(tree, `${level}/zarr.json`, arrayOf(picture, plan, level));
      await writeChunks(tree, picture, plan, context);
      context.signal.throwIfAborted();
      const bytes = await tree.commit();
      const { length: levels } = plan.levels;
      return { bytes, kind: `OME-Zarr ${version}`, levels, size, change: picture.change, damaged: picture.damaged() };
    });
  },
};

function treeOf(target: MosaicTarget): FileTreeSink {
  if (target.kind === 'folder') return target.sink;
  return zipTreeSink(target.sink, { comment: JSON.stringify({ ome: { version } }) });
}

async function writeJson(tree: FileTreeSink, path: string, content: unknown): Promise<void> {
  await tree.write(path, new TextEncoder().encode(`${JSON.stringify(content, null, 1)}\n`));
}

/** Axes in the order of the arrays: a grey mosaic has y and x, a colour one c before them. */
function axesOf({ channels, mosaic }: MosaicPicture): readonly Readonly<Record<string, string>>[] {
  const unit = mosaic.pixelSizeNm === null ? {} : { unit: 'nanometer' };
  const plane = [
    { name: 'y', type: 'space', ...unit },
    { name: 'x', type: 'space', ...unit },
  ];
  return channels === 3 ? [{ name: 'c', type: 'channel' }, ...plane] : plane;
}

/**
 * Scale and translation of level n, from its pixels to the mosaic: its pixel 0 has its centre at (2ⁿ − 1)/2 of full
 * resolution, and full resolution begins at the region's corner.
 */
function transformationsOf({ channels, mosaic, options }: MosaicPicture, level: number): readonly unknown[] {
  const nm = mosaic.pixelSizeNm ?? 1;
  const factor = 2 ** level;
  const centre = (factor - 1) / 2;
  const lead = <T>(value: T): readonly T[] => (channels === 3 ? [value] : []);
  return [
    { type: 'scale', scale: [...lead(1), factor * nm, factor * nm] },
    {
      type: 'translation',
      translation: [...lead(0), (options.region.y + centre) * nm, (options.region.x + centre) * nm],
    },
  ];
}

function groupOf(picture: MosaicPicture, plan: PyramidPlan, shown: ValueRange | null): unknown {
  const multiscale = {
    name: picture.options.content === 'mask' ? 'mask' : 'mosaic',
    axes: axesOf(picture),
    datasets: plan.levels.map((_, level) => ({
      path: String(level),
      coordinateTransformations: transformationsOf(picture, level),
    })),
    type: 'mean',
    metadata: { description: 'Each level is the mean of the covered pixels of 2×2 blocks of the one before.' },
  };
  const ome = { version, multiscales: [multiscale], omero: { channels: displayOf(picture, shown) } };
  return { zarr_format: 3, node_type: 'group', attributes: { ome, 'em-stitch': provenanceOf(picture) } };
}

/** How a viewer may show the channels at first. */
function displayOf({ channels, sampleType }: MosaicPicture, shown: ValueRange | null): readonly unknown[] {
  const ends = { uint8: [0, 255], uint16: [0, 65535], int16: [-32768, 32767] } as const;
  const [min, max] = sampleType === 'float32' ? [shown?.low ?? 0, shown?.high ?? 1] : ends[sampleType];
  const window = { min, max, start: shown?.low ?? min, end: shown?.high ?? max };
  const named =
    channels === 3
      ? ([
          ['red', 'FF0000'],
          ['green', '00FF00'],
          ['blue', '0000FF'],
        ] as const)
      : ([['grey', 'FFFFFF']] as const);
  return named.map(([label, color]) => ({ label, color, window, active: true }));
}

function provenanceOf({ mosaic, options, change }: MosaicPicture): unknown {
  const { region, compose, content } = options;
  return {
    software: softwareName,
    content,
    bounds: Object.values(mosaic.bounds),
    region: [region.x, region.y, region.width, region.height],
    blend: compose.blend,
    values: describeChange(change),
    tiles: mosaic.placements.map(({ tile, mosaicFromTile, state, tone }) => ({
      file: tile,
      mosaicFromTile: affineToArray(mosaicFromTile),
      state,
      gain: tone.gain,
      offset: tone.offset,
    })),
  };
}

function arrayOf(picture: MosaicPicture, { levels }: PyramidPlan, level: number): unknown {
  const { channels, sampleType, fill } = picture;
  const { width, height } = levels[level];
  const lead = channels === 3;
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: [...(lead ? [3] : []), height, width],
    data_type: sampleType,
    chunk_grid: {
      name: 'regular',
      configuration: { chunk_shape: [...(lead ? [1] : []), chunkSide, chunkSide] },
    },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: Number.isFinite(fill) ? fill : String(fill),
    codecs: [
      sampleType === 'uint8' ? { name: 'bytes' } : { name: 'bytes', configuration: { endian: 'little' } },
      { name: 'gzip', configuration: { level: 6 } },
    ],
    dimension_names: [...(lead ? ['c'] : []), 'y', 'x'],
    attributes: {},
  };
}

async function writeChunks(
  tree: FileTreeSink,
  picture: MosaicPicture,
  plan: PyramidPlan,
  context: RunContext,
): Promise<void> {
  const total = tileTotal(plan);
  let done = 0;
  const writes = orderedWrites<readonly { readonly path: string; readonly bytes: Uint8Array }[]>(
    chunksInFlight,
    async (files) => {
      context.signal.throwIfAborted();
      for (const { path, bytes } of files) await tree.write(path, bytes);
      context.onProgress({ stage: 'export', done: ++done, total });
    },
  );
  await streamPyramid(plan, picture.compose, (tile) => writes.push(encodeChunks(tile, picture)), context);
  await writes.drain();
}

async function encodeChunks({ level, column, row, channels, coverage }: PyramidTile, { fill }: MosaicPicture) {
  if (!coverage.includes(255)) return [];
  const path = (c: number) => [level, 'c', ...(channels.length === 3 ? [c] : []), row, column].join('/');
  return Promise.all(
    channels.map(async (channel, c) => ({ path: path(c), bytes: await gzip(paddedBytes(channel, fill)) })),
  );
}

/** Little-endian samples of a whole chunk; what lies beyond the array is the fill value. */
function paddedBytes({ data, width, height }: Raster, fill: number): Uint8Array {
  const isWhole = width === chunkSide && height === chunkSide;
  const whole = isWhole ? data : padded({ data, width, height }, fill);
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
}

function padded({ data, width, height }: Raster, fill: number): Raster['data'] {
  const whole = allocateSamples(sampleTypeOf(data), chunkSide * chunkSide).fill(fill);
  for (let j = 0; j < height; j++) whole.set(data.subarray(j * width, (j + 1) * width), j * chunkSide);
  return whole;
}
