import { StitchError } from '../src/core/errors.ts';

/**
 * Pixels as the screen takes them.
 * @throws StitchError `worker-lost` where the browser makes no bitmap: it has no memory for it
 */
export async function screenPicture(pixels: ImageBitmapSource): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(pixels);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StitchError(
      'worker-lost',
      `A picture for the screen could not be made (${why}), most likely for want of memory. Close other tabs and look again; the solution is kept.`,
      {},
      { cause },
    );
  }
}
