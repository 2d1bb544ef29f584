import { isAbort, StitchError } from '../errors.ts';
import type { RejectionReason } from '../matching/link.ts';
import type { RunContext } from '../progress.ts';
import type { FloatRaster } from '../raster/raster.ts';
import { correlationSurface, stripSource } from '../tiles/strip-correlation.ts';
import type { SideAxis, StripSource } from '../tiles/strip-correlation.ts';
import { thumbnailOf } from '../tiles/thumbnail.ts';
import type { Tile, TileId, TilePair, TileReader } from '../tiles/tile.ts';

/** A way in which a tile may lie wrongly; `reversed`: dark is bright. */
export interface Oddity {
  readonly mirrored: boolean;
  /** Quarter turns clockwise by which the tile's file is off. */
  readonly quarterTurns: 0 | 1 | 2 | 3;
  readonly reversed: boolean;
}

/** What became of a pair, without its evidence; a `PairResult` is one. */
export interface PairOutcome {
  readonly kind: 'link' | 'rejected';
  readonly pair: TilePair;
  readonly reason?: RejectionReason;
}

/** A tile that would fit its neighbours if it lay differently. */
export interface OddTile {
  readonly tile: TileId;
  readonly oddity: Oddity;
  /** Mean correlation with the neighbours as it should lie, 0…1. */
  readonly correlation: number;
  /** The best of all other ways of lying. */
  readonly rival: number;
}

/** Long side of the thumbnails, px: the cost grows with its fourth power. */
const side = 128;
/** At least this correlation, and so many times the best other one: chance reaches 0.2 to 0.3 on thumbnails. */
const leastCorrelation = 0.4;
const leastRatio = 1.5;
/** Overlaps and sideways shifts that are tried, as fractions of the expected overlap. */
const [leastOverlap, mostOverlap, mostSideways] = [0.5, 1.6, 0.5];
/** Tiles that are looked at in one run; each costs some tenths of a second. */
const mostTiles = 12;

/**
 * Tiles most of whose pairs found no motion, tried in all eight orientations and with contrast reversed against their
 * neighbours, on thumbnails. Nothing is changed: the user is told. Tiles that cannot be read are left out.
 * @throws what the reader throws besides; an abort is rethrown.
 */
export async function findOddTiles(
  pairs: readonly PairOutcome[],
  tiles: readonly Tile[],
  reader: TileReader,
  { signal, yieldNow }: Pick<RunContext, 'signal' | 'yieldNow'>,
): Promise<readonly OddTile[]> {
  const byId = new Map(tiles.map((tile) => [tile.id, tile]));
  const thumbnails = new Map<TileId, FloatRaster>();
  const thumbnail = async (id: TileId): Promise<FloatRaster | null> => {
    const known = thumbnails.get(id);
    const tile = byId.get(id);
    if (known || !tile) return known ?? null;
    const made = await thumbnailOf(tile, reader, signal, side).catch((error: unknown) => {
      if (error instanceof StitchError && !isAbort(error)) return null;
      throw error;
    });
    if (!made) return null;
    thumbnails.set(id, made);
    return made;
  };
  const found: OddTile[] = [];
  const suspects = suspectsOf(pairs);
  for (const { tile, own } of suspects.slice(0, mostTiles)) {
    const image = await thumbnail(tile);
    if (!image) continue;
    const sides: Side[] = [];
    for (const { pair } of own) {
      const isFirst = pair.a === tile;
      // What an odd tile has spoilt says nothing against its neighbours.
      if (found.some((odd) => odd.tile === (isFirst ? pair.b : pair.a))) continue;
      const neighbour = await thumbnail(isFirst ? pair.b : pair.a);
      const size = byId.get(pair.a)?.size;
      if (!neighbour || !size) continue;
      const axis = Math.abs(pair.aFromB.x) / size.width > Math.abs(pair.aFromB.y) / size.height ? 'x' : 'y';
      const ahead = axis === 'x' ? pair.aFromB.x / size.width : pair.aFromB.y / size.height;
      const overlap = 1 - Math.abs(ahead);
      if (overlap > 0.02)
        sides.push({ neighbour: stripSource(neighbour), axis, isAhead: isFirst === ahead > 0, overlap });
    }
    signal.throwIfAborted();
    const odd = judge(image, sides);
    if (odd) found.push({ tile, ...odd });
    await yieldNow();
  }
  return found;
}

/** What is said of an odd tile, in a whole sentence that ends with what to do. */
export function oddTileSentence({ tile, oddity, correlation }: OddTile): string {
  const { mirrored, quarterTurns, reversed } = oddity;
  const parts = [
    ...(mirrored ? ['mirrored'] : []),
    ...(quarterTurns > 0 ? [`turned by ${quarterTurns * 90}°`] : []),
    ...(reversed ? ['reversed in contrast'] : []),
  ];
  return `${tile} seems to be ${parts.join(' and ')}: so it would fit its neighbours (correlation ${correlation.toFixed(2)}). Export it again as the others are, and replace it.`;
}

interface Side {
  readonly neighbour: StripSource;
  readonly axis: SideAxis;
  /** The neighbour lies right of or below the tile. */
  readonly isAhead: boolean;
  /** Expected, as a fraction of the tile. */
  readonly overlap: number;
}

/** Tiles with more failed pairs than links, most failures first; read failures and blank overlaps say nothing of a tile. */
function suspectsOf(
  pairs: readonly PairOutcome[],
): readonly { readonly tile: TileId; readonly own: readonly PairOutcome[] }[] {
  const byTile = new Map<TileId, PairOutcome[]>();
  for (const result of pairs)
    for (const tile of [result.pair.a, result.pair.b]) byTile.set(tile, [...(byTile.get(tile) ?? []), result]);
  const failures = (own: readonly PairOutcome[]) =>
    own.filter((one) => one.kind === 'rejected' && one.reason !== 'read-failed' && one.reason !== 'no-texture').length;
  return [...byTile]
    .map(([tile, own]) => ({
      tile,
      own,
      failed: failures(own),
      linked: own.filter(({ kind }) => kind === 'link').length,
    }))
    .filter(({ failed, linked }) => failed > linked)
    .sort((p, q) => q.failed - p.failed || (p.tile < q.tile ? -1 : 1));
}

/** The one way of lying that fits all sides, when it is beyond doubt and not the way in which the tile lies. */
function judge(image: FloatRaster, sides: readonly Side[]): Omit<OddTile, 'tile'> | null {
  if (sides.length === 0) return null;
  const ways: { readonly oddity: Oddity; readonly correlation: number }[] = [];
  for (const mirrored of [false, true])
    for (const quarterTurns of [0, 1, 2, 3] as const) {
      const turned = stripSource(undone(image, mirrored, quarterTurns));
      let [same, opposite] = [0, 0];
      for (const side of sides) {
        const [best, worst] = extremes(turned, side);
        same += best / sides.length;
        opposite -= worst / sides.length;
      }
      ways.push({ oddity: { mirrored, quarterTurns, reversed: false }, correlation: same });
      ways.push({ oddity: { mirrored, quarterTurns, reversed: true }, correlation: opposite });
    }
  ways.sort((p, q) => q.correlation - p.correlation);
  const [{ oddity, correlation }, { correlation: rival }] = ways;
  const isAsItLies = !oddity.mirrored && oddity.quarterTurns === 0 && !oddity.reversed;
  return isAsItLies || correlation < leastCorrelation || correlation < leastRatio * rival
    ? null
    : { oddity, correlation, rival };
}

function extremes(turned: StripSource, { neighbour, axis, isAhead, overlap }: Side): readonly [number, number] {
  const [first, second] = isAhead ? [turned, neighbour] : [neighbour, turned];
  const length = axis === 'x' ? Math.min(first.width, second.width) : Math.min(first.height, second.height);
  const reach = Math.max(2, Math.round(mostSideways * overlap * length));
  const surface = correlationSurface(first, second, axis, {
    minOverlap: Math.max(4, Math.floor(leastOverlap * overlap * length)),
    maxOverlap: Math.min(length, Math.ceil(mostOverlap * overlap * length)),
    minSideways: -reach,
    maxSideways: reach,
  });
  let [best, worst] = [0, 0];
  for (const value of surface) {
    if (value > best) best = value;
    if (value < worst) worst = value;
  }
  return [best, worst];
}

/** The image as it was before it was mirrored left to right and then turned clockwise by quarter turns. */
function undone({ data, width, height }: FloatRaster, mirrored: boolean, quarterTurns: 0 | 1 | 2 | 3): FloatRaster {
  const isUpright = quarterTurns % 2 === 0;
  const [w, h] = isUpright ? [width, height] : [height, width];
  const output = new Float32Array(w * h);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const before = mirrored ? w - 1 - x : x;
      const [u, v] = [
        [before, y],
        [h - 1 - y, before],
        [w - 1 - before, h - 1 - y],
        [y, w - 1 - before],
      ][quarterTurns];
      output[y * w + x] = data[v * width + u];
    }
  return { data: output, width: w, height: h };
}
