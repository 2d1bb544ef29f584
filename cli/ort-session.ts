/** The one file of the command line that knows an ONNX runtime: onnxruntime-node where installed, else wasm. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { StitchError } from '../src/core/errors.ts';
import { checkedOutputs } from '../src/matchers/checked-outputs.ts';

export interface NodeSession {
  readonly device: string;
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

export interface NodeSessionOptions {
  /** wasm even where the native runtime is installed. */
  readonly isWasm?: boolean;
  /** Threads of the native runtime; wasm has one in Node. The runtime's choice when absent. */
  readonly threads?: number;
}

/** A network that does not answer for so long has gone, ms; a pair takes seconds on a slow processor. */
const patienceMs = 600_000;

/**
 * A session of the ONNX `model`.
 * @throws StitchError `inference-failed` when the model cannot be loaded.
 */
export async function createNodeSession(model: Uint8Array, options: NodeSessionOptions = {}): Promise<NodeSession> {
  const native = options.isWasm ? null : await importNative();
  const runtime = native ?? (await importWasm());
  let session: InferenceSession;
  try {
    session = await answered(() =>
      runtime.InferenceSession.create(model, {
        executionProviders: [native ? 'cpu' : 'wasm'],
        ...(native && options.threads ? { intraOpNumThreads: options.threads } : {}),
      }),
    );
  } catch (cause) {
    if (cause instanceof StitchError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError('inference-failed', `The model cannot be loaded: ${why}`, {}, { cause });
  }
  let tail: Promise<unknown> = Promise.resolve();
  return {
    device: native ? 'onnxruntime-node, cpu' : 'onnxruntime-web, wasm, 1 thread',
    run(feeds) {
      const result = tail.then(() => answered(async () => checkedOutputs(await session.run(feeds))));
      tail = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
    release: () => session.release(),
  };
}

/**
 * What the runtime answers.
 * @throws StitchError `inference-failed` for its errors, and when no answer comes within the stated time
 */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${patienceMs / 60_000} minutes`)), patienceMs);
  });
  try {
    return await Promise.race([call(), late]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError('inference-failed', `The network failed: ${why}. Finished pairs are kept.`, {}, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** onnxruntime-node is an optional dependency (several times faster than wasm); its install script is not run. */
async function importNative(): Promise<Runtime | null> {
  const name = 'onnxruntime-node';
  try {
    return (await import(name)) as Runtime;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}

async function importWasm(): Promise<Runtime> {
  const ort = await import('onnxruntime-web');
  // One thread: worker threads in Node would need a file URL for onnxruntime's own script.
  ort.env.wasm.numThreads = 1;
  return ort;
}
