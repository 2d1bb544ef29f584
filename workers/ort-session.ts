/**
 * The one file that knows onnxruntime-web. A session on the highest rung that works:
 * webgpu on a hardware adapter → wasm with threads → wasm.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import asyncifyWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import plainWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { StitchError } from '../src/core/errors.ts';
import type { Rung } from './protocol.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** A loaded network. Calls of `run` are serialised here: neither provider allows two at once. */
export interface OrtSession {
  readonly rung: Rung;
  /** What it runs on, for the report: the adapter's description or the thread count. */
  readonly device: string;
  /** @throws StitchError `inference-failed`; `worker-lost` when the GPU device went away. */
  run(feeds: Tensors): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface OrtSessionOptions {
  /** Accept a software (fallback) WebGPU adapter; only tests ask for it. */
  readonly allowFallbackAdapter: boolean;
  /** Skip the rungs above this one. */
  readonly startAt: Rung;
}

/** More threads than this bring nothing on networks of this size. */
const maxThreads = 8;
/** Sessions with frozen sizes kept on WebGPU: horizontal and vertical strips of two tile sizes. */
const maxFrozenSessions = 4;

const rungs: readonly Rung[] = ['webgpu', 'wasm-threads', 'wasm'];

/**
 * Creates a session of the ONNX `model` on the first rung that works, from `options.startAt` down.
 * @throws StitchError `inference-failed` when no rung works, with each rung's reason.
 */
export async function createOrtSession(model: Uint8Array, options: OrtSessionOptions): Promise<OrtSession> {
  const reasons: string[] = [];
  for (const rung of rungs.slice(Math.max(0, rungs.indexOf(options.startAt)))) {
    try {
      const session = rung === 'webgpu' ? await webgpuSession(model, options) : await wasmSession(model, rung);
      if (session) return session;
      reasons.push(`${rung}: not available here`);
    } catch (cause) {
      reasons.push(`${rung}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  throw new StitchError(
    'inference-failed',
    `The network cannot run in this browser (${reasons.join('; ')}). Choose SIFT as the matcher, or another browser.`,
    { reasons },
  );
}

interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly isFallbackAdapter?: boolean;
    readonly vendor?: string;
    readonly architecture?: string;
    readonly description?: string;
  };
}

async function webgpuSession(model: Uint8Array, options: OrtSessionOptions): Promise<OrtSession | null> {
  const gpu = (navigator as unknown as { gpu?: { requestAdapter(o: object): Promise<GpuAdapter | null> } }).gpu;
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return null;
  const isFallback = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  if (isFallback && !options.allowFallbackAdapter) return null;
  const ort = await import('onnxruntime-web/webgpu');
  ort.env.wasm.wasmPaths = { wasm: asyncifyWasmUrl };
  ort.env.wasm.numThreads = 1;
  const info = adapter.info;
  const device = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ') || 'WebGPU adapter';

  // Sizes are frozen per session, so that shape arithmetic folds away and no node falls back to the CPU.
  const frozen = new Map<string, InferenceSession>();
  const sessionFor = async (feeds: Tensors): Promise<InferenceSession> => {
    const sizes: Record<string, number> = {};
    Object.keys(feeds).forEach((name, index) => {
      const [, , height, width] = feeds[name].dims;
      sizes[`height${index}`] = height;
      sizes[`width${index}`] = width;
    });
    const key = JSON.stringify(sizes);
    const found = frozen.get(key);
    if (found) return found;
    if (frozen.size >= maxFrozenSessions) {
      const [oldest, session] = [...frozen][0];
      frozen.delete(oldest);
      await session.release();
    }
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['webgpu'],
      freeDimensionOverrides: sizes,
    });
    frozen.set(key, session);
    return session;
  };
  return {
    rung: 'webgpu',
    device: isFallback ? `${device} (software)` : device,
    run: serialised(async (feeds) => (await sessionFor(feeds)).run(feeds)),
    release: async () => {
      for (const session of frozen.values()) await session.release();
      frozen.clear();
    },
  };
}

async function wasmSession(model: Uint8Array, rung: Rung): Promise<OrtSession | null> {
  const threads = rung === 'wasm-threads' ? Math.min(maxThreads, navigator.hardwareConcurrency || 1) : 1;
  if (rung === 'wasm-threads' && !(self as { crossOriginIsolated?: boolean }).crossOriginIsolated) return null;
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.wasmPaths = { wasm: plainWasmUrl };
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  });
  return {
    rung,
    device: `wasm, ${threads} thread${threads === 1 ? '' : 's'}`,
    run: serialised((feeds) => session.run(feeds)),
    release: () => session.release(),
  };
}

/** One call after the other; the tail swallows errors, so that one failure does not poison the next call. */
function serialised(
  run: (feeds: Tensors) => Promise<InferenceSession.OnnxValueMapType>,
): (feeds: Tensors) => Promise<Record<string, Tensor>> {
  let tail: Promise<unknown> = Promise.resolve();
  return (feeds) => {
    const result = tail
      .then(() => run(feeds))
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
