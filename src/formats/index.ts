import { notAnImage, truncatedFile, unsupportedImage } from './format-errors.ts';
import type { HandOffFormat } from './handoff/hand-off.ts';
import type { ByteSource, ImageFile } from './image-file.ts';
import type { MosaicWriter } from './mosaic-writer.ts';
import type { OutputBits } from './pyramid-samples.ts';

/** Reads one image format. */
export interface ImageReader {
  /**
   * Parses the headers.
   * @throws StitchError `truncated-file`, `unsupported-image`, `unreadable-file`
   */
  open(source: ByteSource): Promise<ImageFile>;
}

/** What the file chooser and the sniffer need to know of a format, without loading its reader. */
export interface ReaderDescriptor {
  readonly id: string;
  readonly label: string;
  /** Lower case, without the dot; a hint for choosers only, the content decides. */
  readonly extensions: readonly string[];
  /** True when the first bytes of a file (up to 1024) are this format's. */
  readonly sniff: (head: Uint8Array) => boolean;
  readonly load: () => Promise<ImageReader>;
}

const sniffBytes = 1024;

/** The readers, in the order they are asked; MRC has the weakest signature and comes last. */
export const readers = {
  tiff: {
    id: 'tiff',
    label: 'TIFF, BigTIFF, OME-TIFF',
    extensions: ['tif', 'tiff', 'btf', 'tf8', 'tf2'],
    sniff: (head) =>
      startsWith(head, 'II*\0') || startsWith(head, 'MM\0*') || startsWith(head, 'II+\0') || startsWith(head, 'MM\0+'),
    load: async () => ({ open: (await import('./tiff/tiff-reader.ts')).openTiff }),
  },
  png: {
    id: 'png',
    label: 'PNG',
    extensions: ['png'],
    sniff: (head) => startsWith(head, '\x89PNG\r\n\x1a\n'),
    load: async () => ({ open: (await import('./png.ts')).openPng }),
  },
  jpeg: {
    id: 'jpeg',
    label: 'JPEG',
    extensions: ['jpg', 'jpeg'],
    sniff: (head) => startsWith(head, '\xff\xd8\xff'),
    load: async () => ({ open: (await import('./jpeg.ts')).openJpeg }),
  },
  bmp: {
    id: 'bmp',
    label: 'BMP',
    extensions: ['bmp'],
    // "BM" alone is weak: the reserved words are zero and the pixels begin behind the headers.
    sniff: (head) => startsWith(head, 'BM') && head.length >= 26 && head.subarray(6, 10).every((b) => b === 0),
    load: async () => ({ open: (await import('./bmp.ts')).openBmp }),
  },
  mrc: {
    id: 'mrc',
    label: 'MRC',
    extensions: ['mrc', 'st', 'map', 'rec', 'ali', 'mrcs'],
    sniff: isMrcHead,
    load: async () => ({ open: (await import('./mrc.ts')).openMrc }),
  },
} as const satisfies Record<string, ReaderDescriptor>;

/** Id of a reader. */
export type ReaderId = keyof typeof readers;

/** What a menu needs to know of a format that mosaics are written in, without loading its writer. */
export interface MosaicFormatDescriptor {
  readonly id: string;
  readonly label: string;
  /** One line for the user: what it is and who reads it. */
  readonly about: string;
  /** Suggested name of the file. */
  readonly fileName: string;
  /** Endings that name the format, lower case. */
  readonly extensions: readonly string[];
  readonly mimeType: string;
  /** True where it can also be a folder of files; the single file is then a ZIP archive. */
  readonly canBeFolder: boolean;
  /** Sample types that a user may ask for. */
  readonly bits: readonly OutputBits[];
  readonly load: () => Promise<MosaicWriter>;
}

/** The formats that mosaics are written in. */
export const mosaicFormats = {
  tiff: {
    id: 'tiff',
    label: 'TIFF',
    about: 'Full resolution, tiled, Deflate; BigTIFF above 4 GB',
    fileName: 'mosaic.tif',
    extensions: ['.tif', '.tiff'],
    mimeType: 'image/tiff',
    canBeFolder: false,
    bits: ['8', '16', '32f'],
    load: async () => (await import('./mosaic-tiff.ts')).mosaicTiffWriter,
  },
  'ome-tiff': {
    id: 'ome-tiff',
    label: 'OME-TIFF',
    about: 'Pyramid with pixel size and the place of every tile; QuPath, Fiji (Bio-Formats), napari',
    fileName: 'mosaic.ome.tif',
    extensions: ['.ome.tif', '.ome.tiff'],
    mimeType: 'image/tiff',
    canBeFolder: false,
    bits: ['8', '16', '32f'],
    load: async () => (await import('./ome-tiff.ts')).omeTiffWriter,
  },
  'ome-zarr': {
    id: 'ome-zarr',
    label: 'OME-Zarr 0.5',
    about: 'Pyramid of chunks for the web and clusters; napari, Neuroglancer, Vizarr',
    fileName: 'mosaic.ome.zarr.zip',
    extensions: ['.zarr', '.zarr.zip', '.ozx'],
    mimeType: 'application/zip',
    canBeFolder: true,
    bits: ['8', '16', '32f'],
    load: async () => (await import('./ome-zarr.ts')).omeZarrWriter,
  },
  dzi: {
    id: 'dzi',
    label: 'Deep Zoom (DZI)',
    about: '8-bit pyramid of PNG tiles to look at on a web page; OpenSeadragon',
    fileName: 'mosaic-dzi.zip',
    extensions: ['.dzi', '.dzi.zip', '-dzi.zip'],
    mimeType: 'application/zip',
    canBeFolder: true,
    bits: ['8'],
    load: async () => (await import('./deep-zoom.ts')).deepZoomWriter,
  },
  png: {
    id: 'png',
    label: 'PNG',
    about: 'One picture for slides and papers; up to 268 megapixels',
    fileName: 'mosaic.png',
    extensions: ['.png'],
    mimeType: 'image/png',
    canBeFolder: false,
    bits: ['8', '16'],
    load: async () => (await import('./png-writer.ts')).mosaicPngWriter,
  },
} as const satisfies Record<string, MosaicFormatDescriptor>;

/** Id of a format that mosaics are written in. */
export type MosaicFormat = keyof typeof mosaicFormats;

/** What a menu needs to know of a program that a solution can be handed to. */
export interface HandOffDescriptor {
  readonly id: string;
  readonly label: string;
  /** One line for the user: what it is and what it cannot carry. */
  readonly about: string;
  readonly load: () => Promise<HandOffFormat>;
}

/** The programs that a solution can be handed to. */
export const handOffs = {
  trakem2: {
    id: 'trakem2',
    label: 'TrakEM2',
    about: 'Project XML with every affine, and a text import of positions; no mesh, no brightness',
    load: async () => (await import('./handoff/trakem2.ts')).trakEm2,
  },
  render: {
    id: 'render',
    label: 'Janelia render',
    about: 'Tile specs with every affine, and the match collection; no mesh, no brightness',
    load: async () => (await import('./handoff/render-tilespec.ts')).renderTileSpecs,
  },
  bigstitcher: {
    id: 'bigstitcher',
    label: 'BigStitcher',
    about: 'SpimData XML with every affine, for BigStitcher-Spark too; no mesh, no links',
    load: async () => (await import('./handoff/bigstitcher.ts')).bigStitcher,
  },
  ngff: {
    id: 'ngff',
    label: 'OME-NGFF 0.6 scene',
    about: 'Every affine in nanometres (draft format); the tiles must be OME-Zarr images; no mesh',
    load: async () => (await import('./handoff/ngff-scene.ts')).ngffScene,
  },
  mist: {
    id: 'mist',
    label: 'MIST positions',
    about: 'Whole-pixel positions; rotation, stretch and mesh are dropped',
    load: async () => (await import('./handoff/mist-positions.ts')).mistPositions,
  },
  feabas: {
    id: 'feabas',
    label: 'feabas coordinates',
    about: 'Positions as a start for its elastic stitching; rotation, stretch and mesh are dropped',
    load: async () => (await import('./handoff/feabas.ts')).feabasCoordinates,
  },
} as const satisfies Record<string, HandOffDescriptor>;

/** Id of a program that a solution can be handed to. */
export type HandOffId = keyof typeof handOffs;

/** Known image formats that are not read: first bytes and name. */
const refusedFormats: readonly (readonly [string, string])[] = [
  ['GIF8', 'a GIF'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000'],
  ['\xff\x4f\xff\x51', 'a JPEG 2000 code stream'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL'],
  ['\xff\x0a', 'a JPEG XL code stream'],
  ['\0\0\0\x03\0', 'a Gatan DM3'],
  ['\0\0\0\x04\0\0\0\0', 'a Gatan DM4'],
  ['ZISRAWFILE', 'a Zeiss CZI'],
  ['\x89HDF\r\n', 'an HDF5 (or Imaris, or EMD)'],
  ['P5', 'a PGM'],
  ['P6', 'a PPM'],
  ['SIMPLE  =', 'a FITS'],
];

const otherFiles: readonly (readonly [string, string])[] = [
  ['%PDF', 'the file is a PDF'],
  ['PK\x03\x04', 'the file is a ZIP archive (unpack it first)'],
  ['\x1f\x8b', 'the file is a gzip archive (unpack it first)'],
  ['7z\xbc\xaf', 'the file is a 7z archive (unpack it first)'],
];

/**
 * Opens an image by its content, whatever its name says: headers only.
 * @throws StitchError `not-an-image`, `truncated-file` (a file of zero bytes too), `unsupported-image` naming the
 *   variant, `unreadable-file`; every message names the file and the next step
 */
export async function openImage(source: ByteSource): Promise<ImageFile> {
  if (source.size === 0) throw truncatedFile(source.name, 'the file is empty (0 bytes)');
  const head = await source.read(0, Math.min(sniffBytes, source.size));
  for (const descriptor of Object.values<ReaderDescriptor>(readers)) {
    if (descriptor.sniff(head)) return (await descriptor.load()).open(source);
  }
  const refused = refusedFormats.find(([magic]) => startsWith(head, magic));
  if (refused !== undefined) throw unsupportedImage(source.name, `${refused[1]} file, which is not read here`);
  if (startsWith(head, 'RIFF') && startsWith(head.subarray(8), 'WEBP'))
    throw unsupportedImage(source.name, 'a WebP file, which is not read here');
  const other = otherFiles.find(([magic]) => startsWith(head, magic));
  throw notAnImage(source.name, other?.[1] ?? 'the file is no image that is known here');
}

function startsWith(head: Uint8Array, magic: string): boolean {
  if (head.length < magic.length) return false;
  for (let i = 0; i < magic.length; i++) if (head[i] !== magic.charCodeAt(i)) return false;
  return true;
}

/** An MRC of 2000 and later says "MAP " at byte 208; an older one is known by its dimensions, mode and axes. */
function isMrcHead(head: Uint8Array): boolean {
  if (head.length < sniffBytes) return false;
  if (startsWith(head.subarray(208), 'MAP')) return true;
  const view = new DataView(head.buffer, head.byteOffset, sniffBytes);
  return [true, false].some((littleEndian) => {
    const words = [0, 4, 8, 12, 64, 68, 72].map((at) => view.getInt32(at, littleEndian));
    const isSize = words.slice(0, 3).every((n) => n > 0 && n <= 2 ** 20);
    return isSize && words[3] >= 0 && words[3] <= 101 && words.slice(4).sort().join() === '1,2,3';
  });
}
