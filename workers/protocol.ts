/**
 * The single statement of what crosses a thread: files, small typed arrays, finished bitmaps. Never a raster of a tile
 * to the main thread. Every long call takes (request, signal, onProgress).
 */
import type { GainOffset } from '../src/core/photometry/gain-offset.ts';
import type { TileMasks } from '../src/core/edits/edit-effect.ts';
import type { EditList } from '../src/core/edits/edit.ts';
import type { SnappedLandmark, SnapRequest } from '../src/core/edits/snap-landmark.ts';
import type { Affine2 } from '../src/core/geometry/affine2.ts';
import type { Rect } from '../src/core/geometry/rect.ts';
import type { Recommendation } from '../src/core/diagnosis/recommend-transform.ts';
import type { OddTile, PairOutcome } from '../src/core/diagnosis/tile-orientation.ts';
import type { ElasticReport } from '../src/core/elastic/solve-elastic-graph.ts';
import type { GraphEdits } from '../src/core/graph/graph-edits.ts';
import type { PoseGraph, SolveOptions, SolveReport } from '../src/core/graph/pose-graph.ts';
import type { Link, PairResult } from '../src/core/matching/link.ts';
import type { CorrelationSurface, SurfaceRequest } from '../src/core/mosaic/correlation-surface.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { MovedTile } from '../src/core/mosaic/moved-tile.ts';
import type { PixelProbe } from '../src/core/mosaic/pixel-probe.ts';
import type { MatcherId, PairOptions, StitchOptions } from '../src/core/options.ts';
import type { ShadingEstimate, ShadingRequest } from '../src/core/photometry/estimate-shading.ts';
import type { OnProgress } from '../src/core/progress.ts';
import type { OverlapRequest } from '../src/core/refine/refine-overlaps.ts';
import type { RefinedOverlap } from '../src/core/refine/refined-overlap.ts';
import type { ElasticRequest, RecommendRequest } from '../src/core/stitch.ts';
import type { LayoutRanking } from '../src/core/tiles/layout-ranking.ts';
import type { Layout, Tile, TileId, TilePair } from '../src/core/tiles/tile.ts';
import type { HandOffId, MosaicFormat } from '../src/formats/index.ts';
import type { ProjectFile } from '../src/formats/project-json.ts';
import type { OutputBits, ValueRange } from '../src/formats/pyramid-samples.ts';

export type { ProjectFile };

/** Where a model comes from: our own origin, or the user's disk. */
export type ModelSource =
  { readonly kind: 'url'; readonly manifestUrl: string } | { readonly kind: 'files'; readonly files: readonly File[] };

/** The rung of the ladder the network runs on; shown and reported. */
export type Rung = 'webgpu' | 'wasm-threads' | 'wasm' | 'js';

/** A file with the path it has in the dropped folder ('/' separated). */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/** Something about a file that the user must know; `code` is an ErrorCode. */
export interface Problem {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

/** Positions found in a layout file (TileConfiguration.txt, CSV, OME-XML, .mdoc): full-resolution px by file name. */
export interface PositionTable {
  readonly path: string;
  readonly format: string;
  readonly positions: readonly { readonly file: string; readonly x: number; readonly y: number }[];
}

export interface InspectReport {
  readonly tiles: readonly Tile[];
  /** Files with more than one page: the first page is in `tiles`, the user may choose another. */
  readonly multiPage: readonly { readonly file: string; readonly pages: number }[];
  readonly positionTables: readonly PositionTable[];
  readonly problems: readonly Problem[];
  /** Notes per file, whole sentences. */
  readonly notes: readonly { readonly file: string; readonly note: string }[];
}

export interface TileSource {
  readonly tile: Tile;
  readonly file: File;
}

export interface MatcherChoice {
  readonly matcher: MatcherId;
  /** Required for `loftr`. */
  readonly model: ModelSource | null;
  /** Try WebGPU on a fallback (software) adapter too; only tests ask for it. */
  readonly allowFallbackAdapter?: boolean;
  /** Skip rungs above this one. */
  readonly startAt?: Rung;
}

/** How the network's matches of a fixed pair on WebGPU compare with those on WebAssembly. */
export interface RungAgreement {
  /** Matches that both have. */
  readonly matches: number;
  /** Largest distance of two of them, px, and largest difference of their confidences. */
  readonly farthestPx: number;
  readonly widestConfidence: number;
}

export interface MatcherStatus {
  readonly matcher: MatcherId;
  readonly rung: Rung;
  /** Name and version of the model, null for matchers without one. */
  readonly model: string | null;
  readonly modelSha256: string | null;
  /** Adapter description or thread count, for the report. */
  readonly device: string;
  /** On WebGPU, where WebAssembly was there to compare with. */
  readonly agreement?: RungAgreement | null;
  /** Why it does not run on a faster rung that is offered here, or not any more: a whole sentence. */
  readonly fallback?: string | null;
}

export interface DisplayRange {
  /** Sample values shown black and white. */
  readonly low: number;
  readonly high: number;
  readonly gamma: number;
  readonly invert: boolean;
}

/** Region of the mosaic (full-resolution px) at `scale` output px per mosaic px. */
export interface ChunkRequest {
  readonly rect: Rect;
  readonly scale: number;
  readonly display: DisplayRange;
}

/** What may lie over the mosaic: borders between tiles, how well overlaps agree, how far their values are apart. */
export type EvidenceKind = 'seams' | 'agreement' | 'difference';

/** Colours as '#rrggbb'. */
export interface EvidenceColours {
  /** Worst to best, five. */
  readonly quality: readonly string[];
  readonly seam: string;
}

/** A region as in `ChunkRequest`; a difference is judged against the display range. */
export interface EvidenceRequest extends ChunkRequest {
  readonly kind: EvidenceKind;
  readonly colours: EvidenceColours;
}

/** What a tile that the user holds is shown as: blended with its neighbours, or how far it is from them. */
export type MovedView = 'blend' | 'difference';

/** A region as in `ChunkRequest` with one tile held elsewhere. */
export interface MovedRequest extends ChunkRequest, MovedTile {
  readonly view: MovedView;
}

/** A point of tile a whose patch is looked for in b. */
export interface PointRequest extends SurfaceRequest {
  readonly pair: TilePair;
  readonly aFromB: Affine2;
}

/** One pair matched on its own, beside the run, with any matcher and options. */
export interface PairTrialRequest {
  readonly choice: MatcherChoice;
  readonly pair: TilePair;
  readonly options: PairOptions;
}

export interface PairTrial {
  readonly result: PairResult;
  /** What it ran on. */
  readonly matcher: MatcherStatus;
  /** Reading, matching and verifying, without loading the matcher. */
  readonly elapsedMs: number;
}

export interface ValueStatistics {
  readonly min: number;
  readonly max: number;
  /** 0.5 % and 99.5 % percentiles. */
  readonly low: number;
  readonly high: number;
  /** Counts of 256 equal bins from min to max. */
  readonly histogram: Uint32Array;
}

export interface ThumbnailRequest {
  readonly tile: TileId;
  readonly maxSide: number;
}

/** Everything the pair inspector shows of the pixels, as bitmaps of one agreed region. */
export interface PairViewRequest {
  readonly pair: TilePair;
  /** The solved or measured motion of b into a that the overlap is drawn with. */
  readonly aFromB: Affine2;
  readonly maxSide: number;
}

export interface PairView {
  /** Crop of a and of b around their overlap, display-stretched, with the crop's rectangle in its tile. */
  readonly a: { readonly bitmap: ImageBitmap; readonly region: Rect };
  readonly b: { readonly bitmap: ImageBitmap; readonly region: Rect };
  /** The overlap in the frame of a: a's pixels, b's pixels warped by aFromB (transparent where there is none). */
  readonly overlapRegion: Rect;
  readonly overlapA: ImageBitmap;
  readonly overlapB: ImageBitmap;
  /** |a − b| after tone matching, and green/magenta. */
  readonly difference: ImageBitmap;
  readonly greenMagenta: ImageBitmap;
  /** Normalised cross-correlation of the overlap, −1…1; null when too small or flat. */
  readonly ncc: number | null;
}

export type ExportTarget =
  | { readonly kind: 'handle'; readonly handle: FileSystemFileHandle }
  /** A file in the origin-private file system that is then downloaded. */
  | { readonly kind: 'opfs'; readonly name: string };

export interface ExportRequest {
  readonly target: ExportTarget;
  readonly region: Rect | null;
  readonly format: MosaicFormat | 'mask-tiff';
  /** Sample type that is asked for; the mosaic's own when absent. */
  readonly bits?: OutputBits | null;
  /** Values that become the ends of a narrower type; measured when absent. */
  readonly range?: ValueRange | null;
}

export interface ExportReport {
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** The format as its users call it: `BigTIFF`, `OME-Zarr 0.5`. */
  readonly kind: string;
  /** Resolutions in the file. */
  readonly levels: number;
  /** What was done to the values, a whole sentence; null when they are the mosaic's own. */
  readonly values: string | null;
  /** Tiles that are damaged and therefore missing from the picture. */
  readonly damaged: readonly TileId[];
  /** For an `opfs` target: the finished file. */
  readonly file: File | null;
}

/** Small text files of a finished run, written by the same code as the command line's. */
export type TextExportKind = 'solution' | 'links-csv' | 'report' | 'tile-configuration' | HandOffId;

export interface TextExportRequest {
  readonly kind: TextExportKind;
  readonly tiles: readonly Tile[];
  readonly layout: Layout;
  readonly pairs: readonly PairResult[];
  readonly report: SolveReport;
  readonly mosaic: Mosaic;
  readonly options: StitchOptions;
  /** Who matched the pairs; null when every pair came from a cache without its matcher's status. */
  readonly matcher: MatcherStatus | null;
  /** Keys of the links that the user excluded. */
  readonly excluded: ReadonlySet<string>;
  /** For the report. */
  readonly corrections?: EditList;
  /** For the report: the files and their identities. */
  readonly files?: readonly { readonly path: string; readonly identity: string }[];
}

export interface TextExport {
  /** Suggested names and texts; some programs want two files. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Whole sentences: what the format could not hold ("rotation of up to 1.2° is lost"). */
  readonly warnings: readonly string[];
}

export interface SampleGrid {
  readonly files: readonly NamedFile[];
  /** truth.json of the sample, as text. */
  readonly truth: string;
}

/**
 * What the app programs against. Implemented by `createStitchClient()` in workers/client.ts over comlink;
 * every method rejects with StitchError (codes survive the thread) or the signal's AbortError.
 */
export interface StitchClient {
  /** Has `listener` told of a file whose drive does not answer, and null once none is waited for any more. */
  readonly onWaiting?: (listener: (file: string | null) => void) => void;
  inspect(files: readonly NamedFile[], signal: AbortSignal, onProgress: OnProgress): Promise<InspectReport>;
  /** Checks the text of a project file; `bad-options` names the place. */
  parseProject(text: string, file: string): Promise<ProjectFile>;
  /** Checks the text of an options file; what it leaves out has its default. */
  parseOptions(text: string, file: string): Promise<StitchOptions>;
  /** Identity of each file by its content (`fileIdentity`); empty for a file that cannot be read. */
  identify(files: readonly NamedFile[], signal: AbortSignal): Promise<readonly string[]>;
  /** Finds a place of one tile in another, to a fraction of a pixel; null where there is no peak. */
  snapLandmark(request: SnapRequest, signal: AbortSignal): Promise<SnappedLandmark | null>;
  /** Hands the tiles of the project to every worker; replaces the previous project. */
  openProject(sources: readonly TileSource[]): Promise<void>;
  makeSample(seed: number, signal: AbortSignal, onProgress: OnProgress): Promise<SampleGrid>;
  /** The files of the grid that a device is tested with (`deviceTestGrid`). */
  makeTestGrid(signal: AbortSignal, onProgress: OnProgress): Promise<SampleGrid>;
  /** Ranks the layouts that fit the names by correlating thumbnails of candidate neighbours. */
  inferLayout(tiles: readonly Tile[], signal: AbortSignal, onProgress: OnProgress): Promise<LayoutRanking>;
  /** Estimates the overlap of a given layout by correlation; null where nothing correlates. */
  estimateOverlap(
    tiles: readonly Tile[],
    layout: Layout,
    signal: AbortSignal,
  ): Promise<{ readonly x: number | null; readonly y: number | null }>;
  thumbnail(request: ThumbnailRequest, signal: AbortSignal): Promise<ImageBitmap>;

  loadMatcher(choice: MatcherChoice, signal: AbortSignal, onProgress: OnProgress): Promise<MatcherStatus>;
  /** The loaded matcher as it runs now: a lost device steps it down a rung in the middle of a run. */
  readonly matcherStatus: MatcherStatus | null;
  /** `masks` hide parts of tiles from the matcher. */
  matchPair(pair: TilePair, options: PairOptions, signal: AbortSignal, masks?: TileMasks): Promise<PairResult>;
  /** How many pairs may be in flight at once. */
  readonly matchConcurrency: number;
  /** Matches one pair on a thread of its own; the matcher of the run and its results stay as they are. */
  tryPair(request: PairTrialRequest, signal: AbortSignal, onProgress: OnProgress): Promise<PairTrial>;

  solve(graph: PoseGraph, options: SolveOptions, signal: AbortSignal, onProgress: OnProgress): Promise<SolveReport>;
  /** `solve` that the worker keeps for `resolveEdits`; the graph holds every link, the excluded ones too. */
  solveForEdits(
    graph: PoseGraph,
    options: SolveOptions,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<SolveReport>;
  /**
   * Solves the graph of the last `solveForEdits` again under these edits, which replace the former ones; null when the
   * worker keeps no graph (it was replaced after a failure): then `solveForEdits` is to be asked.
   */
  resolveEdits(edits: GraphEdits, signal: AbortSignal, onProgress: OnProgress): Promise<SolveReport | null>;
  /** Aligns the patches of one overlap at full resolution. */
  refine(request: OverlapRequest, signal: AbortSignal): Promise<RefinedOverlap | null>;
  /** Bends the tiles of a solved graph. */
  solveElastic(request: ElasticRequest, signal: AbortSignal, onProgress: OnProgress): Promise<ElasticReport>;
  /** Tiles that seem to be mirrored, turned or reversed, from the pairs that found no motion. */
  findOddTiles(pairs: readonly PairOutcome[], signal: AbortSignal): Promise<readonly OddTile[]>;
  /** Which transform would do, and the numbers of all. */
  recommend(request: RecommendRequest, signal: AbortSignal): Promise<Recommendation | null>;
  /** The illumination that all tiles share, from their pixels at reduced scale. */
  estimateShading(request: ShadingRequest, signal: AbortSignal, onProgress: OnProgress): Promise<ShadingEstimate>;
  solveTones(links: readonly Link[], signal: AbortSignal): Promise<ReadonlyMap<TileId, GainOffset>>;

  /** Sets the mosaic that chunks and exports are composed from; chunks asked for before are stale. */
  showMosaic(mosaic: Mosaic, options: ComposeOptions): Promise<void>;
  renderChunk(request: ChunkRequest, signal: AbortSignal): Promise<ImageBitmap>;
  /** What the mosaic would be with a tile where the user holds it, or how the tile differs there from its neighbours. */
  renderMoved(request: MovedRequest, signal: AbortSignal): Promise<ImageBitmap>;
  /** What lies over a region, as a transparent picture; agreement and difference come as one pixel a compared cell. */
  renderEvidence(request: EvidenceRequest, signal: AbortSignal): Promise<ImageBitmap>;
  /** What the mosaic's pixel (x, y) is made of. */
  probePixel(x: number, y: number, signal: AbortSignal): Promise<PixelProbe>;
  statistics(rect: Rect, scale: number, signal: AbortSignal): Promise<ValueStatistics>;
  pairView(request: PairViewRequest, signal: AbortSignal): Promise<PairView>;
  /** How the patch round a point of a fits b, at every place within reach. */
  correlationSurface(request: PointRequest, signal: AbortSignal): Promise<CorrelationSurface>;
  exportMosaic(request: ExportRequest, signal: AbortSignal, onProgress: OnProgress): Promise<ExportReport>;

  /** Only a report takes long enough for progress: it looks at every overlap. */
  textExport(request: TextExportRequest, signal: AbortSignal, onProgress?: OnProgress): Promise<TextExport>;

  /** Terminates every worker. */
  dispose(): void;
}

/** What the page says to the service worker. */
export type OfflineRequest =
  /** Keep everything that this device needs without a network; told at every start of the page. */
  | { readonly kind: 'keep'; readonly hasGpu: boolean }
  /** Become the version in use: the user asked for the new one. */
  | { readonly kind: 'take-over' };

/** What the service worker says to its pages while and after it keeps files. */
export interface OfflineNews {
  readonly kind: 'offline';
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Why a file could not be kept; null while all goes well. */
  readonly failure: string | null;
}
