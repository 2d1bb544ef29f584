/** An image of single-precision samples with even sides. */
export interface Plane {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Half the image: [1 4 6 4 1]/16 along both axes about every second sample, sample n of the result at 2n. Beyond its
 * border the image repeats it, which spoils two samples of any level at most.
 * @see Burt and Adelson, "A multiresolution spline with application to image mosaics", ACM ToG 2(4), 1983, section 3
 */
export function reducePlane({ data, width, height }: Plane): Plane {
  const half = { width: width >> 1, height: height >> 1 };
  const across = new Float32Array(half.width * height);
  for (let j = 0; j < height; j++) {
    const row = j * width;
    const out = j * half.width;
    for (let i = 0; i < half.width; i++) {
      const at = row + 2 * i;
      const p = i > 0 ? at - 2 : row;
      const o = i > 0 ? at - 1 : row;
      const r = 2 * i + 2 < width ? at + 2 : row + width - 1;
      across[out + i] = (data[p] + data[r] + 4 * (data[o] + data[at + 1]) + 6 * data[at]) / 16;
    }
  }
  const result = new Float32Array(half.width * half.height);
  const stride = half.width;
  for (let j = 0; j < half.height; j++) {
    const at = 2 * j * stride;
    const p = j > 0 ? at - 2 * stride : 0;
    const o = j > 0 ? at - stride : 0;
    const r = 2 * j + 2 < height ? at + 2 * stride : (height - 1) * stride;
    for (let i = 0; i < stride; i++)
      result[j * stride + i] =
        (across[p + i] + across[r + i] + 4 * (across[o + i] + across[at + stride + i]) + 6 * across[at + i]) / 16;
  }
  return { data: result, ...half };
}

/** Twice the image, the interpolation that belongs to `reducePlane`: even samples (1 6 1)/8, odd ones the mean of two. */
export function expandPlane({ data, width, height }: Plane): Plane {
  const double = { width: 2 * width, height: 2 * height };
  const down = new Float32Array(width * double.height);
  for (let j = 0; j < height; j++) {
    const at = j * width;
    const above = j > 0 ? at - width : at;
    const below = j + 1 < height ? at + width : at;
    const even = 2 * j * width;
    for (let i = 0; i < width; i++) {
      down[even + i] = (data[above + i] + 6 * data[at + i] + data[below + i]) / 8;
      down[even + width + i] = (data[at + i] + data[below + i]) / 2;
    }
  }
  const result = new Float32Array(double.width * double.height);
  for (let j = 0; j < double.height; j++) {
    const row = j * width;
    const out = j * double.width;
    for (let i = 0; i < width; i++) {
      const at = row + i;
      const left = i > 0 ? at - 1 : at;
      const right = i + 1 < width ? at + 1 : at;
      result[out + 2 * i] = (down[left] + 6 * down[at] + down[right]) / 8;
      result[out + 2 * i + 1] = (down[at] + down[right]) / 2;
    }
  }
  return { data: result, ...double };
}

/** The image and its halves, `count` of them. */
export function planePyramid(plane: Plane, count: number): readonly Plane[] {
  const levels = [plane];
  for (let n = 0; n < count; n++) levels.push(reducePlane(levels[n]));
  return levels;
}
