import * as v from 'valibot';
import { isFiniteAffine } from '../../core/geometry/affine2.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import { badLayoutFile } from '../position-table.ts';
import { lossWarnings, pixelSizeOf, placedTiles, textOf } from './hand-off.ts';
import type { HandOffFormat, PlacedTile } from './hand-off.ts';

const sceneName = 'zarr.json';
/** The coordinate system of every tile's own multiscale image, in physical units. */
const tileSystem = 'physical';
const tileEnding = '.ome.zarr';

/**
 * An OME-NGFF 0.6 scene (draft): the root of an OME-Zarr hierarchy with one affine a tile, from the tile's physical
 * coordinates to `world`, rows in the order of the axes (y, x). Pixel centres have whole coordinates there, as here;
 * lengths are multiplied by the pixel size. Each tile is expected as an OME-Zarr image beside it, `FILE.ome.zarr`.
 * @see ome/ngff-spec, schemas/scene.schema and coordinate_transformations.schema; RFC 5
 */
export const ngffScene: HandOffFormat = {
  write(input) {
    const nm = pixelSizeOf(input.solution);
    const unit = nm === null ? {} : { unit: 'nanometer' };
    const axis = (name: string) => ({ name, type: 'space', discrete: false, ...unit });
    const scene = {
      coordinateSystems: [{ name: 'world', axes: [axis('y'), axis('x')] }],
      coordinateTransformations: placedTiles(input).map((tile) => transformation(tile, nm ?? 1)),
    };
    const root = { zarr_format: 3, node_type: 'group', attributes: { ome: { version: '0.6', scene } } };
    const warnings = [
      ...lossWarnings(input, 'affine', false),
      `The tiles themselves are not converted: put each as an OME-Zarr image beside ${sceneName}, named FILE${tileEnding}, ` +
        `with a coordinate system "${tileSystem}" (y, x) in ${nm === null ? 'pixels' : 'nanometres'}.`,
      'NGFF 0.6 is a draft; the names follow its schemas of late 2025.',
    ];
    const sections = new Set(placedTiles(input).map(({ section }) => section));
    if (sections.size > 1) warnings.push('The sections of the stack lie on one another: the scene is two-dimensional.');
    return { files: [{ name: sceneName, text: `${JSON.stringify(root, null, 1)}\n` }], warnings };
  },

  read: (files) => readScene(textOf(files, sceneName)),
};

function transformation({ id, file, mosaicFromTile }: PlacedTile, nm: number): unknown {
  const { a, b, c, d, e, f } = mosaicFromTile;
  return {
    type: 'affine',
    name: id,
    input: { path: `${file}${tileEnding}`, name: tileSystem },
    output: { name: 'world' },
    affine: [
      [d, b, f * nm],
      [c, a, e * nm],
    ],
  };
}

const row = v.tuple([v.number(), v.number(), v.number()]);
const sceneSchema = v.object({
  attributes: v.object({
    ome: v.object({
      scene: v.object({
        coordinateSystems: v.pipe(
          v.array(
            v.object({
              name: v.string(),
              axes: v.array(v.object({ name: v.string(), unit: v.optional(v.literal('nanometer')) })),
            }),
          ),
          v.minLength(1),
        ),
        coordinateTransformations: v.array(
          v.object({ type: v.literal('affine'), input: v.object({ path: v.string() }), affine: v.tuple([row, row]) }),
        ),
      }),
    }),
  }),
});

/** Places in the units of `world`: nanometres where it says so, else pixels. */
function readScene(text: string) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw badLayoutFile(sceneName, null, 'it is not valid JSON');
  }
  const result = v.safeParse(sceneSchema, json);
  if (!result.success) {
    const [issue] = result.issues;
    throw badLayoutFile(sceneName, null, `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`);
  }
  return result.output.attributes.ome.scene.coordinateTransformations.map(({ input, affine }) => {
    const [[d, b, f], [c, a, e]] = affine;
    const mosaicFromTile: Affine2 = { a, b, c, d, e, f };
    if (!isFiniteAffine(mosaicFromTile)) throw badLayoutFile(sceneName, null, 'an affine is not finite');
    return { file: input.path.replace(/\.ome\.zarr$/, ''), mosaicFromTile };
  });
}
