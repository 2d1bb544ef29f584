import { rotationOf, stretchesOf } from '../core/geometry/affine2.ts';
import type { Affine2 } from '../core/geometry/affine2.ts';
import type { Size } from '../core/geometry/rect.ts';
import type { Mosaic } from '../core/mosaic/mosaic.ts';
import { badLayoutFile, layoutLines, parseCoordinate, positionTable } from './position-table.ts';
import type { FilePosition, PositionTable } from './position-table.ts';

/** Above this a translation alone is not the place that was solved. */
const lostRotationLimitPx = 0.5;

/**
 * Parses Fiji's TileConfiguration.txt or TileConfiguration.registered.txt: `name; series; (x, y)` lines; of three
 * dimensions the third is ignored.
 * @throws StitchError `bad-layout-file` with the line
 * @see Preibisch et al. 2009, Fiji Stitching plugin, "Positions from file"
 */
export function parseTileConfiguration(file: string, text: string): PositionTable {
  const positions: FilePosition[] = [];
  for (const [index, raw] of layoutLines(file, text).entries()) {
    const line = raw.trim();
    const number = index + 1;
    if (line === '' || line.startsWith('#') || /^(dim|multiseries)\s*=/i.test(line)) continue;
    const parts = partsOf(line);
    if (parts === null) throw badLayoutFile(file, number, 'expected "name; ; (x, y)"');
    const coordinates = parts.place.split(',');
    if (coordinates.length !== 2 && coordinates.length !== 3)
      throw badLayoutFile(file, number, `expected two coordinates, found ${coordinates.length}`);
    const [x, y] = coordinates.map((part) => parseCoordinate(file, number, part));
    positions.push({ file: parts.name.replaceAll('\\', '/'), x, y });
  }
  return positionTable(file, 'Fiji TileConfiguration', positions);
}

/**
 * The name and the inside of the brackets of a trimmed line `name; series; (x, y)`; the name may hold semicolons. Cut,
 * not matched: a pattern that looks back takes hours for a hostile line.
 */
function partsOf(line: string): { readonly name: string; readonly place: string } | null {
  const second = line.lastIndexOf(';');
  const first = line.lastIndexOf(';', second - 1);
  const place = line.slice(second + 1).trim();
  if (second < 1 || first < 0 || !place.startsWith('(') || !place.endsWith(')')) return null;
  const inside = place.slice(1, -1);
  return /[()]/.test(inside) ? null : { name: line.slice(0, first).trim(), place: inside };
}

/** True for a text with a `dim = n` line, or with a line of name, series and place. */
export function isTileConfiguration(text: string): boolean {
  return text.split(/\r\n|\n|\r/).some((line) => {
    const trimmed = line.trim();
    return /^dim\s*=\s*\d/.test(trimmed) || (trimmed.endsWith(')') && (partsOf(trimmed)?.place.includes(',') ?? false));
  });
}

/**
 * TileConfiguration.registered.txt of a mosaic: the place of every tile's upper-left pixel relative to the mosaic's
 * bounds. The format knows translations only; what is lost is said in `warnings`.
 */
export function writeTileConfiguration(mosaic: Mosaic): {
  readonly text: string;
  readonly warnings: readonly string[];
} {
  const lines = [
    '# Define the number of dimensions we are working on',
    'dim = 2',
    '',
    '# Define the image coordinates',
  ];
  const losses: number[] = [];
  const nameless = mosaic.placements.filter(({ tile }) => !isLineName(tile));
  for (const { tile, size, mosaicFromTile } of mosaic.placements) {
    if (!isLineName(tile)) continue;
    const { x, y } = centredTranslation(mosaicFromTile, size);
    lines.push(`${tile}; ; (${x - mosaic.bounds.x}, ${y - mosaic.bounds.y})`);
    losses.push(lostRotationPx(mosaicFromTile, size));
  }
  const worst = losses.reduce((most, loss) => Math.max(most, loss), 0);
  const left = nameless.map(({ tile }) => JSON.stringify(tile));
  const leftOut =
    left.length === 0
      ? []
      : [
          `${left.length} tiles are left out, because their names are none in this format: ${left.slice(0, 3).join(', ')}.`,
        ];
  const lost =
    worst > lostRotationLimitPx
      ? [
          `The format holds translations only: rotation and stretch of up to ${worst.toFixed(1)} px across ` +
            `${losses.filter((px) => px > lostRotationLimitPx).length} tiles are lost. solution.json keeps them.`,
        ]
      : [];
  return { text: `${lines.join('\n')}\n`, warnings: [...leftOut, ...lost] };
}

/** A name that a line can hold: nothing that ends the line or the name, and nothing that makes it another kind of line. */
function isLineName(name: string): boolean {
  return !/[;\r\n]/.test(name) && name.trim() === name && !/^(#|dim\s*=|multiseries\s*=)/i.test(name);
}

/**
 * How far apart the ends of a tile move when only its translation is kept: (|θ| + largest stretch) · longer side, px;
 * zero for pure translations.
 */
export function lostRotationPx(mosaicFromTile: Affine2, size: Size): number {
  const [largest, smallest] = stretchesOf(mosaicFromTile);
  const stretch = Math.max(Math.abs(largest - 1), Math.abs(smallest - 1));
  return (Math.abs(rotationOf(mosaicFromTile)) + stretch) * Math.max(size.width, size.height);
}

/** The translation that keeps the tile's centre where it was solved: half the loss of keeping its upper-left corner. */
function centredTranslation(mosaicFromTile: Affine2, size: Size): { readonly x: number; readonly y: number } {
  const { a, b, c, d, e, f } = mosaicFromTile;
  const x = (size.width - 1) / 2;
  const y = (size.height - 1) / 2;
  return { x: a * x + c * y + e - x, y: b * x + d * y + f - y };
}
