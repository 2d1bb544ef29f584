import { affineToArray } from '../core/geometry/affine2.ts';
import type { Placement } from '../core/mosaic/mosaic.ts';
import type { SampleType } from '../core/raster/raster.ts';
import { describeChange } from './pyramid-source.ts';
import type { MosaicPicture } from './pyramid-source.ts';
import { softwareName } from './software.ts';
import { escapeXml, xmlElement } from './xml-text.ts';

const schema = 'http://www.openmicroscopy.org/Schemas/OME/2016-06';
const pixelTypes: Readonly<Record<SampleType, string>> = {
  uint8: 'uint8',
  uint16: 'uint16',
  int16: 'int16',
  float32: 'float',
};
/** Namespaces of the annotations: who wrote them and what they are. */
const tileNamespace = 'em-stitch/tile';
const mosaicNamespace = 'em-stitch/mosaic';

/**
 * The OME-XML block of a mosaic: one image of one plane with its pixel size, the place of its upper-left pixel in the
 * mosaic, and an annotation a tile that tells where it lies. Reduced copies are not mentioned, as the format asks.
 * @see OME data model, schema 2016-06; OME-TIFF 6.0
 */
export function omeXml(picture: MosaicPicture, name: string): string {
  const tiles = picture.options.content === 'mask' ? [] : picture.mosaic.placements;
  const annotations = [mosaicAnnotation(picture), ...tiles.map(tileAnnotation)];
  const references = annotations.map((_, index) => xmlElement('AnnotationRef', { ID: annotationId(index) }));
  const image = xmlElement('Image', { ID: 'Image:0', Name: name }, pixelsElement(picture) + references.join(''));
  const structured = annotations.map((pairs, index) =>
    xmlElement(
      'MapAnnotation',
      { ID: annotationId(index), Namespace: index === 0 ? mosaicNamespace : tileNamespace },
      xmlElement('Value', {}, pairs.map(([key, value]) => xmlElement('M', { K: key }, escapeXml(value))).join('')),
    ),
  );
  const attributes = {
    xmlns: schema,
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    'xsi:schemaLocation': `${schema} ${schema}/ome.xsd`,
    Creator: softwareName,
  };
  const whole = xmlElement('OME', attributes, image + xmlElement('StructuredAnnotations', {}, structured.join('')));
  return `<?xml version="1.0" encoding="UTF-8"?>${whole}`;
}

function pixelsElement({ size, channels, sampleType, mosaic, options }: MosaicPicture): string {
  const { pixelSizeNm } = mosaic;
  const unit = pixelSizeNm === null ? null : 'nm';
  const place = pixelSizeNm ?? 1;
  const attributes = {
    ID: 'Pixels:0',
    DimensionOrder: 'XYCZT',
    Type: pixelTypes[sampleType],
    BigEndian: 'false',
    Interleaved: channels === 3 ? 'true' : null,
    SizeX: size.width,
    SizeY: size.height,
    SizeZ: 1,
    SizeC: channels,
    SizeT: 1,
    PhysicalSizeX: pixelSizeNm,
    PhysicalSizeXUnit: unit,
    PhysicalSizeY: pixelSizeNm,
    PhysicalSizeYUnit: unit,
  };
  const planeUnit = unit ?? 'pixel';
  const plane = {
    TheZ: 0,
    TheC: 0,
    TheT: 0,
    PositionX: options.region.x * place,
    PositionXUnit: planeUnit,
    PositionY: options.region.y * place,
    PositionYUnit: planeUnit,
  };
  return xmlElement(
    'Pixels',
    attributes,
    xmlElement('Channel', { ID: 'Channel:0:0', SamplesPerPixel: channels }, '') +
      xmlElement('TiffData', { IFD: 0, PlaneCount: 1 }) +
      xmlElement('Plane', plane),
  );
}

type Pairs = readonly (readonly [string, string])[];

function mosaicAnnotation({ mosaic, options, change }: MosaicPicture): Pairs {
  const { compose, region, content } = options;
  const values = describeChange(change);
  return [
    ['software', softwareName],
    ['content', content],
    ['bounds of the mosaic (x y width height, px)', rectText(mosaic.bounds)],
    ['region (x y width height, mosaic px)', rectText(region)],
    ['blend', compose.blend],
    ['interpolation', compose.interpolation],
    ['tones evened', String(compose.evenTones && compose.blend !== 'none')],
    ['fill', String(compose.fill)],
    ...(values === null ? [] : [['values', values] as const]),
  ];
}

function rectText({ x, y, width, height }: { x: number; y: number; width: number; height: number }): string {
  return `${x} ${y} ${width} ${height}`;
}

function tileAnnotation({ tile, size, mosaicFromTile, state, tone }: Placement): Pairs {
  return [
    ['file', tile],
    ['size (width height, px)', `${size.width} ${size.height}`],
    ['mosaicFromTile (a b c d e f, px, pixel centres)', affineToArray(mosaicFromTile).join(' ')],
    ['state', state],
    ['gain', String(tone.gain)],
    ['offset', String(tone.offset)],
  ];
}

function annotationId(index: number): string {
  return `Annotation:${index}`;
}
