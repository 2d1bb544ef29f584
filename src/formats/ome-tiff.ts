import { StitchError } from '../core/errors.ts';
import { planPyramid } from '../core/mosaic/pyramid-stream.ts';
import { abortingOnFailure } from './mosaic-writer.ts';
import type { MosaicWriter } from './mosaic-writer.ts';
import { omeXml } from './ome-tiff-xml.ts';
import { mosaicPicture } from './pyramid-source.ts';
import { softwareName } from './software.ts';
import { writePyramidTiff } from './tiff/tiff-writer.ts';

const tileSize = 512;

/**
 * Writes a pyramidal OME-TIFF: OME-XML in the first ImageDescription, tiles of 512², Deflate with predictor, reduced
 * copies down to one tile as SubIFDs; BigTIFF where 4 GB may not do.
 * @see OME-TIFF 6.0 specification, "Sub-resolutions"
 */
export const omeTiffWriter: MosaicWriter = {
  write: (target, mosaic, options, reader, context) =>
    abortingOnFailure(target.sink, async () => {
      if (target.kind === 'folder') throw new StitchError('bad-options', 'OME-TIFF is one file; name a file.');
      const picture = await mosaicPicture(mosaic, options, reader, context);
      const { size, channels, sampleType } = picture;
      const image = {
        size,
        channels,
        sampleType,
        pixelSizeNm: mosaic.pixelSizeNm,
        description: omeXml(picture, options.content === 'mask' ? 'mask' : 'mosaic'),
        software: softwareName,
      };
      const plan = planPyramid(size, tileSize, tileSize);
      const { bytes, bigTiff } = await writePyramidTiff(target.sink, image, plan, picture.compose, {}, context);
      return {
        bytes,
        kind: bigTiff ? 'OME-TIFF (BigTIFF)' : 'OME-TIFF',
        levels: plan.levels.length,
        size,
        change: picture.change,
        damaged: picture.damaged(),
      };
    }),
};
