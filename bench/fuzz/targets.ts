import { readFileSync, readdirSync } from 'node:fs';
import { StitchError } from '../../src/core/errors.ts';
import { silentContext } from '../../src/core/progress.ts';
import { compareNames } from '../../src/core/tiles/name-fields.ts';
import { proposeLayouts } from '../../src/core/tiles/layout-proposals.ts';
import { tileId } from '../../src/core/tiles/tile.ts';
import type { Tile } from '../../src/core/tiles/tile.ts';
import { byteSourceFromBytes } from '../../src/formats/byte-source.ts';
import { openImage, readers } from '../../src/formats/index.ts';
import type { ReaderDescriptor } from '../../src/formats/index.ts';
import { inspectFiles } from '../../src/formats/inspect.ts';
import { mdocPositions, parseMdoc } from '../../src/formats/mdoc.ts';
import { omeAcquisition, omePositions, parseOmeXml } from '../../src/formats/metadata/ome-xml.ts';
import {
  parseFeiMetadata,
  parseFibicsMetadata,
  parseTescanHeader,
  parseXmlPixelSize,
  parseZeissMetadata,
} from '../../src/formats/metadata/vendor-metadata.ts';
import type { Acquisition } from '../../src/formats/metadata/acquisition.ts';
import { parseMistPositions } from '../../src/formats/mist-positions.ts';
import { openModelBundle } from '../../src/formats/model-bundle.ts';
import { parseOptions, writeOptions } from '../../src/formats/options-json.ts';
import { parsePositionFile } from '../../src/formats/position-file.ts';
import type { PositionTable } from '../../src/formats/position-table.ts';
import { parsePositionsCsv } from '../../src/formats/positions-csv.ts';
import { parseProject, writeProject } from '../../src/formats/project-json.ts';
import { mosaicFromSolution, parseSolution, writeSolution } from '../../src/formats/solution-json.ts';
import { parseSectionOutcome, writeSectionOutcome } from '../../src/formats/stack-json.ts';
import { parseTileConfiguration } from '../../src/formats/tile-configuration.ts';
import { checkImage, demand } from './check-image.ts';
import type { Draw } from './draw.ts';
import { changeJpeg, drawBmp, drawMrc, drawPng } from './grammar-rasters.ts';
import {
  changeJson,
  drawCsv,
  drawMdoc,
  drawMist,
  drawNames,
  drawTileConfiguration,
  drawVendor,
  drawXml,
  hostileNames,
} from './grammar-text.ts';
import { drawTiff } from './grammar-tiff.ts';
import { exampleManifest, exampleOptions, exampleProject, exampleSection, exampleSolution } from './examples.ts';
import { plainTile } from '../../src/core/testing/plain-tile.ts';

/** A reader under test. */
export interface Target {
  /** Name of the file that the bytes are given as; errors must name it. */
  readonly file: string;
  /** An input by the format's grammar, mostly valid. */
  readonly generate: (draw: Draw) => Uint8Array;
  /** Byte strings that mean something in the format. */
  readonly words: readonly Uint8Array[];
  /**
   * Reads the bytes and checks what came out; what sort of thing it was.
   * @throws WrongValue; what the reader throws
   */
  read(bytes: Uint8Array, draw: Draw): Promise<string>;
}

const seedFolder = new URL('./corpus/seeds/', import.meta.url);
const jpegs = readdirSync(seedFolder).map((name) => new Uint8Array(readFileSync(new URL(name, seedFolder))));
const files = ['tile_1_2.tif', 'tile_0_0.tif', 'folder/tile_3_3.png', 'stack.mrc'];

function imageTarget(id: keyof typeof readers, generate: Target['generate'], words: readonly string[]): Target {
  const reader: ReaderDescriptor = readers[id];
  const file = `folder/tile.${reader.extensions[0]}`;
  return {
    file,
    generate,
    words: wordsOf(words),
    async read(bytes, draw) {
      const source = byteSourceFromBytes(file, bytes);
      // Where the first bytes are no longer the format's, the sniffer has its say; the reader is asked as well.
      const image = draw.chance(0.2) ? await (await reader.load()).open(source) : await openImage(source);
      return checkImage(image, draw);
    },
  };
}

function textTarget(
  file: string,
  generate: (draw: Draw) => string,
  words: readonly string[],
  read: (text: string, draw: Draw) => Promise<string> | string,
): Target {
  return {
    file,
    generate: (draw) => new TextEncoder().encode(generate(draw)),
    words: wordsOf(words),
    read: async (bytes, draw) => read(new TextDecoder().decode(bytes), draw),
  };
}

/** A layout file is read by its own parser and by the one that tells formats apart. */
function layoutTarget(
  file: string,
  generate: (draw: Draw) => string,
  words: readonly string[],
  parse: (file: string, text: string) => PositionTable,
): Target {
  return textTarget(file, generate, [...words, ...hostileNames], (text, draw) => {
    const table = draw.chance(0.5) ? parse(file, text) : parsePositionFile(file, text, files);
    if (table === null) return 'no table';
    for (const { x, y } of table.positions) demand(Number.isFinite(x) && Number.isFinite(y), `a place at ${x}, ${y}`);
    return `${table.format} ${Math.min(table.positions.length, 3)}`;
  });
}

function checkAcquisition({ pixelSizeNm, stagePx, acquiredAtMs }: Acquisition): string {
  demand(pixelSizeNm === null || (Number.isFinite(pixelSizeNm) && pixelSizeNm > 0), `a pixel size of ${pixelSizeNm}`);
  demand(stagePx === null || (Number.isFinite(stagePx.x) && Number.isFinite(stagePx.y)), 'a stage that is no number');
  demand(acquiredAtMs === undefined || Number.isFinite(acquiredAtMs), 'a time that is no number');
  return `${pixelSizeNm === null} ${stagePx === null}`;
}

function mdocTable(file: string, text: string): PositionTable {
  const mdoc = parseMdoc(file, text);
  for (const { section } of mdoc.sections)
    demand(section === null || (Number.isInteger(section) && section >= 0), `a section ${section}`);
  return {
    format: 'mdoc',
    positions: mdocPositions(mdoc).flatMap((place) => (place === null ? [] : [{ file, ...place }])),
  };
}

function readXml(text: string): string {
  const images = parseOmeXml(text);
  for (const { acquisition, ifd } of images) {
    checkAcquisition(acquisition);
    demand(ifd === null || (Number.isInteger(ifd) && ifd >= 0), `an IFD ${ifd}`);
  }
  checkAcquisition(omeAcquisition(images, 'a/tile.tif', 1));
  for (const { x, y } of omePositions(images)) demand(Number.isFinite(x + y), 'a position that is no number');
  return `${Math.min(images.length, 3)} ${checkAcquisition(parseXmlPixelSize(text))}`;
}

function readVendor(text: string): string {
  const size = { width: 1024, height: 768 };
  return [parseFeiMetadata, parseTescanHeader, parseZeissMetadata, parseFibicsMetadata]
    .map((parse) => checkAcquisition(parse(text, size)))
    .join();
}

function readNames(text: string): string {
  const names = [...new Set(text.split('\n'))];
  const tiles = names.map((file): Tile => plainTile(file, { width: 100, height: 80 }));
  for (const a of names.slice(0, 8))
    for (const b of names.slice(0, 8))
      demand(compareNames(a, b) === -compareNames(b, a) || a === b, `names ${a} and ${b} that have no order`);
  const layouts = proposeLayouts(tiles);
  for (const { layout } of layouts)
    if (layout.kind === 'grid')
      for (const { row, column } of layout.cells.values())
        demand(Number.isInteger(row) && Number.isInteger(column), `a cell ${row}, ${column}`);
  return String(Math.min(layouts.length, 4));
}

async function readManifest(text: string, draw: Draw): Promise<string> {
  const bundle = openModelBundle({ manifestText: text, readFile: () => Promise.resolve(draw.bytes(draw.int(0, 99))) });
  const { multipleOf, maxTokens, scale } = bundle.contract;
  demand(
    multipleOf <= 4096 && maxTokens <= 2 ** 24 && scale >= 1e-3,
    `a network of strips in multiples of ${multipleOf}, at scale ${scale}`,
  );
  for (const { path } of bundle.manifest.files) {
    const base = 'https://here.example/models/';
    demand(
      new URL(path, base).href.startsWith(base) && !path.split(/[/\\]/).includes('..'),
      `a path ${path} out of the bundle`,
    );
  }
  await bundle
    .open(bundle.manifest.files[0])
    .catch((error: unknown) => demand(error instanceof StitchError, String(error)));
  return String(bundle.manifest.files.length);
}

function readSolution(text: string): string {
  const solution = parseSolution(text);
  const tiles = solution.tiles.map(({ file, page, width, height }): Tile => ({
    id: tileId(file, page ?? 0),
    file,
    page: page ?? 0,
    size: { width, height },
    channels: 1,
    sampleType: 'uint8',
    pixelSizeNm: null,
    stage: null,
  }));
  demand(
    writeSolution(parseSolution(writeSolution(solution))) === writeSolution(solution),
    'a solution that changes as it is written',
  );
  const mosaic = mosaicFromSolution(solution, tiles);
  const { x, y, width, height } = mosaic.bounds;
  demand(
    [x, y, width, height].every((value) => Number.isSafeInteger(value) && Math.abs(value) <= 2 ** 40),
    `bounds ${x}, ${y}, ${width} × ${height}`,
  );
  demand(mosaic.pixelSizeNm === null || mosaic.pixelSizeNm > 0, `a pixel size of ${mosaic.pixelSizeNm}`);
  return String(mosaic.placements.length);
}

function readSection(text: string): string {
  const outcome = parseSectionOutcome(text);
  if (outcome !== null) writeSectionOutcome(outcome);
  return outcome?.state ?? 'none';
}

function readProject(text: string): string {
  const project = parseProject(text, 'project.json');
  demand(writeProject(parseProject(writeProject(project))) === writeProject(project), 'a project that changes');
  const { layoutChoice } = project;
  const scan = 'scan' in layoutChoice ? layoutChoice.scan : null;
  demand(scan === null || scan.rows * scan.columns <= 1e10, `a grid of ${scan?.rows} × ${scan?.columns}`);
  return `${layoutChoice.kind} ${Math.min(project.corrections.length, 4)}`;
}

function readOptions(text: string): string {
  const options = parseOptions(text, 'options.json');
  demand(writeOptions(parseOptions(writeOptions(options))) === writeOptions(options), 'options that change');
  return options.matcher;
}

/** The readers by the names that `--reader` takes. */
export const targets = {
  tiff: imageTarget('tiff', drawTiff, ['II*\0', 'MM\0*', 'II+\0', '<OME', 'ImageJ=']),
  png: imageTarget('png', drawPng, ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'pHYs', 'acTL']),
  jpeg: imageTarget('jpeg', (draw) => changeJpeg(draw, draw.pick(jpegs)), [
    '\xff\xd8',
    '\xff\xda',
    '\xff\xc4',
    '\xff\xdb',
    '\xff\xc2',
    '\xff\xd0',
    '\xff\xdd\0\x04\0\x01',
  ]),
  bmp: imageTarget('bmp', drawBmp, ['BM']),
  mrc: imageTarget('mrc', drawMrc, ['MAP ']),
  'tile-configuration': layoutTarget(
    'TileConfiguration.txt',
    drawTileConfiguration,
    ['dim = 2', '; ; (', ')'],
    parseTileConfiguration,
  ),
  mist: layoutTarget('positions.txt', drawMist, ['file: ', '; corr: ', 'position: (', ')'], parseMistPositions),
  csv: layoutTarget('positions.csv', drawCsv, ['file,x,y', '"', '""', '\t', ';', ','], parsePositionsCsv),
  mdoc: layoutTarget('stack.mrc.mdoc', drawMdoc, ['[ZValue = ', '[Image = ', ']', 'PieceCoordinates = '], mdocTable),
  'ome-xml': textTarget(
    'ome.xml',
    drawXml,
    ['<!--', '-->', '<![CDATA[', '<!ENTITY', '&lt;', '/>', '<Pixels PhysicalSizeX="'],
    readXml,
  ),
  vendor: textTarget('header.txt', drawVendor, ['AP_IMAGE_PIXEL_SIZE', '[Scan]', '<Ux>', '='], readVendor),
  names: textTarget('names', drawNames, hostileNames, readNames),
  manifest: textTarget(
    'manifest.json',
    (draw) => changeJson(draw, exampleManifest),
    ['1e999', '"../x"', '"path":', '\\u002e\\u002e/', 'null'],
    readManifest,
  ),
  solution: textTarget(
    'solution.json',
    (draw) => changeJson(draw, exampleSolution),
    ['1e999', '-1e308', 'null', '"unplaced"', '"mesh":', '[0,0,1,1]'],
    readSolution,
  ),
  project: textTarget(
    'project.json',
    (draw) => changeJson(draw, exampleProject),
    ['1e999', 'null', '"scan"', '"polygon":[]'],
    readProject,
  ),
  options: textTarget(
    'options.json',
    (draw) => changeJson(draw, { kind: 'em-stitch-options', ...exampleOptions }),
    ['1e999', 'null', '-1'],
    readOptions,
  ),
  section: textTarget(
    'section.json',
    (draw) => changeJson(draw, exampleSection),
    ['1e999', 'null', '"failed"'],
    readSection,
  ),
} as const satisfies Record<string, Target>;

/** Name of a reader under test. */
export type TargetId = keyof typeof targets;

/** Names of all readers under test. */
export const targetIds = Object.keys(targets) as readonly TargetId[];

/** What a drop of several files gives: whatever they hold, a value. */
export async function inspectAll(
  sources: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  const drop = sources.map(({ name, bytes }) => byteSourceFromBytes(name, bytes));
  const { tiles, problems } = await inspectFiles(drop, silentContext);
  for (const { message, file } of problems)
    demand(message.includes(file), `a problem that does not name ${file}: ${message}`);
  demand(tiles.length + problems.length <= drop.length, 'more outcomes than files');
}

function wordsOf(words: readonly string[]): readonly Uint8Array[] {
  return words.map((word) => Uint8Array.from(word, (letter) => letter.charCodeAt(0)));
}
