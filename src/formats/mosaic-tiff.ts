import { StitchError } from '../core/errors.ts';
import { planPyramid } from '../core/mosaic/pyramid-stream.ts';
import { abortingOnFailure } from './mosaic-writer.ts';
import type { MosaicWriter } from './mosaic-writer.ts';
import { mosaicPicture } from './pyramid-source.ts';
import { softwareName } from './software.ts';
import { writePyramidTiff } from './tiff/tiff-writer.ts';

const tileSize = 512;

/**
 * Writes a mosaic, or the mask of where it has pixels, as one tiled TIFF at full resolution. App and command line write
 * through here: the same solution gives the same pixels in both.
 */
export const mosaicTiffWriter: MosaicWriter = {
  write: (target, mosaic, options, reader, context) =>
    abortingOnFailure(target.sink, async () => {
      if (target.kind === 'folder') throw new StitchError('bad-options', 'TIFF is one file; name a file.');
      const picture = await mosaicPicture(mosaic, options, reader, context);
      const { size, channels, sampleType } = picture;
      const plan = planPyramid(size, tileSize, Infinity);
      const image = { size, channels, sampleType, pixelSizeNm: mosaic.pixelSizeNm, software: softwareName };
      const { bytes, bigTiff } = await writePyramidTiff(target.sink, image, plan, picture.compose, {}, context);
      return {
        bytes,
        kind: bigTiff ? 'BigTIFF' : 'TIFF',
        levels: 1,
        size,
        change: picture.change,
        damaged: picture.damaged(),
      };
    }),
};
