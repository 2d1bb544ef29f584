import { StitchError } from '../src/core/errors.ts';
import { sha256Hex } from '../src/formats/sha256.ts';

/** SHA-256 of the wasm files of onnxruntime-web that are run, by name; `verified-wasm.test.ts` holds them to the package. */
export const wasmSha256 = {
  'ort-wasm-simd-threaded.wasm': '3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2',
  'ort-wasm-simd-threaded.asyncify.wasm': '39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da',
} as const;
export type WasmName = keyof typeof wasmSha256;

/**
 * The bytes of a wasm file, which are those that this app was built with.
 * @throws StitchError `altered-file` when they are others or cannot be had
 */
export async function verifiedWasm(
  name: WasmName,
  read: () => Promise<{ readonly ok: boolean; readonly status: number; arrayBuffer(): Promise<ArrayBuffer> }>,
): Promise<Uint8Array> {
  const response = await read().catch((cause: unknown) => {
    throw altered(name, 'could not be loaded', cause);
  });
  if (!response.ok) throw altered(name, `could not be loaded (status ${response.status})`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const sha256 = await sha256Hex(bytes);
  if (sha256 !== wasmSha256[name])
    throw altered(
      name,
      `is not the file that this app was built with (SHA-256 ${sha256.slice(0, 12)}… instead of ${wasmSha256[name].slice(0, 12)}…)`,
    );
  return bytes;
}

function altered(name: string, what: string, cause?: unknown): StitchError {
  return new StitchError(
    'altered-file',
    `${name} ${what}; it was not run. Reload the page without its cache, or choose SIFT as the matcher.`,
    { file: name },
    { cause },
  );
}
