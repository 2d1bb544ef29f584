import * as v from 'valibot';
import { StitchError } from '../core/errors.ts';
import { sha256Hex } from './sha256.ts';

const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
const upTo = (most: number) => v.pipe(positiveInteger, v.maxValue(most));
const finite = v.pipe(v.number(), v.finite());
/** A network is not asked for strips below this resolution, nor to pad them to more than `maxMultiple` px. */
const minScale = 1 / 128;
const maxMultiple = 1024;
const maxTokens = 2 ** 20;
const maxModelBytes = 2 ** 30;
const scale = v.pipe(v.number(), v.minValue(minScale), v.maxValue(1));

/** True for paths that stay inside the folder whichever way they are resolved: on a disk, or as an address. */
function isInside(path: string): boolean {
  const isPlain = !/[\\:%?#\u0000-\u001f]/.test(path) && path.length <= 1024;
  return isPlain && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const fileSchema = v.object({
  /** Relative to the manifest. */
  path: v.pipe(v.string(), v.check(isInside, 'must be a relative path inside the bundle')),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')),
  bytes: upTo(maxModelBytes),
  /** How the weights are stored. */
  precision: v.picklist(['fp32', 'fp16', 'int8']),
  /** What is calculated in; the graph casts. */
  arithmetic: v.optional(v.picklist(['fp32', 'fp16']), 'fp32'),
  /**
   * `cells`: a row per coarse cell of image 0. `mutual`: rows of mutual matches only, a number that varies with the
   * images (for processors, not for graphics cards). `padded`: a row per cell, and pixels of −1 count as not there.
   * `band`: as `mutual`, with a third input, `input.band`, whose length bounds how far along x a partner lies.
   */
  graph: v.optional(v.picklist(['cells', 'mutual', 'padded', 'band']), 'cells'),
});

/** Piecewise linear: knots [x, y], both non-decreasing. */
const knotsSchema = v.pipe(
  v.array(v.tuple([finite, finite])),
  v.minLength(1),
  v.maxLength(1024),
  v.check(
    (knots) => knots.every(([x, y], i) => i === 0 || (x >= knots[i - 1][0] && y >= knots[i - 1][1])),
    'must not decrease',
  ),
);

const calibrationSchema = v.object({
  /** Resolution of the strips the table is for. */
  scale: v.pipe(finite, v.gtValue(0)),
  /** score = slope · logit(confidence) − spreadSlope · ln(spread). */
  slope: v.pipe(finite, v.minValue(0)),
  spreadSlope: v.pipe(finite, v.minValue(0)),
  /** Score to the share of right matches. */
  confidence: knotsSchema,
  /** Spread, px of the strips, to the standard deviation of a match per axis, px of the strips. */
  sigmaPx: knotsSchema,
});

/** What a manifest.json must hold; further fields are kept out. */
const manifestSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  version: v.pipe(v.string(), v.minLength(1)),
  licence: v.string(),
  files: v.pipe(v.array(fileSchema), v.minLength(1)),
  input: v.object({
    names: v.tuple([v.string(), v.string()]),
    /** Name of the third input of a graph with a band. */
    band: v.optional(v.string()),
    /** Resolution of the strips as a fraction of full resolution. */
    scale,
    /** Every resolution the network was trained for. */
    scales: v.optional(v.pipe(v.array(scale), v.minLength(1))),
    multipleOf: upTo(maxMultiple),
    /** `unit`: value over white level, not stretched. */
    normalisation: v.optional(v.picklist(['percentiles', 'unit']), 'percentiles'),
    /** Percentiles 0…100 that become 0 and 1. */
    percentiles: v.optional(v.tuple([v.pipe(v.number(), v.minValue(0)), v.pipe(v.number(), v.maxValue(100))])),
  }),
  output: v.object({ name: v.string(), columns: v.array(v.string()) }),
  strides: v.object({ coarse: upTo(maxMultiple), fine: upTo(maxMultiple) }),
  /** Side of the fine window, cells. */
  window: v.optional(upTo(maxMultiple)),
  defaultConfidence: fraction,
  calibration: v.optional(v.object({ entries: v.pipe(v.array(calibrationSchema), v.minLength(1)) })),
  maxTokens: upTo(maxTokens),
  positionEncoding: v.optional(v.unknown()),
  trainingData: v.optional(v.unknown()),
  metrics: v.optional(v.unknown()),
});

/** manifest.json of a model bundle, checked. */
export type ModelManifest = Readonly<v.InferOutput<typeof manifestSchema>>;

/** A file of a bundle, as its manifest lists it. */
export type ModelFile = ModelManifest['files'][number];

/** The table that makes a confidence a share of right matches, for strips at one scale. */
export type ModelCalibration = Readonly<v.InferOutput<typeof calibrationSchema>>;

/** What matching depends on; fits the LoFTR matcher's contract. */
export interface ModelContract {
  readonly scale: number;
  readonly scales: readonly number[];
  readonly normalisation: 'percentiles' | 'unit';
  readonly multipleOf: number;
  readonly inputNames: readonly [string, string];
  /** Name of the band's input; null when no file of the bundle has one. */
  readonly bandInput: string | null;
  readonly outputName: string;
  readonly defaultConfidence: number;
  readonly calibration: readonly ModelCalibration[];
  readonly maxTokens: number;
}

/** A model whose bytes are those that its manifest promises. */
export interface ModelBundle {
  readonly manifest: ModelManifest;
  readonly contract: ModelContract;
  /**
   * Reads a file of the manifest and checks it by size and SHA-256.
   * @throws StitchError `bad-model` naming what does not match and the next step; what `readFile` throws
   */
  open(file: ModelFile): Promise<Uint8Array>;
}

/** Where a graph is to run: `webgpu-f16` is an adapter that calculates in half precision too. */
export type ModelTarget = 'processor' | 'webgpu' | 'webgpu-f16';

/** Columns of a row of the network's output, in order. */
const requiredColumns = ['x0', 'y0', 'x1', 'y1', 'confidence', 'spread'] as const;

/**
 * Opens a bundle: its manifest checked, its files read when they are asked for.
 * @throws StitchError `bad-model` naming the field that does not hold
 */
export function openModelBundle(bundle: {
  readonly manifestText: string;
  readonly readFile: (path: string) => Promise<Uint8Array>;
}): ModelBundle {
  const manifest = parseModelManifest(bundle.manifestText);
  return {
    manifest,
    contract: contractOf(manifest),
    async open(file) {
      const model = await bundle.readFile(file.path);
      if (model.length !== file.bytes)
        throw badModel(`${file.path} has ${model.length} bytes where the manifest says ${file.bytes}`, file.path);
      const sha256 = await sha256Hex(model);
      if (sha256 !== file.sha256)
        throw badModel(
          `${file.path} is not the file that the manifest describes (SHA-256 ${sha256.slice(0, 12)}… instead of ${file.sha256.slice(0, 12)}…)`,
          file.path,
        );
      return model;
    },
  };
}

/** Preferences by target, the best first; what a file lacks of the first wish counts most. */
const wishes: Readonly<Record<ModelTarget, readonly ((file: ModelFile) => boolean)[]>> = {
  processor: [({ arithmetic }) => arithmetic === 'fp32', ({ graph }) => graph === 'mutual', isExact],
  webgpu: [
    ({ arithmetic }) => arithmetic === 'fp32',
    ({ graph }) => graph === 'padded',
    ({ graph }) => graph === 'cells',
  ],
  'webgpu-f16': [
    ({ graph }) => graph === 'padded',
    ({ arithmetic }) => arithmetic === 'fp16',
    ({ graph }) => graph === 'cells',
  ],
};

function isExact({ precision }: ModelFile): boolean {
  return precision === 'fp32';
}

/** The file of a bundle that suits a target best; the first of the manifest among equals. */
export function modelFileFor({ files }: ModelManifest, target: ModelTarget): ModelFile {
  const score = (file: ModelFile) =>
    wishes[target].reduce((sum, isMet, i) => sum + (isMet(file) ? 2 ** (wishes[target].length - i) : 0), 0);
  const ordinary = files.filter(({ graph }) => graph !== 'band');
  return ordinary.reduce((best, file) => (score(file) > score(best) ? file : best));
}

/** The file of a bundle whose graph has a band; null when there is none. */
export function bandFileOf({ files, input }: ModelManifest): ModelFile | null {
  return (input.band !== undefined && files.find(({ graph }) => graph === 'band')) || null;
}

/**
 * Parses and checks a manifest alone.
 * @throws StitchError `bad-model` naming the field
 */
export function parseModelManifest(text: string): ModelManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw badModel('manifest.json is not valid JSON', 'manifest.json', cause);
  }
  const result = v.safeParse(manifestSchema, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw badModel(`manifest.json: ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`, 'manifest.json');
  }
  const { normalisation, percentiles } = result.output.input;
  if ((normalisation === 'percentiles') !== (percentiles !== undefined))
    throw badModel(
      `manifest.json: input.percentiles and the normalisation "${normalisation}" contradict`,
      'manifest.json',
    );
  if (result.output.files.every(({ graph }) => graph === 'band'))
    throw badModel('manifest.json: files: one that looks everywhere is needed beside the band', 'manifest.json');
  const { columns } = result.output.output;
  const wrong = requiredColumns.findIndex((name, i) => columns[i] !== name);
  if (wrong >= 0)
    throw badModel(
      `manifest.json: output column ${wrong + 1} is "${columns[wrong]}", not "${requiredColumns[wrong]}"`,
      'manifest.json',
    );
  return result.output;
}

function contractOf(manifest: ModelManifest): ModelContract {
  return {
    scale: manifest.input.scale,
    scales: manifest.input.scales ?? [manifest.input.scale],
    normalisation: manifest.input.normalisation,
    multipleOf: manifest.input.multipleOf,
    inputNames: manifest.input.names,
    bandInput: bandFileOf(manifest) ? (manifest.input.band ?? null) : null,
    outputName: manifest.output.name,
    defaultConfidence: manifest.defaultConfidence,
    calibration: manifest.calibration?.entries ?? [],
    maxTokens: manifest.maxTokens,
  };
}

function badModel(what: string, file: string, cause?: unknown): StitchError {
  const next = 'Choose the bundle again, all its files together, or use the embedded model.';
  return new StitchError('bad-model', `The model bundle does not hold: ${what}. ${next}`, { file }, { cause });
}
