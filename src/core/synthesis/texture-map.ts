import type { Rect, Size } from '../geometry/rect.ts';
import type { Raster } from '../raster/raster.ts';

/** Where a source shows something: what is left of its pixels when places are drawn. */
export interface TextureMap {
  readonly size: Size;
  readonly columns: number;
  readonly rows: number;
  /** (columns + 1)·(rows + 1) sums of the blocks above and to the left: 1 a block with texture. */
  readonly textured: Float64Array;
  /** The same of the blocks' mean grey values. */
  readonly brightness: Float64Array;
}

/** Side of a block. */
const blockPx = 16;
/** Pixels averaged before contrast is measured: noise of σ 10 leaves 2.5. */
const cellPx = 4;
/** A block has texture when the means of its 4×4 cells differ by this standard deviation, grey levels. */
export const texturedSigma = 6;

/** Measures texture and brightness on blocks of 16 px. */
export function textureMap(source: Raster): TextureMap {
  const columns = Math.floor(source.width / blockPx);
  const rows = Math.floor(source.height / blockPx);
  const textured = new Float64Array((columns + 1) * (rows + 1));
  const brightness = new Float64Array((columns + 1) * (rows + 1));
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) {
      const { mean, sigma } = blockContrast(source, i * blockPx, j * blockPx);
      const at = (j + 1) * (columns + 1) + i + 1;
      const before = at - columns - 1;
      textured[at] = (sigma >= texturedSigma ? 1 : 0) + textured[at - 1] + textured[before] - textured[before - 1];
      brightness[at] = mean + brightness[at - 1] + brightness[before] - brightness[before - 1];
    }
  return { size: { width: source.width, height: source.height }, columns, rows, textured, brightness };
}

function blockContrast({ data, width }: Raster, x: number, y: number): { mean: number; sigma: number } {
  const perSide = blockPx / cellPx;
  let [sum, squares] = [0, 0];
  for (let cell = 0; cell < perSide * perSide; cell++) {
    const left = x + cellPx * (cell % perSide);
    const top = y + cellPx * Math.floor(cell / perSide);
    let total = 0;
    for (let v = top; v < top + cellPx; v++) for (let u = left; u < left + cellPx; u++) total += data[v * width + u];
    const mean = total / (cellPx * cellPx);
    sum += mean;
    squares += mean * mean;
  }
  const mean = sum / (perSide * perSide);
  return { mean, sigma: Math.sqrt(Math.max(0, squares / (perSide * perSide) - mean * mean)) };
}

/** Share of the blocks in a region that have texture, 0…1; the region is rounded outwards to blocks. */
export function texturedShare(map: TextureMap, region: Rect): number {
  return blockMean(map, map.textured, region);
}

/** Mean grey value of a region, rounded outwards to blocks. */
export function meanBrightness(map: TextureMap, region: Rect): number {
  return blockMean(map, map.brightness, region);
}

function blockMean({ columns, rows }: TextureMap, sums: Float64Array, { x, y, width, height }: Rect): number {
  const clamp = (value: number, high: number) => Math.min(Math.max(value, 0), high);
  const left = clamp(Math.floor(x / blockPx), columns - 1);
  const top = clamp(Math.floor(y / blockPx), rows - 1);
  const right = clamp(Math.ceil((x + width) / blockPx), columns);
  const bottom = clamp(Math.ceil((y + height) / blockPx), rows);
  const stride = columns + 1;
  const total =
    sums[bottom * stride + right] -
    sums[top * stride + right] -
    sums[bottom * stride + left] +
    sums[top * stride + left];
  return total / Math.max(1, (right - left) * (bottom - top));
}
