import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentContext } from '../src/core/progress.ts';
import { defaultSyntheticGrid, type SyntheticGridOptions } from '../src/core/synthesis/synthetic-grid.ts';
import type { Truth } from '../src/core/synthesis/truth.ts';
import { cropRaster } from '../src/core/raster/raster.ts';
import { byteSourceFromBytes } from '../src/formats/byte-source.ts';
import { openImage } from '../src/formats/index.ts';
import { memorySink } from '../src/formats/memory-sink.ts';
import { makeSampleGrid } from '../src/formats/sample-grid.ts';
import { writeTiledTiff } from '../src/formats/tiff/tiff-writer.ts';
import type { App } from './app.ts';

/** Four tiles of 320 px that SIFT and LoFTR link: small enough for a test of what surrounds the matching. */
export const tinyGrid: SyntheticGridOptions = {
  ...defaultSyntheticGrid,
  rows: 2,
  columns: 2,
  tileSize: { width: 320, height: 320 },
  overlap: { x: 0.25, y: 0.25 },
  maxShiftPx: 4,
  maxRotationRad: 0,
  nameOf: (row, column) => `tile_r${row + 1}_c${column + 1}.tif`,
};

/** A new empty folder below the system's temporary one. */
export function emptyFolder(name: string): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'em-stitch-')), name);
  mkdirSync(folder);
  return folder;
}

/** Writes the tiles of a synthetic grid into `folder` as TIFF and gives their truth. */
export async function writeGrid(folder: string, options: Partial<SyntheticGridOptions> = {}): Promise<Truth> {
  const { files, truth } = await makeSampleGrid(options.seed ?? 1, silentContext, { ...tinyGrid, ...options });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  return truth;
}

/** Stitches a dropped grid of four tiles with SIFT and answers its folder. */
export async function stitchTinyGrid(app: App): Promise<string> {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.stitch();
  return folder;
}

/** Leaves only the upper-left `width` × `height` pixels of a TIFF. */
export async function cropTiff(path: string, width: number, height: number): Promise<void> {
  const image = await openImage(byteSourceFromBytes(path, readFileSync(path)));
  const [raster] = await image.readRegion(0, { x: 0, y: 0, width, height }, silentContext.signal);
  const { channels, sampleType, pixelSizeNm } = image.pages[0];
  const sink = memorySink();
  const cropped = { size: { width, height }, channels, sampleType, pixelSizeNm, software: 'em-stitch test' };
  await writeTiledTiff(sink, cropped, async (rect) => [cropRaster(raster, rect)], {}, silentContext);
  writeFileSync(path, sink.bytes());
}

/** An uncompressed TIFF of one strip in any bit depth, photometric interpretation and number of samples, all zero. */
export function plainTiff(side: number, bits: number, photometric: number, samples: number): Uint8Array {
  const entries: readonly (readonly [number, number])[] = [
    [256, side],
    [257, side],
    [258, bits], // for CMYK all four samples share the one value
    [259, 1],
    [262, photometric],
    [273, 8],
    [277, samples],
    [278, side],
    [279, Math.ceil((side * bits * samples) / 8) * side],
  ];
  const stripBytes = entries[entries.length - 1][1];
  const directoryAt = 8 + stripBytes + (stripBytes % 2);
  const bytes = new Uint8Array(directoryAt + 2 + entries.length * 12 + 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  view.setUint32(4, directoryAt, true);
  view.setUint16(directoryAt, entries.length, true);
  entries.forEach(([tag, value], k) => {
    const at = directoryAt + 2 + k * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, 4, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, value, true);
  });
  return bytes;
}
