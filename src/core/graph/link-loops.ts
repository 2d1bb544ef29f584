import { applyAffine, composeAffine, identityAffine, invertAffine, type Affine2 } from '../geometry/affine2.ts';
import type { Size } from '../geometry/rect.ts';
import type { TileId } from '../tiles/tile.ts';

/** A measured motion between two tiles. */
export interface LoopLink {
  readonly a: TileId;
  readonly b: TileId;
  /** Where a point of b is in the frame of a, px. */
  readonly aFromB: Affine2;
}

/** Three or four links that lead back to where they began. */
export interface LinkLoop {
  /** In the order in which they are passed. */
  readonly tiles: readonly TileId[];
  /** By how much the middle of the first tile misses itself after going round, px: 0 when the links agree. */
  readonly closurePx: number;
}

/** All loops of three and four links, each once, the one that closes worst first. */
export function linkLoops(links: readonly LoopLink[], sizeOf: (tile: TileId) => Size): readonly LinkLoop[] {
  const motions = motionsByTile(links);
  const rankOf = new Map([...motions.keys()].map((tile, rank) => [tile, rank]));
  const rank = (tile: TileId) => rankOf.get(tile) ?? 0;
  const loops: LinkLoop[] = [];
  for (const [start, around] of motions) {
    const later = [...around.keys()].filter((tile) => rank(tile) > rank(start));
    for (const [p, first] of later.entries())
      for (const last of later.slice(p + 1)) {
        for (const between of motions.get(first)?.keys() ?? []) {
          if (between === last) loops.push(closed([start, first, last], motions, sizeOf));
          else if (rank(between) > rank(start) && motions.get(last)?.has(between))
            loops.push(closed([start, first, between, last], motions, sizeOf));
        }
      }
  }
  return loops.sort((p, q) => q.closurePx - p.closurePx);
}

type Motions = ReadonlyMap<TileId, ReadonlyMap<TileId, Affine2>>;

/** Of each tile its neighbours with tileFromNeighbour. */
function motionsByTile(links: readonly LoopLink[]): Motions {
  const motions = new Map<TileId, Map<TileId, Affine2>>();
  const put = (from: TileId, to: TileId, motion: Affine2) => {
    const around = motions.get(from) ?? new Map<TileId, Affine2>();
    motions.set(from, around.set(to, motion));
  };
  for (const { a, b, aFromB } of links) {
    put(a, b, aFromB);
    put(b, a, invertAffine(aFromB));
  }
  return motions;
}

function closed(tiles: readonly TileId[], motions: Motions, sizeOf: (tile: TileId) => Size): LinkLoop {
  const round = tiles.reduce((motion, tile, k) => {
    const step = motions.get(tile)?.get(tiles[(k + 1) % tiles.length]);
    return step ? composeAffine(motion, step) : motion;
  }, identityAffine);
  const { width, height } = sizeOf(tiles[0]);
  const middle = { x: (width - 1) / 2, y: (height - 1) / 2 };
  const back = applyAffine(round, middle.x, middle.y);
  return { tiles, closurePx: Math.hypot(back.x - middle.x, back.y - middle.y) };
}
