import type { MatcherStatus, Rung } from '../../../workers/protocol.ts';

const rungNames: Readonly<Record<Rung, string>> = {
  webgpu: 'WebGPU',
  'wasm-threads': 'WebAssembly, threads',
  wasm: 'WebAssembly',
  js: 'JavaScript',
};

/** The matcher with its model and the rung of the ladder it runs on. */
export function rungText({ matcher, model, rung }: MatcherStatus): string {
  return `${model ?? matcher} · ${rungNames[rung]}`;
}

/**
 * What a user wants to know of the rung. The network runs on WebGPU only after it has said the same there as on
 * WebAssembly (`workers/ort-session.ts`); why it was not trusted stands in `device`.
 */
export function rungSentence({ model, rung, device }: MatcherStatus): string {
  if (model === null) return 'the processor; this matcher needs no graphics device';
  if (rung === 'webgpu') return `${device}; agrees with WebAssembly on a fixed pair`;
  return device.includes('webgpu not used')
    ? `the processor (${device})`
    : `the processor (${device}): WebGPU has no graphics device here, and pairs take longer`;
}
