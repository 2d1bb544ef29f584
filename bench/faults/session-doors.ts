import { Tensor } from 'onnxruntime-common';
import type { InferenceSession } from 'onnxruntime-common';
import type { FaultPlan } from '../../src/core/testing/fault-plan.ts';
import type { NodeFault } from './node-faults.ts';

type Create = (model: Uint8Array, options: object) => Promise<InferenceSession>;

/** Messages of the runtime as they have been seen. */
const messages: Partial<Record<NodeFault, string>> = {
  throws: 'the runtime threw at once',
  rejects:
    "Can't create a session. ERROR_CODE: 7, ERROR_MESSAGE: Failed to load model because protobuf parsing failed.",
  'out-of-memory': 'ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc',
  'device-lost': 'mapAsync failed: Device lost.',
};

/** Has the creation and every run of a network of the native runtime ask `plan` first. */
export async function installSessionDoors(
  plan: FaultPlan<NodeFault>,
  onStrike: (kind: NodeFault) => void,
): Promise<{ readonly remove: () => void }> {
  const name = 'onnxruntime-node'; // the sweep replaces what `cli/ort-session.ts` finds there, and imports nothing else
  const { InferenceSession: runtime } = (await import(name)) as { InferenceSession: { create: Create } };
  const real = runtime.create;

  const fail = async (kind: NodeFault): Promise<void> => {
    onStrike(kind);
    const message = messages[kind];
    if (message !== undefined) throw new Error(message);
    if (kind === 'trap') throw new WebAssembly.RuntimeError('memory access out of bounds');
    if (kind !== 'not-a-number') await new Promise(() => undefined);
  };

  runtime.create = async (model, options) => {
    const kind = plan.meet('session.create');
    if (kind) await fail(kind);
    const session = await real.call(runtime, model, options);
    const run = session.run.bind(session);
    session.run = async (feeds: Parameters<typeof run>[0]) => {
      const struck = plan.meet('session.run');
      if (struck) await fail(struck);
      const outputs = await run(feeds);
      return struck === 'not-a-number' ? withoutNumbers(outputs) : outputs;
    };
    return session;
  };
  return { remove: () => void (runtime.create = real) };
}

function withoutNumbers(outputs: InferenceSession.OnnxValueMapType): InferenceSession.OnnxValueMapType {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const { data, dims } = value;
      return [name, new Tensor('float32', new Float32Array(data.length).fill(NaN), dims)];
    }),
  );
}
