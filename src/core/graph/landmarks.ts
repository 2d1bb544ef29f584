import { sampleMoments } from '../matching/link-moments.ts';
import { pairKey } from '../tiles/tile.ts';
import type { ManualLink } from './graph-edits.ts';
import { buildLinkSystem, isStiff, sumsStride } from './link-system.ts';
import type { LinkSystem, SystemLink } from './link-system.ts';
import { linkMotions } from './stage.ts';
import type { LinkMotions, StagePoses } from './stage.ts';

/** The links of a graph as a solve takes them. */
export interface SolveLinks {
  readonly system: LinkSystem;
  readonly motions: LinkMotions;
  /** [links] 0 for those that do not count. */
  readonly active: Uint8Array;
}

/**
 * Measured links with landmarks among them: in the order of the links' keys, landmarks after the measured link of their pair.
 *
 * @returns the links, and of each its index among the measured ones, below 0 for landmarks.
 * @throws RangeError when landmarks name a tile that is no node, have no point or no sigma above 0.
 */
export function withLandmarks(
  { system, motions, active }: SolveLinks,
  stage: StagePoses,
  manualLinks: readonly ManualLink[],
): SolveLinks & { readonly sourceOf: Int32Array } {
  const sorted = manualLinks
    .map((manual) => ({ key: keyOf(manual), manual }))
    .sort((p, q) => (p.key < q.key ? -1 : p.key > q.key ? 1 : p.manual.sigmaPx - q.manual.sigmaPx));
  const keys = sorted.map(({ key }) => key);
  const links = sorted.map(({ manual }) => systemLinkOf(manual));
  const added = buildLinkSystem(system.nodes, links, system.model);
  sorted.forEach(({ manual: { sigmaPx } }, l) => {
    scaleLink(added, l, system.unitVariance / sigmaPx ** 2);
  });
  const sourceOf = mergeByKey(system, keys);
  const addedMotions = linkMotions(added, stage, system.model !== 'translation');
  const allOfThem = new Uint8Array(links.length).fill(1);
  return {
    system: mergeSystems(system, added, sourceOf),
    motions: mergeMotions(motions, addedMotions, sourceOf),
    active: mergeValues(active, allOfThem, sourceOf, 1, Uint8Array),
    sourceOf,
  };
}

function keyOf({ pair: { a, b } }: ManualLink): string {
  return pairKey(a > b ? { a: b, b: a } : { a, b });
}

function systemLinkOf({ pair, landmarks, sigmaPx }: ManualLink): SystemLink {
  if (!(sigmaPx > 0) || landmarks.length === 0)
    throw new RangeError(`the landmarks of ${pair.a} – ${pair.b} are none: no point, or no sigma above 0`);
  const isSwapped = pair.a > pair.b;
  const pointsA = Float64Array.from(landmarks.flatMap(({ a }) => a));
  const pointsB = Float64Array.from(landmarks.flatMap(({ b }) => b));
  const moments = sampleMoments(
    isSwapped ? { a: pointsB, b: pointsA } : { a: pointsA, b: pointsB },
    landmarks.map((_, i) => i),
  );
  return { pair: isSwapped ? { a: pair.b, b: pair.a } : { a: pair.a, b: pair.b }, moments };
}

/** Multiplies all that link l weighs. */
function scaleLink({ sums, floor, stiffFloor }: LinkSystem, l: number, factor: number): void {
  const o = sumsStride * l;
  sums[o] *= factor;
  for (let s = 5; s < sumsStride; s++) sums[o + s] *= factor;
  floor[l] *= factor;
  if (stiffFloor !== floor) stiffFloor[l] *= factor;
}

/** Of each link of the merged system its index among the measured ones, or −1 − its index among the landmarks. */
function mergeByKey({ links }: LinkSystem, keys: readonly string[]): Int32Array {
  const sourceOf = new Int32Array(links.length + keys.length);
  let next = 0;
  let at = 0;
  keys.forEach((key, k) => {
    const end = firstAfter(links, key, next);
    while (next < end) sourceOf[at++] = next++;
    sourceOf[at++] = -1 - k;
  });
  while (next < links.length) sourceOf[at++] = next++;
  return sourceOf;
}

/** The first link from `low` on whose key comes after `key`. */
function firstAfter(links: readonly SystemLink[], key: string, low: number): number {
  let high = links.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pairKey(links[middle].pair) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mergeSystems(system: LinkSystem, added: LinkSystem, sourceOf: Int32Array): LinkSystem {
  const count = added.links.length;
  const ofFloat = (one: Float64Array, other: Float64Array, stride = 1): Float64Array =>
    mergeValues(one, other, sourceOf, stride, Float64Array);
  const floor = ofFloat(system.floor, added.floor);
  return {
    ...system,
    links: Array.from(sourceOf, (s) => (s < 0 ? added.links[-1 - s] : system.links[s])),
    manual: mergeValues(system.manual, new Uint8Array(count).fill(1), sourceOf, 1, Uint8Array),
    excluded: mergeValues(system.excluded, new Uint8Array(count), sourceOf, 1, Uint8Array),
    from: mergeValues(system.from, added.from, sourceOf, 1, Int32Array),
    to: mergeValues(system.to, added.to, sourceOf, 1, Int32Array),
    sums: ofFloat(system.sums, added.sums, sumsStride),
    floor,
    stiffFloor: isStiff(system.model) ? floor : ofFloat(system.stiffFloor, added.stiffFloor),
  };
}

function mergeMotions(one: LinkMotions, other: LinkMotions, sourceOf: Int32Array): LinkMotions {
  const merge = (p: Float64Array, q: Float64Array): Float64Array => mergeValues(p, q, sourceOf, 1, Float64Array);
  return { theta: merge(one.theta, other.theta), dx: merge(one.dx, other.dx), dy: merge(one.dy, other.dy) };
}

/** `stride` values of every link, those of the measured links from `one` and those of the landmarks from `other`. */
function mergeValues<T extends Float64Array | Int32Array | Uint8Array>(
  one: T,
  other: T,
  sourceOf: Int32Array,
  stride: number,
  Values: new (length: number) => T,
): T {
  const out = new Values(stride * sourceOf.length);
  for (let l = 0; l < sourceOf.length; l++) {
    const s = sourceOf[l];
    const from = s < 0 ? other : one;
    const o = stride * (s < 0 ? -1 - s : s);
    for (let m = 0; m < stride; m++) out[stride * l + m] = from[o + m];
  }
  return out;
}
