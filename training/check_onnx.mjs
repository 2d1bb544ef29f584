// Runs the bundle in onnxruntime-web's wasm on the stored pair and compares with PyTorch's output.
//   node training/check_onnx.mjs             compare
//   node training/check_onnx.mjs 152x1024    and time this size: CPU milliseconds, one thread, median of five
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import * as ort from 'onnxruntime-web';

const TOLERANCE_PX = 1e-3;
const root = new URL('..', import.meta.url);
const modelPath = new URL('public/models/loftr-compact/loftr-compact.onnx', root);
const pairPath = new URL('training/fixtures/loftr-compact-pair.json', root);

/** Stored array (base64, little-endian float32) to a tensor. */
function tensorOf(stored) {
  const bytes = Buffer.from(stored.base64, 'base64');
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return new ort.Tensor('float32', values, stored.shape);
}

const model = readFileSync(modelPath);
const pair = JSON.parse(readFileSync(pairPath, 'utf8'));
const hash = createHash('sha256').update(model).digest('hex');
if (hash !== pair.modelSha256) throw new Error(`the stored pair belongs to another model (${pair.modelSha256})`);

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'] });
const { matches } = await session.run({ image0: tensorOf(pair.image0), image1: tensorOf(pair.image1) });
const expected = tensorOf(pair.matches).data;
let worst = 0, flips = 0, mutual = 0;
for (let i = 0; i < expected.length; i += 6) {
  const isMutual = expected[i + 4] > 0;
  if (isMutual !== matches.data[i + 4] > 0) flips++;
  else if (isMutual) {
    mutual++;
    for (let k = 0; k < 6; k++) worst = Math.max(worst, Math.abs(matches.data[i + k] - expected[i + k]));
  }
}
console.log(`${mutual} mutual matches, ${flips} flags differ, largest difference ${worst.toExponential(1)} px`);
if (flips > 0 || worst > TOLERANCE_PX) process.exitCode = 1;

if (process.argv[2]) {
  const [height, width] = process.argv[2].split('x').map(Number);
  const noise = () => new ort.Tensor('float32', Float32Array.from({ length: height * width }, Math.random), [1, 1, height, width]);
  const inputs = { image0: noise(), image1: noise() };
  const times = [];
  for (let k = 0; k < 8; k++) {
    const before = process.cpuUsage();
    await session.run(inputs);
    const spent = process.cpuUsage(before);
    if (k >= 3) times.push((spent.user + spent.system) / 1000);
  }
  console.log(`${process.argv[2]}: ${times.sort((a, b) => a - b)[2].toFixed(0)} ms CPU per pair`);
}
