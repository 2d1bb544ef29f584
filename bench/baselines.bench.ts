import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { applyAffine, identityAffine } from '../src/core/geometry/affine2.ts';
import type { Affine2 } from '../src/core/geometry/affine2.ts';
import type { Size } from '../src/core/geometry/rect.ts';
import type { Correspondences } from '../src/core/matching/matcher.ts';
import { findConsensus } from '../src/core/matching/ransac.ts';
import { normaliseForMatching } from '../src/core/raster/normalise.ts';
import { toFloatRaster } from '../src/core/raster/resample.ts';
import { randomStream } from '../src/core/synthesis/random.ts';
import { planPhaseCorrelation } from '../src/matchers/phase-correlation/phase-correlation.ts';
import { plainKernels } from '../src/matchers/sift/kernels.ts';
import { matchFeatures } from '../src/matchers/sift/match-features.ts';
import { prepareForSift } from '../src/matchers/sift/prepare.ts';
import { defaultSiftOptions, siftFeatures } from '../src/matchers/sift/sift-features.ts';
import { siftContrastThreshold, siftRatio } from '../src/matchers/sift/sift-matcher.ts';
import { createWasmKernels } from '../src/matchers/sift/wasm-kernels.ts';
import { renderOracleImage } from '../src/matchers/sift/testing/oracle-image.ts';
import { cutPair, hasSources, readSources } from './baselines/pairs.ts';
import type { BaselinePair, PairOptions, Source } from './baselines/pairs.ts';
import { runPython } from './baselines/python.ts';
import { markdownTable, writeBetweenMarkers } from './markdown.ts';

const documentPath = fileURLToPath(new URL('../docs/baselines.md', import.meta.url));
const fixturePath = fileURLToPath(new URL('../src/matchers/sift/testing/opencv-keypoints.json', import.meta.url));

/** As the issue of this comparison says: OpenCV and ours may differ by this share. */
const allowed = 0.1;
const noiseSigmas = [0, 15, 30, 50];
const defaultPairs = 60;
const thresholdPx = 3;
/** A pair is found when the mean error of its corners is below this, px. */
const foundPx = 3;
const resamples = 1000;

/** What one program made of one pair. */
interface Outcome {
  readonly keypoints: number;
  readonly matches: number;
  readonly inliers: number;
  /** Mean distance of b's corners from where they belong, px; Infinity when nothing was found. */
  readonly cornerPx: number;
  readonly ms: number;
}

/**
 * Compares our SIFT with OpenCV's and our phase correlation with scikit-image's on the same pairs cut from
 * ../shared/data. `--pairs N` a condition (60), `--sizes 256,512,1024`, `--only sift|strips|phase`, `--write` puts the tables
 * into docs/baselines.md, `--fixture` renews OpenCV's keypoints of the unit test instead. Needs /usr/bin/python3 with
 * cv2 and skimage.
 */
export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--fixture')) return writeFixture();
  if (!hasSources()) {
    console.log('[needs ../shared/data]');
    return;
  }
  const valueOf = (flag: string, fallback: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : fallback);
  const count = Number(valueOf('--pairs', `${defaultPairs}`));
  const sizes = valueOf('--sizes', '256,512,1024').split(',').map(Number);
  const only = valueOf('--only', '');
  const sources = await readSources();
  const sections: readonly (readonly [string, () => Promise<string>])[] = [
    ['phase', () => comparePhase(sources, count)],
    ['strips', () => timeStrips(sources, Math.min(count, 12))],
    ...sizes.map((side) => [`sift-${side}`, () => compareSift(sources, side, count)] as const),
  ];
  for (const [name, measure] of sections) {
    if (only !== '' && !name.startsWith(only)) continue;
    const text = await measure();
    console.log(`${name}\n\n${text}\n`);
    if (args.includes('--write')) await writeBetweenMarkers(documentPath, name, text);
  }
}

async function writeFixture(): Promise<void> {
  const image = renderOracleImage();
  const [found] = (await runPython('opencv_sift.py', [{ a: image, b: image }], '--keypoints')) as readonly unknown[];
  await writeFile(fixturePath, `${JSON.stringify(found)}\n`);
}

/** As many pairs as asked for, the sources in turn; those too small for the size are left out. */
function cutPairs(sources: readonly Source[], count: number, options: Omit<PairOptions, 'seed'>): BaselinePair[] {
  const pairs: BaselinePair[] = [];
  for (let k = 0; pairs.length < count; k++) {
    const pair = cutPair(sources[k % sources.length], { ...options, seed: 1000 + k });
    if (pair !== null) pairs.push(pair);
  }
  return pairs;
}

async function compareSift(sources: readonly Source[], side: number, count: number): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const noiseSigma of noiseSigmas) {
    const pairs = cutPairs(sources, count, {
      width: side,
      height: side,
      maxShift: 0.3,
      maxRotationDegrees: 5,
      noiseSigma,
    });
    const theirs = await openCvOutcomes(pairs);
    const ours = ourOutcomes(pairs);
    const row = siftRow(`${side}`, noiseSigma, ours, theirs);
    console.log(row.join(' | ')); // a size takes minutes
    rows.push(row);
  }
  return markdownTable(siftHeader, rows);
}

const siftHeader = [
  'side',
  'noise σ',
  'pairs',
  'keypoints, ours / OpenCV (range)',
  'matches',
  'inliers',
  'found',
  'median corner error, px [95 %]',
  'mean of pairs found by both, px [95 %]',
  'ratio of means [95 %]',
  'count, accuracy',
  'CPU ms a pair',
];

function siftRow(
  side: string,
  noiseSigma: number,
  ours: readonly Outcome[],
  theirs: readonly Outcome[],
): (string | number)[] {
  const ratios = ours.map(({ keypoints }, k) => keypoints / theirs[k].keypoints);
  const both = ours.flatMap(({ cornerPx }, k) =>
    cornerPx < foundPx && theirs[k].cornerPx < foundPx ? [[cornerPx, theirs[k].cornerPx] as const] : [],
  );
  const pick = (of: (outcome: Outcome) => number) => [ours.map(of), theirs.map(of)] as const;
  const twin = ([p, q]: readonly [number[], number[]], digits = 0) =>
    `${medianOf(p).toFixed(digits)} / ${medianOf(q).toFixed(digits)}`;
  const found = (outcomes: readonly Outcome[]) => outcomes.filter(({ cornerPx }) => cornerPx < foundPx).length;
  const ratioOfMeans = (pairs: readonly (readonly [number, number])[]) =>
    meanOf(pairs.map(([p]) => p)) / meanOf(pairs.map(([, q]) => q));
  const accuracy = intervalOf(both, ratioOfMeans);
  const isAlike = Math.abs(medianOf(ratios) - 1) <= allowed;
  // worse by more than 10 % with the interval excluding it is a failure; better is not
  const accuracyVerdict =
    accuracy.value <= 1 + allowed ? 'met' : accuracy.low <= 1 + allowed ? 'within the interval' : '**MISSED**';
  return [
    side,
    noiseSigma,
    ours.length,
    `${medianOf(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)})`,
    twin(pick(({ matches }) => matches)),
    twin(pick(({ inliers }) => inliers)),
    `${found(ours)} / ${found(theirs)}`,
    [ours, theirs]
      .map((outcomes) =>
        cell(
          intervalOf(
            outcomes.map(({ cornerPx }) => cornerPx),
            medianOf,
          ),
        ),
      )
      .join(' / '),
    [0, 1]
      .map((side) =>
        cell(
          intervalOf(
            both.map((pair) => pair[side]),
            meanOf,
          ),
        ),
      )
      .join(' / '),
    cell(accuracy, 2),
    `${isAlike ? 'met' : '**MISSED**'}, ${accuracyVerdict}`,
    twin(pick(({ ms }) => ms)),
  ];
}

async function openCvOutcomes(pairs: readonly BaselinePair[]): Promise<readonly Outcome[]> {
  interface Found {
    readonly countA: number;
    readonly countB: number;
    readonly ms: number;
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly confidence: readonly number[];
  }
  const found = (await runPython('opencv_sift.py', pairs)) as readonly Found[];
  return found.map(({ countA, countB, ms, a, b, confidence }, k) => {
    const matches = { a: Float32Array.from(a), b: Float32Array.from(b), confidence: Float32Array.from(confidence) };
    return outcomeOf(pairs[k], matches, countA + countB, ms);
  });
}

const kernels = createWasmKernels() ?? plainKernels();
const siftOptions = { ...defaultSiftOptions, contrastThreshold: siftContrastThreshold };

function ourOutcomes(pairs: readonly BaselinePair[]): readonly Outcome[] {
  const featuresOf = (raster: BaselinePair['a']) =>
    siftFeatures(prepareForSift(normaliseForMatching(raster), kernels), siftOptions, kernels);
  const matching = { ratio: siftRatio, aFromB: identityAffine, searchRadiusPx: Infinity };
  for (const { a } of pairs.slice(0, 3)) matchFeatures(featuresOf(a), featuresOf(a), matching, kernels); // compiles
  return pairs.map((pair) => {
    const start = process.cpuUsage();
    const [a, b] = [featuresOf(pair.a), featuresOf(pair.b)];
    const matches = matchFeatures(a, b, matching, kernels);
    return outcomeOf(pair, matches, a.count + b.count, cpuMs(start));
  });
}

/** Processor time since `start`, garbage collection included: other programs on the machine do not count. */
function cpuMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function outcomeOf(pair: BaselinePair, matches: Correspondences, keypoints: number, ms: number): Outcome {
  const consensus = findConsensus(matches, { model: 'rigid', thresholdPx, seed: 1 });
  return {
    keypoints,
    matches: matches.confidence.length,
    inliers: consensus?.inliers ?? 0,
    cornerPx: consensus === null ? Infinity : cornerErrorPx(consensus.aFromB, pair.aFromB, pair.b),
    ms,
  };
}

function cornerErrorPx(found: Affine2, truth: Affine2, { width, height }: Size): number {
  const corners = [0, width - 1].flatMap((x) => [0, height - 1].map((y) => [x, y] as const));
  return meanOf(
    corners.map(([x, y]) => {
      const [p, q] = [applyAffine(found, x, y), applyAffine(truth, x, y)];
      return Math.hypot(p.x - q.x, p.y - q.y);
    }),
  );
}

async function timeStrips(sources: readonly Source[], count: number): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const [width, height] of [
    [1024, 460],
    [256, 60],
  ]) {
    const options = { width, height, maxShift: 0.04, maxRotationDegrees: 1, noiseSigma: 15 };
    const pairs = cutPairs(sources, count, options);
    const theirs = await openCvOutcomes(pairs);
    const ours = ourOutcomes(pairs);
    const [own, other] = [ours, theirs].map((outcomes) => medianOf(outcomes.map(({ ms }) => ms)));
    const keypoints = medianOf(ours.map(({ keypoints }) => keypoints / 2));
    rows.push([`${width}×${height}`, keypoints.toFixed(0), own.toFixed(0), other.toFixed(0), (own / other).toFixed(2)]);
  }
  return markdownTable(
    ['strips', 'keypoints a strip', 'ours, CPU ms a pair', 'OpenCV, one thread, CPU ms a pair', 'ratio'],
    rows,
  );
}

/** Shifts by both on the same pairs: pure translations, and turned by 3°. */
async function comparePhase(sources: readonly Source[], count: number): Promise<string> {
  const rows: (string | number)[][] = [];
  for (const [side, degrees] of [
    [64, 0],
    [128, 0],
    [256, 0],
    [256, 3],
  ]) {
    for (const noiseSigma of noiseSigmas) {
      const options = { width: side, height: side, maxShift: 0.1, maxRotationDegrees: 0, noiseSigma };
      const pairs = cutTurned(sources, count, options, degrees);
      const theirs = (await runPython('skimage_phase.py', pairs)) as readonly { x: number; y: number; ms: number }[];
      const correlator = planPhaseCorrelation(side, side, { smoothingPx: 1, taper: 1, radiusPx: side / 2, peaks: 1 });
      const errors = pairs.map(({ a, b, aFromB }, k) => {
        const start = performance.now();
        const [peak] = correlator.correlate(toFloatRaster(a), toFloatRaster(b));
        const ms = performance.now() - start;
        const centre = (side - 1) / 2;
        const truth = shiftAt(aFromB, centre);
        const error = (shift: { x: number; y: number }) => Math.hypot(shift.x - truth.x, shift.y - truth.y);
        return {
          ours: error({ x: peak?.shiftX ?? Infinity, y: peak?.shiftY ?? Infinity }),
          theirs: error(theirs[k]),
          ms: [ms, theirs[k].ms] as const,
        };
      });
      rows.push(phaseRow(side, degrees, noiseSigma, errors));
    }
  }
  return markdownTable(
    [
      'side',
      'turn',
      'noise σ',
      'pairs',
      'within 1 px, ours / scikit-image',
      'median error, px [95 %]',
      'mean where both are within 1 px, px [95 %]',
      'ratio of means [95 %]',
      'ms a pair',
    ],
    rows,
  );
}

/** Pairs that are turned by just these degrees, either way. */
function cutTurned(
  sources: readonly Source[],
  count: number,
  options: Omit<PairOptions, 'seed'>,
  degrees: number,
): readonly BaselinePair[] {
  const pairs: BaselinePair[] = [];
  for (let k = 0; pairs.length < count; k++) {
    const turn = randomStream(k).uniform() < 0.5 ? degrees : -degrees;
    const pair = cutPair(sources[k % sources.length], { ...options, seed: 5000 + k, rotationDegrees: turn });
    if (pair !== null) pairs.push(pair);
  }
  return pairs;
}

/** What has to be added to a place in a to come to b, at the middle of what they share. */
function shiftAt(aFromB: Affine2, centre: number): { readonly x: number; readonly y: number } {
  const inA = applyAffine(aFromB, centre, centre);
  return { x: centre - inA.x, y: centre - inA.y };
}

function phaseRow(
  side: number,
  degrees: number,
  noiseSigma: number,
  errors: readonly { readonly ours: number; readonly theirs: number; readonly ms: readonly [number, number] }[],
): (string | number)[] {
  const both = errors.filter(({ ours, theirs }) => ours < 1 && theirs < 1).map((e) => [e.ours, e.theirs] as const);
  const sides = [errors.map(({ ours }) => ours), errors.map(({ theirs }) => theirs)];
  const ratio = intervalOf(both, (pairs) => meanOf(pairs.map(([p]) => p)) / meanOf(pairs.map(([, q]) => q)));
  return [
    side,
    `${degrees}°`,
    noiseSigma,
    errors.length,
    sides.map((values) => values.filter((value) => value < 1).length).join(' / '),
    sides.map((values) => cell(intervalOf(values, medianOf))).join(' / '),
    [0, 1]
      .map((s) =>
        cell(
          intervalOf(
            both.map((pair) => pair[s]),
            meanOf,
          ),
        ),
      )
      .join(' / '),
    cell(ratio, 2),
    [0, 1].map((s) => medianOf(errors.map(({ ms }) => ms[s])).toFixed(1)).join(' / '),
  ];
}

interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A statistic with the 2.5 and 97.5 percentiles of its bootstrap. */
function intervalOf<T>(values: readonly T[], statistic: (values: readonly T[]) => number): Interval {
  if (values.length === 0) return { value: NaN, low: NaN, high: NaN };
  const random = randomStream(7);
  const draws = Array.from({ length: resamples }, () =>
    statistic(values.map(() => values[random.integer(0, values.length)])),
  ).sort((p, q) => p - q);
  return { value: statistic(values), low: draws[0.025 * resamples], high: draws[0.975 * resamples - 1] };
}

function cell({ value, low, high }: Interval, digits = 3): string {
  return `${value.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((p, q) => p - q);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
