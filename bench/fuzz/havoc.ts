import type { Draw } from './draw.ts';

/** Longest input that a mutation makes. */
export const maxCaseBytes = 65536;

/** What a mutation may work with besides the input. */
export interface HavocMaterial {
  /** Another input of the same kind, to splice with. */
  readonly other: Uint8Array;
  /** Byte strings that mean something in the format. */
  readonly words: readonly Uint8Array[];
}

type Mutation = (draw: Draw, bytes: Uint8Array, material: HavocMaterial) => Uint8Array;

/** Mutates bytes as AFL's havoc stage does: 1 to 32 random steps, one after the other. @see Zalewski, AFL, "havoc" */
export function havoc(draw: Draw, bytes: Uint8Array, material: HavocMaterial): Uint8Array {
  let now: Uint8Array = Uint8Array.from(bytes);
  const steps = 2 ** draw.int(0, 6);
  for (let i = 0; i < steps && now.length > 0; i++) now = draw.pick(mutations)(draw, now, material);
  return now.length > maxCaseBytes ? now.subarray(0, maxCaseBytes) : now;
}

const flipBit: Mutation = (draw, bytes) => {
  bytes[draw.int(0, bytes.length)] ^= 1 << draw.int(0, 8);
  return bytes;
};

const setByte: Mutation = (draw, bytes) => {
  bytes[draw.int(0, bytes.length)] = draw.chance(0.5) ? draw.odd() : draw.int(0, 256);
  return bytes;
};

const addByte: Mutation = (draw, bytes) => {
  bytes[draw.int(0, bytes.length)] += draw.int(-16, 17);
  return bytes;
};

const setWord: Mutation = (draw, bytes) => {
  const size = draw.pick([2, 4, 8]);
  if (bytes.length < size) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = draw.int(0, bytes.length - size + 1);
  const isLittle = draw.chance(0.5);
  if (size === 2) view.setUint16(at, draw.odd(), isLittle);
  else if (size === 4) view.setUint32(at, draw.odd(), isLittle);
  else view.setBigUint64(at, BigInt(draw.odd()) << BigInt(draw.pick([0, 0, 20, 32])), isLittle);
  return bytes;
};

const removeRun: Mutation = (draw, bytes) => {
  const at = draw.int(0, bytes.length);
  const length = draw.int(1, 1 + Math.min(bytes.length - at, 2 ** draw.int(0, 10)));
  return joined([bytes.subarray(0, at), bytes.subarray(at + length)]);
};

const repeatRun: Mutation = (draw, bytes) => {
  const at = draw.int(0, bytes.length);
  const run = bytes.slice(at, at + 2 ** draw.int(0, 8));
  const times = draw.chance(0.05) ? draw.int(1, 1 + Math.floor(maxCaseBytes / run.length)) : draw.int(1, 4);
  return joined([bytes.subarray(0, at), ...Array.from({ length: times }, () => run), bytes.subarray(at)]);
};

const insertRun: Mutation = (draw, bytes) => {
  const at = draw.int(0, bytes.length + 1);
  const length = 2 ** draw.int(0, draw.chance(0.05) ? 16 : 6);
  const run = draw.chance(0.5) ? new Uint8Array(length).fill(bytes[at] ?? 32) : draw.bytes(Math.min(length, 64));
  return joined([bytes.subarray(0, at), run, bytes.subarray(at)]);
};

const copyRun: Mutation = (draw, bytes) => {
  const length = draw.int(1, 1 + Math.min(64, bytes.length));
  const from = draw.int(0, bytes.length - length + 1);
  return bytes.copyWithin(draw.int(0, bytes.length - length + 1), from, from + length);
};

const truncate: Mutation = (draw, bytes) => (draw.chance(0.2) ? bytes.slice(0, draw.int(0, bytes.length)) : bytes);

const splice: Mutation = (draw, bytes, { other }) =>
  draw.chance(0.3) && other.length > 0
    ? joined([bytes.subarray(0, draw.int(0, bytes.length + 1)), other.subarray(draw.int(0, other.length))])
    : bytes;

const insertWord: Mutation = (draw, bytes, { words }) => {
  if (words.length === 0) return bytes;
  const at = draw.int(0, bytes.length + 1);
  const word = draw.pick(words);
  return joined([bytes.subarray(0, at), word, bytes.subarray(draw.chance(0.5) ? at : at + word.length)]);
};

const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  addByte,
  setWord,
  setWord,
  removeRun,
  repeatRun,
  insertRun,
  copyRun,
  truncate,
  splice,
  insertWord,
];

/** The parts one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
