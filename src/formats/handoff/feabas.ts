import { translation } from '../../core/geometry/affine2.ts';
import { badLayoutFile, parseCoordinate } from '../position-table.ts';
import { bySection, keptTranslation, lineName, lossWarnings, pixelSizeOf, placedTiles } from './hand-off.ts';
import type { HandOffFormat, HandOffPlace, PlacedTile } from './hand-off.ts';

/**
 * feabas's stitch coordinates, one file a section, for `stitch/stitch_coord`: tab-separated, places of the upper-left
 * pixels relative to the mosaic's bounds (a translation is the same in the corner and the centre convention).
 * @see YuelongWu/feabas, README, "stitch coordinate files"
 */
export const feabasCoordinates: HandOffFormat = {
  write(input) {
    const { bounds } = input.solution;
    const nm = pixelSizeOf(input.solution);
    const tiles = placedTiles(input);
    const files = [...bySection(tiles)].map(([section, own]) => ({
      name: `s${String(section).padStart(4, '0')}.txt`,
      text: [
        '{ROOT_DIR}\t.',
        ...(nm === null ? [] : [`{RESOLUTION}\t${nm}`]),
        `{TILE_SIZE}\t${own[0].entry.height}\t${own[0].entry.width}`,
        ...own.map((tile) => line(tile, bounds)),
        '',
      ].join('\n'),
    }));
    const warnings = [
      ...lossWarnings(input, 'translation', false),
      '{ROOT_DIR} is a dot: put the folder of the tiles there, as an absolute path.',
    ];
    if (nm === null) warnings.push('The pixel size is unknown; feabas takes full_resolution of its configuration.');
    const sizes = new Set(tiles.map(({ entry }) => `${entry.width} × ${entry.height}`));
    if (sizes.size > 1) warnings.push(`feabas knows one tile size; the tiles have ${[...sizes].join(', ')} px.`);
    return { files, warnings };
  },

  read: (files) => files.flatMap(({ name, text }) => readCoordinates(name, text)),
};

/** Raw cells between tabs: the format knows no quotes. */
function readCoordinates(name: string, text: string): readonly HandOffPlace[] {
  return text.split(/\r\n|\n|\r/).flatMap((row, index) => {
    if (row.trim() === '' || row.startsWith('{')) return [];
    const cells = row.split('\t');
    if (cells.length < 3) throw badLayoutFile(name, index + 1, 'expected file, x and y, separated by tabs');
    const [x, y] = cells.slice(1, 3).map((cell) => parseCoordinate(name, index + 1, cell));
    return [{ file: cells[0], mosaicFromTile: translation(x, y) }];
  });
}

function line(tile: PlacedTile, bounds: readonly number[]): string {
  const { x, y } = keptTranslation(tile);
  return `${lineName(tile.file, '\t', 'feabas')}\t${x - bounds[0]}\t${y - bounds[1]}`;
}
