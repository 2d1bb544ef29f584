import { defaultPinSigmaPx, type Edit } from '../../../core/edits/edit.ts';
import { rigidPoseOf } from '../../../core/edits/propose-link.ts';
import type { TileId } from '../../../core/tiles/tile.ts';
import type { StitchRun } from '../../state/result.ts';

/** Pins a tile where the mosaic has it; does nothing for one without a place. */
export function pinHere(run: StitchRun, tile: TileId, add: (edit: Edit) => void): void {
  const pose = run.outcome.report.mosaicFromTile.get(tile);
  const size = run.tiles.find(({ id }) => id === tile)?.size;
  if (pose && size) add({ kind: 'pin-tile', tile, pose: rigidPoseOf(pose, size), sigmaPx: defaultPinSigmaPx });
}
