/** cos and −sin of 2πk/n for k < n/2. */
interface Twiddles {
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

function twiddlesOf(n: number): Twiddles {
  const cos = new Float64Array(n / 2);
  const sin = new Float64Array(n / 2);
  for (let k = 0; k < n / 2; k++) {
    cos[k] = Math.cos((2 * Math.PI * k) / n);
    sin[k] = -Math.sin((2 * Math.PI * k) / n);
  }
  return { cos, sin };
}

/** The smallest power of two that is `n` or more. */
export function powerOfTwo(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, n)));
}

/**
 * Two-dimensional complex Fourier transform in place, Σ x·exp(−2πi(ux/w + vy/h)), unscaled; both sides powers of two.
 * The inverse is the transform of the swapped parts: transform(im, re), divided by width · height.
 */
export function transform2d(re: Float64Array, im: Float64Array, width: number, height: number): void {
  const rows = twiddlesOf(width);
  for (let y = 0; y < height; y++) transformLine(re, im, y * width, width, rows);
  const columns = twiddlesOf(height);
  const [lineRe, lineIm] = [new Float64Array(height * columnsAtOnce), new Float64Array(height * columnsAtOnce)];
  // A few columns are copied out together: the walk down one column alone misses the cache at every step.
  for (let x = 0; x < width; x += columnsAtOnce) {
    const count = Math.min(columnsAtOnce, width - x);
    for (let y = 0; y < height; y++)
      for (let c = 0; c < count; c++) {
        lineRe[c * height + y] = re[y * width + x + c];
        lineIm[c * height + y] = im[y * width + x + c];
      }
    for (let c = 0; c < count; c++) transformLine(lineRe, lineIm, c * height, height, columns);
    for (let y = 0; y < height; y++)
      for (let c = 0; c < count; c++) {
        re[y * width + x + c] = lineRe[c * height + y];
        im[y * width + x + c] = lineIm[c * height + y];
      }
  }
}

const columnsAtOnce = 8;

/** Radix-2, decimation in time. */
function transformLine(re: Float64Array, im: Float64Array, start: number, n: number, { cos, sin }: Twiddles): void {
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const p = start + i;
    const q = start + j;
    const r = re[p];
    re[p] = re[q];
    re[q] = r;
    const m = im[p];
    im[p] = im[q];
    im[q] = m;
  }
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let block = 0; block < n; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const wr = cos[k * stride];
        const wi = sin[k * stride];
        const p = start + block + k;
        const q = p + half;
        const tr = wr * re[q] - wi * im[q];
        const ti = wr * im[q] + wi * re[q];
        re[q] = re[p] - tr;
        im[q] = im[p] - ti;
        re[p] += tr;
        im[p] += ti;
      }
    }
  }
}
