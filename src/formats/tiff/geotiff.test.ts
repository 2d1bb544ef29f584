import { fromArrayBuffer } from 'geotiff';
import { describe, expect, it } from 'vitest';
import { silentContext } from '../../core/progress.ts';
import { allocateSamples, cropRaster, type Raster, type SampleType } from '../../core/raster/raster.ts';
import { memorySink } from '../memory-sink.ts';
import { writeTiledTiff } from './tiff-writer.ts';

const size = { width: 333, height: 207 };

/** A ramp with a step in it, different in every channel, over the range of the type. */
function channelOf(type: SampleType, channel: number): Raster {
  const data = allocateSamples(type, size.width * size.height);
  for (let i = 0; i < data.length; i++) data[i] = ((i * 7 + 31 * channel) % 251) * (type === 'uint8' ? 1 : 100.5);
  return { data, ...size };
}

describe('what the writer writes is read by geotiff', () => {
  it.each([
    { sampleType: 'uint8', channels: 1, bigTiff: 'auto' },
    { sampleType: 'uint8', channels: 3, bigTiff: 'auto' },
    { sampleType: 'uint16', channels: 1, bigTiff: 'always' },
    { sampleType: 'int16', channels: 1, bigTiff: 'auto' },
    { sampleType: 'float32', channels: 1, bigTiff: 'auto' },
  ] as const)('$sampleType × $channels, BigTIFF $bigTiff', async ({ sampleType, channels, bigTiff }) => {
    const rasters = Array.from({ length: channels }, (_, channel) => channelOf(sampleType, channel));
    const sink = memorySink();
    await writeTiledTiff(
      sink,
      { size, channels, sampleType, pixelSizeNm: 8, software: 'test' },
      async (rect) => rasters.map((raster) => cropRaster(raster, rect)),
      { bigTiff, tileSize: 128 },
      silentContext,
    );
    const image = await (await fromArrayBuffer(sink.bytes().slice().buffer)).getImage();
    const read = await image.readRasters();
    expect(read.length).toBe(channels);
    rasters.forEach(({ data }, channel) => expect(read[channel]).toEqual(data));
  });
});
