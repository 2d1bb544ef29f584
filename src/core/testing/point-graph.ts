import type { Size } from '../geometry/rect.ts';
import type { Affine2 } from '../geometry/affine2.ts';
import { applyAffine, invertAffine } from '../geometry/affine2.ts';
import { affineFromPose } from '../geometry/pose2.ts';
import type { GraphNode } from '../graph/pose-graph.ts';
import type { SystemLink } from '../graph/link-system.ts';
import { sampleMoments } from '../matching/link-moments.ts';
import { seededRandom } from '../random.ts';
import { tileId } from '../tiles/tile.ts';

/** A link of matches that are known one by one: px of the two tiles. */
export interface PointLink {
  readonly from: number;
  readonly to: number;
  readonly points: readonly { readonly p: readonly [number, number]; readonly q: readonly [number, number] }[];
}

/** A graph of few tiles of different sizes, its matches beside it; tile i is `t` and i in base 36, so that 36 nodes keep their order. */
export interface PointGraph {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly SystemLink[];
  readonly points: readonly PointLink[];
}

/** Where tiles of a point graph lie: the rigid motion mosaicFromTile. */
export function rigidAt(x: number, y: number, thetaRad: number): Affine2 {
  return affineFromPose({ x, y, thetaRad });
}

/**
 * Tiles at `poses`, and `matches` for each of `edges` that agree with them but for `noisePx`, even on each axis.
 * @param priors where the layout has the tiles, x, y, rad; at their poses' places, not turned, when absent.
 */
export function pointGraph(
  poses: readonly Affine2[],
  edges: readonly (readonly [number, number])[],
  {
    noisePx = 0,
    matches = 6,
    seed = 1,
    priors,
  }: {
    readonly noisePx?: number;
    readonly matches?: number;
    readonly seed?: number;
    readonly priors?: readonly (readonly [number, number, number])[];
  } = {},
): PointGraph {
  const random = seededRandom(seed);
  const sizes = poses.map((_, i): Size => ({ width: 101 + 20 * (i % 3), height: 81 + 10 * (i % 4) }));
  const nodes = poses.map(({ e, f }, i): GraphNode => {
    const [x, y, thetaRad] = priors?.[i] ?? [e, f, 0];
    return {
      id: tileId(`t${i.toString(36)}`),
      size: sizes[i],
      prior: { pose: { x, y, thetaRad }, sigmaPx: 5, sigmaRad: 0.02 },
    };
  });
  const points = edges.map(([from, to]): PointLink => {
    const drawn = Array.from({ length: matches }, () => {
      const q = [sizes[to].width * random(), sizes[to].height * random()] as const;
      const world = applyAffine(poses[to], ...q);
      const p = applyAffine(invertAffine(poses[from]), world.x, world.y);
      const off = () => noisePx * (2 * random() - 1);
      return { p: [p.x + off(), p.y + off()] as const, q };
    });
    return { from, to, points: drawn };
  });
  const links = points.map(({ from, to, points: list }): SystemLink => {
    const a = Float64Array.from(list.flatMap(({ p }) => p));
    const b = Float64Array.from(list.flatMap(({ q }) => q));
    const moments = sampleMoments(
      { a, b },
      Array.from(list, (_, i) => i),
    );
    return { pair: { a: nodes[from].id, b: nodes[to].id }, moments };
  });
  return { nodes, links, points };
}
