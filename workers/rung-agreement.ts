import type { Tensor } from 'onnxruntime-common';
import { StitchError } from '../src/core/errors.ts';
import type { RungAgreement } from './protocol.ts';

/** Columns of a row of the network's output, and those that are compared. */
const [columns, x1Column, confidenceColumn] = [6, 2, 4];
/** Rows below this are no matches to anybody. */
const leastConfidence = 0.1;
/** Rows from this on must be found by both; between, arithmetic in half precision may flip whether a cell is mutual. */
const sureConfidence = 0.3;
/** How far two rungs may be apart: half precision moves a match by up to 0.03 px. */
const [mostPx, mostConfidence] = [0.25, 0.1];
/** So many matches must be compared, or the pair says nothing. */
const leastMatches = 8;
/** Share of sure matches that may be missing on the other rung. */
const mostMissing = 0.05;

/** Sides of the fixed pair, px, and the shift of its second image, whole px. */
const size = { height: 96, width: 128 };
const shift = { x: 8, y: 0 };

/** A pair of images that is the same everywhere: smooth blobs drawn from a fixed sequence, the second one shifted. */
export function fixedPair(): readonly [Float32Array, Float32Array] {
  const blobs = Array.from({ length: 160 }, (_, k) => ({
    x: fraction(k, 0.754877666) * (size.width + 2 * shift.x) - shift.x,
    y: fraction(k, 0.569840291) * size.height,
    height: fraction(k, 0.819172513) - 0.5,
    sigma: 1.5 + 3.5 * fraction(k, 0.671043607),
  }));
  const image = (dx: number, dy: number) => {
    const data = new Float32Array(size.height * size.width);
    for (let y = 0; y < size.height; y++)
      for (let x = 0; x < size.width; x++) {
        let sum = 0.5;
        for (const blob of blobs) {
          const square = (x + dx - blob.x) ** 2 + (y + dy - blob.y) ** 2;
          sum += blob.height * Math.exp(-square / (2 * blob.sigma ** 2));
        }
        data[y * size.width + x] = Math.min(1, Math.max(0, sum));
      }
    return data;
  };
  return [image(0, 0), image(shift.x, shift.y)];
}

/** Fractional part of k·a: an even spread without a generator (a Kronecker sequence). */
function fraction(k: number, a: number): number {
  return (0.5 + k * a) % 1;
}

/** The shape of either image as the network takes it. */
export const fixedPairDims: readonly number[] = [1, 1, size.height, size.width];

type Tensors = Readonly<Record<string, Tensor>>;

/** Runs the fixed pair through a session; the rows of its output. */
export async function rowsOfFixedPair(
  session: { run(feeds: Tensors): Promise<Record<string, Tensor>> },
  contract: { readonly inputNames: readonly [string, string]; readonly outputName: string },
  tensor: (data: Float32Array, dims: readonly number[]) => Tensor,
): Promise<Float32Array> {
  const images = fixedPair();
  const feeds = Object.fromEntries(contract.inputNames.map((name, i) => [name, tensor(images[i], fixedPairDims)]));
  const outputs = await session.run(feeds);
  const rows = await outputs[contract.outputName].getData(true);
  for (const output of Object.values(outputs)) output.dispose();
  if (!(rows instanceof Float32Array))
    throw new StitchError('inference-failed', 'The network answered in numbers of another kind than float32.');
  return rows.slice();
}

/** How the matches of a rung compare with those of the reference. */
export interface RungComparison extends RungAgreement {
  /** Cells that either is sure of, and those of them that the other has not; counted from both sides. */
  readonly sure: number;
  readonly missing: number;
}

/** Compares two answers of the network, cell by cell. Rows are [x0, y0, x1, y1, confidence, spread]. */
export function compareRungs(rows: Float32Array, reference: Float32Array): RungComparison {
  const [ours, theirs] = [byCell(rows), byCell(reference)];
  let [sure, missing, farthestPx, widestConfidence, matches] = [0, 0, 0, 0, 0];
  for (const [from, to] of [
    [ours, theirs],
    [theirs, ours],
  ])
    for (const [cell, row] of from) {
      const other = to.get(cell);
      if (row[confidenceColumn] >= sureConfidence) {
        sure++;
        if (!other) missing++;
      }
      if (!other) continue;
      if (from === ours) matches++;
      widestConfidence = Math.max(widestConfidence, Math.abs(row[confidenceColumn] - other[confidenceColumn]));
      farthestPx = Math.max(
        farthestPx,
        Math.hypot(row[x1Column] - other[x1Column], row[x1Column + 1] - other[x1Column + 1]),
      );
    }
  return { matches, farthestPx, widestConfidence, sure, missing };
}

/**
 * How the matches of a rung differ from those of the reference, in a clause that names the numbers; null when they agree.
 * Rows are [x0, y0, x1, y1, confidence, spread].
 */
export function disagreement(rows: Float32Array, reference: Float32Array): string | null {
  if (!rows.every((value) => Number.isFinite(value))) return 'its results hold numbers that are not finite';
  if (byCell(reference).size < leastMatches) return null;
  const { sure, missing, farthestPx, widestConfidence } = compareRungs(rows, reference);
  if (missing > mostMissing * sure) return `${missing} of ${sure} sure matches are missing on one side`;
  if (farthestPx > mostPx) return `matches differ by up to ${farthestPx.toFixed(2)} px`;
  return widestConfidence > mostConfidence ? `confidences differ by up to ${widestConfidence.toFixed(2)}` : null;
}

function byCell(rows: Float32Array): Map<string, Float32Array> {
  const found = new Map<string, Float32Array>();
  for (let at = 0; at + columns <= rows.length; at += columns)
    if (rows[at + confidenceColumn] >= leastConfidence)
      found.set(`${rows[at]} ${rows[at + 1]}`, rows.subarray(at, at + columns));
  return found;
}
