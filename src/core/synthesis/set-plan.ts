import type { Size } from '../geometry/rect.ts';
import { em424SourceSize } from './em424-grid.ts';
import { em424SetGrid, gridThatFitsEm424 } from './em424-set.ts';
import type { GridPlace } from './grid-spot.ts';
import { planSetGrid } from './set-grid.ts';
import type { PlannedGrid, SourceSpec } from './set-grid.ts';
import type { SynthesisPreset } from './presets.ts';
import { setRecipes, type SetRecipe, type Span } from './set-recipes.ts';
import type { TextureMap } from './texture-map.ts';
import type { TruthSplit } from './truth-set.ts';

/** What is asked of a set; null leaves it to the preset. */
export interface SetOptions {
  readonly preset: SynthesisPreset;
  readonly seed: number;
  readonly grids: number | null;
  readonly tiles: number | null;
  readonly split: TruthSplit | 'all';
  /** Rows and columns of a grid; null is 3 each, on images 2 each or, for `em424`, as many as fit. */
  readonly rows: number | null;
  readonly columns: number | null;
  readonly tileSide: number | null;
  readonly overlap: Span | null;
  readonly noiseSigma: Span | null;
  /** Scales of neighbours differ by up to ±1 %. */
  readonly similarity: boolean;
}

/** A source image; `texture` is not needed for `em424` and `disjoint`. */
export interface SourceImage {
  /** Base name of its file. */
  readonly name: string;
  readonly size: Size;
  readonly texture: TextureMap | null;
}

/** All grids of a set, and what the user should know. */
export interface SetPlan {
  readonly grids: readonly PlannedGrid[];
  readonly notes: readonly string[];
}

const defaultSide = 3;
/** Of source images, which are seldom full of tissue, smaller grids are cut. */
const defaultImageSide = 2;
const em424Grids = 424;
const em424Side = 1024;
/** Grids of each split in the order of their numbers; the rest train. */
const em424SplitGrids = 60;

/** True when a preset needs the texture of source images before places can be drawn. */
export function needsTexture(preset: SynthesisPreset): boolean {
  return preset !== 'em424' && setRecipes[preset].minTexture > 0;
}

/** Split of a grid: in `em424` the first 60 validate, the next 60 test, the rest train; all others test. */
export function splitOf(preset: SynthesisPreset, index: number): TruthSplit {
  if (preset !== 'em424' || (index >= em424SplitGrids && index < 2 * em424SplitGrids)) return 'test';
  return index < em424SplitGrids ? 'validate' : 'train';
}

/**
 * Draws every grid of a set: the same options and sources give the same plan. Grids are numbered from 0 over the whole
 * set and go round the sources; `grids` and `tiles` count within the wanted split.
 * @throws RangeError when no source is large enough, or none shows enough texture.
 */
export function planSet(options: SetOptions, sources: readonly SourceImage[]): SetPlan {
  const planner = options.preset === 'em424' ? em424Planner(options, sources) : recipePlanner(options, sources);
  const grids: PlannedGrid[] = [];
  let tiles = 0;
  const isEnough = () =>
    options.tiles !== null ? tiles >= options.tiles : grids.length >= (options.grids ?? planner.defaultGrids);
  for (let index = 0; !isEnough(); index++) {
    const split = splitOf(options.preset, index);
    if (options.split !== 'all' && split !== options.split) {
      if (options.grids === null && options.tiles === null && index >= planner.defaultGrids) break;
      continue;
    }
    const grid = planner.plan(index, split);
    grids.push(grid);
    tiles += grid.tiles.length;
    const isWhole = options.grids === null && options.tiles === null && options.split !== 'all';
    if (isWhole && index + 1 >= planner.defaultGrids) break;
  }
  return { grids, notes: planner.notes };
}

interface Planner {
  readonly defaultGrids: number;
  readonly notes: readonly string[];
  plan(index: number, split: TruthSplit): PlannedGrid;
}

function em424Planner(options: SetOptions, sources: readonly SourceImage[]): Planner {
  const tileSide = options.tileSide ?? em424Side;
  const { seed } = options;
  const notes: string[] = [];
  if (sources.length === 0) {
    const rows = options.rows ?? defaultSide;
    const columns = options.columns ?? defaultSide;
    const size = em424SourceSize(rows, columns, tileSide);
    return {
      defaultGrids: em424Grids,
      notes,
      plan: (index, split) => {
        const specimen = setRecipes['pair-15-clean'].specimens[index % 4];
        const source: SourceSpec = { kind: 'procedural', seed, index, specimen, size, fadeTo: null };
        return em424SetGrid({ index, split, seed, tileSide, source, sourceName: `procedural:${index}`, size });
      },
    };
  }
  const fitting = sources.flatMap((image, file) => {
    const size = gridThatFitsEm424(image.size, tileSide, options);
    if (!size) notes.push(tooSmall(image, em424SourceSize(1, 2, tileSide)));
    return size ? [{ image, file, size }] : [];
  });
  requireSome(fitting.length, `at least two tiles of ${tileSide} px`, em424SourceSize(1, 2, tileSide));
  return {
    defaultGrids: fitting.length,
    notes,
    plan: (index, split) => {
      const { image, file, size } = fitting[index % fitting.length];
      const source: SourceSpec = { kind: 'file', file, fadeTo: null, seed, index };
      return em424SetGrid({ index, split, seed, tileSide, source, sourceName: image.name, size });
    },
  };
}

function recipePlanner(options: SetOptions, sources: readonly SourceImage[]): Planner {
  const { preset, seed } = options;
  if (preset === 'em424') throw new RangeError('em424 has no recipe of spans');
  const recipe = adjusted(setRecipes[preset], options);
  const notes: string[] = [];
  const side = sources.length > 0 ? defaultImageSide : defaultSide;
  const [rows, columns] = [options.rows ?? side, options.columns ?? side];
  const context = { preset, seed, recipe, rows, columns };
  const model = options.similarity ? 'similarity' : recipe.distortion ? 'mesh' : 'rigid';
  const live = sources.map((image, file) => ({ image, file }));
  let next = 0;
  const place = (index: number, split: TruthSplit): PlannedGrid => {
    if (sources.length === 0) return required(planSetGrid({ ...context, index, split, model, place: null }));
    while (live.length > 0) {
      next %= live.length;
      const { image, file } = live[next];
      const gridPlace: GridPlace = { name: image.name, file, size: image.size, texture: image.texture };
      const planned = planSetGrid({ ...context, index, split, model, place: gridPlace });
      if (typeof planned !== 'string') {
        next++;
        return planned;
      }
      notes.push(`${image.name} is left out: ${planned}`);
      live.splice(next, 1);
    }
    throw new RangeError(`no source image can be used. ${notes.join(' ')}`);
  };
  const pairs = rows * (columns - 1) + columns * (rows - 1);
  return {
    defaultGrids: recipe.arrangement === 'grid' ? Math.ceil(recipe.pairs / pairs) : recipe.pairs,
    notes,
    plan: place,
  };
}

function required(planned: PlannedGrid | string): PlannedGrid {
  if (typeof planned === 'string') throw new RangeError(planned);
  return planned;
}

function adjusted(recipe: SetRecipe, options: SetOptions): SetRecipe {
  const { tileSide } = options;
  const { width, height } = recipe.tileSize;
  const longer = Math.max(width, height);
  return {
    ...recipe,
    overlap: options.overlap ?? recipe.overlap,
    noiseSigma: options.noiseSigma ?? recipe.noiseSigma,
    tileSize: tileSide
      ? { width: Math.round((tileSide * width) / longer), height: Math.round((tileSide * height) / longer) }
      : recipe.tileSize,
  };
}

function tooSmall({ name, size }: SourceImage, needed: Size): string {
  return (
    `${name} is left out: ${size.width}×${size.height} px, a grid needs ${needed.width}×${needed.height} or the ` +
    'two sides exchanged; take smaller tiles with --tile.'
  );
}

function requireSome(count: number, what: string, needed: Size): void {
  if (count === 0)
    throw new RangeError(
      `no source image holds ${what} (${needed.width}×${needed.height} px); take larger images or a smaller --tile.`,
    );
}
