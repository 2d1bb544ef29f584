import { planPyramid, streamPyramid, tileTotal } from '../core/mosaic/pyramid-stream.ts';
import { abortingOnFailure } from './mosaic-writer.ts';
import type { MosaicWriter } from './mosaic-writer.ts';
import { orderedWrites } from './ordered-writes.ts';
import { encodePng } from './png-writer.ts';
import { mosaicPicture } from './pyramid-source.ts';
import { xmlElement } from './xml-text.ts';
import { zipTreeSink } from './zip-writer.ts';

const tileSide = 512;
const tilesInFlight = 4;
/** The name of the picture inside its folder or archive. */
const pictureName = 'mosaic';

/**
 * Writes a Deep Zoom image: `mosaic.dzi` and `mosaic_files/LEVEL/COLUMN_ROW.png`, levels down to one pixel, tiles of 512²
 * without overlap, 8 bits (wider samples are stretched between measured percentiles, or the range given); into a folder,
 * or into a ZIP archive to unpack on a web server.
 * @see Microsoft, "Deep Zoom File Format Overview"; http://schemas.microsoft.com/deepzoom/2008
 */
export const deepZoomWriter: MosaicWriter = {
  async write(target, mosaic, options, reader, context) {
    const tree = target.kind === 'folder' ? target.sink : zipTreeSink(target.sink);
    return abortingOnFailure(tree, async () => {
      const picture = await mosaicPicture(mosaic, { ...options, bits: '8' }, reader, context);
      const { size, sampleType } = picture;
      const plan = planPyramid(size, tileSide, 1);
      const total = tileTotal(plan);
      let done = 0;
      const writes = orderedWrites<{ readonly path: string; readonly bytes: Uint8Array }>(
        tilesInFlight,
        async ({ path, bytes }) => {
          context.signal.throwIfAborted();
          await tree.write(path, bytes);
          context.onProgress({ stage: 'export', done: ++done, total });
        },
      );
      const { length: levels } = plan.levels;
      await streamPyramid(
        plan,
        picture.compose,
        ({ level, column, row, channels }) => {
          // Deep Zoom counts its levels from the one pixel upwards.
          const path = `${pictureName}_files/${levels - 1 - level}/${column}_${row}.png`;
          return writes.push(encodePng(channels, sampleType).then((bytes) => ({ path, bytes })));
        },
        context,
      );
      await writes.drain();
      const descriptor = descriptorOf(size.width, size.height);
      await tree.write(`${pictureName}.dzi`, new TextEncoder().encode(descriptor));
      context.signal.throwIfAborted();
      const bytes = await tree.commit();
      return { bytes, kind: 'Deep Zoom', levels, size, change: picture.change, damaged: picture.damaged() };
    });
  },
};

function descriptorOf(width: number, height: number): string {
  const image = xmlElement(
    'Image',
    { xmlns: 'http://schemas.microsoft.com/deepzoom/2008', Format: 'png', Overlap: 0, TileSize: tileSide },
    xmlElement('Size', { Width: width, Height: height }),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${image}\n`;
}
