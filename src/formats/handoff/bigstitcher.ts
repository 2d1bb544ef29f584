import { isFiniteAffine } from '../../core/geometry/affine2.ts';
import { xmlElements } from '../metadata/xml-elements.ts';
import { badLayoutFile } from '../position-table.ts';
import { escapeXml, xmlElement } from '../xml-text.ts';
import { lossWarnings, pixelSizeOf, placedTiles, textOf } from './hand-off.ts';
import type { HandOffFormat, HandOffPlace, PlacedTile } from './hand-off.ts';

const datasetName = 'bigstitcher-dataset.xml';

/**
 * BigStitcher and BigStitcher-Spark: a SpimData dataset whose `filemap2` loader names the tiles and whose registrations
 * hold one affine each, row-packed 3 × 4, in pixels; the section is z. imglib2 puts whole coordinates on pixel centres, as
 * here: nothing is converted. Coordinates are those of solution.json.
 * @see Hörl et al. 2019, BigStitcher; bigdataviewer spim_data 0.2; multiview-reconstruction, XmlIOFileMapImgLoaderLOCI2
 */
export const bigStitcher: HandOffFormat = {
  write(input) {
    const tiles = placedTiles(input);
    const parts = [
      xmlElement('BasePath', { type: 'relative' }, '.'),
      sequenceDescription(tiles, pixelSizeOf(input.solution)),
      xmlElement('ViewRegistrations', {}, `\n${tiles.map(registration).join('\n')}\n`),
      ...[
        'ViewInterestPoints',
        'BoundingBoxes',
        'PointSpreadFunctions',
        'StitchingResults',
        'IntensityAdjustments',
      ].map((name) => xmlElement(name, {})),
    ];
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n${xmlElement('SpimData', { version: '0.2' }, `\n${parts.join('\n')}\n`)}\n`;
    const warnings = [...lossWarnings(input, 'affine', true), `Put ${datasetName} into the folder of the tiles.`];
    if (tiles.some(({ channels }) => channels === 3))
      warnings.push('Colour tiles are one channel here; BigStitcher takes the first.');
    return { files: [{ name: datasetName, text }], warnings };
  },

  read: (files) => readDataset(textOf(files, datasetName)),
};

function sequenceDescription(tiles: readonly PlacedTile[], nm: number | null): string {
  const mapping = tiles.map(({ file, page }, setup) =>
    xmlElement(
      'FileMapping',
      { view_setup: setup, timepoint: 0, series: page, channel: 0 },
      xmlElement('file', { type: 'relative' }, escapeXml(file)),
    ),
  );
  const loader = xmlElement(
    'ImageLoader',
    { format: 'spimreconstruction.filemap2' },
    `\n${xmlElement('ZGrouped', {}, 'false')}\n${xmlElement('files', {}, `\n${mapping.join('\n')}\n`)}\n`,
  );
  const setups = tiles.map((tile, setup) => viewSetup(tile, setup, nm));
  const tileAttributes = tiles.map(({ id }, setup) => xmlElement('Tile', {}, idAndName(setup, id)));
  const attributes = [
    xmlElement('Attributes', { name: 'illumination' }, xmlElement('Illumination', {}, idAndName(0, '0'))),
    xmlElement('Attributes', { name: 'channel' }, xmlElement('Channel', {}, idAndName(0, '0'))),
    xmlElement('Attributes', { name: 'tile' }, `\n${tileAttributes.join('\n')}\n`),
    xmlElement('Attributes', { name: 'angle' }, xmlElement('Angle', {}, idAndName(0, '0'))),
  ];
  const timepoints = xmlElement('Timepoints', { type: 'pattern' }, xmlElement('integerpattern', {}, '0'));
  const parts = [loader, xmlElement('ViewSetups', {}, `\n${[...setups, ...attributes].join('\n')}\n`), timepoints];
  return xmlElement('SequenceDescription', {}, `\n${[...parts, xmlElement('MissingViews', {})].join('\n')}\n`);
}

function idAndName(id: number, name: string): string {
  return xmlElement('id', {}, String(id)) + xmlElement('name', {}, escapeXml(name));
}

function viewSetup({ id, entry }: PlacedTile, setup: number, nm: number | null): string {
  const voxel =
    xmlElement('unit', {}, nm === null ? 'pixel' : 'nm') + xmlElement('size', {}, `${nm ?? 1} ${nm ?? 1} 1`);
  const attributes = [
    ['illumination', 0],
    ['channel', 0],
    ['tile', setup],
    ['angle', 0],
  ].map(([name, value]) => xmlElement(String(name), {}, String(value)));
  return xmlElement(
    'ViewSetup',
    {},
    idAndName(setup, id) +
      xmlElement('size', {}, `${entry.width} ${entry.height} 1`) +
      xmlElement('voxelSize', {}, voxel) +
      xmlElement('attributes', {}, attributes.join('')),
  );
}

function registration({ mosaicFromTile, section }: PlacedTile, setup: number): string {
  const { a, b, c, d, e, f } = mosaicFromTile;
  const rows = [a, c, 0, e, b, d, 0, f, 0, 0, 1, section].join(' ');
  const transform = xmlElement(
    'ViewTransform',
    { type: 'affine' },
    xmlElement('Name', {}, 'em-stitch solution') + xmlElement('affine', {}, rows),
  );
  return xmlElement('ViewRegistration', { timepoint: 0, setup }, transform);
}

function readDataset(text: string): readonly HandOffPlace[] {
  const files = new Map<string, string>();
  const places: HandOffPlace[] = [];
  let setup = '';
  for (const { name, attributes, text: content, ancestors } of xmlElements(text)) {
    if (name === 'FileMapping') setup = attributes.get('view_setup') ?? '';
    if (name === 'file' && ancestors.at(-1) === 'FileMapping') files.set(setup, content);
    if (name === 'ViewRegistration') setup = attributes.get('setup') ?? '';
    if (name !== 'affine') continue;
    const numbers = content.split(/\s+/).map(Number);
    const [a, c, , e, b, d, , f] = numbers;
    const mosaicFromTile = { a, b, c, d, e, f };
    const file = files.get(setup);
    if (file === undefined || numbers.length !== 12 || !isFiniteAffine(mosaicFromTile))
      throw badLayoutFile(datasetName, null, `view setup ${setup} has no file or no affine of twelve numbers`);
    places.push({ file, mosaicFromTile });
  }
  return places;
}
