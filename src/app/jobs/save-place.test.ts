import { afterEach, describe, expect, it, vi } from 'vitest';
import { browserSavePlace } from './save-place.ts';

describe('a download', () => {
  afterEach(() => vi.restoreAllMocks());

  it('that the browser has no address for is told in a sentence, with the name of the file', () => {
    vi.spyOn(URL, 'createObjectURL').mockImplementation(() => {
      throw new TypeError('Failed to execute createObjectURL');
    });
    const place = browserSavePlace({} as Window & typeof globalThis);
    expect(() => place.download('m.tif', new Blob(['x']))).toThrow(
      expect.objectContaining({ code: 'write-failed', message: expect.stringContaining('m.tif') as string }),
    );
  });
});
