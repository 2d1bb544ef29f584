import { afterEach, describe, expect, it, vi } from 'vitest';
import { screenPicture } from './screen-picture.ts';

describe('a picture for the screen', () => {
  afterEach(() => vi.unstubAllGlobals());
  const pixels = {} as ImageBitmapSource;

  it('is the bitmap that the browser makes', async () => {
    const bitmap = { width: 2 };
    vi.stubGlobal('createImageBitmap', async () => bitmap);
    expect(await screenPicture(pixels)).toBe(bitmap);
  });

  it('that the browser has no memory for is told in a sentence', async () => {
    const refused = () =>
      Promise.reject(new DOMException('The source image could not be decoded.', 'InvalidStateError'));
    vi.stubGlobal('createImageBitmap', refused);
    await expect(screenPicture(pixels)).rejects.toMatchObject({
      code: 'worker-lost',
      message: expect.stringMatching(/could not be decoded.*want of memory/) as string,
    });
  });
});
