/**
 * The declared limits of what is read: beyond them a file is refused with a typed error, before memory is asked for or
 * time is spent. They are far above what microscopes write and below what takes a tab or a laptop of 4 GB down.
 */

/** Longest side of an image, px. */
export const maxSidePx = 2 ** 24;
/** Pixels of one call of `readRegion`, bytes of all channels together; a larger page is read in parts. */
export const maxRegionBytes = 2 ** 30;
/** One strip or tile of a TIFF, decoded, bytes. */
export const maxSegmentBytes = 2 ** 30;
/** Strips and tiles of a TIFF page. */
export const maxSegments = 2 ** 24;
/** Strips and tiles that one call of `readRegion` touches. */
export const maxSegmentsAtOnce = 2 ** 20;
/** Pages of a file. */
export const maxPages = 65536;
/** Values of one TIFF tag. */
export const maxTagBytes = 2 ** 28;
export const maxTagValues = 2 ** 26;
/** Text of one TIFF tag (OME-XML of 10,000 tiles has 20 MB), bytes. */
export const maxTagText = 2 ** 26;
/** Window that a zstd frame may ask for: what the zstd program itself allows. @see RFC 8878, section 3.1.1.1.2 */
export const maxZstdWindowBytes = 2 ** 27;
/**
 * A stream of more than `bombFromBytes` decoded bytes that grows more than `maxGrowth`-fold is no picture. Deflate
 * reaches 1032 : 1 and an LZW string has at most 4096 bytes; zstd alone could go on.
 */
export const bombFromBytes = 2 ** 26;
export const maxGrowth = 1100;
/** A JPEG's pixels, and what its decoder may ask for, MB: it holds the coefficients of the whole image. */
export const maxJpegMegapixels = 400;
export const maxJpegMegabytes = 1000;
/** Scans of a progressive JPEG; encoders write about ten. */
export const maxJpegScans = 100;
/** Marker segments and fill bytes before a JPEG's frame header; chunks of a PNG. */
export const maxJpegSegments = 65536;
export const maxPngChunks = 2 ** 20;
/** Side, place and area of a mosaic that a solution may state, px: 10,000 tiles of 64 megapixels have 2³⁹. */
export const maxMosaicSidePx = 2 ** 31 - 1;
export const maxPlacePx = 2 ** 40;
export const maxMosaicPixels = 2 ** 44;
/** Rows or columns of a grid that a project may state. */
export const maxGridLines = 100_000;
/** A line of a layout file. */
export const maxLineLength = 16384;
