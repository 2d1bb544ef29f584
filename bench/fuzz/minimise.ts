import { readFileSync, writeFileSync } from 'node:fs';
import { judge } from './judge.ts';
import type { TargetId } from './targets.ts';

const maxTries = 3000;

/**
 * Makes a failing input smaller as long as it fails in the same way, and writes it beside the file as `.small`; null for
 * one that does not fail here (a hang or a want of memory, which need a thread of their own).
 * @see Zeller and Hildebrandt, Simplifying and isolating failure-inducing input, 2002
 */
export async function minimise(
  reader: TargetId,
  path: string,
): Promise<{ readonly before: number; readonly after: number; readonly verdict: string } | null> {
  let bytes: Uint8Array = new Uint8Array(readFileSync(path));
  const before = bytes.length;
  const { failure } = await judge(reader, bytes);
  if (failure === null) return null;
  const stillFails = async (candidate: Uint8Array): Promise<boolean> =>
    (await judge(reader, candidate)).failure === failure;
  let tries = 0;
  for (let step = 2 ** Math.ceil(Math.log2(Math.max(2, bytes.length))); step >= 1; step /= 2)
    for (let at = 0; at < bytes.length && tries < maxTries; tries++) {
      const candidate = new Uint8Array(bytes.length - Math.min(step, bytes.length - at));
      candidate.set(bytes.subarray(0, at));
      candidate.set(bytes.subarray(at + step), at);
      if (await stillFails(candidate)) bytes = candidate;
      else at += step;
    }
  writeFileSync(`${path}.small`, bytes);
  const { signature } = await judge(reader, bytes);
  return { before, after: bytes.length, verdict: `${failure}: ${signature}` };
}
