import { unitGain } from '../core/photometry/gain-offset.ts';
import * as v from 'valibot';
import { StitchError } from '../core/errors.ts';
import { affineToArray, isFiniteAffine } from '../core/geometry/affine2.ts';
import type { Affine2 } from '../core/geometry/affine2.ts';
import type { DisplacementMesh } from '../core/geometry/displacement-mesh.ts';
import type { SolveReport } from '../core/graph/pose-graph.ts';
import { transformModels } from '../core/matching/link.ts';
import type { PairResult } from '../core/matching/link.ts';
import { commonSampleType } from '../core/mosaic/build-mosaic.ts';
import { blendModes, topmostChoices } from '../core/mosaic/mosaic.ts';
import type { Mosaic, Placement } from '../core/mosaic/mosaic.ts';
import { matcherIds } from '../core/options.ts';
import { shadingChoices } from '../core/photometry/shading-field.ts';
import type { ShadingField } from '../core/photometry/shading-field.ts';
import type { StitchOptions } from '../core/options.ts';
import { maxMosaicPixels, maxMosaicSidePx, maxPlacePx } from './limits.ts';
import { pairKey, tileId } from '../core/tiles/tile.ts';
import type { Layout, Tile, TileId } from '../core/tiles/tile.ts';

const finite = v.pipe(v.number(), v.finite());
const whole = v.pipe(v.number(), v.integer());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const side = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(maxMosaicSidePx));
const corner = v.pipe(v.number(), v.integer(), v.minValue(-maxPlacePx), v.maxValue(maxPlacePx));
/** Nodes of a mesh along a side. */
const nodes = v.pipe(v.number(), v.integer(), v.minValue(2));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Beyond this a place is damage: sums of such numbers are infinite. */
const coefficient = v.pipe(v.number(), v.minValue(-maxPlacePx), v.maxValue(maxPlacePx));
const affine = v.tuple([coefficient, coefficient, coefficient, coefficient, coefficient, coefficient]);

const tileSchema = v.object({
  /** Relative to the dropped folder, '/' separated. */
  file: v.pipe(v.string(), v.minLength(1)),
  /** Page of a multi-page file; absent means the first. */
  page: v.optional(count),
  section: v.optional(whole),
  row: v.nullable(whole),
  column: v.nullable(whole),
  width: side,
  height: side,
  /** [a, b, c, d, e, f], full-resolution px, centre convention; null for unplaced tiles. */
  mosaicFromTile: v.nullable(affine),
  /** Displacements in mosaic px at the nodes of a regular grid over the pixel centres, row-major, added to the affine's result. */
  mesh: v.optional(
    v.pipe(
      v.object({ columns: nodes, rows: nodes, dx: v.array(coefficient), dy: v.array(coefficient) }),
      v.check(
        ({ columns, rows, dx, dy }) => dx.length === columns * rows && dy.length === columns * rows,
        'a mesh needs one displacement a node',
      ),
    ),
  ),
  state: v.picklist(['solved', 'prior', 'unplaced']),
  reason: v.optional(v.string()),
  gain: finite,
  offset: finite,
  sigmaPx: v.nullable(finite),
  /** Connected component of links, 0 = largest. */
  component: v.optional(count),
});

const linkSchema = v.object({
  /** Tile ids: the file, `#page` appended when it is not the first. */
  a: v.string(),
  b: v.string(),
  state: v.picklist(['link', 'excluded', 'rejected']),
  /** Of `excluded`: `by-hand` or `worst-link`; of `rejected`: the reason's code. */
  reason: v.optional(v.string()),
  detail: v.optional(v.string()),
  aFromB: v.nullable(affine),
  matches: count,
  inliers: count,
  confidence: v.nullable(share),
  rmsPx: v.nullable(finite),
  residualPx: v.nullable(finite),
  /** Factor of the robust loss, 0…1. */
  weight: v.optional(v.nullable(share)),
});

/** Every choice of a run as JSON. */
export const optionsSchema = v.object({
  matcher: v.picklist(matcherIds),
  pair: v.object({
    model: v.picklist(transformModels),
    minConfidence: v.nullable(share),
    ransacPx: v.pipe(finite, v.gtValue(0)),
    marginFraction: v.pipe(finite, v.minValue(0)),
    align: v.optional(v.boolean(), true),
  }),
  solve: v.object({
    model: v.picklist(transformModels),
    removal: v.nullable(v.object({ timesMean: finite, minPx: finite })),
    robustScalePx: v.pipe(finite, v.gtValue(0)),
    refine: v.optional(v.boolean()),
    elastic: v.optional(v.boolean()),
  }),
  shading: v.optional(v.picklist(shadingChoices)),
  compose: v.object({
    blend: v.picklist(blendModes),
    interpolation: v.picklist(['bilinear', 'bicubic']),
    topmost: v.optional(v.picklist(topmostChoices), 'first'),
    evenTones: v.boolean(),
    fill: finite,
  }),
});

const solutionSchema = v.object({
  version: v.literal(1),
  tiles: v.array(tileSchema),
  links: v.array(linkSchema),
  options: optionsSchema,
  /** Name and version of the network; null for matchers without one. */
  model: v.nullable(v.string()),
  device: v.string(),
  /** [x, y, width, height], whole px: pixel (i, j) of the exported image is the mosaic point (x + i, y + j). */
  bounds: v.pipe(
    v.tuple([corner, corner, side, side]),
    v.check(([, , width, height]) => width * height <= maxMosaicPixels, 'no mosaic has so many pixels'),
  ),
  pixelSizeNm: v.optional(v.nullable(v.pipe(finite, v.gtValue(0)))),
  /** What every tile's values are divided by before gain and offset: nodes of a regular grid over its pixel centres, row-major. */
  shading: v.optional(
    v.pipe(
      v.object({ columns: nodes, rows: nodes, values: v.array(v.pipe(finite, v.gtValue(0))) }),
      v.check(({ columns, rows, values }) => values.length === columns * rows, 'a shading needs one value a node'),
    ),
  ),
});

/** solution.json: every tile in drawing order (the first on top), every proposed pair, options, model, device. */
export type Solution = v.InferOutput<typeof solutionSchema>;
export type SolutionTile = Solution['tiles'][number];
export type SolutionLink = Solution['links'][number];

/** A finished run; what a solution is made from. */
export interface SolvedRun {
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly pairs: readonly PairResult[];
  readonly report: SolveReport;
  readonly mosaic: Mosaic;
  readonly options: StitchOptions;
  readonly model: string | null;
  readonly device: string;
  /** Keys of the links that the user excluded. */
  readonly excluded: ReadonlySet<string>;
  /** Number of the section in its stack. */
  readonly section?: number;
}

/** The solution of a run. Tiles stand in drawing order, unplaced ones last; links are sorted by pair. */
export function solutionFrom(run: SolvedRun): Solution {
  const byId = new Map(run.tiles.map((tile) => [tile.id, tile]));
  const placed = run.mosaic.placements.flatMap((placement) => {
    const tile = byId.get(placement.tile);
    return tile === undefined ? [] : [solutionTile(run, tile, placement)];
  });
  const drawn = new Set(run.mosaic.placements.map(({ tile }) => tile));
  const others = run.tiles.filter((tile) => !drawn.has(tile.id)).map((tile) => solutionTile(run, tile, null));
  const { bounds } = run.mosaic;
  return {
    version: 1,
    tiles: [...placed, ...others],
    links: solutionLinks(run),
    options: structuredClone(run.options),
    model: run.model,
    device: run.device,
    bounds: [bounds.x, bounds.y, bounds.width, bounds.height],
    pixelSizeNm: run.mosaic.pixelSizeNm,
    ...(run.mosaic.shading ? { shading: shadingEntry(run.mosaic.shading) } : {}),
  };
}

function solutionTile(run: SolvedRun, tile: Tile, placement: Placement | null): SolutionTile {
  const cell = run.layout.kind === 'grid' ? run.layout.cells.get(tile.id) : undefined;
  const tone = placement?.tone ?? unitGain;
  const state = placement?.state ?? 'unplaced';
  const reason = reasonOf(run, tile.id, state);
  return {
    file: tile.file,
    ...(tile.page > 0 ? { page: tile.page } : {}),
    ...(run.section === undefined ? {} : { section: run.section }),
    row: cell?.row ?? null,
    column: cell?.column ?? null,
    width: tile.size.width,
    height: tile.size.height,
    mosaicFromTile: placement === null ? null : [...affineToArray(placement.mosaicFromTile)],
    ...(placement?.mesh === undefined ? {} : { mesh: meshEntry(placement.mesh) }),
    state,
    ...(reason === null ? {} : { reason }),
    gain: tone.gain,
    offset: tone.offset,
    sigmaPx: finiteOrNull(run.report.sigmaPx.get(tile.id)),
    ...(placement === null ? {} : { component: placement.component }),
  };
}

/** A shading as its floats are: composing again must give the same bytes. */
function shadingEntry({ columns, rows, values }: ShadingField): NonNullable<Solution['shading']> {
  return { columns, rows, values: Array.from(values) };
}

/** A mesh in ten-thousandths of a px: finer than anyone measures, and the file stays readable. */
function meshEntry({ columns, rows, dx, dy }: DisplacementMesh): NonNullable<SolutionTile['mesh']> {
  const rounded = (values: ArrayLike<number>) => Array.from(values, (value) => Math.round(value * 1e4) / 1e4 + 0);
  return { columns, rows, dx: rounded(dx), dy: rounded(dy) };
}

/** Why a tile is not carried by links, from the fate of its pairs. */
function reasonOf(run: SolvedRun, id: TileId, state: SolutionTile['state']): string | null {
  if (state === 'solved') return null;
  const own = run.pairs.filter(({ pair }) => pair.a === id || pair.b === id);
  if (own.length === 0) return 'no neighbour was proposed for it';
  const details = own.map((result) =>
    result.kind === 'rejected'
      ? result.detail
      : run.excluded.has(pairKey(result.pair))
        ? 'link excluded'
        : 'link removed',
  );
  return details.join('; ');
}

function solutionLinks(run: SolvedRun): SolutionLink[] {
  const edges = new Map(run.report.edges.map((edge) => [edge.pairKey, edge]));
  const sorted = [...run.pairs].sort((p, q) => (pairKey(p.pair) < pairKey(q.pair) ? -1 : 1));
  return sorted.map((result): SolutionLink => {
    const key = pairKey(result.pair);
    const ends = { a: result.pair.a, b: result.pair.b };
    const matches = result.correspondences.confidence.length;
    if (result.kind === 'rejected') {
      const { reason, detail } = result;
      const nothing = { aFromB: null, matches, inliers: 0, confidence: null, rmsPx: null, residualPx: null };
      return { ...ends, state: 'rejected', reason, detail, ...nothing };
    }
    const edge = edges.get(key);
    const reason = run.excluded.has(key) ? 'by-hand' : edge?.removed === true ? 'worst-link' : null;
    return {
      ...ends,
      state: reason === null ? 'link' : 'excluded',
      ...(reason === null ? {} : { reason }),
      aFromB: [...affineToArray(result.aFromB)],
      matches,
      inliers: result.inliers,
      confidence: finiteOrNull(result.confidence),
      rmsPx: finiteOrNull(result.rmsPx),
      residualPx: finiteOrNull(edge?.residualPx),
      weight: finiteOrNull(edge?.weight),
    };
  });
}

/** JSON has no NaN and no Infinity. */
function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/**
 * The text of solution.json: one line a tile and a link, numbers to the last bit.
 * @throws StitchError `bad-solution` when a number is not finite: it could not be read back
 */
export function writeSolution(solution: Solution): string {
  const checked = v.safeParse(solutionSchema, solution);
  if (!checked.success) throw invalid(checked.issues);
  const { tiles, links, ...rest } = solution;
  const lines = (items: readonly unknown[]): string =>
    items.length === 0 ? '[]' : `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  const others = Object.entries(rest).filter(([key]) => key !== 'version');
  const fields = [
    '"version": 1',
    `"tiles": ${lines(tiles)}`,
    `"links": ${lines(links)}`,
    ...others.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`),
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

/**
 * Reads a solution.json.
 * @throws StitchError `bad-solution` naming the field that does not hold
 */
export function parseSolution(text: string): Solution {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw badSolution('it is not valid JSON', cause);
  }
  const result = v.safeParse(solutionSchema, json);
  if (!result.success) throw invalid(result.issues);
  const ids = result.output.tiles.map(({ file, page }) => tileId(file, page));
  if (new Set(ids).size !== ids.length) throw badSolution('it lists a tile twice');
  const lost = result.output.tiles.find(
    ({ state, mosaicFromTile }) => (state === 'unplaced') !== (mosaicFromTile === null),
  );
  if (lost !== undefined) throw badSolution(`${lost.file} is ${lost.state}, but its place says otherwise`);
  return result.output;
}

/**
 * The mosaic of a solution over the same tiles: the same solution and files give the same pixels everywhere.
 * @throws StitchError `bad-solution` when a placed tile is missing or has another size
 */
export function mosaicFromSolution(solution: Solution, tiles: readonly Tile[]): Mosaic {
  const find = tileFinder(tiles);
  const used: Tile[] = [];
  const placements: Placement[] = [];
  for (const entry of solution.tiles) {
    if (entry.mosaicFromTile === null) continue;
    const tile = find(entry);
    if (tile.size.width !== entry.width || tile.size.height !== entry.height)
      throw badSolution(
        `${entry.file} has ${tile.size.width} × ${tile.size.height} pixels where the solution says ${entry.width} × ${entry.height}`,
      );
    used.push(tile);
    placements.push({
      tile: tile.id,
      size: tile.size,
      mosaicFromTile: affineFromArray(entry.mosaicFromTile),
      ...(entry.mesh === undefined ? {} : { mesh: meshFrom(entry.mesh) }),
      state: entry.state,
      component: entry.component ?? 0,
      tone: { gain: entry.gain, offset: entry.offset },
    });
  }
  if (placements.length === 0) throw badSolution('it places no tile');
  const [x, y, width, height] = solution.bounds;
  return {
    bounds: { x, y, width, height },
    placements,
    channels: used.some(({ channels }) => channels === 3) ? 3 : 1,
    sampleType: commonSampleType(used.map(({ sampleType }) => sampleType)),
    pixelSizeNm: solution.pixelSizeNm ?? null,
    ...(solution.shading
      ? { shading: { ...solution.shading, values: Float32Array.from(solution.shading.values) } }
      : {}),
  };
}

function meshFrom({ columns, rows, dx, dy }: NonNullable<SolutionTile['mesh']>): DisplacementMesh {
  return { columns, rows, dx: Float64Array.from(dx), dy: Float64Array.from(dy) };
}

/** Tiles by the path of the solution, or by name alone where the folder was dropped from another level. */
function tileFinder(tiles: readonly Tile[]): (entry: SolutionTile) => Tile {
  const byId = new Map(tiles.map((tile) => [tile.id, tile]));
  return (entry) => {
    const page = entry.page ?? 0;
    const exact = byId.get(tileId(entry.file, page));
    if (exact !== undefined) return exact;
    const name = baseName(entry.file);
    const alike = tiles.filter((tile) => tile.page === page && baseName(tile.file) === name);
    if (alike.length !== 1) throw badSolution(`its tile ${entry.file} is not among the files`);
    return alike[0];
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function affineFromArray([a, b, c, d, e, f]: readonly [number, number, number, number, number, number]): Affine2 {
  const map = { a, b, c, d, e, f };
  if (!isFiniteAffine(map)) throw badSolution('a place is not finite');
  return map;
}

function invalid(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): StitchError {
  const [issue] = issues;
  return badSolution(`${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
}

function badSolution(what: string, cause?: unknown): StitchError {
  const next = 'Choose the solution.json that was written for these tiles.';
  return new StitchError('bad-solution', `The solution does not hold: ${what}. ${next}`, {}, { cause });
}
