import { defaultPinSigmaPx } from '../../../core/edits/edit.ts';
import type { Edit } from '../../../core/edits/edit.ts';
import { rigidPoseOf } from '../../../core/edits/propose-link.ts';
import { linkErrorPx } from '../../../core/edits/solution-error.ts';
import { applyAffine, invertAffine } from '../../../core/geometry/affine2.ts';
import type { Point } from '../../../core/geometry/affine2.ts';
import { affineFromPose } from '../../../core/geometry/pose2.ts';
import type { Pose2 } from '../../../core/geometry/pose2.ts';
import { pairKey, type Tile } from '../../../core/tiles/tile.ts';
import type { StitchRun } from '../../state/result.ts';
import type { PaintedTool } from './painted-tool.ts';
import { tileName } from '../../viewer/tile-name.ts';
import { poseAfterKey, shiftedPose, turnedPose } from './moved-pose.ts';

/** How a tile stands while it is moved, for the line that says so. */
export interface MovePreview {
  /** Shift of the tile's centre, px. */
  readonly dx: number;
  readonly dy: number;
  readonly turnRad: number;
  /** Root mean square residual of each of its links there, px. */
  readonly seams: readonly { readonly pairKey: string; readonly neighbour: string; readonly px: number }[];
}

interface MoveToolDeps {
  readonly run: StitchRun;
  readonly tile: Tile;
  readonly onPreview: (preview: MovePreview) => void;
  readonly onDone: (edit: Edit | null) => void;
}

/** The tile is drawn so much of the colour of its picture: what lies beneath shows through. */
const previewAlpha = 0.6;
/** A drag with Shift turns by this much a mosaic px across, relative to the tile's half width. */
const dashPx = 6;

/** Drags or turns one tile: its picture and the errors of its seams follow at once; Enter pins it there. */
export function moveTool({ run, tile, onPreview, onDone }: MoveToolDeps): PaintedTool | null {
  const { mosaicFromTile } = run.outcome.report;
  const solved = mosaicFromTile.get(tile.id);
  if (!solved) return null;
  const start = rigidPoseOf(solved, tile.size);
  const links = run.outcome.pairs.filter(
    (result) => result.kind === 'link' && (result.pair.a === tile.id || result.pair.b === tile.id),
  );
  let pose = start;
  let held: { readonly at: Point; readonly pose: Pose2 } | null = null;

  const centreAt = (at: Pose2) =>
    applyAffine(affineFromPose(at), (tile.size.width - 1) / 2, (tile.size.height - 1) / 2);
  const seams = () => {
    const poses = new Map(mosaicFromTile).set(tile.id, affineFromPose(pose));
    return links.flatMap((link) => {
      const px = link.kind === 'link' && !run.excluded.has(pairKey(link.pair)) ? linkErrorPx(link, poses) : null;
      const neighbour = link.pair.a === tile.id ? link.pair.b : link.pair.a;
      return px === null ? [] : [{ pairKey: pairKey(link.pair), neighbour: tileName(neighbour), px }];
    });
  };
  const put = (next: Pose2) => {
    pose = next;
    // Of the centre: a turn about it is no shift.
    const [from, to] = [centreAt(start), centreAt(pose)];
    onPreview({ dx: to.x - from.x, dy: to.y - from.y, turnRad: pose.thetaRad - start.thetaRad, seams: seams() });
  };

  return {
    grab(at) {
      const inTile = applyAffine(invertAffine(affineFromPose(pose)), at.x, at.y);
      const isInside =
        inTile.x > -0.5 && inTile.y > -0.5 && inTile.x < tile.size.width - 0.5 && inTile.y < tile.size.height - 0.5;
      if (isInside) held = { at, pose };
      return isInside;
    },
    dragTo(at, event) {
      if (!held) return;
      if (event.shiftKey) {
        const c = centreAt(pose);
        const angle = (p: Point) => Math.atan2(p.y - c.y, p.x - c.x);
        put(turnedPose(held.pose, tile.size, angle(at) - angle(held.at)));
      } else put(shiftedPose(held.pose, at.x - held.at.x, at.y - held.at.y));
    },
    release() {
      held = null;
    },
    key(event) {
      if (event.key === 'Enter') onDone({ kind: 'pin-tile', tile: tile.id, pose, sigmaPx: defaultPinSigmaPx });
      else if (event.key === 'Escape') onDone(null);
      else {
        const next = poseAfterKey(pose, tile.size, event.key, event);
        if (next === null) return false;
        put(next);
      }
      return true;
    },
    paintWith(context, { transform: t, ratio }, bitmap) {
      const { a, b, c, d, e, f } = affineFromPose(pose);
      context.save();
      context.transform(t.scale, 0, 0, t.scale, t.x, t.y);
      context.transform(a, b, c, d, e, f);
      if (bitmap) {
        context.globalAlpha = previewAlpha;
        // The corner of the first pixel lies half a pixel before its centre.
        context.drawImage(bitmap, -0.5, -0.5, tile.size.width, tile.size.height);
        context.globalAlpha = 1;
      }
      context.strokeStyle = getComputedStyle(context.canvas).getPropertyValue('--accent').trim() || 'white';
      context.lineWidth = (1.5 * ratio) / t.scale;
      context.setLineDash([(dashPx * ratio) / t.scale, (dashPx * ratio) / t.scale]);
      context.strokeRect(-0.5, -0.5, tile.size.width, tile.size.height);
      context.restore();
    },
  };
}
