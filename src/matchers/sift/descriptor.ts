import type { GradientField } from './gradient-field.ts';

/** 4×4 places of 8 directions. */
const places = 4;
const directions = 8;
export const descriptorLength = places * places * directions;
/** Width of a place in keypoint scales. */
const placeScales = 3;
/** No direction may carry more than this before the last normalisation: glare counts less. */
const largestShare = 0.2;

const paddedPlaces = places + 2;
const paddedDirections = directions + 1;

/**
 * Writes the histogram of gradients round a point, turned by its orientation, as a unit vector of 128 numbers
 * (RootSIFT: the square root of the L1-normalised histogram, whose dot product is the Hellinger kernel).
 *
 * @see Lowe 2004, section 6; Arandjelović, Zisserman 2012, "Three things everyone should know…", section 2
 */
export function describe(
  field: GradientField,
  x: number,
  y: number,
  sigma: number,
  orientation: number,
  scratch: Float64Array,
  into: Float32Array,
  at: number,
): void {
  scratch.fill(0);
  gatherGradients(field, x, y, sigma, orientation, scratch);
  normalise(scratch, into, at);
}

/** Room for `describe`'s histogram with its margins. */
export function descriptorScratch(): Float64Array {
  return new Float64Array(paddedPlaces * paddedPlaces * paddedDirections);
}

/** Trilinear votes into (places + 2)² × (directions + 1) bins: the margins catch what falls outside. */
function gatherGradients(
  { lengths, turns, width, height }: GradientField,
  x: number,
  y: number,
  sigma: number,
  orientation: number,
  histogram: Float64Array,
): void {
  const placeWidth = placeScales * sigma;
  const cos = Math.cos(orientation) / placeWidth;
  const sin = Math.sin(orientation) / placeWidth;
  const reach = Math.round((placeWidth * Math.SQRT2 * (places + 1)) / 2);
  const radius = Math.min(reach, Math.floor(Math.hypot(width, height)));
  const left = Math.max(1, Math.ceil(x - radius));
  const right = Math.min(width - 2, Math.floor(x + radius));
  const top = Math.max(1, Math.ceil(y - radius));
  const bottom = Math.min(height - 2, Math.floor(y + radius));
  // the Gaussian window is round, so it does not turn and is a product
  const falloff = -1 / (0.5 * places * places * placeWidth * placeWidth);
  const columnWeights = new Float64Array(Math.max(0, right - left + 1));
  for (let u = left; u <= right; u++) columnWeights[u - left] = Math.exp((u - x) * (u - x) * falloff);
  const centre = places / 2 - 0.5;
  const startTurn = orientation / (2 * Math.PI);
  for (let v = top; v <= bottom; v++) {
    const dy = v - y;
    const rowWeight = Math.exp(dy * dy * falloff);
    const columnAtX = sin * dy + centre;
    const rowAtX = cos * dy + centre;
    for (let u = left; u <= right; u++) {
      const dx = u - x;
      const column = cos * dx + columnAtX;
      const row = rowAtX - sin * dx;
      if (column <= -1 || column >= places || row <= -1 || row >= places) continue;
      const i = v * width + u;
      const weight = lengths[i] * rowWeight * columnWeights[u - left];
      let turn = turns[i] - startTurn;
      if (turn < 0) turn += 1;
      const direction = turn < 1 ? turn * directions : 0;
      const c = (column + 1) | 0;
      const r = (row + 1) | 0;
      const d = direction | 0;
      const fc = column + 1 - c;
      const fr = row + 1 - r;
      const fd = direction - d;
      const bin = (r * paddedPlaces + c) * paddedDirections + d;
      const below = weight * fr;
      const above = weight - below;
      const belowRight = below * fc;
      const belowLeft = below - belowRight;
      const aboveRight = above * fc;
      const aboveLeft = above - aboveRight;
      const nextRow = bin + paddedPlaces * paddedDirections;
      histogram[bin] += aboveLeft * (1 - fd);
      histogram[bin + 1] += aboveLeft * fd;
      histogram[bin + paddedDirections] += aboveRight * (1 - fd);
      histogram[bin + paddedDirections + 1] += aboveRight * fd;
      histogram[nextRow] += belowLeft * (1 - fd);
      histogram[nextRow + 1] += belowLeft * fd;
      histogram[nextRow + paddedDirections] += belowRight * (1 - fd);
      histogram[nextRow + paddedDirections + 1] += belowRight * fd;
    }
  }
}

function normalise(histogram: Float64Array, into: Float32Array, at: number): void {
  let squares = 0;
  for (let r = 0; r < places; r++) {
    for (let c = 0; c < places; c++) {
      const bin = ((r + 1) * paddedPlaces + c + 1) * paddedDirections;
      // the last direction's margin is the first direction
      histogram[bin] += histogram[bin + directions];
      for (let d = 0; d < directions; d++) {
        const value = histogram[bin + d];
        into[at + (r * places + c) * directions + d] = value;
        squares += value * value;
      }
    }
  }
  const limit = largestShare * Math.sqrt(squares);
  let sum = 0;
  for (let k = 0; k < descriptorLength; k++) {
    if (into[at + k] > limit) into[at + k] = limit;
    sum += into[at + k];
  }
  const gain = sum > 0 ? 1 / sum : 0;
  for (let k = 0; k < descriptorLength; k++) into[at + k] = Math.sqrt(into[at + k] * gain);
}
