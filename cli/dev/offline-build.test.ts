import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listOfflineBuild, writeOfflineBuild } from './offline-build.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'em-stitch-offline-'));
  for (const path of [
    'index.html',
    'service-worker.js',
    'sbom.json',
    'assets/index-1.js',
    'assets/ort.webgpu.bundle-1.js',
    'assets/ort-2.wasm',
    'assets/ort.asyncify-3.wasm',
    'models/loftr-compact/manifest.json',
    'models/loftr-compact/loftr-compact.webgpu-f16.onnx',
    'models/loftr-compact-pretrained/manifest.json',
  ]) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), `content of ${path}\n`);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the list of a build', () => {
  it('says when each file is needed, and leaves out what the app never asks for', () => {
    const { files } = listOfflineBuild(folder);
    expect(files.map(({ path, need }) => [path, need])).toEqual([
      ['assets/index-1.js', 'start'],
      ['assets/ort-2.wasm', 'run'],
      ['assets/ort.asyncify-3.wasm', 'gpu'],
      ['assets/ort.webgpu.bundle-1.js', 'gpu'],
      ['index.html', 'start'],
      ['models/loftr-compact/loftr-compact.webgpu-f16.onnx', 'gpu'],
      ['models/loftr-compact/manifest.json', 'run'],
    ]);
    expect(files[0]).toMatchObject({ bytes: 29, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown });
  });

  it('has another version as soon as one file differs', () => {
    const before = listOfflineBuild(folder).version;
    expect(listOfflineBuild(folder).version).toBe(before);
    writeFileSync(join(folder, 'index.html'), 'another page');
    expect(listOfflineBuild(folder).version).not.toBe(before);
  });

  it('is the first line of the service worker, once', () => {
    writeOfflineBuild(folder);
    writeOfflineBuild(folder);
    const [first, ...rest] = readFileSync(join(folder, 'service-worker.js'), 'utf8').split('\n');
    expect(first).toBe(`self.offlineBuild=${JSON.stringify(listOfflineBuild(folder))};`);
    expect(rest.join('\n')).toBe('content of service-worker.js\n');
  });
});
