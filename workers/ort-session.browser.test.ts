import { Tensor } from 'onnxruntime-common';
import { describe, expect, it, vi } from 'vitest';
import { openModelBundle, type ModelBundle } from '../src/formats/model-bundle.ts';
import fixture from '../training/fixtures/loftr-compact-pair.json';
import { createOrtSession, type OrtSession, type OrtSessionOptions } from './ort-session.ts';

/** Columns of a row of the network's output. */
const [x1Column, confidenceColumn, columns] = [2, 4, 6];
/** Weights stored in half precision may flip the flag of a cell that is hardly mutual. */
const unsure = 0.05;

function decode({ shape, base64 }: { shape: number[]; base64: string }): { data: Float32Array; dims: number[] } {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return { data: new Float32Array(bytes.buffer), dims: shape };
}

/** The stored image, or its upper left corner of `side` × `side`. */
function imageOf(stored: { shape: number[]; base64: string }, side = stored.shape[3]): Tensor {
  const { data, dims } = decode(stored);
  const cropped = new Float32Array(side * side);
  for (let y = 0; y < side; y++) cropped.set(data.subarray(y * dims[3], y * dims[3] + side), y * side);
  return new Tensor('float32', cropped, [1, 1, side, side]);
}

async function bundle(): Promise<ModelBundle> {
  const fetched = async (path: string) => {
    const response = await fetch(`/models/loftr-compact/${path}`);
    expect(response.ok).toBe(true);
    return response;
  };
  return openModelBundle({
    manifestText: await (await fetched('manifest.json')).text(),
    readFile: async (path) => new Uint8Array(await (await fetched(path)).arrayBuffer()),
  });
}

async function matchesOf(session: OrtSession, side?: number): Promise<Float32Array> {
  const outputs = await session.run({ image0: imageOf(fixture.image0, side), image1: imageOf(fixture.image1, side) });
  return (await outputs.matches.getData(true)) as Float32Array;
}

/** Mutual rows by their cell of image 0: a graph may leave the others out. */
function byCell(rows: Float32Array): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  for (let row = 0; row < rows.length; row += columns)
    if (rows[row + confidenceColumn] > fixture.leastConfidence)
      found.set(`${rows[row]} ${rows[row + 1]}`, rows.subarray(row, row + columns));
  return found;
}

/** How many cells are surely mutual in one only; where they are in both, the largest differences. */
function compare(actual: Float32Array, expected: Float32Array) {
  const [ours, theirs] = [byCell(actual), byCell(expected)];
  let [flips, maxPx, maxConfidence, mutual] = [0, 0, 0, 0];
  const isSure = (row: Float32Array) => row[confidenceColumn] > unsure;
  for (const [cell, row] of theirs) if (!ours.has(cell) && isSure(row)) flips++;
  for (const [cell, row] of ours) {
    const other = theirs.get(cell);
    if (!other) flips += isSure(row) ? 1 : 0;
    else {
      mutual++;
      maxConfidence = Math.max(maxConfidence, Math.abs(row[confidenceColumn] - other[confidenceColumn]));
      for (const k of [x1Column, x1Column + 1]) maxPx = Math.max(maxPx, Math.abs(row[k] - other[k]));
    }
  }
  return { flips, maxPx, maxConfidence, mutual };
}

async function sessionOn(rung: OrtSessionOptions['startAt'], isVerbose = false): Promise<OrtSession> {
  const session = await createOrtSession(await bundle(), { startAt: rung, allowFallbackAdapter: true, isVerbose });
  expect(session.rung).toBe(rung);
  return session;
}

/** Everything written to the console while `run` runs. */
async function consoleOf(run: () => Promise<void>): Promise<string> {
  const lines: string[] = [];
  const spies = (['log', 'info', 'debug', 'warn', 'error'] as const).map((method) =>
    vi.spyOn(console, method).mockImplementation((...parts: unknown[]) => {
      lines.push(parts.join(' '));
    }),
  );
  try {
    await run();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return lines.join('\n');
}

describe('the shipped network in a browser', () => {
  it('gives PyTorch’s matches on wasm, and the same on WebGPU (software adapter), also of images padded to a bucket', async () => {
    const wasm = await sessionOn('wasm');
    expect(wasm.file.graph).toBe('mutual');
    const fromWasm = compare(await matchesOf(wasm), decode(fixture.matches).data);
    const cropped = await matchesOf(wasm, 120);
    await wasm.release();
    expect(fromWasm.mutual).toBeGreaterThan(50);
    expect(fromWasm.flips).toBe(0);
    expect(fromWasm.maxPx).toBeLessThan(1e-3);

    let fromGpu = compare(new Float32Array(0), new Float32Array(0));
    let padded = fromGpu;
    const log = await consoleOf(async () => {
      const gpu = await sessionOn('webgpu', true);
      expect(gpu.agreement?.matches).toBeGreaterThan(40); // of the fixed pair, against wasm
      expect(gpu.agreement?.farthestPx).toBeLessThan(1e-2);
      expect(gpu.file).toMatchObject({ graph: 'padded', arithmetic: 'fp32' }); // a software adapter has no shader-f16
      fromGpu = compare(await matchesOf(gpu), decode(fixture.matches).data);
      padded = compare(await matchesOf(gpu, 120), cropped); // in a bucket of 128 × 128
      await gpu.release();
    });
    for (const { flips, maxPx, maxConfidence, mutual } of [fromGpu, padded]) {
      expect(mutual).toBeGreaterThan(50);
      expect(flips).toBe(0);
      expect(maxPx).toBeLessThan(1e-2);
      expect(maxConfidence).toBeLessThan(5e-3);
    }
    const placed = [...log.matchAll(/placed on \[(\w+)\]\. Number of nodes/g)].map(([, provider]) => provider);
    expect(placed).toContain('WebGpuExecutionProvider');
    expect(new Set(placed)).toEqual(new Set(['WebGpuExecutionProvider']));
    expect(log).not.toMatch(/AddCopyNode/);
  }, 900_000); // a software adapter on a busy machine

  it('leaves a software adapter alone unless a test asks for it', async () => {
    const session = await createOrtSession(await bundle(), { startAt: 'webgpu', allowFallbackAdapter: false });
    expect(session.rung).not.toBe('webgpu');
    await session.release();
  });
});
