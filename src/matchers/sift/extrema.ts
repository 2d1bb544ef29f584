import type { Octave } from './scale-space.ts';

/** An extremum of the difference of Gaussians, in px of its octave. */
export interface Extremum {
  readonly x: number;
  readonly y: number;
  /** Layer 1 … layers whose Gaussian is nearest in scale. */
  readonly layer: number;
  /** Layer with its fraction. */
  readonly scaleIndex: number;
  /** |D| at the refined place, in the input's grey units. */
  readonly contrast: number;
}

export interface ExtremaOptions {
  readonly layers: number;
  /** Lowest contrast, grey units 0…1, times layers: Lowe's and OpenCV's convention. */
  readonly contrastThreshold: number;
  /** Largest ratio of the principal curvatures. */
  readonly edgeThreshold: number;
}

/** Keypoints are not looked for closer to the border, octave px. */
const border = 5;
const refinements = 5;

/**
 * Extrema of D = G(kσ) − G(σ) over 3×3×3 neighbours, refined by a quadratic in x, y and scale, without weak and
 * edge-like ones.
 * @see Lowe 2004, sections 3.1, 4 and 4.1
 */
export function findExtrema({ gaussians }: Octave, options: ExtremaOptions): readonly Extremum[] {
  const { layers, contrastThreshold } = options;
  const { width, height } = gaussians[0];
  const images = gaussians.map(({ data }) => data);
  const threshold = (0.5 * contrastThreshold) / layers;
  const found: Extremum[] = [];
  for (let layer = 1; layer <= layers; layer++) {
    const lower = images[layer];
    const upper = images[layer + 1];
    for (let y = border; y < height - border; y++) {
      for (let x = border; x < width - border; x++) {
        const i = y * width + x;
        const value = upper[i] - lower[i];
        if (value <= threshold && value >= -threshold) continue;
        if (!isExtremum(images, layer, i, width, value)) continue;
        const refined = refine(images, width, height, x, y, layer, options);
        if (refined !== null) found.push(refined);
      }
    }
  }
  return found;
}

function isExtremum(images: readonly Float32Array[], layer: number, i: number, width: number, value: number): boolean {
  for (let l = 0; l < 3; l++) {
    // its own layer first: it decides most often
    const at = layer + (l === 0 ? 0 : l === 1 ? -1 : 1);
    const lower = images[at];
    const upper = images[at + 1];
    for (let dy = -width; dy <= width; dy += width) {
      for (let j = i + dy - 1; j <= i + dy + 1; j++) {
        const other = upper[j] - lower[j];
        if (value > 0 ? other > value : other < value) return false;
      }
    }
  }
  return true;
}

/** Moves to the vertex of the local quadratic; null when it escapes, is weak or lies on an edge. */
function refine(
  images: readonly Float32Array[],
  width: number,
  height: number,
  startX: number,
  startY: number,
  startLayer: number,
  { layers, contrastThreshold, edgeThreshold }: ExtremaOptions,
): Extremum | null {
  let x = startX;
  let y = startY;
  let layer = startLayer;
  for (let round = 0; round < refinements; round++) {
    const i = y * width + x;
    const dog = (l: number, offset: number) => images[l + 1][i + offset] - images[l][i + offset];
    const centre = dog(layer, 0);
    const right = dog(layer, 1);
    const left = dog(layer, -1);
    const below = dog(layer, width);
    const above = dog(layer, -width);
    const next = dog(layer + 1, 0);
    const previous = dog(layer - 1, 0);
    const gx = (right - left) / 2;
    const gy = (below - above) / 2;
    const gs = (next - previous) / 2;
    const xx = right + left - 2 * centre;
    const yy = below + above - 2 * centre;
    const ss = next + previous - 2 * centre;
    const xy = (dog(layer, width + 1) - dog(layer, width - 1) - dog(layer, -width + 1) + dog(layer, -width - 1)) / 4;
    const xs = (dog(layer + 1, 1) - dog(layer + 1, -1) - dog(layer - 1, 1) + dog(layer - 1, -1)) / 4;
    const ys = (dog(layer + 1, width) - dog(layer + 1, -width) - dog(layer - 1, width) + dog(layer - 1, -width)) / 4;
    const offset = vertexOf(xx, yy, ss, xy, xs, ys, gx, gy, gs);
    if (offset === null) return null;
    const [dx, dy, ds] = offset;
    if (Math.abs(dx) < 0.5 && Math.abs(dy) < 0.5 && Math.abs(ds) < 0.5) {
      const contrast = Math.abs(centre + (gx * dx + gy * dy + gs * ds) / 2);
      if (contrast * layers < contrastThreshold) return null;
      const trace = xx + yy;
      const determinant = xx * yy - xy * xy;
      if (determinant <= 0 || trace * trace * edgeThreshold >= (edgeThreshold + 1) ** 2 * determinant) return null;
      return { x: x + dx, y: y + dy, layer, scaleIndex: layer + ds, contrast };
    }
    x += Math.round(dx);
    y += Math.round(dy);
    layer += Math.round(ds);
    const isInside = x >= border && x < width - border && y >= border && y < height - border;
    if (!isInside || layer < 1 || layer > layers) return null;
  }
  return null;
}

/** −H⁻¹g of the symmetric 3×3 Hessian, by Cramer's rule; null when singular. */
function vertexOf(
  xx: number,
  yy: number,
  ss: number,
  xy: number,
  xs: number,
  ys: number,
  gx: number,
  gy: number,
  gs: number,
): readonly [number, number, number] | null {
  const cxx = yy * ss - ys * ys;
  const cxy = xs * ys - xy * ss;
  const cxs = xy * ys - xs * yy;
  const determinant = xx * cxx + xy * cxy + xs * cxs;
  if (Math.abs(determinant) < 1e-20) return null;
  const cyy = xx * ss - xs * xs;
  const cys = xs * xy - xx * ys;
  const css = xx * yy - xy * xy;
  return [
    -(cxx * gx + cxy * gy + cxs * gs) / determinant,
    -(cxy * gx + cyy * gy + cys * gs) / determinant,
    -(cxs * gx + cys * gy + css * gs) / determinant,
  ];
}
