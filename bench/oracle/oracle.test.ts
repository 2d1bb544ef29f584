import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compareWithLibtiff, oraclePython } from './compare.ts';

it.skipIf(!existsSync(oraclePython))(
  'reads 300 files of as many variants as libtiff, libpng and libjpeg read them [needs python3 with numpy, PIL and libtiff]',
  async () => {
    // The last third of the variants; `npm run bench -- oracle` takes all of them several times.
    const { files, wrong, worstJpeg } = await compareWithLibtiff(3, 700, 300);
    expect(wrong).toEqual([]);
    expect(files).toBeGreaterThan(290);
    expect(worstJpeg).toBeLessThanOrEqual(3);
  },
);
