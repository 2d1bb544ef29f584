/** Tags of TIFF 6.0, its supplements and the vendors we read. @see TIFF 6.0 Specification, Appendix A */
export const tiffTag = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  dateTime: 306,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  zeissSem: 34118,
  feiSfeg: 34680,
  feiHelios: 34682,
  fibics: 51023,
} as const;

/** Codes of the Compression tag that are decoded. */
export const tiffCompression = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  deflateOld: 32946,
  zstd: 50000,
  zstdOld: 34926,
} as const;

/** Names of the compressions that are refused. @see libtiff tiff.h */
export const refusedCompressions: ReadonlyMap<number, string> = new Map([
  [2, 'CCITT modified Huffman (1-bit fax)'],
  [3, 'CCITT Group 3 (1-bit fax)'],
  [4, 'CCITT Group 4 (1-bit fax)'],
  [6, 'old-style JPEG'],
  [32766, 'NeXT 2-bit'],
  [32771, 'CCITT RLE with word alignment (1-bit fax)'],
  [32809, 'ThunderScan 4-bit'],
  [33003, 'JPEG 2000 (Aperio)'],
  [33005, 'JPEG 2000 (Aperio)'],
  [34661, 'JBIG'],
  [34676, 'SGI LogLuv'],
  [34677, 'SGI LogLuv 24'],
  [34712, 'JPEG 2000'],
  [34887, 'LERC'],
  [34892, 'lossy JPEG (DNG)'],
  [34925, 'LZMA2'],
  [34927, 'WebP'],
  [50001, 'WebP'],
  [50002, 'JPEG XL'],
]);

export const photometric = { minIsWhite: 0, minIsBlack: 1, rgb: 2, palette: 3, yCbCr: 6 } as const;

/** Names of the photometric interpretations that are refused. */
export const refusedPhotometrics: ReadonlyMap<number, string> = new Map([
  [4, 'transparency mask'],
  [5, 'CMYK (or other ink) colour'],
  [8, 'CIE L*a*b* colour'],
  [9, 'ICC L*a*b* colour'],
  [10, 'ITU L*a*b* colour'],
  [32803, 'colour-filter-array (raw camera)'],
  [32844, 'LogL'],
  [32845, 'LogLuv'],
  [34892, 'linear raw camera'],
]);

/** Size in bytes of each field type; 0 for codes that do not exist. @see TIFF 6.0 section 2; BigTIFF adds 16, 17, 18 */
export const fieldTypeBytes: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
