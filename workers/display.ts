import type { Raster } from '../src/core/raster/raster.ts';
import type { DisplayRange } from './protocol.ts';

/** Sample value → 0…255 under a display range; display only, data never change. */
function toneCurve({ low, high, gamma, invert }: DisplayRange): (value: number) => number {
  const span = high > low ? high - low : 1;
  return (value) => {
    const t = Math.min(1, Math.max(0, (value - low) / span));
    const shown = gamma === 1 ? t : Math.pow(t, 1 / gamma);
    return Math.round(255 * (invert ? 1 - shown : shown));
  };
}

/**
 * RGBA of one or three channels; pixels without coverage are transparent.
 * Integer samples go through a table, floats through the curve.
 */
export function paintRaster(channels: readonly Raster[], coverage: Uint8Array | null, range: DisplayRange): ImageData {
  const { width, height } = channels[0];
  const image = new ImageData(width, height);
  const rgba = image.data;
  const curve = toneCurve(range);
  for (let k = 0; k < 3; k++) {
    const { data } = channels[Math.min(k, channels.length - 1)];
    if (data instanceof Float32Array) {
      for (let i = 0; i < data.length; i++) rgba[4 * i + k] = curve(data[i]);
    } else {
      const base = data instanceof Int16Array ? 32768 : 0;
      const table = new Uint8Array(data instanceof Uint8Array ? 256 : 65536);
      for (let v = 0; v < table.length; v++) table[v] = curve(v - base);
      for (let i = 0; i < data.length; i++) rgba[4 * i + k] = table[data[i] + base];
    }
  }
  for (let i = 0; i < width * height; i++) rgba[4 * i + 3] = coverage ? coverage[i] : 255;
  return image;
}
