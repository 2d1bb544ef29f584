import { composeAffine, invertAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { intersectRects, uniteRects } from '../geometry/rect.ts';
import type { Rect } from '../geometry/rect.ts';
import { boundsOfPlacements, commonSampleType } from '../mosaic/build-mosaic.ts';
import { composeRegion } from '../mosaic/compositor.ts';
import { unitGain } from '../photometry/gain-offset.ts';
import type { GainOffset } from '../photometry/gain-offset.ts';
import type { ComposeOptions, Mosaic, Placement } from '../mosaic/mosaic.ts';
import type { CancelSignal } from '../progress.ts';
import { cropRaster } from '../raster/raster.ts';
import type { Raster } from '../raster/raster.ts';
import type { Tile, TileId, TileReader } from '../tiles/tile.ts';
import { peakSignalToNoise, structuralSimilarity } from './image-similarity.ts';
import type { ImageQuality } from './pair-record.ts';

/** Poses by tile, mosaicFromTile. */
export type Poses = ReadonlyMap<TileId, Affine2>;

/** What mosaics are composed of: tiles of one channel (the first of which is the root), their pixels and tones. */
export interface MosaicParts {
  readonly tiles: readonly Tile[];
  readonly reader: TileReader;
  readonly tones: ReadonlyMap<TileId, GainOffset>;
  readonly compose: ComposeOptions;
}

/** A canvas larger than this many times the true mosaic is cut to the true mosaic's surroundings. */
const largestGrowth = 2;

/**
 * Likeness of the mosaic from estimated poses and the one from true poses, the same tones in both: laid upon each other
 * at the first tile, over the union of what the two cover (0 where one has nothing), after one global gain and offset.
 * @throws RangeError when a tile has no pose.
 */
export async function mosaicLikeness(
  parts: MosaicParts,
  estimated: Poses,
  truth: Poses,
  signal: CancelSignal,
): Promise<ImageQuality> {
  const laid = layOnTruth(parts.tiles, estimated, truth);
  const [own, other] = [placementsOf(parts, laid), placementsOf(parts, truth)];
  const bounds = canvasOf(boundsOfPlacements(own), boundsOfPlacements(other));
  const image = await composed(parts, own, bounds, signal);
  const reference = await composed(parts, other, bounds, signal);
  const mask = image.coverage.map((value, i) => value | reference.coverage[i]);
  return qualityOf({ image: image.raster, reference: reference.raster, mask });
}

/**
 * Likeness of the mosaic from estimated poses and the picture that the tiles were cut from, laid upon it at the first
 * tile, where tiles lie, after one global gain and offset; `truth` is in the frame of the source.
 * @throws RangeError when a tile has no pose.
 */
export async function sourceLikeness(
  parts: MosaicParts,
  estimated: Poses,
  truth: Poses,
  source: Raster,
  signal: CancelSignal,
): Promise<ImageQuality> {
  const placements = placementsOf(parts, layOnTruth(parts.tiles, estimated, truth));
  const frame: Rect = { x: 0, y: 0, width: source.width, height: source.height };
  const bounds = intersectRects(frame, boundsOfPlacements(placements)) ?? frame;
  const image = await composed(parts, placements, bounds, signal);
  return qualityOf({ image: image.raster, reference: cropRaster(source, bounds), mask: image.coverage });
}

function qualityOf(images: Parameters<typeof peakSignalToNoise>[0]): ImageQuality {
  const rounded = (value: number) => Math.round(value * 1e4) / 1e4;
  return {
    // equal images have an infinite PSNR; 8-bit rounding alone is 59 dB
    peakSignalToNoiseDb: rounded(Math.min(99, peakSignalToNoise(images))),
    structuralSimilarity: rounded(structuralSimilarity(images)),
  };
}

function layOnTruth(tiles: readonly Tile[], estimated: Poses, truth: Poses): Poses {
  const [root] = tiles;
  const trueFromEstimated = composeAffine(poseOf(truth, root.id), invertAffine(poseOf(estimated, root.id)));
  return new Map(tiles.map(({ id }) => [id, composeAffine(trueFromEstimated, poseOf(estimated, id))]));
}

function poseOf(poses: Poses, id: TileId): Affine2 {
  const pose = poses.get(id);
  if (!pose) throw new RangeError(`no pose for ${id}`);
  return pose;
}

function placementsOf({ tiles, tones }: MosaicParts, poses: Poses): readonly Placement[] {
  return tiles.map(({ id, size }) => ({
    tile: id,
    size,
    mosaicFromTile: poseOf(poses, id),
    state: 'solved',
    component: 0,
    tone: tones.get(id) ?? unitGain,
  }));
}

function canvasOf(own: Rect, truth: Rect): Rect {
  const union = uniteRects(own, truth);
  return union.width * union.height <= largestGrowth * truth.width * truth.height ? union : truth;
}

async function composed(
  { tiles, reader, compose }: MosaicParts,
  placements: readonly Placement[],
  bounds: Rect,
  signal: CancelSignal,
): Promise<{ readonly raster: Raster; readonly coverage: Uint8Array }> {
  const sampleType = commonSampleType(tiles.map((tile) => tile.sampleType));
  const mosaic: Mosaic = { bounds, placements, channels: 1, sampleType, pixelSizeNm: null };
  const { channels, coverage } = await composeRegion(mosaic, { rect: bounds, scale: 1 }, compose, reader, signal);
  return { raster: channels[0], coverage };
}
