import { affineToArray, centreToCornerConvention, isFiniteAffine, translation } from '../../core/geometry/affine2.ts';
import type { Affine2 } from '../../core/geometry/affine2.ts';
import { xmlElements } from '../metadata/xml-elements.ts';
import { badLayoutFile, parseCoordinate } from '../position-table.ts';
import { xmlElement } from '../xml-text.ts';
import { bySection, keptTranslation, lineName, lossWarnings, pixelSizeOf, placedTiles, textOf } from './hand-off.ts';
import type { HandOffFormat, HandOffInput, HandOffPlace, PlacedTile } from './hand-off.ts';

const textName = 'trakem2-import.txt';
const projectName = 'trakem2-project.xml';

/**
 * TrakEM2: a text file for *Import > Import from text file* (path, x, y, layer; translations only) and a project in XML
 * with the affine of every patch. TrakEM2 draws patches with Java2D, whose (0, 0) is the outer corner of the upper-left
 * pixel: affines are converted. The mosaic's bounds begin at (0, 0) of the canvas.
 * @see Cardona et al. 2012; TrakEM2 manual, "Import from text file"; java.awt.geom.AffineTransform (m00 m10 m01 m11 m02 m12)
 */
export const trakEm2: HandOffFormat = {
  write(input) {
    const tiles = placedTiles(input);
    const { bounds } = input.solution;
    const lines = tiles.map((tile) => {
      const { x, y } = keptTranslation(tile);
      const name = lineName(tile.file, '\t', 'TrakEM2’s text import');
      return `${name}\t${x - bounds[0]}\t${y - bounds[1]}\t${tile.section}\n`;
    });
    const warnings = [
      ...lossWarnings(input, 'affine', false),
      ...lossWarnings(input, 'translation', true)
        .filter((warning) => warning.startsWith('Positions only'))
        .map((warning) => `${textName}: ${warning} ${projectName} keeps them.`),
      `Put ${projectName} into the folder of the tiles; for ${textName} TrakEM2 asks for that folder.`,
    ];
    if (tiles.some(({ sampleType }) => sampleType === null))
      warnings.push('The sample type of the tiles is unknown here: the patches are declared 8-bit.');
    return {
      files: [
        { name: textName, text: lines.join('') },
        { name: projectName, text: projectXml(input, tiles) },
      ],
      warnings,
    };
  },

  read: (files) => readProject(textOf(files, projectName)),
};

/**
 * The places of the text file.
 * @throws StitchError `bad-layout-file` with the line
 */
export function readTrakEm2Text(text: string): readonly (HandOffPlace & { readonly layer: number })[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const cells = line.split('\t');
    if (cells.length < 4) throw badLayoutFile(textName, index + 1, 'expected path, x, y and layer, separated by tabs');
    const [x, y, layer] = cells.slice(1, 4).map((cell) => parseCoordinate(textName, index + 1, cell));
    return [{ file: cells[0], mosaicFromTile: translation(x, y), layer }];
  });
}

/** ImagePlus types; floats are GRAY32. */
const patchTypes = { uint8: 0, uint16: 1, int16: 1, float32: 2 } as const;
const colourType = 4;

/** The declaration that TrakEM2 reads its project template from: the elements and attributes used below. */
const documentType = `<!DOCTYPE trakem2_anything [
${declarations({
  trakem2: { content: '(project,t2_layer_set)', attributes: [] },
  project: { content: '(anything)', attributes: ['id', 'title', 'preprocessor', 'mipmaps_folder', 'storage_folder'] },
  anything: { content: 'EMPTY', attributes: ['id', 'expanded'] },
  t2_layer_set: {
    content: '(t2_layer,t2_calibration)',
    attributes: [
      'oid',
      'width',
      'height',
      'transform',
      'title',
      'layer_width',
      'layer_height',
      'rot_x',
      'rot_y',
      'rot_z',
    ],
  },
  t2_calibration: {
    content: 'EMPTY',
    attributes: ['pixelWidth', 'pixelHeight', 'pixelDepth', 'xOrigin', 'yOrigin', 'zOrigin', 'unit'],
  },
  t2_layer: { content: '(t2_patch)', attributes: ['oid', 'thickness', 'z', 'title'] },
  t2_patch: {
    content: 'EMPTY',
    attributes: [
      'oid',
      'width',
      'height',
      'transform',
      'title',
      'type',
      'file_path',
      'style',
      'o_width',
      'o_height',
      'min',
      'max',
    ],
  },
})}
] >`;

function declarations(
  elements: Readonly<Record<string, { readonly content: string; readonly attributes: readonly string[] }>>,
): string {
  return Object.entries(elements)
    .flatMap(([name, { content, attributes }]) => [
      `\t<!ELEMENT ${name} ${content}>`,
      ...attributes.map((attribute) => `\t<!ATTLIST ${name} ${attribute} NMTOKEN #REQUIRED>`),
    ])
    .join('\n');
}

function projectXml(input: HandOffInput, tiles: readonly PlacedTile[]): string {
  const { bounds } = input.solution;
  const [, , width, height] = bounds;
  let oid = 10;
  const layers = [...bySection(tiles)].map(([section, own]) =>
    xmlElement(
      't2_layer',
      { oid: oid++, thickness: '1.0', z: section, title: '' },
      `\n${own.map((tile) => patchElement(tile, oid++, bounds)).join('\n')}\n`,
    ),
  );
  const set = xmlElement(
    't2_layer_set',
    {
      oid: 3,
      width,
      height,
      transform: matrix({ a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }),
      title: 'Top level',
      layer_width: width,
      layer_height: height,
      rot_x: 0,
      rot_y: 0,
      rot_z: 0,
    },
    `\n${[calibration(pixelSizeOf(input.solution)), ...layers].join('\n')}\n`,
  );
  const project = xmlElement('project', {
    id: 0,
    title: 'em-stitch',
    preprocessor: '',
    mipmaps_folder: 'trakem2.mipmaps/',
    storage_folder: '',
  });
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n${documentType}\n\n<trakem2>\n${project}\n${set}\n</trakem2>\n`;
}

function calibration(nm: number | null): string {
  const size = nm ?? 1;
  const origin = { xOrigin: 0, yOrigin: 0, zOrigin: 0 };
  return xmlElement('t2_calibration', {
    pixelWidth: size,
    pixelHeight: size,
    pixelDepth: 1,
    ...origin,
    unit: nm === null ? 'pixel' : 'nm',
  });
}

function patchElement(tile: PlacedTile, oid: number, bounds: readonly number[]): string {
  const { entry, sampleType, channels } = tile;
  const corner = centreToCornerConvention(tile.mosaicFromTile);
  // The canvas begins at the outer corner of the pixel (bounds.x, bounds.y): half a pixel before its centre, in both.
  const canvasFromTile = { ...corner, e: corner.e - bounds[0], f: corner.f - bounds[1] };
  return xmlElement('t2_patch', {
    oid,
    width: entry.width,
    height: entry.height,
    transform: matrix(canvasFromTile),
    title: tile.id,
    type: channels === 3 ? colourType : patchTypes[sampleType ?? 'uint8'],
    file_path: tile.file,
    style: 'fill-opacity:1.0;stroke:#ffff00;',
    o_width: entry.width,
    o_height: entry.height,
    min: 0,
    max: sampleType === 'uint16' ? 65535 : sampleType === 'int16' ? 32767 : 255,
  });
}

function matrix(map: Affine2): string {
  return `matrix(${affineToArray(map).join(',')})`;
}

/** Places relative to the mosaic's bounds, centre convention. */
function readProject(text: string): readonly HandOffPlace[] {
  const places: HandOffPlace[] = [];
  for (const { name, attributes } of xmlElements(text)) {
    if (name !== 't2_patch') continue;
    const numbers =
      /^matrix\(([^)]*)\)$/
        .exec(attributes.get('transform') ?? '')?.[1]
        .split(',')
        .map(Number) ?? [];
    const file = attributes.get('file_path');
    const [a, b, c, d, e, f] = numbers;
    const corner = { a, b, c, d, e, f };
    if (file === undefined || numbers.length !== 6 || !isFiniteAffine(corner))
      throw badLayoutFile(projectName, null, 'a t2_patch has no file_path or no matrix of six numbers');
    places.push({ file, mosaicFromTile: cornerToCentre(corner) });
  }
  return places;
}

/** The inverse of `centreToCornerConvention`. */
function cornerToCentre(t: Affine2): Affine2 {
  return { ...t, e: t.e - 0.5 + (t.a + t.c) / 2, f: t.f - 0.5 + (t.b + t.d) / 2 };
}
