import { StitchError } from '../core/errors.ts';
import type { RunContext } from '../core/progress.ts';
import { compareNames } from '../core/tiles/name-fields.ts';
import { tileId, type Tile } from '../core/tiles/tile.ts';
import type { ByteSource, ImageFile, ImageInfo } from './image-file.ts';
import { openImage } from './index.ts';
import { sideHeaders, withSideHeader } from './metadata/side-header.ts';
import { isPositionFile, parsePositionFile, type PositionTable } from './position-file.ts';

/** Something about a file that the user must know. */
export interface FileProblem {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

/** What a drop of files holds, known from headers alone. */
export interface Inspection {
  readonly tiles: readonly Tile[];
  readonly multiPage: readonly { readonly file: string; readonly pages: number }[];
  readonly positionTables: readonly (PositionTable & { readonly path: string })[];
  readonly problems: readonly FileProblem[];
  readonly notes: readonly { readonly file: string; readonly note: string }[];
}

/** Every file of a multi-file OME-TIFF may carry the same block: its table is kept once. */
const omeFormat = 'OME-XML';

/** Position files are text; one larger than this is something else. */
const maxPositionFileBytes = 64 * 2 ** 20;

/**
 * Opens every file's header. A file that cannot be used becomes a problem that names it; the rest of the drop stays
 * usable. Tiles come in natural order of their paths, so that `img_2` stands before `img_10`.
 * @param chosenPage page to take of a multi-page file, by path; the first when absent.
 */
export async function inspectFiles(
  sources: readonly ByteSource[],
  context: RunContext,
  chosenPage: ReadonlyMap<string, number> = new Map(),
): Promise<Inspection> {
  const sorted = [...sources].sort((p, q) => compareNames(p.name, q.name));
  const result = {
    tiles: [] as Tile[],
    multiPage: [] as { file: string; pages: number }[],
    positionTables: [] as (PositionTable & { path: string })[],
    problems: [] as FileProblem[],
    notes: [] as { file: string; note: string }[],
  };
  let done = 0;
  const headers = sideHeaders(sorted);
  const isHeader = new Set(headers.values());
  for (const source of sorted) {
    context.signal.throwIfAborted();
    try {
      if (isHeader.has(source)) {
        // Read with its image.
      } else if (isPositionFile(source.name)) {
        const table = await readPositionFile(source, sorted);
        if (table) result.positionTables.push({ ...table, path: source.name });
      } else {
        const header = headers.get(source.name);
        const opened = await openImage(source);
        const image = header ? await withSideHeader(opened, header) : opened;
        const page = Math.min(chosenPage.get(source.name) ?? 0, image.pages.length - 1);
        if (image.pages.length > 1) result.multiPage.push({ file: source.name, pages: image.pages.length });
        result.tiles.push(tileOf(source.name, image, page));
        if (image.positions && result.positionTables.every(({ format }) => format !== omeFormat))
          result.positionTables.push({ path: source.name, format: omeFormat, positions: image.positions });
        for (const note of image.pages[page].notes) result.notes.push({ file: source.name, note });
      }
    } catch (error) {
      if (!(error instanceof StitchError)) throw error;
      result.problems.push({ file: source.name, code: error.code, message: error.message });
    }
    context.onProgress({ stage: 'read', done: ++done, total: sorted.length, note: source.name });
    if (done % 16 === 0) await context.yieldNow();
  }
  return result;
}

async function readPositionFile(source: ByteSource, all: readonly ByteSource[]): Promise<PositionTable | null> {
  if (source.size > maxPositionFileBytes)
    throw new StitchError('too-large', `${source.name} is too large for a list of positions (over 64 MB).`, {
      file: source.name,
    });
  const text = new TextDecoder().decode(await source.read(0, source.size));
  return parsePositionFile(
    source.name,
    text,
    all.map(({ name }) => name),
  );
}

function tileOf(file: string, image: ImageFile, page: number): Tile {
  const info: ImageInfo = image.pages[page];
  return {
    id: tileId(file, page),
    file,
    page,
    size: info.size,
    channels: info.channels,
    sampleType: info.sampleType,
    pixelSizeNm: info.pixelSizeNm,
    stage: info.stagePx ? { x: info.stagePx.x, y: info.stagePx.y, thetaRad: 0 } : null,
    ...(info.acquiredAtMs === undefined ? {} : { acquiredAtMs: info.acquiredAtMs }),
  };
}
