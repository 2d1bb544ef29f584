/**
 * The one file that knows onnxruntime-web. A session on the highest rung that works:
 * webgpu on a hardware adapter → wasm with threads → wasm.
 */
import { Tensor, type InferenceSession } from 'onnxruntime-common';
import asyncifyWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import plainWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { StitchError } from '../src/core/errors.ts';
import { bandFileOf, modelFileFor, type ModelBundle, type ModelFile } from '../src/formats/model-bundle.ts';
import { checkedOutputs } from '../src/matchers/checked-outputs.ts';
import { bandedSession, withoutBand } from '../src/matchers/loftr/banded-session.ts';
import { graphicsErrors, type GraphicsErrors } from './graphics-errors.ts';
import type { Rung, RungAgreement } from './protocol.ts';
import { compareRungs, disagreement, rowsOfFixedPair } from './rung-agreement.ts';
import { bucketOf, padTensor } from './size-buckets.ts';
import { verifiedWasm, type WasmName } from './verified-wasm.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** A loaded network. Calls of `run` are serialised here: neither provider allows two at once. */
export interface OrtSession {
  readonly rung: Rung;
  /** What it runs on, for the report: the adapter's description or the thread count. */
  readonly device: string;
  /** The file of the bundle that suits the device. */
  readonly file: ModelFile;
  /** How WebGPU compares with wasm; null on wasm itself, and where there is none to compare with. */
  readonly agreement: RungAgreement | null;
  /** Why a rung above that is offered here is not used; null when none is. */
  readonly distrusted: string | null;
  /**
   * Images float32 [1, 1, H, W] in, the network's outputs out. A graph that knows padding is fed one of a few sizes.
   * @throws StitchError `inference-failed`; `worker-lost` when the GPU device went away.
   */
  run(feeds: Tensors): Promise<Record<string, Tensor>>;
  /** Compiles what the first run would: shaders on WebGPU. */
  warmUp(): Promise<void>;
  release(): Promise<void>;
}

export interface OrtSessionOptions {
  /** Accept a software (fallback) WebGPU adapter; only tests ask for it. */
  readonly allowFallbackAdapter: boolean;
  /** Skip the rungs above this one. */
  readonly startAt: Rung;
  /** Threads of wasm at most; the device's cores when absent. */
  readonly maxThreads?: number;
  /** Have onnxruntime log where it places nodes (for the node count of a test). */
  readonly isVerbose?: boolean;
}

/** More threads than this bring nothing on networks of this size. */
const defaultMaxThreads = 8;
/** Sessions with fixed sizes kept on WebGPU, least recently used first to go: about 10 MB of weights and buffers each. */
const maxFixedSessions = 4;
/** Sides of the images of a warm-up, px. */
const warmUpSize = { height: 64, width: 128 };

const rungs: readonly Rung[] = ['webgpu', 'wasm-threads', 'wasm'];

/**
 * Creates a session of a bundle on the first rung that works, from `options.startAt` down. WebGPU counts as working when
 * it finds what wasm finds.
 * @throws StitchError `inference-failed` when no rung works, with each rung's reason; `bad-model` when a file of the
 * bundle does not hold; `altered-file` when the runtime's own wasm does not.
 */
export async function createOrtSession(bundle: ModelBundle, options: OrtSessionOptions): Promise<OrtSession> {
  const reasons: string[] = [];
  /** Rungs that are offered and fail, or are wrong: said with the device, for they cost the user time. */
  const distrusted: string[] = [];
  const passOver = (rung: Rung, why: string) => {
    reasons.push(`${rung}: ${why}`);
    // Graphics devices tell the rest in many lines.
    distrusted.push(`${rung} not used: ${why.split('\n')[0]}`);
  };
  for (const rung of rungs.slice(Math.max(0, rungs.indexOf(options.startAt)))) {
    try {
      const session =
        rung === 'webgpu' ? await webgpuSession(bundle, options) : await wasmSession(bundle, rung, options);
      if (!session) {
        reasons.push(`${rung}: not available here`);
        continue;
      }
      const { doubt, agreement } = await comparedWithWasm(session, bundle, options).catch(async (error: unknown) => {
        await released(session);
        throw error;
      });
      if (doubt === null) return { ...withReasons(session, distrusted), agreement };
      passOver(rung, doubt);
      await released(session);
    } catch (cause) {
      if (cause instanceof StitchError && (cause.code === 'bad-model' || cause.code === 'altered-file')) throw cause;
      passOver(rung, cause instanceof Error ? cause.message : String(cause));
    }
  }
  throw new StitchError(
    'inference-failed',
    `The network cannot run in this browser (${reasons.join('; ')}). Choose SIFT as the matcher, or another browser.`,
    { reasons },
  );
}

function withReasons(session: OrtSession, distrusted: readonly string[]): OrtSession {
  if (distrusted.length === 0) return session;
  return { ...session, device: [session.device, ...distrusted].join('; '), distrusted: distrusted.join('; ') };
}

/** Lets the memory of a session go that is not used; one that cannot even do that is in nobody's way. */
async function released(session: OrtSession): Promise<void> {
  await session.release().catch((error: unknown) => console.info('a session was not released', error));
}

/**
 * Graphics drivers calculate wrongly more often than processors: the fixed pair is matched on the graphics device and on
 * wasm, and the device is used only when both say the same.
 * @returns what speaks against the device, null for nothing, and by how much the two differ
 */
async function comparedWithWasm(
  session: OrtSession,
  bundle: ModelBundle,
  options: OrtSessionOptions,
): Promise<{ readonly doubt: string | null; readonly agreement: RungAgreement | null }> {
  if (session.rung !== 'webgpu') return { doubt: null, agreement: null };
  const tensor = (data: Float32Array, dims: readonly number[]) => new Tensor('float32', data, [...dims]);
  const rows = await rowsOfFixedPair(session, bundle.contract, tensor);
  // With threads where they are to be had: this thread's runtime keeps the number that it starts with.
  const reference =
    (await wasmSession(bundle, 'wasm-threads', options)) ?? (await wasmSession(bundle, 'wasm', options));
  if (!reference) return { doubt: null, agreement: null };
  try {
    const expected = await rowsOfFixedPair(reference, bundle.contract, tensor);
    const doubt = disagreement(rows, expected);
    const { matches, farthestPx, widestConfidence } = compareRungs(rows, expected);
    return {
      doubt: doubt && `its matches of a fixed pair are not those of wasm (${doubt})`,
      agreement: { matches, farthestPx, widestConfidence },
    };
  } finally {
    await reference.release();
  }
}

/** What of either build of onnxruntime-web is used here. */
interface Runtime {
  readonly env: {
    readonly wasm: { wasmBinary?: ArrayBufferLike | Uint8Array };
    /** The device that the sessions run on, once there is one. */
    readonly webgpu?: { readonly device?: unknown };
  };
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** Runtimes of this thread that have taken their wasm: they compile it once. */
const startedRuntimes = new Set<WasmName>();

/** Creates sessions of a runtime whose wasm has been verified; the bytes are let go after the first. */
async function verifiedRuntime({ env, InferenceSession }: Runtime, name: WasmName, url: string) {
  if (!startedRuntimes.has(name)) env.wasm.wasmBinary = await verifiedWasm(name, () => fetch(url));
  return async (model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> => {
    const session = await InferenceSession.create(model, options);
    startedRuntimes.add(name);
    delete env.wasm.wasmBinary;
    return session;
  };
}

interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly features?: ReadonlySet<string>;
  readonly info?: {
    readonly isFallbackAdapter?: boolean;
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
  };
}

async function webgpuSession(bundle: ModelBundle, options: OrtSessionOptions): Promise<OrtSession | null> {
  const gpu = (navigator as unknown as { gpu?: { requestAdapter(o: object): Promise<GpuAdapter | null> } }).gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return null;
  const isFallback = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  if (isFallback && !options.allowFallbackAdapter) return null;
  const file = modelFileFor(bundle.manifest, adapter.features?.has('shader-f16') ? 'webgpu-f16' : 'webgpu');
  const model = await bundle.open(file);
  const ort = await import('onnxruntime-web/webgpu');
  const create = await verifiedRuntime(ort, 'ort-wasm-simd-threaded.asyncify.wasm', asyncifyWasmUrl);
  ort.env.wasm.numThreads = 1;
  const info = adapter.info;
  const described = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ') || 'WebGPU adapter';
  const device = `${described}${isFallback ? ' (software)' : ''}${file.arithmetic === 'fp16' ? ', half precision' : ''}`;
  let errors: GraphicsErrors | null = null;
  const sessions = fixedSessions(async (sizes) => {
    const session = await create(model, {
      executionProviders: ['webgpu'],
      freeDimensionOverrides: sizes,
      ...(options.isVerbose ? { logSeverityLevel: 0 as const } : {}),
    });
    const used: unknown = await ort.env.webgpu.device;
    if (used instanceof EventTarget) errors ??= graphicsErrors(used);
    return session;
  });
  const run = serialised(async (feeds) => {
    const images = withoutBand(feeds, bundle.contract.bandInput);
    const fed = file.graph === 'padded' ? padded(images) : images;
    const outputs = await (await sessions.forSizes(sizesOf(fed))).run(fed);
    await new Promise((resolve) => setTimeout(resolve));
    const error = errors?.first() ?? null;
    // What it gave is made of what it left out.
    if (error !== null) throw new Error(`the graphics device reported ${error}`);
    return outputs;
  });
  return {
    ...{ rung: 'webgpu', device, file, run, agreement: null, distrusted: null },
    warmUp: () => warmUp(bundle, run),
    release: () => sessions.release(),
  };
}

/** Every image padded to its bucket, so that a handful of sessions serves strips of all sizes. */
function padded(feeds: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      const [, , height, width] = tensor.dims;
      return [name, padTensor(tensor, bucketOf(height), bucketOf(width))];
    }),
  );
}

/** Names of the graph's free sides and their values. */
function sizesOf(feeds: Tensors): Record<string, number> {
  const sizes: Record<string, number> = {};
  Object.values(feeds).forEach(({ dims: [, , height, width] }, index) => {
    sizes[`height${index}`] = height;
    sizes[`width${index}`] = width;
  });
  return sizes;
}

/**
 * Sessions whose sizes are fixed, by size: shape arithmetic folds away, and no node falls back to the CPU.
 */
function fixedSessions(create: (sizes: Record<string, number>) => Promise<InferenceSession>) {
  const kept = new Map<string, InferenceSession>(); // least recently used first
  return {
    async forSizes(sizes: Record<string, number>): Promise<InferenceSession> {
      const key = JSON.stringify(sizes);
      const known = kept.get(key);
      if (known) kept.delete(key);
      else if (kept.size >= maxFixedSessions) {
        const [[oldest, session]] = kept;
        kept.delete(oldest);
        await session.release();
      }
      const session = known ?? (await create(sizes));
      kept.set(key, session);
      return session;
    },
    async release(): Promise<void> {
      for (const session of kept.values()) await session.release();
      kept.clear();
    },
  };
}

async function wasmSession(bundle: ModelBundle, rung: Rung, options: OrtSessionOptions): Promise<OrtSession | null> {
  const most = options.maxThreads ?? defaultMaxThreads;
  const threads = rung === 'wasm-threads' ? Math.min(most, navigator.hardwareConcurrency || 1) : 1;
  if (rung === 'wasm-threads' && !(self as { crossOriginIsolated?: boolean }).crossOriginIsolated) return null;
  const file = modelFileFor(bundle.manifest, 'processor');
  const model = await bundle.open(file);
  const ort = await import('onnxruntime-web/wasm');
  const start = await verifiedRuntime(ort, 'ort-wasm-simd-threaded.wasm', plainWasmUrl);
  ort.env.wasm.numThreads = threads;
  const create = (bytes: Uint8Array) => start(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const everywhere = await create(model);
  const bandFile = bandFileOf(bundle.manifest);
  const { bandInput } = bundle.contract;
  const session =
    bandFile && bandInput
      ? bandedSession(everywhere, bandInput, async () => create(await bundle.open(bandFile)))
      : everywhere;
  const run = serialised((feeds) => session.run(feeds));
  const device = `wasm, ${threads} thread${threads === 1 ? '' : 's'}`;
  return {
    ...{ rung, device, file, run, agreement: null, distrusted: null },
    warmUp: () => warmUp(bundle, run),
    release: () => session.release(),
  };
}

/** A small blank pair through the network: its operators are compiled for whatever comes after. */
async function warmUp(bundle: ModelBundle, run: OrtSession['run']): Promise<void> {
  const { height, width } = warmUpSize;
  const blank = () => new Tensor('float32', new Float32Array(height * width), [1, 1, height, width]);
  const outputs = await run(Object.fromEntries(bundle.contract.inputNames.map((name) => [name, blank()])));
  for (const output of Object.values(outputs)) output.dispose();
}

/** One call after the other; the tail swallows errors, so that one failure does not poison the next call. */
function serialised(
  run: (feeds: Tensors) => Promise<InferenceSession.OnnxValueMapType>,
): (feeds: Tensors) => Promise<Record<string, Tensor>> {
  let tail: Promise<unknown> = Promise.resolve();
  return (feeds) => {
    const result = tail
      .then(async () => checkedOutputs(await run(feeds)))
      .catch((cause: unknown) => {
        const message = cause instanceof Error ? cause.message : String(cause);
        const lost = /device.*lost|lost.*device/i.test(message);
        throw new StitchError(
          lost ? 'worker-lost' : 'inference-failed',
          lost ? 'The graphics device was lost.' : `The network failed: ${message}`,
          {},
          { cause },
        );
      });
    tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  };
}
