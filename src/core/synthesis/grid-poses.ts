import { applyAffine } from '../geometry/affine2.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import type { DisplacementMesh } from '../geometry/displacement-mesh.ts';
import { drawBetween } from './random.ts';
import type { RandomStream } from './random.ts';
import { distortionMesh, drawDistortion } from './scan-distortion.ts';
import type { SetRecipe } from './set-recipes.ts';

/** Pixels kept free around the tiles, for the interpolation. */
export const freePx = 3;

/** A tile's pose relative to the upper-left corner of its grid. */
export interface RelativePose {
  readonly row: number;
  readonly column: number;
  readonly x: number;
  readonly y: number;
  readonly angleDeg: number;
  readonly scale: number;
  readonly mesh: DisplacementMesh | null;
}

/** Poses as a stage would leave them: the nominal pitch, its error, a turn of each tile, the scanner's distortion. */
export function gridPoses(
  recipe: SetRecipe,
  grid: {
    readonly rows: number;
    readonly columns: number;
    readonly pitch: { readonly x: number; readonly y: number };
    readonly isSimilarity: boolean;
  },
  draws: RandomStream,
): readonly RelativePose[] {
  const { rows, columns, pitch } = grid;
  const isPair = rows * columns === 2;
  const pairTurn = drawBetween(draws, [-recipe.turnDeg, recipe.turnDeg]);
  const pairStretch = drawBetween(draws, [-0.01, 0.01]);
  const scan = recipe.distortion ? drawDistortion(recipe.distortion, draws) : null;
  const poses: RelativePose[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const sign = row + column === 0 ? 0.5 : -0.5;
      const [turn, stretch] = isPair
        ? [sign * pairTurn, sign * pairStretch]
        : [drawBetween(draws, [-recipe.turnDeg / 2, recipe.turnDeg / 2]), drawBetween(draws, [-0.005, 0.005])];
      poses.push({
        row,
        column,
        x: column * pitch.x + drawBetween(draws, [-recipe.jitterPx, recipe.jitterPx]),
        y: row * pitch.y + drawBetween(draws, [-recipe.jitterPx, recipe.jitterPx]),
        angleDeg: turn,
        scale: grid.isSimilarity ? Math.exp(stretch) : 1,
        mesh: scan && distortionMesh(scan, recipe.tileSize, draws),
      });
    }
  return poses;
}

/** Two tiles a tile and more apart: where they lie in an image is drawn with the place. */
export function apartPoses(recipe: SetRecipe, isBeside: boolean, draws: RandomStream): readonly RelativePose[] {
  const gap = 2 * freePx + Math.ceil(recipe.tileSize.height * Math.sin((recipe.turnDeg * Math.PI) / 180));
  const pose = (at: number): RelativePose => ({
    row: isBeside ? 0 : at,
    column: isBeside ? at : 0,
    x: at * (recipe.tileSize.width + gap) + draws.uniform(),
    y: draws.uniform(),
    angleDeg: drawBetween(draws, [-recipe.turnDeg / 2, recipe.turnDeg / 2]),
    scale: 1,
    mesh: null,
  });
  return [pose(0), pose(1)];
}

/** sourceFromTile of a tile whose unturned upper-left pixel would lie at (x, y): turned and scaled about its centre. */
export function poseToAffine({ x, y, angleDeg, scale }: RelativePose, size: Size): Affine2 {
  const theta = (angleDeg * Math.PI) / 180;
  const a = scale * Math.cos(theta);
  const b = scale * Math.sin(theta);
  const halfX = (size.width - 1) / 2;
  const halfY = (size.height - 1) / 2;
  return { a, b, c: -b, d: a, e: x + halfX - a * halfX + b * halfY, f: y + halfY - b * halfX - a * halfY };
}

/** Whole pixels that hold every tile with its distortion and the interpolation's neighbours. */
export function boundsOf(poses: readonly RelativePose[], size: Size): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const pose of poses) {
    const affine = poseToAffine(pose, size);
    const reach = freePx + (pose.mesh ? Math.max(...pose.mesh.dx.map(Math.abs), ...pose.mesh.dy.map(Math.abs)) : 0);
    for (const u of [0, size.width - 1])
      for (const v of [0, size.height - 1]) {
        const p = applyAffine(affine, u, v);
        left = Math.min(left, p.x - reach);
        right = Math.max(right, p.x + reach);
        top = Math.min(top, p.y - reach);
        bottom = Math.max(bottom, p.y + reach);
      }
  }
  const [x, y] = [Math.floor(left), Math.floor(top)];
  return { x, y, width: Math.ceil(right) - x + 1, height: Math.ceil(bottom) - y + 1 };
}
