import type { Rect } from '../geometry/rect.ts';

/** Sample types kept from file to file; nothing is ever rescaled silently. */
export type SampleType = 'uint8' | 'uint16' | 'int16' | 'float32';

export type Samples = Uint8Array | Uint16Array | Int16Array | Float32Array;

/** One channel of pixels, row-major, `data.length === width · height`. Colour is three rasters. */
export interface Raster<T extends Samples = Samples> {
  readonly data: T;
  readonly width: number;
  readonly height: number;
}

export type FloatRaster = Raster<Float32Array>;

/** A typed array of `length` samples of the given type, zero-filled. */
export function allocateSamples(type: SampleType, length: number): Samples {
  switch (type) {
    case 'uint8':
      return new Uint8Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'float32':
      return new Float32Array(length);
  }
}

export function sampleTypeOf(data: Samples): SampleType {
  if (data instanceof Uint8Array) return 'uint8';
  if (data instanceof Uint16Array) return 'uint16';
  if (data instanceof Int16Array) return 'int16';
  return 'float32';
}

export const bytesPerSample: Readonly<Record<SampleType, number>> = { uint8: 1, uint16: 2, int16: 2, float32: 4 };

/** A copy of the pixels inside `region`, which must lie within the raster. */
export function cropRaster<T extends Samples>(raster: Raster<T>, region: Rect): Raster<T> {
  const { x, y, width, height } = region;
  if (x < 0 || y < 0 || x + width > raster.width || y + height > raster.height)
    throw new RangeError(`crop ${x},${y} ${width}×${height} leaves the raster ${raster.width}×${raster.height}`);
  const data = allocateSamples(sampleTypeOf(raster.data), width * height) as T;
  for (let j = 0; j < height; j++) {
    const from = (y + j) * raster.width + x;
    data.set(raster.data.subarray(from, from + width), j * width);
  }
  return { data, width, height };
}

/** Luma of Rec. 601, used for matching colour tiles: Y = 0.299 R + 0.587 G + 0.114 B. */
export function lumaOf(channels: readonly Raster[]): Raster {
  if (channels.length < 3) return channels[0];
  const [r, g, b] = channels;
  const data = new Float32Array(r.data.length);
  for (let i = 0; i < data.length; i++) data[i] = 0.299 * r.data[i] + 0.587 * g.data[i] + 0.114 * b.data[i];
  return { data, width: r.width, height: r.height };
}
