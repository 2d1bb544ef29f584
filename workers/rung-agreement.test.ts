import { readFile } from 'node:fs/promises';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { createNodeSession } from '../cli/ort-session.ts';
import { openModelBundle, type ModelFile } from '../src/formats/model-bundle.ts';
import { compareRungs, disagreement, fixedPair, rowsOfFixedPair } from './rung-agreement.ts';

const reference = new Float32Array(
  Array.from({ length: 40 }, (_, k) => [8 * k + 3.5, 3.5, 8 * k - 4.5, 3.5, 0.4 + k / 100, 1]).flat(),
);
const changed = (index: number, by: number) => reference.map((value, i) => (i === index ? value + by : value));

describe('the agreement of two rungs', () => {
  it('is there when nothing but the last bits differ, and cells that are hardly mutual flip', () => {
    expect(disagreement(reference, reference)).toBeNull();
    expect(disagreement(changed(2, 0.02), reference)).toBeNull();
    expect(disagreement(changed(4, 0.01), reference)).toBeNull();
    const unsure = new Float32Array([...reference, 900, 3.5, 900, 3.5, 0.15, 1]);
    expect(disagreement(unsure, reference)).toBeNull();
  });

  it('is not there when a match has moved, a confidence has changed, matches are gone or are not numbers', () => {
    expect(disagreement(changed(8, 0.5), reference)).toBe('matches differ by up to 0.50 px');
    expect(disagreement(changed(4, 0.3), reference)).toMatch(/confidences differ by up to 0\.3/);
    expect(disagreement(reference.slice(0, 6 * 30), reference)).toMatch(/10 of 70 sure matches are missing/);
    expect(disagreement(new Float32Array(reference.length), reference)).toMatch(/40 of 40 sure matches/);
    expect(disagreement(changed(5, NaN), reference)).toMatch(/not finite/);
  });

  it('is told in numbers: matches that both have, and the largest differences', () => {
    const same = { matches: 40, farthestPx: 0, widestConfidence: 0, sure: 80, missing: 0 };
    expect(compareRungs(reference, reference)).toEqual(same);
    const moved = compareRungs(changed(8, 0.02), reference);
    expect(moved).toMatchObject({ matches: 40, widestConfidence: 0, missing: 0 });
    expect(moved.farthestPx).toBeCloseTo(0.02, 5);
    expect(compareRungs(reference.slice(6), reference)).toMatchObject({ matches: 39, sure: 79, missing: 1 });
  });

  it('is judged on a pair of images that has contrast and is the same each time', () => {
    const [a, b] = fixedPair();
    expect([a, b]).toEqual([...fixedPair()]);
    expect(Math.max(...a) - Math.min(...a)).toBeGreaterThan(0.5);
    for (let x = 0; x < 120; x++) expect(b[40 * 128 + x]).toBeCloseTo(a[40 * 128 + x + 8], 5);
  });
});

describe('the shipped network on the fixed pair', () => {
  it('finds enough to judge by, and the same with every graph and arithmetic that a graphics device is given', async () => {
    const folder = 'public/models/loftr-compact';
    const bundle = openModelBundle({
      manifestText: await readFile(`${folder}/manifest.json`, 'utf8'),
      readFile: async (path) => new Uint8Array(await readFile(`${folder}/${path}`)),
    });
    const rowsOf = async (file: ModelFile) => {
      const session = await createNodeSession(await bundle.open(file), { threads: 1 });
      const tensor = (data: Float32Array, dims: readonly number[]) => new Tensor('float32', data, [...dims]);
      const rows = await rowsOfFixedPair(session, bundle.contract, tensor);
      await session.release();
      return rows;
    };
    const files = bundle.manifest.files.filter(({ graph }) => graph !== 'band');
    const reference = await rowsOf(files[0]);
    const right = Array.from({ length: reference.length / 6 }, (_, k) => reference.subarray(6 * k, 6 * k + 6)).filter(
      ([x0, y0, x1, y1, confidence]) => confidence > 0.3 && Math.hypot(x0 - x1 - 8, y0 - y1) < 1,
    );
    expect(right.length).toBeGreaterThan(40); // of 192 cells
    for (const file of files.slice(1))
      expect([file.path, disagreement(await rowsOf(file), reference)]).toEqual([file.path, null]);
    const noise = reference.map((value, i) => (i % 6 === 2 ? value + 3 * Math.sin(i) : value));
    expect(disagreement(noise, reference)).toMatch(/matches differ by/);
  });
});
