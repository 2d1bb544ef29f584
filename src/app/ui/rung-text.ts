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
