import { decode } from 'jpeg-js';

/** Interleaved 8-bit RGB; grey images have three equal samples a pixel. */
export interface DecodedJpeg {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** jpeg-js holds coefficients of the whole image; beyond this it would take the tab down. */
const maxMegapixels = 400;
const maxMegabytes = 4096;

/**
 * Decodes a baseline or progressive 8-bit JPEG. `isYCbCr` forces or forbids the colour transform; null asks the stream.
 * @throws Error with the decoder's own words on damage, on truncation and beyond 400 megapixels
 */
export function decodeJpeg(bytes: Uint8Array, isYCbCr: boolean | null): DecodedJpeg {
  return decode(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: maxMegapixels,
    maxMemoryUsageInMB: maxMegabytes,
    ...(isYCbCr === null ? {} : { colorTransform: isYCbCr }),
  });
}
