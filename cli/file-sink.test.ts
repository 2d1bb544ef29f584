import { existsSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import { silentContext } from '../src/core/progress.ts';
import { smallMosaic } from '../src/core/testing/small-mosaic.ts';
import { exportMosaic } from './export-mosaic.ts';
import { fileSink } from './node-files.ts';

const fullDevice = '/dev/full';

describe('a file that is written', () => {
  it('appears whole or not at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
    const path = join(folder, 'a.bin');
    const sink = await fileSink(path);
    await sink.writeAt(3, Uint8Array.of(4, 5));
    await sink.writeAt(0, Uint8Array.of(1, 2, 3));
    expect(existsSync(path)).toBe(false);
    await sink.commit();
    expect([...readFileSync(path)]).toEqual([1, 2, 3, 4, 5]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });

  it('is not kept when its size is not what was written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
    const path = join(folder, 'a.bin');
    const sink = await fileSink(path);
    await sink.writeAt(0, new Uint8Array(100));
    truncateSync(`${path}.partial`, 60);
    await expect(sink.commit()).rejects.toMatchObject({ code: 'write-failed' });
    await sink.abort();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!existsSync(fullDevice))(
    `says that the disk is full and leaves nothing, in every format of one file [needs ${fullDevice}]`,
    async () => {
      for (const name of ['m.tif', 'm.ome.tif', 'm.ozx', 'm.png']) {
        const folder = mkdtempSync(join(tmpdir(), 'file-sink-'));
        const path = join(folder, name);
        symlinkSync(fullDevice, `${path}.partial`);
        const { mosaic, reader } = smallMosaic('uint8', 1, 200);
        await expect(exportMosaic(path, mosaic, defaultComposeOptions, reader, silentContext)).rejects.toMatchObject({
          code: 'write-failed',
          message: expect.stringMatching(/no space left.*solution is kept/i) as string,
        });
        expect(readdirSync(folder)).toEqual([]);
      }
    },
  );
});
