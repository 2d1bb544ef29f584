import type { Size } from '../geometry/rect.ts';
import type { FloatRaster, Raster } from '../raster/raster.ts';
import { addLatticeNoise } from './lattice-noise.ts';
import { drawBetween, randomStream } from './random.ts';
import type { RandomStream } from './random.ts';
import { addCells } from './voronoi-cells.ts';

/** The families of procedural specimens; docs/data.md shows one of each. */
export const specimens = ['neuropil', 'granular', 'fibrous', 'sparse', 'repetitive', 'resin'] as const;

/** A family of procedural specimens. */
export type Specimen = (typeof specimens)[number];

/** Grey level of empty resin. */
export const resinGrey = 190;

/**
 * A procedural specimen, grey 0…255, of which every size, strength and place is drawn from the seed and the number of
 * the source. Features are drawn over the whole raster, so a source cannot be had in pieces; 30–90 ns a pixel, ten
 * times as fast as `emTexture` point by point.
 */
export function proceduralSource(seed: number, index: number, specimen: Specimen, size: Size): Raster<Uint8Array> {
  const draws = randomStream(seed, sourcePurpose, index);
  const field: FloatRaster = { ...size, data: new Float32Array(size.width * size.height) };
  painters[specimen](field, draws);
  const grey = new Uint8Array(field.data.length);
  for (let i = 0; i < grey.length; i++) {
    const value = field.data[i] + 0.5;
    grey[i] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
  return { ...size, data: grey };
}

const sourcePurpose = 77;

type Painter = (field: FloatRaster, draws: RandomStream) => void;

const painters: Readonly<Record<Specimen, Painter>> = {
  neuropil: paintNeuropil,
  granular: paintGranular,
  fibrous: paintFibrous,
  sparse: paintSparse,
  repetitive: paintRepetitive,
  resin: (field) => field.data.fill(resinGrey),
};

const between = (draws: RandomStream, low: number, high: number) => drawBetween(draws, [low, high]);

/** A new seed for a part of the picture. */
const partSeed = (draws: RandomStream) => draws.integer(0, 2 ** 31);

/** Cells of two sizes bounded by membranes, mitochondria with cristae, clusters of vesicles, cloudy cytoplasm. */
function paintNeuropil(field: FloatRaster, draws: RandomStream): void {
  const scale = between(draws, 0.75, 1.7);
  field.data.fill(between(draws, 140, 170));
  paintOrganelles(field, draws, scale);
  const membrane = { darkness: between(draws, 50, 95), halfWidthPx: scale * between(draws, 2.2, 4) };
  const shadeSpan = between(draws, 15, 45);
  addCells(field, { seed: partSeed(draws), periodPx: scale * between(draws, 90, 170), shadeSpan, ...membrane });
  addCells(field, {
    seed: partSeed(draws),
    periodPx: scale * between(draws, 40, 70),
    shadeSpan: 0.6 * shadeSpan,
    ...membrane,
  });
  addCloud(field, draws, scale, between(draws, 0.6, 1.4));
}

function paintOrganelles(field: FloatRaster, draws: RandomStream, scale: number): void {
  const area = (field.width * field.height) / (scale * scale);
  const count = Math.round((area / 120 ** 2) * between(draws, 0.2, 0.9));
  for (let n = 0; n < count; n++) stampMitochondrion(field, draws, scale);
  const clusters = Math.round((area / 200 ** 2) * between(draws, 0.2, 1));
  for (let n = 0; n < clusters; n++) {
    const [x, y] = anywhere(field, draws);
    const spread = scale * between(draws, 15, 50);
    const members = draws.integer(8, 60);
    const radius = scale * between(draws, 2.5, 4);
    for (let m = 0; m < members; m++)
      stampRing(field, x + spread * draws.normal(), y + spread * draws.normal(), radius, 1.4 * scale, -50);
  }
}

/** Dark granules of many sizes on a cloudy ground, some in rosettes. */
function paintGranular(field: FloatRaster, draws: RandomStream): void {
  field.data.fill(between(draws, 150, 180));
  const area = field.width * field.height;
  const meanRadius = between(draws, 2, 5);
  const count = Math.round((area / meanRadius ** 2) * between(draws, 0.02, 0.06));
  const darkness = between(draws, 30, 80);
  let [x, y] = anywhere(field, draws);
  for (let n = 0; n < count; n++) {
    if (draws.uniform() < 0.3) [x, y] = anywhere(field, draws);
    else [x, y] = [x + 6 * meanRadius * draws.normal(), y + 6 * meanRadius * draws.normal()];
    stampDisc(field, x, y, meanRadius * Math.exp(0.4 * draws.normal()), -darkness * between(draws, 0.4, 1));
  }
  addCells(field, {
    seed: partSeed(draws),
    periodPx: between(draws, 150, 350),
    shadeSpan: between(draws, 10, 40),
    darkness: between(draws, 0, 60),
    halfWidthPx: 3,
  });
  addCloud(field, draws, 1, between(draws, 0.8, 1.6));
}

/** Bundles of bent fibres, each bundle with its own direction and period of 7–30 px: muscle, tendon, myelin. */
function paintFibrous(field: FloatRaster, draws: RandomStream): void {
  const { width, height, data } = field;
  const bend: FloatRaster = { width, height, data: new Float32Array(width * height) };
  addLatticeNoise(bend, partSeed(draws), between(draws, 120, 300), between(draws, 25, 60));
  addLatticeNoise(bend, partSeed(draws), between(draws, 30, 60), between(draws, 2, 6));
  const direction = between(draws, 0, Math.PI);
  const perPx = (2 * Math.PI) / between(draws, 7, 30);
  const [kx, ky] = [perPx * Math.cos(direction), perPx * Math.sin(direction)];
  const contrast = between(draws, 15, 40);
  const sharpness = between(draws, 0, 0.5);
  const ground = between(draws, 120, 160);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      const wave = Math.sin(kx * x + ky * y + perPx * bend.data[at]);
      data[at] = ground + contrast * (wave + sharpness * wave * wave * wave);
    }
  const area = (width * height) / 1e6;
  for (let n = 0; n < area * between(draws, 10, 60); n++) stampMitochondrion(field, draws, between(draws, 0.8, 1.5));
  addCells(field, {
    seed: partSeed(draws),
    periodPx: between(draws, 120, 400),
    shadeSpan: between(draws, 10, 50),
    darkness: between(draws, 20, 80),
    halfWidthPx: between(draws, 2, 5),
  });
  addCloud(field, draws, 1, between(draws, 0.6, 1.4));
}

/** Little to see: wide cells with faint borders, few organelles, faint cloud. */
function paintSparse(field: FloatRaster, draws: RandomStream): void {
  field.data.fill(between(draws, 150, 190));
  const area = (field.width * field.height) / 1e6;
  for (let n = 0; n < area * between(draws, 5, 25); n++) stampMitochondrion(field, draws, between(draws, 0.7, 1.4));
  addCells(field, {
    seed: partSeed(draws),
    periodPx: between(draws, 150, 350),
    shadeSpan: between(draws, 4, 15),
    darkness: between(draws, 15, 40),
    halfWidthPx: between(draws, 2, 4),
  });
  addCloud(field, draws, between(draws, 1, 2.5), between(draws, 0.15, 0.4));
}

/**
 * A lattice of nearly equal discs or rings, such as a holey film or a muscle cut across: places differ by a jitter of
 * 4–10 % of the period and by 15 % in strength, so that no two patches are equal but many nearly so.
 */
function paintRepetitive(field: FloatRaster, draws: RandomStream): void {
  const { width, height } = field;
  field.data.fill(between(draws, 140, 180));
  const period = between(draws, 14, 60);
  const turn = between(draws, 0, Math.PI / 3);
  const shear = draws.uniform() < 0.5 ? 0 : 0.5;
  const jitter = period * between(draws, 0.04, 0.1);
  const radius = period * between(draws, 0.18, 0.33);
  const isRing = draws.uniform() < 0.4;
  const strength = between(draws, 40, 90) * (draws.uniform() < 0.7 ? -1 : 1);
  const reach = Math.ceil(Math.hypot(width, height) / period) + 1;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  for (let j = -reach; j <= reach; j++)
    for (let i = -reach; i <= reach; i++) {
      const u = period * (i + shear * (j & 1));
      const v = period * j * (shear ? Math.sqrt(0.75) : 1);
      const x = width / 2 + cos * u - sin * v + jitter * draws.normal();
      const y = height / 2 + sin * u + cos * v + jitter * draws.normal();
      const amplitude = strength * (1 + 0.15 * draws.normal());
      if (isRing) stampRing(field, x, y, radius, period * 0.08, amplitude);
      else stampDisc(field, x, y, radius, amplitude);
    }
  addCloud(field, draws, 1, between(draws, 0.1, 0.4));
}

function anywhere(field: FloatRaster, draws: RandomStream): [number, number] {
  return [field.width * draws.uniform(), field.height * draws.uniform()];
}

/** Clouds and fine grain that belong to the specimen: four octaves of lattice noise. */
function addCloud(field: FloatRaster, draws: RandomStream, scale: number, strength: number): void {
  addLatticeNoise(field, partSeed(draws), scale * between(draws, 28, 50), 9 * strength);
  addLatticeNoise(field, partSeed(draws), scale * between(draws, 10, 16), 9 * strength);
  addLatticeNoise(field, partSeed(draws), Math.max(3, scale * between(draws, 4.5, 6.5)), 9 * strength);
  addLatticeNoise(field, partSeed(draws), Math.max(2.5, scale * between(draws, 2.8, 4)), 8 * strength);
}

/** An ellipse with a dark rim, a grey matrix and striped cristae. */
function stampMitochondrion(field: FloatRaster, draws: RandomStream, scale: number): void {
  const [x0, y0] = anywhere(field, draws);
  const angle = between(draws, 0, Math.PI);
  const long = scale * between(draws, 16, 40);
  const short = scale * between(draws, 8, 16);
  const darkness = between(draws, 40, 75);
  const stripe = 1 / (scale * between(draws, 1.1, 1.8));
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  eachPixelNear(field, x0, y0, 1.2 * long, (at, dx, dy) => {
    const along = cos * dx + sin * dy;
    const across = cos * dy - sin * dx;
    const radius = Math.hypot(along / long, across / short);
    if (radius > 1.15) return;
    const inside = bump(Math.max(0, (radius - 0.85) / 0.3));
    const cristae = 0.5 + 0.5 * Math.sin(along * stripe + 1.5 * Math.sin((across * stripe) / 3));
    field.data[at] -= darkness * (inside * (0.3 + 0.35 * cristae) + 0.5 * bump((radius - 0.9) / 0.25));
  });
}

function stampDisc(field: FloatRaster, x: number, y: number, radius: number, amplitude: number): void {
  const edgePx = Math.max(1.2, 0.3 * radius);
  eachPixelNear(field, x, y, radius + edgePx, (at, dx, dy) => {
    const t = (Math.hypot(dx, dy) - radius + edgePx) / (2 * edgePx);
    field.data[at] += amplitude * (t <= 0 ? 1 : bump(Math.min(t, 1)));
  });
}

function stampRing(
  field: FloatRaster,
  x: number,
  y: number,
  radius: number,
  halfWidthPx: number,
  amplitude: number,
): void {
  const reach = Math.max(1.2, halfWidthPx);
  eachPixelNear(field, x, y, radius + reach, (at, dx, dy) => {
    field.data[at] += amplitude * bump((Math.hypot(dx, dy) - radius) / reach);
  });
}

/** Calls `visit` for the pixels of a square about a point, with their place relative to it. */
function eachPixelNear(
  { width, height }: Size,
  x: number,
  y: number,
  reach: number,
  visit: (at: number, dx: number, dy: number) => void,
): void {
  const right = Math.min(width - 1, Math.floor(x + reach));
  const bottom = Math.min(height - 1, Math.floor(y + reach));
  for (let v = Math.max(0, Math.ceil(y - reach)); v <= bottom; v++)
    for (let u = Math.max(0, Math.ceil(x - reach)); u <= right; u++) visit(v * width + u, u - x, v - y);
}

/** (1 − t²)² inside |t| < 1, 0 outside. */
function bump(t: number): number {
  const u = 1 - t * t;
  return u > 0 ? u * u : 0;
}
