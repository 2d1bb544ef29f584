import { affineToArray } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import { apartPoses, boundsOf, gridPoses, poseToAffine } from './grid-poses.ts';
import type { RelativePose } from './grid-poses.ts';
import { apartSpot, freshSpot, spotIn } from './grid-spot.ts';
import type { GridPlace, Spot } from './grid-spot.ts';
import type { SynthesisPreset } from './presets.ts';
import type { Specimen } from './procedural-source.ts';
import { drawBetween, drawLogBetween, randomStream } from './random.ts';
import type { RandomStream } from './random.ts';
import type { SetRecipe } from './set-recipes.ts';
import type { SetTile } from './set-tile.ts';
import { meanBrightness } from './texture-map.ts';
import type { TextureMap } from './texture-map.ts';
import type { DisjointKind, TrueGrid, TrueGridTile, TrueImaging, TruthModel, TruthSplit } from './truth-set.ts';

/** The picture that a grid is cut from; `fadeTo` leaves islands of its texture and that much of the rest. */
export type SourceSpec =
  | {
      readonly kind: 'file';
      /** Index in the list of source images. */
      readonly file: number;
      readonly seed: number;
      readonly index: number;
      readonly fadeTo: number | null;
    }
  | {
      readonly kind: 'procedural';
      readonly seed: number;
      readonly index: number;
      readonly specimen: Specimen;
      readonly size: Size;
      readonly fadeTo: number | null;
    };

/** A grid before it is rendered. */
export interface PlannedGrid {
  readonly truth: TrueGrid;
  readonly tiles: readonly SetTile[];
  readonly source: SourceSpec;
}

/** One grid to draw; without a place the source is procedural and made to measure. */
export interface GridRequest {
  readonly preset: SynthesisPreset;
  readonly recipe: SetRecipe;
  readonly seed: number;
  readonly index: number;
  readonly split: TruthSplit;
  readonly rows: number;
  readonly columns: number;
  readonly model: TruthModel;
  readonly place: GridPlace | null;
}

const purpose = { geometry: 11, imaging: 12, place: 13, fade: 14 } as const;
/** A weaker blur is left out. */
const leastBlurPx = 0.3;
/** Mean grey value that is assumed of a procedural source. */
const proceduralMean = 150;

/** Draws a grid; a sentence when the place is too small or shows too little. */
export function planSetGrid(request: GridRequest): PlannedGrid | string {
  const { recipe, seed, index, place } = request;
  const shape = shapeOf(request);
  const draws = randomStream(seed, purpose.geometry, index);
  const overlap = drawBetween(draws, recipe.overlap);
  const pitch = { x: recipe.tileSize.width * (1 - overlap), y: recipe.tileSize.height * (1 - overlap) };
  const kind = request.preset === 'disjoint' ? disjointKinds[(index >> 1) % disjointKinds.length] : null;
  const poses = kind
    ? apartPoses(recipe, shape.columns > 1, draws)
    : gridPoses(recipe, { ...shape, pitch, isSimilarity: request.model === 'similarity' }, draws);
  const image = kind === null || kind === 'elsewhere' ? place : null;
  const spot = findSpot(request, image, poses);
  if (typeof spot === 'string') return spot;
  const specimen = kind && kind !== 'elsewhere' ? kind : recipe.specimens[index % recipe.specimens.length];
  const name = `${request.preset}_g${String(index).padStart(5, '0')}`;
  const tiles = setTiles(request, spot, name, image?.texture ?? null);
  const truth = trueGridOf(
    {
      name,
      index,
      ...shape,
      tileSize: recipe.tileSize,
      model: request.model,
      nominal: { pitch, overlap: { x: overlap, y: overlap } },
      source: image ? image.name : `procedural:${index}`,
      sourceSize: spot.size,
      split: request.split,
      hasOverlap: kind === null,
      ...(kind && { disjoint: kind }),
      placesSkipped: spot.skipped,
    },
    tiles,
  );
  return { truth, tiles, source: sourceOf(request, image, specimen, spot.size) };
}

/** Half of the pairs lie elsewhere in one picture, a quarter shows repetitive textures, a quarter blank resin. */
const disjointKinds: readonly DisjointKind[] = ['elsewhere', 'repetitive', 'elsewhere', 'resin'];

function findSpot(request: GridRequest, image: GridPlace | null, poses: readonly RelativePose[]): Spot | string {
  const { recipe, seed, index } = request;
  const bounds = boundsOf(poses, recipe.tileSize);
  if (!image) return freshSpot(poses, bounds, randomStream(seed, purpose.place, index));
  const draws = randomStream(seed, purpose.place, index, image.file);
  if (request.preset === 'disjoint') return apartSpot(image, recipe, poses, draws);
  return spotIn(image, recipe, poses, bounds, draws);
}

function sourceOf(request: GridRequest, image: GridPlace | null, specimen: Specimen, size: Size): SourceSpec {
  const { recipe, seed, index } = request;
  const fadeTo = recipe.fade && drawBetween(randomStream(seed, purpose.fade, index), recipe.fade);
  return image
    ? { kind: 'file', file: image.file, seed, index, fadeTo }
    : { kind: 'procedural', seed, index, specimen, size, fadeTo };
}

function setTiles(request: GridRequest, spot: Spot, name: string, texture: TextureMap | null): readonly SetTile[] {
  const { recipe, seed, index } = request;
  const bounds = boundsOf(spot.poses, recipe.tileSize);
  const mean = texture ? meanBrightness(texture, bounds) : proceduralMean;
  const draws = randomStream(seed, purpose.imaging, index);
  const isFlipped = draws.uniform() < 0.5;
  return spot.poses.map((pose, at): SetTile => {
    const isStronger = ((pose.row + pose.column) % 2 === 0) !== isFlipped;
    return {
      name: `${name}_t${String(at).padStart(5, '0')}_s00000.tif`,
      row: pose.row,
      column: pose.column,
      size: recipe.tileSize,
      mosaicFromTile: poseToAffine(pose, recipe.tileSize),
      mesh: pose.mesh,
      startX: pose.x,
      startY: pose.y,
      angleDeg: pose.angleDeg,
      imaging: drawImaging(recipe, mean, isStronger, draws),
      exposure: 'detector',
      seed: [seed, index, at],
    };
  });
}

/** A tile's exposure; `mean` is the brightness of the specimen there. */
function drawImaging(recipe: SetRecipe, mean: number, isStronger: boolean, draws: RandomStream): TrueImaging {
  const blur = drawBetween(draws, recipe.blurSigmaPx);
  const gamma = drawLogBetween(draws, recipe.gamma);
  const ratio = Math.sqrt(drawLogBetween(draws, recipe.contrastRatio));
  const gain = isStronger ? ratio : 1 / ratio;
  const level = 128 + drawBetween(draws, [-recipe.brightness, recipe.brightness]);
  return {
    blurSigmaPx: blur < leastBlurPx ? 0 : blur,
    gamma,
    gain,
    offset: level - gain * 255 * (mean / 255) ** gamma,
    shading: drawBetween(draws, recipe.shading),
    charges: Math.round(drawBetween(draws, recipe.charges)),
    noiseSigma: drawBetween(draws, recipe.noiseSigma),
  };
}

/** A grid's record with the records of its tiles. */
export function trueGridOf(grid: Omit<TrueGrid, 'tiles'>, tiles: readonly SetTile[]): TrueGrid {
  return { ...grid, tiles: tiles.map(trueTileOf) };
}

function trueTileOf(tile: SetTile): TrueGridTile {
  const { name, row, column, size, mesh, imaging, startX, startY, angleDeg } = tile;
  return {
    file: name,
    row,
    column,
    width: size.width,
    height: size.height,
    mosaicFromTile: affineToArray(tile.mosaicFromTile),
    ...(mesh && { mesh: { columns: mesh.columns, rows: mesh.rows, dx: [...mesh.dx], dy: [...mesh.dy] } }),
    gain: 1 / imaging.gain,
    offset: -imaging.offset / imaging.gain,
    startX,
    startY,
    angleDeg,
    imaging,
  };
}

function shapeOf({ recipe, rows, columns, index }: GridRequest): { rows: number; columns: number } {
  if (recipe.arrangement === 'grid') return { rows, columns };
  const isBeside = recipe.arrangement === 'pairs' && index % 2 === 0;
  return isBeside ? { rows: 1, columns: 2 } : { rows: 2, columns: 1 };
}
