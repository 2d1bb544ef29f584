import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallMosaic } from '../src/core/testing/small-mosaic.ts';
import { defaultComposeOptions } from '../src/core/mosaic/mosaic.ts';
import { silentContext } from '../src/core/progress.ts';
import { exportMosaic, formatOfPath } from './export-mosaic.ts';
import { folderSink } from './folder-sink.ts';

const compose = { ...defaultComposeOptions, evenTones: false };

describe('exporting a mosaic to disk', () => {
  it('takes the format from the ending of the path', () => {
    const paths = [
      'm.tif',
      'm.TIFF',
      'm.ome.tif',
      'a.b/m.ome.tiff',
      'm.zarr',
      'm.ome.zarr.zip',
      'm.ozx',
      'm.dzi',
      'm.png',
      'm',
    ];
    expect(paths.map(formatOfPath)).toEqual([
      'tiff',
      'tiff',
      'ome-tiff',
      'ome-tiff',
      'ome-zarr',
      'ome-zarr',
      'ome-zarr',
      'dzi',
      'png',
      'tiff',
    ]);
  });

  it('writes a folder or an archive of one OME-Zarr, and leaves nothing beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    const { mosaic, reader } = smallMosaic('uint8', 1);
    const first = await exportMosaic(join(folder, 'm.zarr'), mosaic, compose, reader, silentContext);
    const second = await exportMosaic(join(folder, 'm.ozx'), mosaic, compose, reader, silentContext);
    expect([first.kind, second.kind]).toEqual(['OME-Zarr 0.5', 'OME-Zarr 0.5']);
    expect(readdirSync(folder).sort()).toEqual(['m.ozx', 'm.zarr']);
    expect(JSON.parse(readFileSync(join(folder, 'm.zarr', 'zarr.json'), 'utf8'))).toMatchObject({ zarr_format: 3 });
    await expect(exportMosaic(join(folder, 'm.zarr'), mosaic, compose, reader, silentContext)).rejects.toThrow(
      /exists/,
    );
  });

  it('removes what a cancelled export has written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    const { mosaic, reader } = smallMosaic('uint8', 1);
    for (const name of ['m.zarr', 'm.dzi', 'm.ome.tif', 'm.png']) {
      const controller = new AbortController();
      const context = { ...silentContext, signal: controller.signal, onProgress: () => controller.abort() };
      const writing = exportMosaic(join(folder, name), mosaic, compose, reader, context);
      await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('keeps a folder out of sight until it is whole, and says what kept it from being written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    const path = join(folder, 'tree');
    const sink = await folderSink(path);
    await sink.write('a/b.txt', Uint8Array.of(1, 2, 3));
    expect(existsSync(path)).toBe(false);
    await expect(sink.write('a/b.txt', Uint8Array.of(4))).rejects.toMatchObject({ code: 'write-failed' });
    writeFileSync(join(folder, 'tree.partial', 'c'), '');
    await expect(sink.write('c/d.txt', Uint8Array.of(4))).rejects.toThrow(/could not be written.*solution is kept/);
    expect(await sink.commit()).toBe(3);
    expect(execFileSync('find', [path, '-type', 'f'], { encoding: 'utf8' })).toContain('tree/a/b.txt');
  });
});
