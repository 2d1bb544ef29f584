import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import fixture from '../training/fixtures/loftr-compact-pair.json';
import { createOrtSession, type OrtSession } from './ort-session.ts';
import type { Rung } from './protocol.ts';

/** Columns of a row of the network's output. */
const [x1Column, confidenceColumn, columns] = [2, 4, 6];
/** A coarse cell and its neighbour may swap where two confidences tie to the last bit. */
const maxFlips = 0;

function decode({ shape, base64 }: { shape: number[]; base64: string }): { data: Float32Array; dims: number[] } {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return { data: new Float32Array(bytes.buffer), dims: shape };
}

async function model(): Promise<Uint8Array> {
  const response = await fetch('/models/loftr-compact/loftr-compact.onnx');
  expect(response.ok).toBe(true);
  return new Uint8Array(await response.arrayBuffer());
}

async function matchesOf(session: OrtSession): Promise<Float32Array> {
  const tensor = (image: { shape: number[]; base64: string }) => {
    const { data, dims } = decode(image);
    return new Tensor('float32', data, dims);
  };
  const outputs = await session.run({ image0: tensor(fixture.image0), image1: tensor(fixture.image1) });
  return (await outputs.matches.getData(true)) as Float32Array;
}

/** Same cells are mutual; where both are, the place in image 1 and the confidence agree. */
function compare(
  actual: Float32Array,
  expected: Float32Array,
): { flips: number; maxPx: number; maxConfidence: number; mutual: number } {
  expect(actual.length).toBe(expected.length);
  let [flips, maxPx, maxConfidence, mutual] = [0, 0, 0, 0];
  for (let row = 0; row < actual.length; row += columns) {
    const [p, q] = [actual[row + confidenceColumn], expected[row + confidenceColumn]];
    if (p > 0 !== q > 0) flips++;
    if (!(p > 0 && q > 0)) continue;
    mutual++;
    maxConfidence = Math.max(maxConfidence, Math.abs(p - q));
    for (const k of [x1Column, x1Column + 1]) maxPx = Math.max(maxPx, Math.abs(actual[row + k] - expected[row + k]));
  }
  return { flips, maxPx, maxConfidence, mutual };
}

async function sessionOn(rung: Rung): Promise<OrtSession> {
  const session = await createOrtSession(await model(), { startAt: rung, allowFallbackAdapter: true });
  expect(session.rung).toBe(rung);
  return session;
}

describe('the shipped network in a browser', () => {
  it('gives PyTorch’s matches on wasm, and wasm’s matches on WebGPU (software adapter), on a 128×128 pair', async () => {
    const wasm = await sessionOn('wasm');
    const onWasm = await matchesOf(wasm);
    await wasm.release();
    const fromPyTorch = compare(onWasm, decode(fixture.matches).data);
    expect(fromPyTorch.mutual).toBeGreaterThan(50);
    expect(fromPyTorch.flips).toBeLessThanOrEqual(maxFlips);
    expect(fromPyTorch.maxPx).toBeLessThan(5e-3);

    const gpu = await sessionOn('webgpu');
    const onGpu = await matchesOf(gpu);
    await gpu.release();
    const fromWasm = compare(onGpu, onWasm);
    expect(fromWasm.flips).toBeLessThanOrEqual(maxFlips);
    expect(fromWasm.maxPx).toBeLessThan(1e-2);
    expect(fromWasm.maxConfidence).toBeLessThan(1e-3);
  });

  it('leaves a software adapter alone unless a test asks for it', async () => {
    const session = await createOrtSession(await model(), { startAt: 'webgpu', allowFallbackAdapter: false });
    expect(session.rung).not.toBe('webgpu');
    await session.release();
  });
});
