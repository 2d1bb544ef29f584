import { StitchError } from '../core/errors.ts';
import type { Rect } from '../core/geometry/rect.ts';
import type { CoveredImage } from '../core/mosaic/pyramid-stream.ts';
import { allocateSamples, sampleTypeOf } from '../core/raster/raster.ts';
import type { Samples, SampleType } from '../core/raster/raster.ts';
import { quantilesOf } from '../core/raster/statistics.ts';

/** Bits of the samples that are written; 32 is floating point. */
export const outputBits = ['8', '16', '32f'] as const;
export type OutputBits = (typeof outputBits)[number];

/** Values that become the darkest and the brightest of a narrower sample type. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** How samples change their type on the way to a file; null keeps every value as it is. */
export interface SampleChange {
  readonly to: SampleType;
  /** Null where the values stay what they are and only the type grows. */
  readonly range: ValueRange | null;
}

const bitsOf: Readonly<Record<SampleType, OutputBits>> = { uint8: '8', uint16: '16', int16: '16', float32: '32f' };
const typeOf: Readonly<Record<OutputBits, SampleType>> = { '8': 'uint8', '16': 'uint16', '32f': 'float32' };
const brightest = { uint8: 255, uint16: 65535 } as const;

/**
 * Percentiles of a sample of the picture that a narrower type is filled with where the user names no range, as fractions.
 */
const narrowedFractions = [0.001, 0.999] as const;
const windowsAcross = 8;
const windowSide = 128;

/** The sample type that `bits` asks for; null, or the type's own bits, keeps it. */
export function sampleTypeFor(type: SampleType, bits: OutputBits | null): SampleType {
  return bits === null || bits === bitsOf[type] ? type : typeOf[bits];
}

/** True when values of `from` do not all fit into `to` as they are. */
export function isNarrower(from: SampleType, to: SampleType): boolean {
  const order: readonly OutputBits[] = outputBits;
  return order.indexOf(bitsOf[to]) < order.indexOf(bitsOf[from]);
}

/**
 * The range of a picture's values between its 0.1 and 99.9 percentiles, from 64 windows spread over it: a few tiles are
 * read, not all, and the same picture always gives the same range.
 * @param compose pixels of a rectangle of the picture
 * @returns null when no window shows a tile
 */
export async function measuredRange(
  size: { readonly width: number; readonly height: number },
  compose: (rect: Rect) => Promise<CoveredImage>,
): Promise<ValueRange | null> {
  const parts: Samples[] = [];
  for (let row = 0; row < windowsAcross; row++)
    for (let column = 0; column < windowsAcross; column++) {
      const { channels, coverage } = await compose(windowAt(size, column, row));
      for (const { data } of channels) parts.push(data.filter((_, i) => coverage[i] !== 0));
    }
  const all = allocateSamples(
    sampleTypeOf(parts[0]),
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  const [low, high] = quantilesOf(all, narrowedFractions);
  return Number.isFinite(low) ? { low, high: high > low ? high : low + 1 } : null;
}

function windowAt(size: { readonly width: number; readonly height: number }, column: number, row: number): Rect {
  const width = Math.min(windowSide, size.width);
  const height = Math.min(windowSide, size.height);
  return {
    x: Math.round(((size.width - width) * column) / (windowsAcross - 1)),
    y: Math.round(((size.height - height) * row) / (windowsAcross - 1)),
    width,
    height,
  };
}

/**
 * The image in another sample type. Narrowed values are v' = (v − low) · max / (high − low), rounded and clamped; canvas
 * becomes `fill`, unscaled.
 */
export function changeSamples(image: CoveredImage, { to, range }: SampleChange, fill: number): CoveredImage {
  const limit = to === 'uint8' || to === 'uint16' ? brightest[to] : Infinity;
  const canvas = to === 'float32' ? fill : Math.min(limit, Math.max(0, Math.round(Number.isNaN(fill) ? 0 : fill)));
  const low = range?.low ?? 0;
  const factor = range === null ? 1 : limit / (range.high - range.low);
  const isFloat = to === 'float32';
  const channels = image.channels.map(({ data, width, height }) => {
    const out = allocateSamples(to, data.length);
    for (let i = 0; i < data.length; i++) {
      const value = (data[i] - low) * factor;
      out[i] = isFloat ? value : value <= 0 ? 0 : value >= limit ? limit : Math.round(value);
    }
    const { coverage } = image;
    for (let i = 0; i < out.length; i++) if (coverage[i] === 0) out[i] = canvas;
    return { data: out, width, height };
  });
  return { ...image, channels };
}

/**
 * A range given by the user.
 * @throws StitchError `bad-options` unless low < high, both finite
 */
export function checkedRange(low: number, high: number): ValueRange {
  if (!Number.isFinite(low) || !Number.isFinite(high) || low >= high)
    throw new StitchError('bad-options', `The range of values ${low} … ${high} is no range; the first must be lower.`);
  return { low, high };
}
