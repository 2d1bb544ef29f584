import type { Tensor } from 'onnxruntime-common';
import { StitchError } from '../../core/errors.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import type { Correspondences, Matcher } from '../../core/matching/matcher.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';
import { bandColumns } from './band.ts';
import { calibratedConfidence, calibratedSigma, calibrationFor, type Calibration } from './calibration.ts';

/** What the matcher needs of a loaded network; onnxruntime's sessions, wrapped by the shell, fit. */
export interface InferenceSessionLike {
  /** @throws StitchError `inference-failed`, `worker-lost` */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Makes a float32 tensor of the runtime that the session belongs to. */
export type TensorFactory = (data: Float32Array, dims: readonly number[]) => Tensor;

/** The part of a model bundle's manifest that matching depends on. */
export interface LoftrContract {
  /** Resolution of the strips, as a fraction of full resolution. */
  readonly scale: number;
  /** Every resolution the network was trained for. */
  readonly scales: readonly number[];
  readonly normalisation: 'percentiles' | 'unit';
  /** Both sides of a strip must be multiples of this. */
  readonly multipleOf: number;
  /** Names of the two images, float32 [1, 1, H, W], grey 0…1. */
  readonly inputNames: readonly [string, string];
  /** Name of the input whose length bounds how far along x a partner lies, columns of coarse cells; null without one. */
  readonly bandInput: string | null;
  /** Name of the matches, float32 [N, 6]: x0, y0, x1, y1, confidence (0 = not mutual), spread of the fine heat map. */
  readonly outputName: string;
  /** Least confidence of a match, calibrated where there are tables. */
  readonly defaultConfidence: number;
  /** What the confidence is worth, by scale; empty when nobody has measured it. */
  readonly calibration: readonly Calibration[];
  /** Most coarse cells (8×8 px) an image may have. */
  readonly maxTokens: number;
}

/**
 * Wrong matches of a network follow one another: they land within a few coarse cells of a common motion far more often
 * than anywhere in the stage's error. Radius of that, px of the strips (three coarse cells).
 */
const chanceRadiusPx = 24;

/** Columns of a row of the network's output. */
const columns = 6;

/**
 * The LoFTR network as a matcher: two strips in, mutual matches with sub-pixel places in b out. Coordinates are pixel
 * centres of the strips as they are (cell k of the network is centred on pixel 8k). The network sees strips with their
 * long side along x: tall ones are transposed, and their matches transposed back, so that a device that prepares itself
 * for every size (WebGPU) meets half as many.
 *
 * @see Sun et al. 2021, "LoFTR: Detector-Free Local Feature Matching with Transformers"
 */
export function loftrMatcher(
  session: InferenceSessionLike,
  contract: LoftrContract,
  createTensor: TensorFactory,
): Matcher {
  const [nameA, nameB] = contract.inputNames;
  const { bandInput } = contract;
  const tensorOf = ({ data, width, height }: FloatRaster) => createTensor(data, [1, 1, height, width]);
  return {
    scale: contract.scale,
    scales: contract.scales,
    normalisation: contract.normalisation,
    multipleOf: contract.multipleOf,
    minConfidence: contract.defaultConfidence,
    maxTokens: contract.maxTokens,
    chanceRadiusPx,
    async match(a, b, { signal, aFromB, searchRadiusPx, scale = contract.scale }) {
      signal.throwIfAborted();
      if (a.data.length === 0 || b.data.length === 0) return noCorrespondences;
      const isTall = a.height + b.height > a.width + b.width;
      const [first, second] = isTall ? [transposed(a), transposed(b)] : [a, b];
      const columns = bandInput && bandColumns(first, second, isTall ? swapAxesOf(aFromB) : aFromB, searchRadiusPx);
      const outputs = await session.run({
        [nameA]: tensorOf(first),
        [nameB]: tensorOf(second),
        ...(bandInput && columns ? { [bandInput]: createTensor(new Float32Array(columns), [columns]) } : {}),
      });
      signal.throwIfAborted();
      const rows = await rowsOf(outputs, contract.outputName);
      const table = calibrationFor(contract.calibration, scale);
      const found = readMatches(rows, first, second, contract.defaultConfidence, table);
      return isTall ? { ...found, a: swapAxes(found.a), b: swapAxes(found.b) } : found;
    },
    dispose: () => session.release(),
  };
}

/** The raster mirrored at its diagonal: pixel (x, y) is what (y, x) was. */
function transposed({ data, width, height }: FloatRaster): FloatRaster {
  const turned = new Float32Array(data.length);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) turned[x * height + y] = data[y * width + x];
  return { data: turned, width: height, height: width };
}

/** The same motion between the transposed rasters. */
function swapAxesOf({ a, b, c, d, e, f }: Affine2): Affine2 {
  return { a: d, b: c, c: b, d: a, e: f, f: e };
}

function swapAxes(points: Float32Array): Float32Array {
  const swapped = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    swapped[i] = points[i + 1];
    swapped[i + 1] = points[i];
  }
  return swapped;
}

async function rowsOf(outputs: Record<string, Tensor>, name: string): Promise<Float32Array> {
  const output = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
  if (output === undefined)
    throw new StitchError('bad-model', `The network gives no output named "${name}"; its manifest promises one.`);
  const data = await output.getData(true);
  if (!(data instanceof Float32Array) || output.dims.at(-1) !== columns)
    throw new StitchError(
      'bad-model',
      `The network's "${name}" is ${output.type} [${output.dims.join(', ')}]; float32 [N, ${columns}] is needed.`,
    );
  return data;
}

/** Mutual, finite matches inside both frames, as sure as `least` at least; confidences calibrated where there is a table. */
function readMatches(
  rows: Float32Array,
  a: FloatRaster,
  b: FloatRaster,
  least: number,
  table: Calibration | null,
): Correspondences {
  const kept: number[] = [];
  const confidences: number[] = [];
  for (let row = 0; row + columns <= rows.length; row += columns) {
    const raw = rows[row + 4];
    // also false for NaN
    if (!(raw > 0)) continue;
    const confidence = table ? calibratedConfidence(table, raw, rows[row + 5]) : Math.min(1, raw);
    if (!(confidence > 0 && confidence >= least)) continue;
    if (!isInside(rows[row], rows[row + 1], a) || !isInside(rows[row + 2], rows[row + 3], b)) continue;
    kept.push(row);
    confidences.push(confidence);
  }
  const points = (offset: number) =>
    Float32Array.from({ length: 2 * kept.length }, (_, k) => rows[kept[k >> 1] + offset + (k & 1)]);
  return {
    a: points(0),
    b: points(2),
    confidence: Float32Array.from(confidences),
    ...(table && { sigmaPx: Float32Array.from(kept, (row) => calibratedSigma(table, rows[row + 5])) }),
  };
}

/** Within the pixels' outer edges; false for NaN. */
function isInside(x: number, y: number, { width, height }: FloatRaster): boolean {
  return x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5;
}
