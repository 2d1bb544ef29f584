/** What the app runs on, as lines of a name and a value; nothing that names the user. */
export type Environment = Readonly<Record<string, string>>;

interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}
interface Gpu {
  requestAdapter(): Promise<{ readonly info?: AdapterInfo; readonly features?: ReadonlySet<string> } | null>;
}

/** Asks the browser. What it does not say is left out. */
export async function readEnvironment(window: Window, version: string, code: string): Promise<Environment> {
  const { navigator } = window;
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  const { deviceMemory, gpu } = navigator as { readonly deviceMemory?: number; readonly gpu?: Gpu };
  return {
    version: `em-stitch ${version}, result code ${code.slice(0, 12)}`,
    browser: navigator.userAgent,
    cores: String(navigator.hardwareConcurrency ?? 'unknown'),
    ...(deviceMemory === undefined ? {} : { memory: `at least ${deviceMemory} GB` }),
    'cross-origin isolated': window.crossOriginIsolated ? 'yes' : 'no: wasm runs on one thread',
    WebGPU: await describeGpu(gpu),
    'file picker': 'showSaveFilePicker' in window ? 'yes' : 'no: exports are downloads',
    ...(estimate?.quota === undefined
      ? {}
      : { storage: `${megabytes(estimate.usage ?? 0)} used of ${megabytes(estimate.quota)}` }),
    screen: `${window.innerWidth} × ${window.innerHeight} at ${window.devicePixelRatio}`,
  };
}

async function describeGpu(gpu: Gpu | undefined): Promise<string> {
  if (!gpu) return 'not in this browser';
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return 'no adapter';
  const { info, features } = adapter;
  const named = [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ') || 'an adapter';
  return `${named}${info?.isFallbackAdapter ? ' (software)' : ''}${features?.has('shader-f16') ? ', half precision' : ''}`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}
