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

/** Where the matcher runs, with the threads or the graphics device: `WebAssembly, 2 threads`. */
export function placeText({ rung, device }: MatcherStatus): string {
  const [first] = device.split(';');
  if (rung === 'webgpu') return `WebGPU (${first})`;
  return rung === 'js' ? rungNames.js : first.replace(/^wasm\b/, 'WebAssembly');
}

/**
 * What became of the graphics device. The network runs on WebGPU only after it has said the same there as on WebAssembly
 * (`workers/ort-session.ts`); why it was not trusted stands in `device`.
 */
export function webgpuText({ model, rung, device, agreement }: MatcherStatus): string {
  if (model === null) return 'this matcher needs no graphics device';
  if (rung === 'webgpu')
    return agreement
      ? `agrees with WebAssembly: ${agreement.matches} matches of a fixed pair differ by up to ${agreement.farthestPx.toFixed(3)} px`
      : 'used; WebAssembly was not there to compare it with';
  const distrusted = device.split('; ').find((part) => part.startsWith('webgpu not used'));
  return distrusted ? distrusted.replace('webgpu ', '') : 'not offered here, so pairs take longer';
}
