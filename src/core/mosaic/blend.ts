import { bytesPerSample, sampleTypeOf } from '../raster/raster.ts';
import type { Samples, SampleType } from '../raster/raster.ts';
import { lastInside, sampleFixed16, sampleFixed8, setInside } from './fixed-point.ts';
import type { FixedRun } from './fixed-point.ts';
import { assignOwners } from './owners.ts';
import type { PlacedSource, RowWork } from './row-work.ts';
import { pieceLength } from './tile-warp.ts';
import type { TileWarp } from './tile-warp.ts';

/** Distance to the tile's border below which a feather weight does not fall, level px: every covered pixel counts. */
const leastFeatherPx = 1e-6;

/** Blends output columns from ≤ i < to of row j at mosaic y, all of which every one of `sources` covers. */
export function blendInterval(
  work: RowWork,
  sources: readonly PlacedSource[],
  y: number,
  j: number,
  from: number,
  to: number,
): void {
  if (sources.length === 1 || work.blend === 'overlay') storeOne(work, sources, 0, y, j, from, to);
  else if (work.blend === 'average' || work.blend === 'feather') storeMean(work, sources, y, j, from, to);
  else storeOwned(work, sources, y, j, from, to);
}

/** The pixels of sources[index]; where it has none (NaN in a float tile), those of the first source that has. */
function storeOne(
  work: RowWork,
  sources: readonly PlacedSource[],
  index: number,
  y: number,
  j: number,
  from: number,
  to: number,
): void {
  const at = j * work.xs.length;
  const source = sources[index];
  if (copyRow(work, source, y, at, from, to)) {
    work.coverage.fill(255, at + from, at + to);
    return;
  }
  if (storeFixed(work, source, y, at, from, to)) return;
  sampleRow(work, source, y, from, to);
  if (!hasHoles(work, from, to)) {
    storeAll(work, at, from, to);
    return;
  }
  for (let i = from; i < to; i++) {
    for (let s = 0; s < sources.length && hasHole(work, i); s++) sampleRow(work, sources[s], y, i, i + 1);
    if (!hasHole(work, i)) storeFloat(work, at, i);
  }
}

/**
 * Samples a tile of 8 or 16 bits in fixed point and stores its pixels; the few at its border, whose neighbours do not all
 * exist, as any other. False when nothing was done: other samples, scales or interpolations.
 */
function storeFixed(work: RowWork, source: PlacedSource, y: number, at: number, from: number, to: number): boolean {
  const { grid, pieces, run, sampleType } = work;
  if (grid === null || source.sampleType !== sampleType || !isFixedType(sampleType)) return false;
  const count = source.warp.pieces(grid, y, from, to, pieces);
  if (count === 0) return false;
  const { width, height } = source.windows[0].size;
  const [lastU, lastV] = [lastInside(width), lastInside(height)];
  let start = from;
  for (let n = 0; n < count * pieceLength; n += pieceLength) {
    const end = pieces[n];
    setInside(run, start, pieces, n, lastU, lastV);
    if (run.from > start) storeSampled(work, source, y, at, start, run.from);
    if (run.to > run.from) sampleRun(work, source, run, at);
    if (end > run.to) storeSampled(work, source, y, at, run.to, end);
    start = end;
  }
  work.coverage.fill(255, at + from, at + to);
  return true;
}

function isFixedType(type: SampleType): boolean {
  return type === 'uint8' || type === 'uint16';
}

function sampleRun(work: RowWork, source: PlacedSource, run: FixedRun, at: number): void {
  const { gain, offset } = source.tone;
  for (let c = 0; c < work.channels.length; c++) {
    const { raster, x, y } = source.windows[c];
    const origin = -y * raster.width - x;
    const out = work.channels[c];
    if (out instanceof Uint8Array && raster.data instanceof Uint8Array)
      sampleFixed8(raster.data, origin, raster.width, run, gain, offset, out, at);
    else if (out instanceof Uint16Array && raster.data instanceof Uint16Array)
      sampleFixed16(raster.data, origin, raster.width, run, gain, offset, out, at);
  }
}

function storeSampled(work: RowWork, source: PlacedSource, y: number, at: number, from: number, to: number): void {
  sampleRow(work, source, y, from, to);
  for (let c = 0; c < work.channels.length; c++) storeIntegers(work.values[c], work.channels[c], at, from, to);
}

/** A hard cut: every pixel from the source that owns it. */
function storeOwned(
  work: RowWork,
  sources: readonly PlacedSource[],
  y: number,
  j: number,
  from: number,
  to: number,
): void {
  const { owners } = work;
  assignOwners(work, sources, y, from, to);
  for (let start = from; start < to;) {
    let end = start + 1;
    while (end < to && owners[end] === owners[start]) end++;
    storeOne(work, sources, owners[start], y, j, start, end);
    start = end;
  }
}

/** The weighted mean Σwv / Σw: w = 1 (`average`) or the product of the distances to the tile's borders (`feather`). */
function storeMean(
  work: RowWork,
  sources: readonly PlacedSource[],
  y: number,
  j: number,
  from: number,
  to: number,
): void {
  const { sums, us, values, weights } = work;
  weights.fill(0, from, to);
  for (const sum of sums) sum.fill(0, from, to);
  for (const source of sources) {
    sampleRow(work, source, y, from, to);
    weigh(work, source.warp, from, to);
    if (hasHoles(work, from, to)) dropHoles(work, from, to);
    for (let c = 0; c < sums.length; c++) addProducts(sums[c], us, values[c], from, to);
    for (let i = from; i < to; i++) weights[i] += us[i];
  }
  const at = j * work.xs.length;
  for (let c = 0; c < sums.length; c++) for (let i = from; i < to; i++) values[c][i] = sums[c][i] / weights[i];
  if (!hasHoles(work, from, to)) storeAll(work, at, from, to);
  else for (let i = from; i < to; i++) if (!hasHole(work, i)) storeFloat(work, at, i);
}

/** Replaces the tile coordinates in `us` by the weights of the samples there. */
function weigh(work: RowWork, warp: TileWarp, from: number, to: number): void {
  const { us, vs } = work;
  if (work.blend === 'average') {
    us.fill(1, from, to);
    return;
  }
  const { width, height } = warp;
  const unit = 4 / (width * height); // 1 at the centre of the tile
  for (let i = from; i < to; i++) {
    const u = us[i] + 0.5;
    const v = vs[i] + 0.5;
    const toSide = u + u < width ? u : width - u;
    const toEnd = v + v < height ? v : height - v;
    const across = toSide > leastFeatherPx ? toSide : leastFeatherPx;
    const along = toEnd > leastFeatherPx ? toEnd : leastFeatherPx;
    us[i] = across * along * unit;
  }
}

/** Gives samples that are not numbers no weight. */
function dropHoles(work: RowWork, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if (!hasHole(work, i)) continue;
    work.us[i] = 0;
    for (const channel of work.values) channel[i] = 0;
  }
}

function addProducts(sum: Float64Array, a: Float64Array, b: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) sum[i] += a[i] * b[i];
}

/** Toned samples of a source into `work.values`, their tile coordinates into `work.us` and `work.vs`. */
export function sampleRow(work: RowWork, source: PlacedSource, y: number, from: number, to: number): void {
  const { us, vs, values } = work;
  source.warp.mapRow(work.xs, y, from, to, us, vs);
  const { gain, offset } = source.tone;
  for (let c = 0; c < values.length; c++) {
    work.sample(source.windows[c], us, vs, from, to, values[c]);
    if (gain !== 1 || offset !== 0) applyTone(values[c], gain, offset, from, to);
  }
}

function applyTone(values: Float64Array, gain: number, offset: number, from: number, to: number): void {
  for (let i = from; i < to; i++) values[i] = gain * values[i] + offset;
}

/** Copies whole pixels when the tile lies on the output's grid and nothing changes them; false when it does not. */
function copyRow(work: RowWork, source: PlacedSource, y: number, at: number, from: number, to: number): boolean {
  const { shift } = source.warp;
  if (shift === null || !work.isUnitStep || source.tone.gain !== 1 || source.tone.offset !== 0) return false;
  if (work.sampleType === 'float32' || source.sampleType !== work.sampleType) return false;
  source.warp.mapRow(work.xs, y, from, from + 1, work.us, work.vs);
  const u = work.us[from];
  const v = work.vs[from];
  if (!Number.isInteger(u) || !Number.isInteger(v)) return false;
  for (let c = 0; c < work.channels.length; c++) {
    const { raster, x: left, y: top } = source.windows[c];
    const start = (v - top) * raster.width + (u - left);
    work.channels[c].set(raster.data.subarray(start, start + to - from), at + from);
  }
  return true;
}

/** True when a value of the interval is not a number; integer tiles have none. */
function hasHoles(work: RowWork, from: number, to: number): boolean {
  if (!(work.channels[0] instanceof Float32Array)) return false;
  for (const values of work.values) for (let i = from; i < to; i++) if (values[i] !== values[i]) return true;
  return false;
}

/** True where a channel of the sampled value is not a number: such a sample is none. */
function hasHole(work: RowWork, i: number): boolean {
  for (const channel of work.values) if (channel[i] !== channel[i]) return true;
  return false;
}

function storeFloat(work: RowWork, at: number, i: number): void {
  for (let c = 0; c < work.channels.length; c++) work.channels[c][at + i] = work.values[c][i];
  work.coverage[at + i] = 255;
}

function storeAll(work: RowWork, at: number, from: number, to: number): void {
  for (let c = 0; c < work.channels.length; c++) {
    const out = work.channels[c];
    const values = work.values[c];
    if (out instanceof Float32Array) for (let i = from; i < to; i++) out[at + i] = values[i];
    else storeIntegers(values, out, at, from, to);
  }
  work.coverage.fill(255, at + from, at + to);
}

/** Rounds half away from zero and clamps to the type's range. */
export function storeIntegers(values: Float64Array, out: Samples, at: number, from: number, to: number): void {
  const [low, high] = rangeOf(out);
  for (let i = from; i < to; i++) {
    const value = values[i];
    out[at + i] = value <= low ? low : value >= high ? high : value < 0 ? -((0.5 - value) | 0) : (value + 0.5) | 0;
  }
}

/** Lowest and highest value of an integer sample type. */
export function rangeOf(samples: Samples): readonly [number, number] {
  if (samples instanceof Int16Array) return [-32768, 32767];
  return [0, 2 ** (8 * bytesPerSample[sampleTypeOf(samples)]) - 1];
}
