import type { Polygon } from '../geometry/polygon.ts';
import { pairKey } from '../tiles/tile.ts';
import type { TileId, TilePair } from '../tiles/tile.ts';
import type { EditList, Landmark, PinTile } from './edit.ts';

/** Masks by tile. */
export type TileMasks = ReadonlyMap<TileId, readonly Polygon[]>;

/** What the switched-on edits of a list amount to, sorted by what they act on. */
export interface EditEffect {
  /** Keys of excluded links. */
  readonly excluded: ReadonlySet<string>;
  /** Keys of links that count whatever the solver thinks of them. */
  readonly restored: ReadonlySet<string>;
  readonly pins: readonly PinTile[];
  /** Landmarks by pair key. */
  readonly landmarks: ReadonlyMap<string, readonly Landmark[]>;
  /** Pairs beyond those that the layout proposes. */
  readonly extraPairs: readonly TilePair[];
  readonly matchingMasks: TileMasks;
  readonly compositingMasks: TileMasks;
  /** Tiles on top of the others, the topmost first. */
  readonly raised: readonly TileId[];
}

/** The effect of the edits that are switched on. */
export function effectOf(edits: EditList): EditEffect {
  const excluded = new Set<string>();
  const restored = new Set<string>();
  const pins: PinTile[] = [];
  const landmarks = new Map<string, Landmark[]>();
  const extraPairs: TilePair[] = [];
  const matchingMasks = new Map<TileId, Polygon[]>();
  const compositingMasks = new Map<TileId, Polygon[]>();
  const raised: TileId[] = [];
  for (const { isOn, edit } of edits) {
    if (!isOn) continue;
    switch (edit.kind) {
      case 'exclude-link':
        excluded.add(pairKey(edit));
        break;
      case 'restore-link':
        restored.add(pairKey(edit));
        break;
      case 'pin-tile':
        pins.push(edit);
        break;
      case 'landmark':
        append(landmarks, pairKey(edit), edit);
        break;
      case 'link-tiles':
        extraPairs.push(edit.pair);
        break;
      case 'mask-tile':
        if (edit.use !== 'compositing') append(matchingMasks, edit.tile, edit.polygon);
        if (edit.use !== 'matching') append(compositingMasks, edit.tile, edit.polygon);
        break;
      case 'raise-tile':
        raised.unshift(edit.tile);
        break;
    }
  }
  return { excluded, restored, pins, landmarks, extraPairs, matchingMasks, compositingMasks, raised };
}

/** The drawing order (topmost first) with the raised tiles in front. */
export function raiseTiles(order: readonly TileId[], raised: readonly TileId[]): readonly TileId[] {
  if (raised.length === 0) return order;
  const known = new Set(order);
  const first = raised.filter((tile) => known.has(tile));
  const isFirst = new Set(first);
  return [...first, ...order.filter((tile) => !isFirst.has(tile))];
}

/** Proposed pairs with the extra ones that are not among them, sorted by key. */
export function withExtraPairs(proposed: readonly TilePair[], extra: readonly TilePair[]): readonly TilePair[] {
  if (extra.length === 0) return proposed;
  const known = new Set(proposed.map(pairKey));
  const added = extra.filter((pair) => !known.has(pairKey(pair)));
  return [...proposed, ...added].sort((p, q) => (pairKey(p) < pairKey(q) ? -1 : 1));
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
