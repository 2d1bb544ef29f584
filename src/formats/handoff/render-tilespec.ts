import * as v from 'valibot';
import { applyAffine, affineToArray, isFiniteAffine } from '../../core/geometry/affine2.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import { badLayoutFile } from '../position-table.ts';
import { lossWarnings, placedTiles, textOf } from './hand-off.ts';
import type { HandOffFormat, LinkMatches, PlacedTile } from './hand-off.ts';

const tilesName = 'render-tilespecs.json';
const matchesName = 'render-matches.json';
const affineClass = 'mpicbg.trakem2.transform.AffineModel2D';

/**
 * Janelia render: tile specs with one affine each, and the match collection (canvas matches) of the links. mpicbg
 * interpolates at whole coordinates, so that its (0, 0) is a pixel centre, as here: nothing is converted. Coordinates are
 * those of solution.json.
 * @see saalfeldlab/render, docs/src/site/markdown/data-model.md, and its issue 61 on the centre of reduced pixels
 */
export const renderTileSpecs: HandOffFormat = {
  write(input) {
    const tiles = placedTiles(input);
    const byId = new Map(tiles.map((tile) => [tile.id, tile]));
    const matches = input.links.flatMap((link) => {
      const [a, b] = [byId.get(link.a), byId.get(link.b)];
      return a && b ? [canvasMatches(link, a, b)] : [];
    });
    const warnings = [
      ...lossWarnings(input, 'affine', false),
      'imageUrl is relative to the folder of the tiles; render wants absolute addresses (file:/…).',
    ];
    if (matches.length === 0) warnings.push('No matches are at hand; the match collection is empty.');
    const lines = (items: readonly unknown[]) => `[\n${items.map((item) => JSON.stringify(item)).join(',\n')}\n]\n`;
    return {
      files: [
        { name: tilesName, text: lines(tiles.map(tileSpec)) },
        { name: matchesName, text: lines(matches) },
      ],
      warnings,
    };
  },

  read: (files) => readTileSpecs(textOf(files, tilesName)),
};

function sectionId({ section }: PlacedTile): string {
  return `${section}.0`;
}

/** Half of a surrogate pair, which a name may hold and an address may not, becomes U+FFFD. */
function urlPart(name: string): string {
  return encodeURIComponent(name.replace(/\p{Surrogate}/gu, '\uFFFD'));
}

function tileSpec(tile: PlacedTile): unknown {
  const { entry, mosaicFromTile, sampleType, stage } = tile;
  const [m00, m10, m01, m11, m02, m12] = affineToArray(mosaicFromTile);
  const corners = [
    [0, 0],
    [entry.width, 0],
    [0, entry.height],
    [entry.width, entry.height],
  ].map(([x, y]) => applyAffine(mosaicFromTile, x, y));
  const range = (values: readonly number[]) => [Math.min(...values), Math.max(...values)];
  const [minX, maxX] = range(corners.map(({ x }) => x));
  const [minY, maxY] = range(corners.map(({ y }) => y));
  return {
    tileId: tile.id,
    layout: {
      sectionId: sectionId(tile),
      ...(entry.row === null ? {} : { imageRow: entry.row }),
      ...(entry.column === null ? {} : { imageCol: entry.column }),
      ...(stage === null ? {} : { stageX: stage.x, stageY: stage.y }),
    },
    z: tile.section,
    minX,
    minY,
    maxX,
    maxY,
    width: entry.width,
    height: entry.height,
    minIntensity: 0,
    maxIntensity: sampleType === 'uint16' ? 65535 : sampleType === 'int16' ? 32767 : 255,
    mipmapLevels: { '0': { imageUrl: `file:${tile.file.split('/').map(urlPart).join('/')}` } },
    transforms: {
      type: 'list',
      specList: [{ type: 'leaf', className: affineClass, dataString: [m00, m10, m01, m11, m02, m12].join(' ') }],
    },
  };
}

/** Ids stand in the order (group, id), as render stores them. */
function canvasMatches(link: LinkMatches, a: PlacedTile, b: PlacedTile): unknown {
  const keyOf = (tile: PlacedTile) => [sectionId(tile), tile.id] as const;
  const [groupA, idA] = keyOf(a);
  const [groupB, idB] = keyOf(b);
  const isOrdered = groupA === groupB ? idA < idB : groupA < groupB;
  const [p, q] = isOrdered ? [a, b] : [b, a];
  const [inP, inQ] = isOrdered ? [link.inA, link.inB] : [link.inB, link.inA];
  return {
    pGroupId: sectionId(p),
    pId: p.id,
    qGroupId: sectionId(q),
    qId: q.id,
    matches: { p: columns(inP), q: columns(inQ), w: Array.from(link.weights) },
  };
}

function columns(points: ArrayLike<number>): readonly (readonly number[])[] {
  const pick = (offset: number) => Array.from({ length: points.length / 2 }, (_, n) => points[2 * n + offset]);
  return [pick(0), pick(1)];
}

const specSchema = v.array(
  v.object({
    tileId: v.string(),
    mipmapLevels: v.object({ '0': v.object({ imageUrl: v.string() }) }),
    transforms: v.object({
      type: v.literal('list'),
      specList: v.pipe(
        v.array(v.object({ type: v.literal('leaf'), className: v.literal(affineClass), dataString: v.string() })),
        v.length(1),
      ),
    }),
  }),
);

function readTileSpecs(text: string) {
  return parsed(specSchema, text, tilesName).map(({ mipmapLevels, transforms }) => {
    const numbers = transforms.specList[0].dataString.split(' ').map(Number);
    const [a, b, c, d, e, f] = numbers;
    const mosaicFromTile: Affine2 = { a, b, c, d, e, f };
    if (numbers.length !== 6 || !isFiniteAffine(mosaicFromTile))
      throw badLayoutFile(tilesName, null, 'a dataString is not six numbers');
    const path = mipmapLevels['0'].imageUrl.replace(/^file:/, '');
    return { file: decodedPath(path), mosaicFromTile };
  });
}

function decodedPath(path: string): string {
  try {
    return path.split('/').map(decodeURIComponent).join('/');
  } catch {
    throw badLayoutFile(tilesName, null, `"${path.slice(0, 40)}" is no address of a file`);
  }
}

const matchesSchema = v.array(
  v.object({
    pGroupId: v.string(),
    pId: v.string(),
    qGroupId: v.string(),
    qId: v.string(),
    matches: v.object({
      p: v.tuple([v.array(v.number()), v.array(v.number())]),
      q: v.tuple([v.array(v.number()), v.array(v.number())]),
      w: v.array(v.number()),
    }),
  }),
);

/** The match collection of a hand-off. @throws StitchError `bad-layout-file` */
export function readRenderMatches(text: string): v.InferOutput<typeof matchesSchema> {
  return parsed(matchesSchema, text, matchesName);
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, text: string, name: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw badLayoutFile(name, null, `it is not valid JSON (${cause instanceof Error ? cause.message : ''})`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw badLayoutFile(name, null, `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
}
