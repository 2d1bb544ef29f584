import { applyAffine } from '../../core/geometry/affine2.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import type { Correspondences } from '../../core/matching/matcher.ts';
import { leftRows, rightRows, rowLength } from './kernels.ts';
import type { SiftKernels } from './kernels.ts';
import type { SiftFeatures } from './sift-features.ts';

export interface FeatureMatchOptions {
  /** Largest ratio of the distances to the nearest and to the second nearest descriptor. */
  readonly ratio: number;
  /** Where b lies in a, and how far a match may be from there. */
  readonly aFromB: Affine2;
  readonly searchRadiusPx: number;
}

/** The ratio test compares with the second nearest of at least this many strangers, however small the radius is. */
const leastCompared = 400;

/**
 * Nearest neighbours both ways that pass the ratio test and lie where the stage allows; one-to-one. Confidence is
 * 1 − (d₁/d₂)², so 0.75 gives 0.44 and a match without a rival gives 1.
 *
 * Keypoints are compared along the longer side of the strip only within the search radius, widened until 400 are
 * compared: fewer rivals would make the ratio test pass by itself.
 */
export function matchFeatures(
  a: SiftFeatures,
  b: SiftFeatures,
  options: FeatureMatchOptions,
  kernels: SiftKernels,
): Correspondences {
  const predicted = predictedPoints(b, options.aFromB);
  const axis = longerAxis(a.points);
  const orderA = sortedAlong(a.points, axis);
  const orderB = sortedAlong(predicted, axis);
  const nearestOfA = nearestTable(a.count);
  const nearestOfB = nearestTable(b.count);
  const blocksOfB = Math.ceil(b.count / rightRows);
  const [u, v] = [0, leftRows * rowLength];
  const products = v + blocksOfB * rightRows * rowLength;
  const floats = kernels.floats(products + blocksOfB * leftRows * rightRows);
  writeBlocks(b, orderB, floats, v);
  let low = 0;
  let high = 0;
  for (let i = 0; i < a.count; i += leftRows) {
    const rows = Math.min(leftRows, a.count - i);
    const nearest = a.points[2 * orderA[i] + axis] - options.searchRadiusPx;
    const furthest = a.points[2 * orderA[i + rows - 1] + axis] + options.searchRadiusPx;
    while (low < b.count && predicted[2 * orderB[low] + axis] < nearest) low++;
    while (high < b.count && predicted[2 * orderB[high] + axis] <= furthest) high++;
    const missing = Math.max(0, leastCompared - (high - low));
    const first = Math.floor(Math.max(0, low - missing / 2) / rightRows);
    const last = Math.ceil(Math.min(b.count, high + missing / 2) / rightRows);
    if (first >= last) continue;
    for (let k = 0; k < rows; k++) {
      const start = orderA[i + k] * rowLength;
      floats.set(a.descriptors.subarray(start, start + rowLength), u + k * rowLength);
    }
    kernels.multiply(products, u, v + first * rightRows * rowLength, last - first);
    const to = Math.min(b.count, last * rightRows);
    recordProducts(
      floats,
      products,
      orderA.subarray(i, i + rows),
      orderB.subarray(first * rightRows, to),
      nearestOfA,
      nearestOfB,
    );
  }
  return mutualMatches(a, b, predicted, nearestOfA, nearestOfB, options);
}

function predictedPoints({ points }: SiftFeatures, aFromB: Affine2): Float32Array {
  const predicted = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    const point = applyAffine(aFromB, points[i], points[i + 1]);
    predicted[i] = point.x;
    predicted[i + 1] = point.y;
  }
  return predicted;
}

function longerAxis(points: Float32Array): 0 | 1 {
  const extent = [0, 1].map((axis) => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = axis; i < points.length; i += 2) {
      low = Math.min(low, points[i]);
      high = Math.max(high, points[i]);
    }
    return high - low;
  });
  return extent[0] > extent[1] ? 0 : 1;
}

function sortedAlong(points: Float32Array, axis: 0 | 1): Uint32Array {
  const order = new Uint32Array(points.length >> 1).map((_, i) => i);
  return order.sort((i, j) => points[2 * i + axis] - points[2 * j + axis] || i - j);
}

interface NearestTable {
  readonly index: Int32Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

function nearestTable(count: number): NearestTable {
  return {
    index: new Int32Array(count).fill(-1),
    first: new Float64Array(count).fill(Infinity),
    second: new Float64Array(count).fill(Infinity),
  };
}

/** Descriptors in a given order, in the blocks that the kernel multiplies. */
function writeBlocks({ descriptors }: SiftFeatures, order: Uint32Array, floats: Float32Array, at: number): void {
  for (let j = 0; j < order.length; j++) {
    const from = order[j] * rowLength;
    const to = at + (j - (j % rightRows)) * rowLength + (j % rightRows);
    for (let k = 0; k < rowLength; k++) floats[to + k * rightRows] = descriptors[from + k];
  }
}

/** Enters |u − v|² = 2 − 2 u·v of unit vectors into both tables. */
function recordProducts(
  floats: Float32Array,
  products: number,
  orderA: Uint32Array,
  orderB: Uint32Array,
  nearestOfA: NearestTable,
  nearestOfB: NearestTable,
): void {
  for (let k = 0; k < orderA.length; k++) {
    const i = orderA[k];
    for (let l = 0; l < orderB.length; l++) {
      const at = products + (l - (l % rightRows)) * leftRows + k * rightRows + (l % rightRows);
      const distance = Math.max(0, 2 - 2 * floats[at]);
      if (distance < nearestOfA.second[i]) record(nearestOfA, i, orderB[l], distance);
      if (distance < nearestOfB.second[orderB[l]]) record(nearestOfB, orderB[l], i, distance);
    }
  }
}

function record(table: NearestTable, i: number, j: number, distance: number): void {
  if (distance < table.first[i]) {
    table.second[i] = table.first[i];
    table.first[i] = distance;
    table.index[i] = j;
  } else table.second[i] = distance;
}

function mutualMatches(
  a: SiftFeatures,
  b: SiftFeatures,
  predicted: Float32Array,
  nearestOfA: NearestTable,
  nearestOfB: NearestTable,
  { ratio, searchRadiusPx }: FeatureMatchOptions,
): Correspondences {
  const kept: number[] = [];
  const sure: number[] = [];
  const taken = new Set<string>();
  for (let i = 0; i < a.count; i++) {
    const j = nearestOfA.index[i];
    if (j < 0 || nearestOfB.index[j] !== i) continue;
    // the harder of the two ratio tests
    const rival = Math.min(nearestOfA.second[i], nearestOfB.second[j]);
    if (!(nearestOfA.first[i] < ratio * ratio * rival)) continue;
    const dx = a.points[2 * i] - predicted[2 * j];
    const dy = a.points[2 * i + 1] - predicted[2 * j + 1];
    if (Math.hypot(dx, dy) > searchRadiusPx) continue;
    // one place with two orientations matches twice: once is enough
    const place = `${a.points[2 * i]},${a.points[2 * i + 1]},${b.points[2 * j]},${b.points[2 * j + 1]}`;
    if (taken.has(place)) continue;
    taken.add(place);
    kept.push(i);
    sure.push(Number.isFinite(rival) ? 1 - nearestOfA.first[i] / rival : 1);
  }
  const pick = (points: Float32Array, indexOf: (i: number) => number) =>
    Float32Array.from({ length: 2 * kept.length }, (_, k) => points[2 * indexOf(kept[k >> 1]) + (k & 1)]);
  return {
    a: pick(a.points, (i) => i),
    b: pick(b.points, (i) => nearestOfA.index[i]),
    confidence: Float32Array.from(sure),
  };
}
