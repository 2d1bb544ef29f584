import { applyAffine } from '../../core/geometry/affine2.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import type { Correspondences } from '../../core/matching/matcher.ts';
import { descriptorLength } from './descriptor.ts';
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
/** Dimensions after which a distance that already is too large is given up. */
const chunk = 32;

/**
 * Nearest neighbours both ways that pass the ratio test and lie where the stage allows; one-to-one. Confidence is
 * 1 − (d₁/d₂)², so 0.75 gives 0.44 and a match without a rival gives 1.
 *
 * Keypoints are compared along the longer side of the strip only within the search radius, widened until 400 are
 * compared: fewer rivals would make the ratio test pass by itself.
 */
export function matchFeatures(a: SiftFeatures, b: SiftFeatures, options: FeatureMatchOptions): Correspondences {
  const predicted = predictedPoints(b, options.aFromB);
  const axis = longerAxis(a.points);
  const orderA = sortedAlong(a.points, axis);
  const orderB = sortedAlong(predicted, axis);
  const nearestOfA = nearestTable(a.count);
  const nearestOfB = nearestTable(b.count);
  let from = 0;
  for (const i of orderA) {
    const position = a.points[2 * i + axis];
    while (from < b.count && predicted[2 * orderB[from] + axis] < position - options.searchRadiusPx) from++;
    let to = from;
    while (to < b.count && predicted[2 * orderB[to] + axis] <= position + options.searchRadiusPx) to++;
    const missing = Math.max(0, leastCompared - (to - from));
    const first = Math.max(0, from - Math.ceil(missing / 2));
    const last = Math.min(b.count, to + Math.ceil(missing / 2));
    for (let k = first; k < last; k++) {
      const j = orderB[k];
      const worst = Math.max(nearestOfA.second[i], nearestOfB.second[j]);
      const distance = squaredDistance(a.descriptors, i, b.descriptors, j, worst);
      if (distance >= worst) continue;
      record(nearestOfA, i, j, distance);
      record(nearestOfB, j, i, distance);
    }
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

function record(table: NearestTable, i: number, j: number, distance: number): void {
  if (distance < table.first[i]) {
    table.second[i] = table.first[i];
    table.first[i] = distance;
    table.index[i] = j;
  } else if (distance < table.second[i]) table.second[i] = distance;
}

/** |u − v|², or any number ≥ `limit` once the sum has reached it. */
function squaredDistance(u: Float32Array, i: number, v: Float32Array, j: number, limit: number): number {
  let p = i * descriptorLength;
  let q = j * descriptorLength;
  const end = p + descriptorLength;
  let sum = 0;
  while (p < end) {
    let s0 = 0;
    let s1 = 0;
    for (const stop = p + chunk; p < stop; p += 4, q += 4) {
      const d0 = u[p] - v[q];
      const d1 = u[p + 1] - v[q + 1];
      const d2 = u[p + 2] - v[q + 2];
      const d3 = u[p + 3] - v[q + 3];
      s0 += d0 * d0 + d1 * d1;
      s1 += d2 * d2 + d3 * d3;
    }
    sum += s0 + s1;
    if (sum >= limit) return sum;
  }
  return sum;
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
