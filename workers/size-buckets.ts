/** A few sizes that images of any size are padded to, so that a device prepares itself for each of them once. */
import { Tensor } from 'onnxruntime-common';

/** Steps between the sizes: an eighth to a quarter of the side, at least this many px. */
const leastStep = 32;
/** Marks pixels that are not there, for graphs that know it. */
const padding = -1;

/** The side that a side is padded to, px: less than a quarter longer (or 32 px), and one of four between a power of two and the next. */
export function bucketOf(side: number): number {
  const step = Math.max(leastStep, 2 ** Math.ceil(Math.log2(Math.max(side, 1))) / 8);
  return Math.ceil(side / step) * step;
}

/** An image [1, 1, H, W] with padding to the right and below; itself when it has the size already. */
export function padTensor(image: Tensor, height: number, width: number): Tensor {
  const [, , rows, columns] = image.dims;
  if (rows === height && columns === width) return image;
  const from = image.data as Float32Array;
  const data = new Float32Array(height * width).fill(padding);
  for (let y = 0; y < rows; y++) data.set(from.subarray(y * columns, (y + 1) * columns), y * width);
  return new Tensor('float32', data, [1, 1, height, width]);
}
