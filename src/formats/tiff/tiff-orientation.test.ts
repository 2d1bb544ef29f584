import { describe, expect, it } from 'vitest';
import { silentContext } from '../../core/progress.ts';
import { byteSourceFromBytes } from '../byte-source.ts';
import { openTiff } from './tiff-reader.ts';

/** A 3 × 2 TIFF of the pixels 1…6 in one strip, with an Orientation tag. */
function tiffWith(orientation: number): Uint8Array {
  const entries: readonly (readonly [number, number])[] = [
    [256, 3],
    [257, 2],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 8],
    [274, orientation],
    [277, 1],
    [278, 2],
    [279, 6],
  ];
  const bytes = new Uint8Array(14 + 2 + entries.length * 12 + 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 14, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
  view.setUint16(14, entries.length, true);
  entries.forEach(([tag, value], k) => {
    const at = 16 + k * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, 3, true);
    view.setUint32(at + 4, 1, true);
    view.setUint16(at + 8, value, true);
  });
  return bytes;
}

describe('the Orientation tag of a TIFF', () => {
  it('is said when viewers turn or mirror the picture, which is read as it is stored', async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const image = await openTiff(byteSourceFromBytes('t.tif', tiffWith(orientation)));
      const [raster] = await image.readRegion(0, undefined, silentContext.signal);
      expect([...raster.data]).toEqual([1, 2, 3, 4, 5, 6]);
      const { notes } = image.pages[0];
      if (orientation === 1) expect(notes).toEqual([]);
      else expect(notes).toEqual([expect.stringMatching(`Orientation tag \\(${orientation}\\).*read as it is stored`)]);
    }
  });
});
