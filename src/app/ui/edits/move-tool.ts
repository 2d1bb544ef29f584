import { defaultPinSigmaPx } from '../../../core/edits/edit.ts';
import type { Edit } from '../../../core/edits/edit.ts';
import { rigidPoseOf } from '../../../core/edits/propose-link.ts';
import { linkErrorPx } from '../../../core/edits/solution-error.ts';
import { applyAffine, composeAffine, invertAffine } from '../../../core/geometry/affine2.ts';
import type { Affine2, Point } from '../../../core/geometry/affine2.ts';
import { affineFromPose } from '../../../core/geometry/pose2.ts';
import type { Pose2 } from '../../../core/geometry/pose2.ts';
import { pairKey, type Tile } from '../../../core/tiles/tile.ts';
import type { DisplayRange, MovedRequest, MovedView } from '../../../../workers/protocol.ts';
import type { StitchRun } from '../../state/result.ts';
import type { PaintedTool } from './painted-tool.ts';
import { tileName } from '../../viewer/tile-name.ts';
import type { OverlayView } from '../../viewer/tile-overlay.ts';
import { poseAfterKey, shiftedPose, turnedPose } from './moved-pose.ts';
import type { MovedPicture } from './moved-pictures.ts';
import { movedRegion, pictureEdges } from './moved-region.ts';

/** How a tile stands while it is moved, for the line that says so. */
export interface MovePreview {
  /** Shift of the tile's centre, px. */
  readonly dx: number;
  readonly dy: number;
  readonly turnRad: number;
  /** How its overlaps are drawn. */
  readonly view: MovedView;
  /** Root mean square residual of each of its links there, px. */
  readonly seams: readonly { readonly pairKey: string; readonly neighbour: string; readonly px: number }[];
}

interface MoveToolDeps {
  readonly run: StitchRun;
  readonly tile: Tile;
  readonly onPreview: (preview: MovePreview) => void;
  readonly onDone: (edit: Edit | null) => void;
  /** How values are shown now. */
  readonly display: () => DisplayRange;
  /** The newest picture of the tile among its neighbours, and the wish for another. */
  readonly pictures: {
    readonly shown: MovedPicture<ImageBitmap> | null;
    want(request: MovedRequest): void;
  };
}

/** Until its overlaps are drawn, the tile alone is, and what lies beneath shows through. */
const previewAlpha = 0.6;
/** A drag with Shift turns by this much a mosaic px across, relative to the tile's half width. */
const dashPx = 6;

/** Draws the overlaps as difference and as blend in turn. */
const viewKey = 'q';

/**
 * Drags or turns one tile: the mosaic with the tile there, at the zoom shown, and the errors of its seams follow; Enter
 * pins it there.
 */
export function moveTool({ run, tile, onPreview, onDone, display, pictures }: MoveToolDeps): PaintedTool | null {
  const { mosaicFromTile } = run.outcome.report;
  const solved = mosaicFromTile.get(tile.id);
  if (!solved) return null;
  const start = rigidPoseOf(solved, tile.size);
  const links = run.outcome.pairs.filter(
    (result) => result.kind === 'link' && (result.pair.a === tile.id || result.pair.b === tile.id),
  );
  const placement = run.outcome.mosaic.placements.find((one) => one.tile === tile.id);
  // The pose is rigid and the solution need not be: the tile as it is, moved as the pose is.
  const poseFromTile = composeAffine(invertAffine(affineFromPose(start)), solved);
  const placed = (): Affine2 => composeAffine(affineFromPose(pose), poseFromTile);
  let pose = start;
  let view: MovedView = 'blend';
  let held: { readonly at: Point; readonly pose: Pose2 } | null = null;

  const centreAt = (at: Pose2) =>
    applyAffine(affineFromPose(at), (tile.size.width - 1) / 2, (tile.size.height - 1) / 2);
  const seams = () => {
    const poses = new Map(mosaicFromTile).set(tile.id, placed());
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
    onPreview({ dx: to.x - from.x, dy: to.y - from.y, turnRad: pose.thetaRad - start.thetaRad, view, seams: seams() });
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
      else if (event.key.toLowerCase() === viewKey) {
        view = view === 'blend' ? 'difference' : 'blend';
        put(pose);
      } else {
        const next = poseAfterKey(pose, tile.size, event.key, event);
        if (next === null) return false;
        put(next);
      }
      return true;
    },
    paintWith(context, overlay, alone) {
      const region = placement && movedRegion(placement, placed(), overlay);
      if (region) pictures.want({ ...region, tile: tile.id, mosaicFromTile: placed(), view, display: display() });
      const { shown } = pictures;
      if (shown) paintPicture(context, overlay, shown);
      paintTile(context, overlay, { placed: placed(), size: tile.size, picture: shown ? null : alone });
    },
  };
}

/** The region as the mosaic would have it, in place of the mosaic: what no tile covers any more is empty. */
function paintPicture(
  context: CanvasRenderingContext2D,
  overlay: OverlayView,
  { bitmap, request }: MovedPicture<ImageBitmap>,
): void {
  const { x, y, width, height } = pictureEdges(
    { region: request, width: bitmap.width, height: bitmap.height },
    overlay,
  );
  context.fillStyle = styleOf(context, '--bg-0', 'black');
  context.fillRect(x, y, width, height);
  context.imageSmoothingEnabled = overlay.transform.scale < request.scale;
  context.drawImage(bitmap, x, y, width, height);
}

interface PaintedTile {
  readonly placed: Affine2;
  readonly size: Tile['size'];
  readonly picture: ImageBitmap | null;
}

/** The outline of the tile, and its picture where there is nothing better. */
function paintTile(
  context: CanvasRenderingContext2D,
  { transform: t, ratio }: OverlayView,
  { placed: { a, b, c, d, e, f }, size, picture }: PaintedTile,
): void {
  context.save();
  context.transform(t.scale, 0, 0, t.scale, t.x, t.y);
  context.transform(a, b, c, d, e, f);
  if (picture) {
    context.globalAlpha = previewAlpha;
    // The corner of the first pixel lies half a pixel before its centre.
    context.drawImage(picture, -0.5, -0.5, size.width, size.height);
    context.globalAlpha = 1;
  }
  context.strokeStyle = styleOf(context, '--accent', 'white');
  context.lineWidth = (1.5 * ratio) / t.scale;
  context.setLineDash([(dashPx * ratio) / t.scale, (dashPx * ratio) / t.scale]);
  context.strokeRect(-0.5, -0.5, size.width, size.height);
  context.restore();
}

function styleOf(context: CanvasRenderingContext2D, name: string, otherwise: string): string {
  return getComputedStyle(context.canvas).getPropertyValue(name).trim() || otherwise;
}
