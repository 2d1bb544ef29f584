/** The methods of each worker: (request, context) → promise. Statement of the wire, shared by both ends. */
import type { GainOffset } from '../src/core/photometry/gain-offset.ts';
import type { TileMasks } from '../src/core/edits/edit-effect.ts';
import type { SnappedLandmark, SnapRequest } from '../src/core/edits/snap-landmark.ts';
import type { Recommendation } from '../src/core/diagnosis/recommend-transform.ts';
import type { OddTile, PairOutcome } from '../src/core/diagnosis/tile-orientation.ts';
import type { ElasticReport } from '../src/core/elastic/solve-elastic-graph.ts';
import type { GraphEdits } from '../src/core/graph/graph-edits.ts';
import type { PoseGraph, SolveOptions, SolveReport } from '../src/core/graph/pose-graph.ts';
import type { Rect } from '../src/core/geometry/rect.ts';
import type { Link, PairResult } from '../src/core/matching/link.ts';
import type { CorrelationSurface } from '../src/core/mosaic/correlation-surface.ts';
import type { ComposeOptions, Mosaic } from '../src/core/mosaic/mosaic.ts';
import type { PixelProbe } from '../src/core/mosaic/pixel-probe.ts';
import type { PairOptions, StitchOptions } from '../src/core/options.ts';
import type { ShadingEstimate, ShadingRequest } from '../src/core/photometry/estimate-shading.ts';
import type { OverlapRequest } from '../src/core/refine/refine-overlaps.ts';
import type { RefinedOverlap } from '../src/core/refine/refined-overlap.ts';
import type { ElasticRequest, RecommendRequest } from '../src/core/stitch.ts';
import type { LayoutRanking } from '../src/core/tiles/layout-ranking.ts';
import type { Layout, Tile, TileId, TilePair } from '../src/core/tiles/tile.ts';
import type {
  ChunkRequest,
  EvidenceRequest,
  ExportReport,
  ExportRequest,
  InspectReport,
  MatcherChoice,
  MatcherStatus,
  MovedRequest,
  NamedFile,
  PairView,
  ProjectFile,
  PairViewRequest,
  PointRequest,
  SampleGrid,
  TextExport,
  TextExportRequest,
  ThumbnailRequest,
  TileSource,
  ValueStatistics,
} from './protocol.ts';
import type { CallContext } from './remote-calls.ts';

type Method<Request, Result> = (request: Request, context: CallContext) => Promise<Result>;

export interface MatchApi {
  readonly open: Method<readonly TileSource[], void>;
  readonly loadMatcher: Method<MatcherChoice, MatcherStatus>;
  readonly matchPair: Method<
    { readonly pair: TilePair; readonly options: PairOptions; readonly masks?: TileMasks },
    PairResult
  >;
  readonly refine: Method<OverlapRequest, RefinedOverlap | null>;
}

export interface SolveApi {
  readonly solve: Method<{ readonly graph: PoseGraph; readonly options: SolveOptions }, SolveReport>;
  /** Solves and keeps what a warm re-solve needs, in place of the former graph's. */
  readonly solveForEdits: Method<{ readonly graph: PoseGraph; readonly options: SolveOptions }, SolveReport>;
  /** Solves the kept graph again under these edits; null when none is kept. */
  readonly resolveEdits: Method<GraphEdits, SolveReport | null>;
  readonly solveElastic: Method<ElasticRequest, ElasticReport>;
  readonly recommend: Method<RecommendRequest, Recommendation | null>;
  readonly solveTones: Method<readonly Link[], ReadonlyMap<TileId, GainOffset>>;
}

export interface RasterApi {
  readonly parseProject: Method<{ readonly text: string; readonly file: string }, ProjectFile>;
  readonly parseOptions: Method<{ readonly text: string; readonly file: string }, StitchOptions>;
  readonly identify: Method<readonly NamedFile[], readonly string[]>;
  readonly findOddTiles: Method<readonly PairOutcome[], readonly OddTile[]>;
  readonly snapLandmark: Method<SnapRequest, SnappedLandmark | null>;
  readonly inspect: Method<readonly NamedFile[], InspectReport>;
  readonly open: Method<readonly TileSource[], void>;
  readonly makeSample: Method<number, SampleGrid>;
  readonly makeTestGrid: Method<null, SampleGrid>;
  readonly inferLayout: Method<readonly Tile[], LayoutRanking>;
  readonly estimateOverlap: Method<
    { readonly tiles: readonly Tile[]; readonly layout: Layout },
    { readonly x: number | null; readonly y: number | null }
  >;
  readonly estimateShading: Method<ShadingRequest, ShadingEstimate>;
  readonly thumbnail: Method<ThumbnailRequest, ImageBitmap>;
  readonly showMosaic: Method<{ readonly mosaic: Mosaic; readonly options: ComposeOptions }, void>;
  readonly renderChunk: Method<ChunkRequest, ImageBitmap>;
  readonly statistics: Method<{ readonly rect: Rect; readonly scale: number }, ValueStatistics>;
  readonly renderMoved: Method<MovedRequest, ImageBitmap>;
  readonly renderEvidence: Method<EvidenceRequest, ImageBitmap>;
  readonly probePixel: Method<{ readonly x: number; readonly y: number }, PixelProbe>;
  readonly correlationSurface: Method<PointRequest, CorrelationSurface>;
  readonly pairView: Method<PairViewRequest, PairView>;
  readonly exportMosaic: Method<ExportRequest, ExportReport>;
  readonly textExport: Method<TextExportRequest, TextExport>;
}
