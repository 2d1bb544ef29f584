// Runs a model on a stored pair natively and prints its matches as base64: node training/tests/run_onnx.mjs MODEL PAIR
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';

const [model, pairPath] = process.argv.slice(2);
const pair = JSON.parse(readFileSync(pairPath, 'utf8'));
const tensorOf = ({ base64, shape }) => {
  const bytes = Buffer.from(base64, 'base64');
  return new ort.Tensor('float32', new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)), shape);
};
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const { matches } = await session.run({ image0: tensorOf(pair.image0), image1: tensorOf(pair.image1) });
const { data } = matches;
process.stdout.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'));
