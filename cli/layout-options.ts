import { StitchError } from '../src/core/errors.ts';
import type { RunContext } from '../src/core/progress.ts';
import { gridFromPattern, parsePattern } from '../src/core/tiles/file-name-pattern.ts';
import { estimateOverlapOf, inferLayoutOf } from '../src/core/tiles/layout-from-pixels.ts';
import { scanOrders } from '../src/core/tiles/scan-order.ts';
import type { Layout, Overlap, Tile, TileReader } from '../src/core/tiles/tile.ts';
import { layoutFromPositions } from '../src/formats/position-file.ts';
import type { Inspection } from '../src/formats/inspect.ts';
import { CommandError, numberIn, textOf } from './arguments.ts';

/** The options of `stitch` that say where the tiles are. */
export const layoutOptions = {
  pattern: { type: 'string' },
  order: { type: 'string' },
  rows: { type: 'string' },
  columns: { type: 'string' },
  overlap: { type: 'string' },
  positions: { type: 'string' },
} as const;

/** How a usage line shows `layoutOptions`. */
export const layoutUsage =
  '[--overlap 0.1[,0.1]] [--pattern TEXT [--order ORDER] [--rows N] [--columns N]] [--positions FILE]';

/** What was given of them. */
export type LayoutGiven = Readonly<Partial<Record<keyof typeof layoutOptions, string | boolean | undefined>>>;

/** Overlap of a grid whose neighbours do not correlate. */
const fallbackOverlap: Overlap = { x: 0.1, y: 0.1 };

/**
 * The layout that the options ask for, or the best one that names, stage and pictures suggest.
 * @throws CommandError for options that cannot be used; StitchError when names or positions do not fit.
 */
export async function chooseLayout(
  inspection: Inspection,
  reader: TileReader,
  given: LayoutGiven,
  context: RunContext,
): Promise<{ readonly layout: Layout; readonly description: string }> {
  const { tiles } = inspection;
  const overlap = parseOverlap(textOf(given.overlap));
  const positions = textOf(given.positions);
  if (positions !== undefined) {
    const table = inspection.positionTables.find(({ path }) => path === positions);
    if (!table) throw new CommandError(`--positions: there is no readable position file ${positions} in the folder`);
    return { layout: layoutFromPositions(table, tiles), description: `positions of ${positions}` };
  }
  const pattern = textOf(given.pattern);
  const whole = pattern === undefined ? inspection.positionTables.find((table) => namesAll(table, tiles)) : undefined;
  if (whole) return { layout: layoutFromPositions(whole, tiles), description: `positions of ${whole.path}` };
  if (pattern === undefined) {
    const ranking = await inferLayoutOf(tiles, reader, context);
    const [best] = ranking.hypotheses;
    if (!best) throw new StitchError('layout-unknown', 'The names show no grid; say how to read them with --pattern.');
    if (ranking.isClose)
      process.stderr.write(`the layout is not certain: ${best.description} (give --pattern to be sure)\n`);
    return { layout: withOverlap(best.layout, overlap), description: best.description };
  }
  const parsed = parsePattern(pattern);
  const grid = gridFromPattern(
    parsed,
    tiles,
    {
      order: parseOrder(textOf(given.order)),
      rows: numberIn('--rows', given.rows, 1, 100_000) ?? null,
      columns: numberIn('--columns', given.columns, 1, 100_000) ?? null,
    },
    overlap ?? fallbackOverlap,
  );
  if (overlap) return { layout: grid, description: `pattern ${pattern}` };
  const measured = await estimateOverlapOf(grid, tiles, reader, context);
  const estimated = { x: measured.x ?? fallbackOverlap.x, y: measured.y ?? fallbackOverlap.y };
  return { layout: { ...grid, overlap: estimated }, description: `pattern ${pattern}, overlap measured` };
}

/** A positions file that names every tile was put there for that: it is believed, as in the app. */
export function namesAll(table: Inspection['positionTables'][number], tiles: readonly Tile[]): boolean {
  const named = new Set(table.positions.map(({ file }) => file));
  return tiles.every((tile) => named.has(tile.file) || named.has(tile.id));
}

function withOverlap(layout: Layout, overlap: Overlap | null): Layout {
  return layout.kind === 'grid' && overlap ? { ...layout, overlap } : layout;
}

function parseOverlap(text: string | undefined): Overlap | null {
  if (text === undefined) return null;
  const [x, y = x] = text.split(',').map((part) => numberIn('--overlap', part, 0.005, 0.95) ?? NaN);
  return { x, y };
}

function parseOrder(text: string | undefined) {
  const names = scanOrders.map((order) => [`${order.path}-${order.axis}s-${order.corner}`, order] as const);
  const found = names.find(([name]) => name === (text ?? 'raster-rows-top-left'));
  if (!found) throw new CommandError(`--order must be one of ${names.map(([name]) => name).join(', ')}`);
  return found[1];
}
