import { composeAffine, invertAffine, type Affine2 } from '../src/core/geometry/affine2.ts';
import { affineFromPose } from '../src/core/geometry/pose2.ts';
import type { Link } from '../src/core/matching/link.ts';
import { composeRegion } from '../src/core/mosaic/compositor.ts';
import type { RunContext } from '../src/core/progress.ts';
import { lumaOf } from '../src/core/raster/raster.ts';
import { pairKey, type Tile, type TileId, type TileReader } from '../src/core/tiles/tile.ts';
import type { ReportEvidence, ReportSeam } from '../src/formats/report-html.ts';
import { paintRaster } from './display.ts';
import { overlapCorrelation, renderPairView } from './pair-view.ts';
import type { PairView, TextExportRequest } from './protocol.ts';
import { screenPicture } from './screen-picture.ts';
import { valueStatistics } from './value-statistics.ts';

/** So many seams are shown. */
const shownSeams = 10;
/** Of a larger run the worst so many overlaps are correlated: each has to be read. */
const mostCorrelated = 500;
/** Longer sides of what is correlated and shown, px. */
const correlatedSide = 512;
const pictureSide = 720;
const overviewSide = 1400;

interface Solved {
  readonly link: Link;
  readonly key: string;
  readonly residualPx: number;
  readonly before: Affine2;
  readonly after: Affine2;
}

/** Looks at the overlaps of a run for its report: correlation before and after, the worst seams, the whole. */
export async function reportEvidence(
  request: TextExportRequest,
  tileOf: (id: TileId) => Tile,
  reader: TileReader,
  { signal, onProgress }: RunContext,
): Promise<ReportEvidence> {
  const worst = solvedLinks(request).sort((p, q) => q.residualPx - p.residualPx);
  const correlated = worst.slice(0, mostCorrelated);
  const shown = worst.slice(0, shownSeams);
  const total = correlated.length + shown.length + 1;
  let done = 0;
  const step = () => onProgress({ stage: 'export', done: done++, total, note: 'report' });
  const ncc = new Map<string, { readonly before: number | null; readonly after: number | null }>();
  for (const { link, key, before, after } of correlated) {
    signal.throwIfAborted();
    step();
    const [a, b] = [tileOf(link.pair.a), tileOf(link.pair.b)];
    ncc.set(key, {
      before: await overlapCorrelation(a, b, before, correlatedSide, reader, signal),
      after: await overlapCorrelation(a, b, after, correlatedSide, reader, signal),
    });
  }
  const seams: ReportSeam[] = [];
  for (const { link, key, before, after } of shown) {
    step();
    const [a, b] = [tileOf(link.pair.a), tileOf(link.pair.b)];
    const old = await renderPairView(a, b, before, pictureSide, reader, signal);
    const now = await renderPairView(a, b, after, pictureSide, reader, signal);
    seams.push({
      pairKey: key,
      before: await jpegOf(old.greenMagenta),
      after: await jpegOf(now.greenMagenta),
      a: await jpegOf(now.overlapA),
      b: await jpegOf(now.overlapB),
    });
    closeAll(old);
    closeAll(now);
  }
  step();
  return { overview: await overviewOf(request, reader, signal), ncc, seams, files: request.files ?? [] };
}

/** The links that the solution uses, with where their tiles were and are. */
function solvedLinks({ pairs, report, excluded }: TextExportRequest): Solved[] {
  const edgeOf = new Map(report.edges.map((edge) => [edge.pairKey, edge]));
  return pairs.flatMap((link): readonly Solved[] => {
    if (link.kind !== 'link') return [];
    const key = pairKey(link.pair);
    const edge = edgeOf.get(key);
    const mosaicFromA = report.mosaicFromTile.get(link.pair.a);
    const mosaicFromB = report.mosaicFromTile.get(link.pair.b);
    if (excluded.has(key) || !edge || edge.removed || !mosaicFromA || !mosaicFromB) return [];
    const after = composeAffine(invertAffine(mosaicFromA), mosaicFromB);
    return [{ link, key, residualPx: edge.residualPx, before: affineFromPose(link.pair.aFromB), after }];
  });
}

async function overviewOf(
  { mosaic, options }: TextExportRequest,
  reader: TileReader,
  signal: RunContext['signal'],
): Promise<string | null> {
  const { width, height } = mosaic.bounds;
  if (mosaic.placements.length === 0) return null;
  const scale = Math.min(1, overviewSide / Math.max(width, height));
  const region = await composeRegion(mosaic, { rect: mosaic.bounds, scale }, options.compose, reader, signal);
  const { low, high } = valueStatistics(lumaOf(region.channels), region.coverage);
  const range = { low, high: Math.max(high, low + 1e-6), gamma: 1, invert: false };
  const bitmap = await screenPicture(paintRaster(region.channels, region.coverage, range));
  try {
    return await jpegOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** A data: address of a picture, on the grey of paper where it is transparent. */
async function jpegOf(bitmap: ImageBitmap): Promise<string> {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  if (!context) return '';
  context.fillStyle = '#d8d8d8';
  context.fillRect(0, 0, bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const parts: string[] = [];
  for (let k = 0; k < bytes.length; k += 8192) parts.push(String.fromCharCode(...bytes.subarray(k, k + 8192)));
  return `data:image/jpeg;base64,${btoa(parts.join(''))}`;
}

function closeAll(view: PairView): void {
  for (const bitmap of [view.a.bitmap, view.b.bitmap, view.overlapA, view.overlapB, view.difference, view.greenMagenta])
    bitmap.close();
}
