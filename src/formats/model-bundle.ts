import * as v from 'valibot';
import { StitchError } from '../core/errors.ts';
import { sha256Hex } from './sha256.ts';

const positiveInteger = v.pipe(v.number(), v.integer(), v.minValue(1));
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const fileSchema = v.object({
  /** Relative to the manifest. */
  path: v.pipe(
    v.string(),
    v.regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))(?!.*:)[^\\]+$/, 'must be a relative path inside the bundle'),
  ),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')),
  bytes: positiveInteger,
  precision: v.picklist(['fp32', 'fp16', 'int8']),
});

/** What a manifest.json must hold; further fields are kept out. */
const manifestSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  version: v.pipe(v.string(), v.minLength(1)),
  licence: v.string(),
  files: v.pipe(v.array(fileSchema), v.minLength(1)),
  input: v.object({
    names: v.tuple([v.string(), v.string()]),
    /** Resolution of the strips as a fraction of full resolution. */
    scale: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    multipleOf: positiveInteger,
    /** Percentiles 0…100 that become 0 and 1. */
    percentiles: v.tuple([v.pipe(v.number(), v.minValue(0)), v.pipe(v.number(), v.maxValue(100))]),
  }),
  output: v.object({ name: v.string(), columns: v.array(v.string()) }),
  strides: v.object({ coarse: positiveInteger, fine: positiveInteger }),
  /** Side of the fine window, cells. */
  window: v.optional(positiveInteger),
  defaultConfidence: fraction,
  maxTokens: positiveInteger,
  positionEncoding: v.optional(v.unknown()),
  trainingData: v.optional(v.unknown()),
  metrics: v.optional(v.unknown()),
});

/** manifest.json of a model bundle, checked. */
export type ModelManifest = Readonly<v.InferOutput<typeof manifestSchema>>;

/** What matching depends on; fits the LoFTR matcher's contract. */
export interface ModelContract {
  readonly scale: number;
  readonly multipleOf: number;
  readonly inputNames: readonly [string, string];
  readonly outputName: string;
  readonly defaultConfidence: number;
  readonly maxTokens: number;
}

/** A model whose bytes are those that its manifest promises. */
export interface ModelBundle {
  readonly manifest: ModelManifest;
  readonly contract: ModelContract;
  /** The ONNX file. */
  readonly model: Uint8Array;
  readonly sha256: string;
}

/** Columns of a row of the network's output, in order. */
const requiredColumns = ['x0', 'y0', 'x1', 'y1', 'confidence', 'spread'] as const;

/**
 * Checks a manifest and the file it names (fp32 before others) by size and SHA-256.
 * @throws StitchError `bad-model` naming what does not match and the next step; what `readFile` throws
 */
export async function openModelBundle(bundle: {
  readonly manifestText: string;
  readonly readFile: (path: string) => Promise<Uint8Array>;
}): Promise<ModelBundle> {
  const manifest = parseModelManifest(bundle.manifestText);
  const file = manifest.files.find(({ precision }) => precision === 'fp32') ?? manifest.files[0];
  const model = await bundle.readFile(file.path);
  if (model.length !== file.bytes)
    throw badModel(`${file.path} has ${model.length} bytes where the manifest says ${file.bytes}`, file.path);
  const sha256 = await sha256Hex(model);
  if (sha256 !== file.sha256)
    throw badModel(
      `${file.path} is not the file that the manifest describes (SHA-256 ${sha256.slice(0, 12)}… instead of ${file.sha256.slice(0, 12)}…)`,
      file.path,
    );
  return { manifest, contract: contractOf(manifest), model, sha256 };
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
    multipleOf: manifest.input.multipleOf,
    inputNames: manifest.input.names,
    outputName: manifest.output.name,
    defaultConfidence: manifest.defaultConfidence,
    maxTokens: manifest.maxTokens,
  };
}

function badModel(what: string, file: string, cause?: unknown): StitchError {
  const next = 'Choose the bundle again, all its files together, or use the embedded model.';
  return new StitchError('bad-model', `The model bundle does not hold: ${what}. ${next}`, { file }, { cause });
}
