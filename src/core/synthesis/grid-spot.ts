import type { Rect, Size } from '../geometry/rect.ts';
import { freePx } from './grid-poses.ts';
import type { RelativePose } from './grid-poses.ts';
import type { RandomStream } from './random.ts';
import type { SetRecipe } from './set-recipes.ts';
import { texturedShare } from './texture-map.ts';
import type { TextureMap } from './texture-map.ts';

/** Places drawn in one source before it is given up. */
const maxPlaces = 400;

/** The source image in which a grid is placed. */
export interface GridPlace {
  readonly name: string;
  readonly file: number;
  readonly size: Size;
  readonly texture: TextureMap | null;
}

/** Where a grid lies in its source. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly size: Size;
  /** The poses in the source's frame. */
  readonly poses: readonly RelativePose[];
  readonly skipped: number;
}

const movedBy = (poses: readonly RelativePose[], x: number, y: number) =>
  poses.map((pose) => ({ ...pose, x: pose.x + x, y: pose.y + y }));

/** A source made to measure. */
export function freshSpot(poses: readonly RelativePose[], bounds: Rect, draws: RandomStream): Spot {
  const size = { width: bounds.width + 1, height: bounds.height + 1 };
  const [x, y] = [-bounds.x + draws.uniform(), -bounds.y + draws.uniform()];
  return { x, y, size, poses: movedBy(poses, x, y), skipped: 0 };
}

/** A place in a source image whose overlaps all show texture; a sentence when there is none. */
export function spotIn(
  place: GridPlace,
  recipe: SetRecipe,
  poses: readonly RelativePose[],
  bounds: Rect,
  draws: RandomStream,
): Spot | string {
  const { width, height } = place.size;
  const [roomX, roomY] = [width - bounds.width, height - bounds.height];
  if (roomX < 1 || roomY < 1)
    return (
      `a grid needs ${bounds.width + 1}×${bounds.height + 1} px and it has ${width}×${height}; ` +
      'take smaller tiles with --tile or fewer with --rows and --columns.'
    );
  for (let skipped = 0; skipped < maxPlaces; skipped++) {
    const x = -bounds.x + roomX * draws.uniform();
    const y = -bounds.y + roomY * draws.uniform();
    const moved = movedBy(poses, x, y);
    if (hasTexture(place.texture, moved, recipe)) return { x, y, size: place.size, poses: moved, skipped };
  }
  return `of ${maxPlaces} places none shows enough texture in every overlap to be registered.`;
}

/** Every nominal overlap of neighbours (in rows and columns) has its share of textured blocks. */
function hasTexture(map: TextureMap | null, poses: readonly RelativePose[], recipe: SetRecipe): boolean {
  if (!map || recipe.minTexture === 0) return true;
  const { width, height } = recipe.tileSize;
  return poses.every((p) =>
    poses.every((q) => {
      const isNext = (q.column === p.column + 1 && q.row === p.row) || (q.row === p.row + 1 && q.column === p.column);
      if (!isNext) return true;
      const [x, y] = [Math.max(p.x, q.x), Math.max(p.y, q.y)];
      const common = { x, y, width: Math.min(p.x, q.x) + width - x, height: Math.min(p.y, q.y) + height - y };
      return texturedShare(map, common) >= recipe.minTexture;
    }),
  );
}

/** Two places of one image that share no pixel. */
export function apartSpot(
  place: GridPlace,
  recipe: SetRecipe,
  poses: readonly RelativePose[],
  draws: RandomStream,
): Spot | string {
  const { width, height } = recipe.tileSize;
  const reach = Math.ceil((Math.hypot(width, height) / 2) * Math.sin((recipe.turnDeg * Math.PI) / 360)) + freePx;
  const roomX = place.size.width - width - 2 * reach;
  const roomY = place.size.height - height - 2 * reach;
  if (Math.max(roomX - width, roomY - height) < 2 * reach + 1 || Math.min(roomX, roomY) < 0)
    return `two tiles of ${width}×${height} px that share nothing do not fit ${place.size.width}×${place.size.height}; take smaller ones with --tile.`;
  for (;;) {
    const at = poses.map((pose) => ({
      ...pose,
      x: reach + roomX * draws.uniform(),
      y: reach + roomY * draws.uniform(),
    }));
    const [p, q] = at;
    const isApart = Math.abs(p.x - q.x) > width + 2 * reach || Math.abs(p.y - q.y) > height + 2 * reach;
    if (isApart) return { x: 0, y: 0, size: place.size, poses: at, skipped: 0 };
  }
}
