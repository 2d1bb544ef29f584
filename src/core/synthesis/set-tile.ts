import type { Affine2 } from '../geometry/affine2.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import type { Size } from '../geometry/rect.ts';
import type { Raster } from '../raster/raster.ts';
import { sampleBicubic, sampleBilinear, windowOf } from '../raster/sample.ts';
import { addCharges } from './charging.ts';
import { displaceRow } from './displace-row.ts';
import { normalNoise } from './normal-noise.ts';
import { randomStream } from './random.ts';
import type { TrueImaging } from './truth-set.ts';

/** A tile of a set before it is rendered: plain data that crosses threads. */
export interface SetTile {
  /** File name. */
  readonly name: string;
  readonly row: number;
  readonly column: number;
  readonly size: Size;
  /** The true pose in the source, before `mesh` is added. */
  readonly mosaicFromTile: Affine2;
  readonly mesh: DisplacementMesh | null;
  readonly startX: number;
  readonly startY: number;
  readonly angleDeg: number;
  readonly imaging: TrueImaging;
  /**
   * `em424`: bilinear, noise, gain and offset, truncation. `detector`: bicubic (Catmull–Rom), blur, gamma, gain and
   * offset, shading, charging, noise whose variance is half constant and half proportional to the grey value, rounding.
   */
  readonly exposure: 'em424' | 'detector';
  /** Path of the tile's own random streams: results do not depend on the order of rendering. */
  readonly seed: readonly [number, number, number];
}

const purpose = { noise: 1, shading: 2, charges: 3 } as const;

/** Renders one tile from its source (grey 0…255) in 8 bits; pixels beyond the source repeat its border. */
export function renderSetTile(source: Raster, tile: SetTile): Raster<Uint8Array> {
  return tile.exposure === 'em424' ? renderEm424(source, tile) : renderDetector(source, tile);
}

function renderEm424(source: Raster, tile: SetTile): Raster<Uint8Array> {
  const { width, height } = tile.size;
  const { gain, offset, noiseSigma } = tile.imaging;
  const rows = tileRows(source, tile, 0);
  const noise = normalNoise(tile.seed[0], tile.seed[1], tile.seed[2], purpose.noise);
  const grain = new Float32Array(width);
  const data = new Uint8Array(width * height);
  for (let j = 0; j < height; j++) {
    const row = rows.sample(j);
    noise.fill(grain);
    const from = j * width;
    for (let i = 0; i < width; i++) {
      const value = gain * (row[i] + noiseSigma * grain[i]) + offset;
      data[from + i] = value < 0 ? 0 : value > 255 ? 255 : value; // the array truncates
    }
  }
  return { data, width, height };
}

function renderDetector(source: Raster, tile: SetTile): Raster<Uint8Array> {
  const { width, height } = tile.size;
  const { blurSigmaPx, gamma, gain, offset } = tile.imaging;
  const field = blurSigmaPx > 0 ? sampledAndBlurred(source, tile) : sampled(source, tile, 0);
  const curve = gamma === 1 ? null : gammaCurve(gamma);
  for (let at = 0; at < field.length; at++) {
    const value = field[at];
    field[at] = gain * (curve ? onCurve(curve, value) : value) + offset;
  }
  shade(field, tile);
  addCharges(field, tile.size, tile.imaging.charges, randomStream(...tile.seed, purpose.charges));
  const noise = normalNoise(tile.seed[0], tile.seed[1], tile.seed[2], purpose.noise);
  return { data: developed(field, tile, (grain) => noise.fill(grain)), width, height };
}

/** Noise, rounding and clamping: variance σ²·(½ + ½·v/128), v clamped to 0…255. */
function developed(field: Float32Array, tile: SetTile, fill: (grain: Float32Array) => void): Uint8Array {
  const { width, height } = tile.size;
  const amplitude = new Float32Array(256);
  for (let v = 0; v < 256; v++) amplitude[v] = tile.imaging.noiseSigma * Math.sqrt(0.5 + v / 256);
  const grain = new Float32Array(width);
  const data = new Uint8Array(field.length);
  for (let j = 0, at = 0; j < height; j++) {
    fill(grain);
    for (let i = 0; i < width; i++, at++) {
      const clean = field[at];
      const level = clean < 0 ? 0 : clean > 255 ? 255 : clean | 0;
      const value = clean + amplitude[level] * grain[i] + 0.5;
      data[at] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
  return data;
}

/** Rows of the tile, `margin` px wider on each side; the returned array is reused. */
function tileRows(source: Raster, tile: SetTile, margin: number): { readonly sample: (j: number) => Float64Array } {
  const { a, b, c, d, e, f } = tile.mosaicFromTile;
  const { mesh, size } = tile;
  if (mesh && margin > 0) throw new RangeError('a tile with a mesh cannot be blurred');
  const width = size.width + 2 * margin;
  const xs = new Float64Array(width);
  const ys = new Float64Array(width);
  const row = new Float64Array(width);
  const window = windowOf(source);
  const sampleRow = tile.exposure === 'em424' ? sampleBilinear : sampleBicubic;
  return {
    sample(j) {
      const x0 = c * j + e - a * margin;
      const y0 = d * j + f - b * margin;
      for (let i = 0; i < width; i++) {
        xs[i] = a * i + x0;
        ys[i] = b * i + y0;
      }
      if (mesh) displaceRow(mesh, size, j, xs, ys);
      sampleRow(window, xs, ys, 0, width, row);
      return row;
    },
  };
}

function sampled(source: Raster, tile: SetTile, margin: number): Float32Array {
  const width = tile.size.width + 2 * margin;
  const height = tile.size.height + 2 * margin;
  const rows = tileRows(source, tile, margin);
  const field = new Float32Array(width * height);
  for (let j = 0; j < height; j++) field.set(rows.sample(j - margin), j * width);
  return field;
}

/** Gaussian blur to three standard deviations, of a field sampled that much wider. */
function sampledAndBlurred(source: Raster, tile: SetTile): Float32Array {
  const { width, height } = tile.size;
  const kernel = gaussianKernel(tile.imaging.blurSigmaPx);
  const margin = (kernel.length - 1) / 2;
  const wide = sampled(source, tile, margin);
  const stride = width + 2 * margin;
  const rows = height + 2 * margin;
  const across = new Float32Array(width * rows);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let k = 0, at = j * stride + i; k < kernel.length; k++, at++) sum += kernel[k] * wide[at];
      across[j * width + i] = sum;
    }
  const field = new Float32Array(width * height);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let k = 0, at = j * width + i; k < kernel.length; k++, at += width) sum += kernel[k] * across[at];
      field[j * width + i] = sum;
    }
  return field;
}

function gaussianKernel(sigmaPx: number): Float64Array {
  const radius = Math.ceil(3 * sigmaPx);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, k) =>
    Math.exp(-((k - radius) ** 2) / (2 * sigmaPx * sigmaPx)),
  );
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  return kernel.map((weight) => weight / total);
}

/** 255·(v/255)^gamma at v = 0 … 256. */
function gammaCurve(gamma: number): Float32Array {
  return Float32Array.from({ length: 257 }, (_, v) => 255 * (v / 255) ** gamma);
}

function onCurve(curve: Float32Array, value: number): number {
  const v = value < 0 ? 0 : value > 255 ? 255 : value;
  const below = v | 0;
  return curve[below] + (v - below) * (curve[below + 1] - curve[below]);
}

/** v ← v·(1 + s·(cos φ·x + sin φ·y + bowl·(x² + y² − 2/3))/norm), x and y in −1…1 across the tile. */
function shade(field: Float32Array, tile: SetTile): void {
  const { shading } = tile.imaging;
  if (shading === 0) return;
  const { width, height } = tile.size;
  const draws = randomStream(...tile.seed, purpose.shading);
  const phi = 2 * Math.PI * draws.uniform();
  const bowl = 2 * draws.uniform() - 1;
  const norm = Math.abs(Math.cos(phi)) + Math.abs(Math.sin(phi)) + (4 / 3) * Math.abs(bowl);
  const [kx, ky, kb] = [Math.cos(phi), Math.sin(phi), bowl].map((k) => (shading * k) / norm);
  for (let j = 0, at = 0; j < height; j++) {
    const y = (2 * j) / (height - 1) - 1;
    const constant = 1 + ky * y + kb * (y * y - 2 / 3);
    for (let i = 0; i < width; i++, at++) {
      const x = (2 * i) / (width - 1) - 1;
      field[at] *= constant + x * (kx + kb * x);
    }
  }
}
