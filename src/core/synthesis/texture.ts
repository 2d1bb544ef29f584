import type { Rect } from '../geometry/rect.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { mixBits } from './random.ts';

/** What an EM-like picture is made of; every strength 1 looks like neuropil at about 5 nm a pixel. */
export interface TextureOptions {
  readonly seed: number;
  /** Size of every feature, 1 = membranes about 5 px thick, cells about 60 and 150 px wide. */
  readonly featureScale: number;
  /** Strength of membranes, organelles and vesicles. */
  readonly structure: number;
  /** Strength of the cloudy cytoplasm and of the fine grain, both part of the specimen, not noise. */
  readonly grain: number;
}

export const defaultTexture: TextureOptions = { seed: 1, featureScale: 1, structure: 1, grain: 1 };

/** Grey value, about 20…235, at any point of an endless picture; smooth at the scale of a pixel. */
export type Texture = (x: number, y: number) => number;

/**
 * A procedural EM-like picture: cells of two sizes bounded by dark membranes, mitochondria with cristae, clusters of
 * vesicles, cloudy cytoplasm, fine grain. It is a function of the point, so any piece of it at any position is exact.
 */
export function emTexture(options: TextureOptions): Texture {
  const { seed, structure, grain, featureScale } = options;
  const large = { distance: 0, cell: 0 };
  const small = { distance: 0, cell: 0 };
  return (xPx, yPx) => {
    const x = xPx / featureScale;
    const y = yPx / featureScale;
    const bentX = x + 22 * latticeNoise(x / 90, y / 90, seed + 1) + 5 * latticeNoise(x / 31, y / 31, seed + 2);
    const bentY = y + 22 * latticeNoise(x / 90, y / 90, seed + 3) + 5 * latticeNoise(x / 31, y / 31, seed + 4);
    findCell(bentX / 150, bentY / 150, seed + 5, large);
    const isBundle = (large.cell & 7) < 5; // a bundle of small cells fills a large one
    if (isBundle) findCell(bentX / 58, bentY / 58, seed + 6, small);
    const border = isBundle ? Math.min(large.distance * 150, small.distance * 58) : large.distance * 150;
    const membrane = Math.exp(-(border * border) / 9);
    const lumen = 1 - Math.exp(-(border * border) / 150); // organelles keep away from the membrane
    const shade = ((((isBundle ? small.cell : large.cell) >>> 8) & 255) / 255 - 0.5) * lumen; // no step at the border
    const brightness = 168 + 28 * shade;
    const organelle = mitochondrion(bentX, bentY, seed + 7) * lumen * (isBundle ? 0.5 : 1);
    const vesicles = Math.max(
      vesicle(bentX, bentY, seed + 8),
      vesicle(0.8 * bentX + 0.6 * bentY, 0.8 * bentY - 0.6 * bentX, seed + 13),
    );
    const cloud = 9 * latticeNoise(x / 38, y / 38, seed + 9) + 8 * latticeNoise(x / 13, y / 13, seed + 10);
    const fine = 9 * latticeNoise(x / 5.3, y / 5.3, seed + 11) + 8 * latticeNoise(x / 3.6, y / 3.6, seed + 12);
    return brightness - structure * (92 * membrane + 66 * organelle + 58 * vesicles * lumen) + grain * (cloud + fine);
  };
}

/** The texture's values at the pixel centres of a rectangle of its plane. */
export function renderTexture(texture: Texture, region: Rect): FloatRaster {
  const { width, height } = region;
  const data = new Float32Array(width * height);
  for (let j = 0; j < height; j++)
    for (let i = 0; i < width; i++) data[j * width + i] = texture(region.x + i, region.y + j);
  return { data, width, height };
}

function latticeBits(i: number, j: number, seed: number): number {
  return mixBits(Math.imul(i, 0x27d4eb2f) ^ Math.imul(j, 0x165667b1) ^ Math.imul(seed, 0x9e3779b9));
}

/** Uniform in [0, 1) for a lattice point. */
function latticeHash(i: number, j: number, seed: number): number {
  return (latticeBits(i, j, seed) >>> 0) * 2 ** -32;
}

/** Smooth noise in −1…1 with one random value a lattice point, C² between them. */
function latticeNoise(x: number, y: number, seed: number): number {
  const i = Math.floor(x);
  const j = Math.floor(y);
  const sx = fade(x - i);
  const sy = fade(y - j);
  const upper = latticeHash(i, j, seed) * (1 - sx) + latticeHash(i + 1, j, seed) * sx;
  const lower = latticeHash(i, j + 1, seed) * (1 - sx) + latticeHash(i + 1, j + 1, seed) * sx;
  return 2 * (upper * (1 - sy) + lower * sy) - 1;
}

function fade(t: number): number {
  return t * t * t * (t * (6 * t - 15) + 10);
}

/** Distance to the border of the Voronoi cell of jittered lattice points, in lattice units, and the cell's hash. */
function findCell(x: number, y: number, seed: number, out: { distance: number; cell: number }): void {
  const column = Math.floor(x);
  const row = Math.floor(y);
  let first = Infinity;
  let firstX = 0;
  let firstY = 0;
  let second = Infinity;
  let secondX = 0;
  let secondY = 0;
  for (let j = row - 1; j <= row + 1; j++)
    for (let i = column - 1; i <= column + 1; i++) {
      const hash = latticeBits(i, j, seed);
      const px = i + 0.15 + (0.7 * (hash & 0xffff)) / 0x10000;
      const py = j + 0.15 + (0.7 * (hash >>> 16)) / 0x10000;
      const distance = (px - x) * (px - x) + (py - y) * (py - y);
      if (distance < first) {
        second = first;
        secondX = firstX;
        secondY = firstY;
        first = distance;
        firstX = px;
        firstY = py;
        out.cell = mixBits(hash);
      } else if (distance < second) {
        second = distance;
        secondX = px;
        secondY = py;
      }
    }
  // (F₂² − F₁²) / 2|c₂ − c₁| is the exact distance to the bisector of the two nearest points.
  out.distance = (second - first) / (2 * Math.hypot(secondX - firstX, secondY - firstY));
}

/** Darkness 0…1 of at most one mitochondrion in a 120 px cell: a rim, a grey matrix and striped cristae. */
function mitochondrion(x: number, y: number, seed: number): number {
  const side = 120;
  const i = Math.floor(x / side);
  const j = Math.floor(y / side);
  if (latticeHash(i, j, seed) > 0.7) return 0;
  const angle = Math.PI * latticeHash(i, j, seed + 101);
  const dx = x - side * (i + 0.33 + 0.34 * latticeHash(i, j, seed + 102));
  const dy = y - side * (j + 0.33 + 0.34 * latticeHash(i, j, seed + 103));
  const along = Math.cos(angle) * dx + Math.sin(angle) * dy;
  const across = Math.cos(angle) * dy - Math.sin(angle) * dx;
  const long = 18 + 16 * latticeHash(i, j, seed + 104);
  const short = 9 + 6 * latticeHash(i, j, seed + 105);
  const radius = Math.hypot(along / long, across / short);
  if (radius > 1.15) return 0;
  const inside = bump(Math.max(0, (radius - 0.85) / 0.3));
  const rim = bump((radius - 0.9) / 0.25);
  const cristae = 0.5 + 0.5 * Math.sin(along / 1.3 + 1.5 * Math.sin(across / 4));
  return inside * (0.3 + 0.3 * cristae) + 0.5 * rim;
}

/** Darkness 0…1 of the ring of at most one vesicle in a 22 px cell, where a cluster is. */
function vesicle(x: number, y: number, seed: number): number {
  const side = 22;
  const i = Math.floor(x / side);
  const j = Math.floor(y / side);
  if (latticeHash(i, j, seed) > 0.65 || latticeNoise(i / 6, j / 6, seed + 201) < 0.1) return 0;
  const dx = x - side * (i + 0.28 + 0.44 * latticeHash(i, j, seed + 202));
  const dy = y - side * (j + 0.28 + 0.44 * latticeHash(i, j, seed + 203));
  const radius = 3 + 0.8 * latticeHash(i, j, seed + 204); // 3.8 + 2.3 < 0.28 · 22: the ring stays in its cell
  return bump((Math.hypot(dx, dy) - radius) / 2.3);
}

/** (1 − t²)² inside |t| < 1, 0 outside: a smooth bump of compact support. */
function bump(t: number): number {
  const u = 1 - t * t;
  return u > 0 ? u * u : 0;
}
