import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifiedWasm, wasmSha256 } from './verified-wasm.ts';

const names = Object.keys(wasmSha256) as (keyof typeof wasmSha256)[];
const answer = (bytes: Uint8Array, status = 200) => ({
  ok: status === 200,
  status,
  arrayBuffer: async () => new Uint8Array(bytes).buffer,
});

describe('the wasm of the network', () => {
  it.each(names)('%s of the installed package is the one that the app expects', async (name) => {
    const file = readFileSync(`node_modules/onnxruntime-web/dist/${name}`);
    expect((await verifiedWasm(name, async () => answer(file))).length).toBe(file.length);
  });

  it('is not run when one bit of it differs, is missing, or nothing answers', async () => {
    const file = new Uint8Array(readFileSync(`node_modules/onnxruntime-web/dist/${names[0]}`));
    file[12345] ^= 1;
    await expect(verifiedWasm(names[0], async () => answer(file))).rejects.toMatchObject({
      code: 'altered-file',
      message: expect.stringContaining('is not the file that this app was built with') as string,
    });
    await expect(verifiedWasm(names[0], async () => answer(file.subarray(0, 9), 404))).rejects.toMatchObject({
      code: 'altered-file',
    });
    await expect(verifiedWasm(names[0], () => Promise.reject(new TypeError('offline')))).rejects.toMatchObject({
      code: 'altered-file',
    });
  });
});
