import type { Rect, Size } from '../geometry/rect.ts';
import type { Raster } from '../raster/raster.ts';

/** Whether the shading that all tiles share is estimated and taken out. */
export const shadingChoices = ['none', 'estimate'] as const;
export type ShadingChoice = (typeof shadingChoices)[number];

/**
 * Illumination that all tiles of a grid share: value seen = shading · value. Nodes of a regular grid that spans the pixel
 * centres of a tile, row-major, bilinear between them; the mean over the tile is 1.
 */
export interface ShadingField {
  readonly columns: number;
  readonly rows: number;
  readonly values: Float32Array;
}

/** The shading at the fractions s, t (0…1) of a tile's width and height. */
export function shadingAt({ columns, rows, values }: ShadingField, s: number, t: number): number {
  const x = Math.min(Math.max(s, 0), 1) * (columns - 1);
  const y = Math.min(Math.max(t, 0), 1) * (rows - 1);
  const i = Math.min(Math.floor(x), columns - 2);
  const j = Math.min(Math.floor(y), rows - 2);
  const at = j * columns + i;
  const top = values[at] + (x - i) * (values[at + 1] - values[at]);
  const bottom = values[at + columns] + (x - i) * (values[at + columns + 1] - values[at + columns]);
  return top + (y - j) * (bottom - top);
}

/** Mean shading of the rectangle of a tile, px of the tile. */
export function meanShading(field: ShadingField, rect: Rect, size: Size): number {
  const steps = 8;
  let sum = 0;
  for (let j = 0; j < steps; j++)
    for (let i = 0; i < steps; i++) {
      const x = rect.x + ((i + 0.5) / steps) * rect.width - 0.5;
      const y = rect.y + ((j + 0.5) / steps) * rect.height - 0.5;
      sum += shadingAt(field, x / Math.max(1, size.width - 1), y / Math.max(1, size.height - 1));
    }
  return sum / (steps * steps);
}

/**
 * Pixels of a tile without the shading, as floats: value / shading. `region` are the whole pixels of `level` that the
 * rasters hold, `size` is the tile's at full resolution. Without a field the rasters are handed through.
 */
export function withoutShading(
  rasters: readonly Raster[],
  field: ShadingField | null | undefined,
  { region, level, size }: { readonly region: Rect; readonly level: number; readonly size: Size },
): readonly Raster[] {
  if (!field) return rasters;
  const scale = 2 ** level;
  const across = fractions(region.x, region.width, scale, size.width);
  const along = fractions(region.y, region.height, scale, size.height);
  const { columns, rows, values } = field;
  const line = new Float32Array(columns);
  return rasters.map(({ data, width, height }) => {
    const out = new Float32Array(data.length);
    for (let j = 0; j < height; j++) {
      const y = along[j] * (rows - 1);
      const upper = Math.min(Math.floor(y), rows - 2);
      for (let c = 0; c < columns; c++) {
        const at = upper * columns + c;
        line[c] = values[at] + (y - upper) * (values[at + columns] - values[at]);
      }
      for (let i = 0; i < width; i++) {
        const x = across[i] * (columns - 1);
        const left = x < columns - 1 ? x | 0 : columns - 2;
        const at = j * width + i;
        out[at] = data[at] / (line[left] + (x - left) * (line[left + 1] - line[left]));
      }
    }
    return { data: out, width, height };
  });
}

/** Places of the pixels of a level as fractions 0…1 of a side of the tile: p_full = (p + ½)·2ⁿ − ½. */
function fractions(start: number, count: number, scale: number, side: number): Float32Array {
  const last = Math.max(1, side - 1);
  return Float32Array.from({ length: count }, (_, i) =>
    Math.min(Math.max(((start + i + 0.5) * scale - 0.5) / last, 0), 1),
  );
}
