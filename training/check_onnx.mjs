// Runs every file of a bundle in onnxruntime (native where installed, and wasm) on the stored pair and compares with
// PyTorch's output.
//   node training/check_onnx.mjs [NAME]
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as web from 'onnxruntime-web';

const columns = 6;
/** Largest difference of a coordinate, px, by how the weights are stored and what is calculated in. */
const tolerancePx = { fp32: 1e-3, fp16: 1e-2 };
/**
 * Half-precision arithmetic in the backbone: features differ by a part in a thousand. Processors take it back to fp32, so
 * that only the graph is checked here; what the rounding does is in tests/test_matching_graph.py.
 */
const halfArithmetic = { px: 0.1, flipShare: 0.05 };
/** Columns of coarse cells: a band that covers the stored pair. */
const wholeBand = 16;
/** Cells whose flag may flip where weights are rounded: those that are hardly mutual. */
const unsure = 0.05;

const root = new URL('..', import.meta.url);
const name = process.argv[2] ?? 'loftr-compact';
const folder = new URL(`public/models/${name}/`, root);
const { files } = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8'));
const pair = JSON.parse(readFileSync(new URL(`training/fixtures/${name}-pair.json`, root), 'utf8'));

/** Stored array (base64, little-endian float32). */
function arrayOf(stored) {
  const bytes = Buffer.from(stored.base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Mutual rows by their cell of image 0. */
function byCell(rows) {
  const found = new Map();
  for (let i = 0; i < rows.length; i += columns)
    if (rows[i + 4] > pair.leastConfidence) found.set(`${rows[i]} ${rows[i + 1]}`, rows.subarray(i, i + columns));
  return found;
}

const expected = byCell(arrayOf(pair.matches));

/** How many cells are mutual on one side only (and how many of them surely), and the largest difference of the others. */
function compare(rows) {
  const actual = byCell(rows);
  let [px, confidence, both] = [0, 0, 0];
  const lost = [];
  for (const [cell, row] of actual) {
    const other = expected.get(cell);
    if (!other) lost.push(row[4]);
    else {
      both++;
      for (let k = 2; k < 4; k++) px = Math.max(px, Math.abs(row[k] - other[k]));
      confidence = Math.max(confidence, Math.abs(row[4] - other[4]));
    }
  }
  for (const [cell, row] of expected) if (!actual.has(cell)) lost.push(row[4]);
  return { both, flips: lost.length, sureFlips: lost.filter((c) => c > unsure).length, px, confidence };
}

web.env.wasm.numThreads = 1;
const native = await import('onnxruntime-node').catch(() => null);
const runtimes = [...(native ? [['native', native, 'cpu']] : []), ['wasm', web, 'wasm']];
for (const file of files) {
  const model = readFileSync(new URL(file.path, folder));
  const hash = createHash('sha256').update(model).digest('hex');
  if (hash !== file.sha256 || hash !== pair.modelSha256[file.path])
    throw new Error(`${file.path}: manifest, stored pair and file do not belong together`);
  for (const [label, ort, provider] of runtimes) {
    const tensor = (stored) => new ort.Tensor('float32', arrayOf(stored), stored.shape);
    const session = await ort.InferenceSession.create(model, { executionProviders: [provider] });
    const band = file.graph === 'band' ? { band: new ort.Tensor('float32', new Float32Array(wholeBand), [wholeBand]) } : {};
    const { matches } = await session.run({ image0: tensor(pair.image0), image1: tensor(pair.image1), ...band });
    const { both, flips, sureFlips, px, confidence } = compare(matches.data);
    const isHalf = file.arithmetic === 'fp16';
    const holds = isHalf
      ? px <= halfArithmetic.px && flips <= halfArithmetic.flipShare * both
      : px <= tolerancePx[file.precision] && (file.precision === 'fp32' ? flips === 0 : sureFlips === 0);
    console.log(
      `${file.path}, ${label}: ${both} mutual in both, ${flips} flags differ (${sureFlips} surely), ` +
        `at most ${px.toExponential(1)} px, confidence ${confidence.toExponential(1)}${holds ? '' : ' TOO MUCH'}`,
    );
    if (!holds || both < 50) process.exitCode = 1;
  }
}
