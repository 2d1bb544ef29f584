import { decode } from 'jpeg-js';
import { maxJpegMegabytes, maxJpegMegapixels, maxJpegScans } from './limits.ts';

/** Interleaved 8-bit RGB; grey images have three equal samples a pixel. */
export interface DecodedJpeg {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A JPEG that asks for more than is given to one; not damage. */
export class JpegLimit extends Error {}

/** A block of 64 pixels takes one bit at least, in the first scan of a progressive JPEG. */
const mostPixelsPerByte = 512;

/**
 * Decodes a baseline or progressive 8-bit JPEG. `isYCbCr` forces or forbids the colour transform; null asks the stream.
 * @throws JpegLimit beyond the declared limits; Error with the decoder's own words on damage and on truncation
 */
export function decodeJpeg(bytes: Uint8Array, isYCbCr: boolean | null): DecodedJpeg {
  checkDemands(bytes);
  try {
    return decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: maxJpegMegapixels,
      maxMemoryUsageInMB: maxJpegMegabytes,
      ...(isYCbCr === null ? {} : { colorTransform: isYCbCr }),
    });
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes('limit exceeded')) throw new JpegLimit(cause.message);
    throw cause;
  }
}

/**
 * What a few bytes can ask for before anything of them is decoded: a frame of 65535 × 65535, and scan after scan of it.
 * @see ITU-T T.81, annex B
 */
function checkDemands(bytes: Uint8Array): void {
  let scans = 0;
  for (let at = 0; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0 || marker === 0xff || isAlone(marker)) {
      at++;
      continue;
    }
    const length = (bytes[at + 2] << 8) | bytes[at + 3];
    if (marker === 0xda && ++scans > maxJpegScans) throw new JpegLimit(`more than ${maxJpegScans} scans`);
    if (marker >= 0xc0 && marker <= 0xc2) checkFrame(bytes, at, length);
    at += 2 + Math.max(2, length);
  }
}

/** Markers without a length: restarts, start and end of the image. */
function isAlone(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd9) || marker === 1;
}

function checkFrame(bytes: Uint8Array, at: number, length: number): void {
  if (at + 10 > bytes.length || length !== 8 + 3 * bytes[at + 9]) throw new Error('its frame header is damaged');
  const pixels = ((bytes[at + 5] << 8) | bytes[at + 6]) * ((bytes[at + 7] << 8) | bytes[at + 8]);
  if (pixels > bytes.length * mostPixelsPerByte) throw new Error('it ends before its pixels do');
}
