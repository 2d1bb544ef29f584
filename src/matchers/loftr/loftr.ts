import type { Tensor } from 'onnxruntime-common';
import { StitchError } from '../../core/errors.ts';
import { noCorrespondences } from '../../core/matching/matcher.ts';
import type { Correspondences, Matcher } from '../../core/matching/matcher.ts';
import type { FloatRaster } from '../../core/raster/raster.ts';

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
  /** Both sides of a strip must be multiples of this. */
  readonly multipleOf: number;
  /** Names of the two images, float32 [1, 1, H, W], grey 0…1. */
  readonly inputNames: readonly [string, string];
  /** Name of the matches, float32 [N, 6]: x0, y0, x1, y1, confidence (0 = not mutual), spread of the fine heat map. */
  readonly outputName: string;
  readonly defaultConfidence: number;
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
 * centres of the strips as they are (cell k of the network is centred on pixel 8k).
 *
 * @see Sun et al. 2021, "LoFTR: Detector-Free Local Feature Matching with Transformers"
 */
export function loftrMatcher(
  session: InferenceSessionLike,
  contract: LoftrContract,
  createTensor: TensorFactory,
): Matcher {
  const [nameA, nameB] = contract.inputNames;
  return {
    scale: contract.scale,
    multipleOf: contract.multipleOf,
    minConfidence: contract.defaultConfidence,
    maxTokens: contract.maxTokens,
    chanceRadiusPx,
    async match(a, b, { signal }) {
      signal.throwIfAborted();
      if (a.data.length === 0 || b.data.length === 0) return noCorrespondences;
      const tensorA = createTensor(a.data, [1, 1, a.height, a.width]);
      const tensorB = createTensor(b.data, [1, 1, b.height, b.width]);
      const outputs = await session.run({ [nameA]: tensorA, [nameB]: tensorB });
      signal.throwIfAborted();
      const rows = await rowsOf(outputs, contract.outputName);
      return readMatches(rows, a, b, contract.defaultConfidence);
    },
    dispose: () => session.release(),
  };
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

/** Mutual, finite matches inside both frames, as sure as `least` at least. */
function readMatches(rows: Float32Array, a: FloatRaster, b: FloatRaster, least: number): Correspondences {
  const kept: number[] = [];
  for (let row = 0; row + columns <= rows.length; row += columns) {
    const confidence = rows[row + 4];
    // also false for NaN
    if (!(confidence > 0 && confidence >= least)) continue;
    if (isInside(rows[row], rows[row + 1], a) && isInside(rows[row + 2], rows[row + 3], b)) kept.push(row);
  }
  const points = (offset: number) =>
    Float32Array.from({ length: 2 * kept.length }, (_, k) => rows[kept[k >> 1] + offset + (k & 1)]);
  return {
    a: points(0),
    b: points(2),
    confidence: Float32Array.from(kept, (row) => Math.min(1, rows[row + 4])),
  };
}

/** Within the pixels' outer edges; false for NaN. */
function isInside(x: number, y: number, { width, height }: FloatRaster): boolean {
  return x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5;
}
