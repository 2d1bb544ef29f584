import { translation } from '../../core/geometry/affine2.ts';
import { parseMistPositions } from '../mist-positions.ts';
import { bySection, keptTranslation, lineName, lossWarnings, placedTiles } from './hand-off.ts';
import type { HandOffFormat, HandOffInput, PlacedTile } from './hand-off.ts';

/**
 * MIST's global positions, one file a section: whole pixels from the mosaic's upper-left corner, the mean confidence of
 * the tile's links as correlation, grid as (column, row). Whole pixels are the same in the corner and the centre
 * convention.
 * @see Chalfoun et al. 2017, MIST; its wiki, "Output files: img-global-positions"
 */
export const mistPositions: HandOffFormat = {
  write(input) {
    const { bounds } = input.solution;
    const tiles = placedTiles(input);
    const confidence = confidences(input);
    const files = [...bySection(tiles)].map(([section, own]) => ({
      name: `img-global-positions-${section}.txt`,
      text: own.map((tile, index) => line(tile, index, bounds, confidence.get(tile.id) ?? 0)).join(''),
    }));
    const warnings = [...lossWarnings(input, 'translation', false), 'Positions are rounded to whole pixels.'];
    if (tiles.some(({ entry }) => entry.row === null || entry.column === null))
      warnings.push('Tiles without row and column are numbered along one row.');
    return { files, warnings };
  },

  read: (files) =>
    files.flatMap(({ name, text }) =>
      parseMistPositions(name, text).positions.map(({ file, x, y }) => ({ file, mosaicFromTile: translation(x, y) })),
    ),
};

function line(tile: PlacedTile, index: number, bounds: readonly number[], confidence: number): string {
  const { x, y } = keptTranslation(tile);
  const { row, column } = tile.entry;
  const place = `(${Math.round(x - bounds[0])}, ${Math.round(y - bounds[1])})`;
  const cell = row === null || column === null ? `(${index}, 0)` : `(${column}, ${row})`;
  const name = lineName(tile.file, ';', 'MIST');
  return `file: ${name}; corr: ${confidence.toFixed(10)}; position: ${place}; grid: ${cell};\n`;
}

/** Mean confidence of the accepted links of each tile. */
function confidences({ solution }: HandOffInput): ReadonlyMap<string, number> {
  const sums = new Map<string, { readonly sum: number; readonly count: number }>();
  for (const { a, b, state, confidence } of solution.links) {
    if (state !== 'link' || confidence === null) continue;
    for (const id of [a, b]) {
      const { sum, count } = sums.get(id) ?? { sum: 0, count: 0 };
      sums.set(id, { sum: sum + confidence, count: count + 1 });
    }
  }
  return new Map([...sums].map(([id, { sum, count }]) => [id, sum / count]));
}
