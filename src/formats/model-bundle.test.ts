import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byteSourceFromBytes } from './byte-source.ts';
import { fileIdentity } from './file-identity.ts';
import { bandFileOf, modelFileFor, openModelBundle } from './model-bundle.ts';

const model = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const sha256 = createHash('sha256').update(model).digest('hex');
const manifest = {
  name: 'tiny',
  version: '1.0.0',
  licence: 'MIT',
  files: [{ path: 'tiny.onnx', sha256, bytes: 1000, precision: 'fp32' }],
  input: { names: ['image0', 'image1'], scale: 0.5, multipleOf: 8, percentiles: [0.5, 99.5] },
  output: { name: 'matches', columns: ['x0', 'y0', 'x1', 'y1', 'confidence', 'spread'] },
  strides: { coarse: 8, fine: 2 },
  defaultConfidence: 0.2,
  maxTokens: 4096,
};
const open = async (changed: object, bytes = model) => {
  const manifestText = JSON.stringify({ ...manifest, ...changed });
  const bundle = openModelBundle({ manifestText, readFile: async () => bytes });
  await bundle.open(modelFileFor(bundle.manifest, 'processor'));
  return bundle;
};
const bad = (words: string) => ({ code: 'bad-model', message: expect.stringContaining(words) as string });

describe('model bundle', () => {
  it('opens when size and SHA-256 hold, and states the contract', async () => {
    const bundle = await open({});
    expect(modelFileFor(bundle.manifest, 'processor').sha256).toBe(sha256);
    expect(bundle.contract).toEqual({
      scale: 0.5,
      scales: [0.5],
      normalisation: 'percentiles',
      multipleOf: 8,
      inputNames: ['image0', 'image1'],
      bandInput: null,
      outputName: 'matches',
      defaultConfidence: 0.2,
      calibration: [],
      maxTokens: 4096,
    });
  });

  it('is refused when the file has another size or other bytes', async () => {
    await expect(open({}, model.slice(1))).rejects.toThrow(
      'The model bundle does not hold: tiny.onnx has 999 bytes where the manifest says 1000. ' +
        'Choose the bundle again, all its files together, or use the embedded model.',
    );
    const changed = model.slice();
    changed[500] ^= 1;
    await expect(open({}, changed)).rejects.toMatchObject(bad('SHA-256'));
  });

  it('is refused naming the field of the manifest that does not hold', async () => {
    await expect(open({ maxTokens: 0 })).rejects.toMatchObject(bad('maxTokens'));
    await expect(open({ input: { ...manifest.input, scale: 2 } })).rejects.toMatchObject(bad('input.scale'));
    await expect(open({ output: { name: 'm', columns: ['y0', 'x0'] } })).rejects.toMatchObject(bad('column 1'));
    for (const path of ['../x.onnx', '/x.onnx', 'a/../../x', 'https://x/y', 'a\\b'])
      await expect(open({ files: [{ ...manifest.files[0], path }] })).rejects.toMatchObject(bad('files.0.path'));
    const text = () => openModelBundle({ manifestText: '<html>', readFile: async () => model });
    expect(text).toThrow('not valid JSON');
    const table = { scale: 0.5, slope: 1, spreadSlope: 1, confidence: [[0, 0.5]], sigmaPx: [[1, 1]] };
    const falling = { ...table, confidence: [...table.confidence, [1, 0.4]] };
    await expect(open({ calibration: { entries: [falling] } })).rejects.toMatchObject(bad('calibration'));
    await open({ calibration: { entries: [table] } });
  });

  it('takes grey values over the white level only where no percentiles are named', async () => {
    const { percentiles, ...input } = manifest.input;
    expect((await open({ input: { ...input, normalisation: 'unit' } })).contract.normalisation).toBe('unit');
    await expect(open({ input })).rejects.toMatchObject(bad('percentiles'));
    const both = { ...input, percentiles, normalisation: 'unit' };
    await expect(open({ input: both })).rejects.toMatchObject(bad('percentiles'));
  });

  it('has a band where a file and the name of its input are there', async () => {
    const files = [manifest.files[0], { ...manifest.files[0], graph: 'band' }];
    const bundle = await open({ files, input: { ...manifest.input, band: 'reach' } });
    expect(bundle.contract.bandInput).toBe('reach');
    expect(bandFileOf(bundle.manifest)).toMatchObject({ graph: 'band' });
  });

  it('gives every device the file that suits it', () => {
    const file = (path: string, properties: object) => ({ path, sha256, bytes: 1000, ...properties });
    const manifestOf = (files: readonly object[]) =>
      openModelBundle({ manifestText: JSON.stringify({ ...manifest, files }), readFile: async () => model }).manifest;
    const targets = ['processor', 'webgpu', 'webgpu-f16'] as const;
    const chosen = (files: readonly object[]) => targets.map((target) => modelFileFor(manifestOf(files), target).path);
    const plain = file('plain', { precision: 'fp32', graph: 'mutual' });
    const half = file('half', { precision: 'fp16', graph: 'padded' });
    const f16 = file('f16', { precision: 'fp16', arithmetic: 'fp16', graph: 'padded' });
    expect(chosen([f16, half, plain])).toEqual(['plain', 'half', 'f16']);
    expect(chosen([plain, f16])).toEqual(['plain', 'plain', 'f16']);
    expect(chosen([half, f16])).toEqual(['half', 'half', 'f16']);
    const band = file('band', { precision: 'fp32', graph: 'band' });
    expect(chosen([band, plain])).toEqual(['plain', 'plain', 'plain']);
    expect(bandFileOf(manifestOf([band, plain]))).toBeNull(); // nobody knows its input's name
    expect(() => manifestOf([band])).toThrow('beside the band');
    const cells = file('cells', { precision: 'fp32', graph: 'cells' });
    expect(chosen([plain, cells])).toEqual(['plain', 'cells', 'cells']);
    expect(chosen([f16, cells])).toEqual(['cells', 'cells', 'f16']);
    const halfMutual = file('half mutual', { precision: 'fp16', graph: 'mutual' });
    expect(chosen([halfMutual, plain])).toEqual(['plain', 'half mutual', 'half mutual']);
    const padded16 = file('padded 16', { precision: 'fp16', arithmetic: 'fp16', graph: 'cells' });
    expect(chosen([cells, padded16])).toEqual(['cells', 'cells', 'padded 16']);
    expect(chosen([plain, { ...plain, path: 'same' }])).toEqual(['plain', 'plain', 'plain']);
    expect(chosen([file('old', { precision: 'fp32' })])).toEqual(['old', 'old', 'old']);
  });

  const embedded = 'public/models/loftr-compact';
  it.skipIf(!existsSync(embedded))('opens every file of the embedded model [needs public/models]', async () => {
    const bundle = openModelBundle({
      manifestText: readFileSync(`${embedded}/manifest.json`, 'utf8'),
      readFile: async (path) => new Uint8Array(readFileSync(`${embedded}/${path}`)),
    });
    for (const file of bundle.manifest.files) expect((await bundle.open(file)).length).toBe(file.bytes);
    expect(bundle.contract.multipleOf).toBeGreaterThan(0);
  });
});

describe('file identity', () => {
  const identity = (bytes: Uint8Array) => fileIdentity(byteSourceFromBytes('x', bytes));
  const large = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 256);

  it('is the size and the SHA-256 of the first and last 64 KiB', async () => {
    const both = Buffer.concat([large.subarray(0, 65536), large.subarray(200_000 - 65536)]);
    expect(await identity(large)).toBe(`200000-${createHash('sha256').update(both).digest('hex')}`);
  });

  it('differs with either end and the size, and holds for short and empty files', async () => {
    const head = large.slice();
    head[3] ^= 1;
    const tail = large.slice();
    tail[199_999] ^= 1;
    const parts = [large, head, tail, large.subarray(1), large.subarray(0, 100), new Uint8Array(0)];
    const identities = await Promise.all(parts.map(identity));
    expect(new Set(identities).size).toBe(6);
    expect(identities[5]).toMatch(/^0-e3b0c442/);
  });
});
