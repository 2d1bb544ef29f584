import { addEdit, changeEdit, editName, removeEdit, switchEdit } from '../../core/edits/edit.ts';
import type { Edit, EditList } from '../../core/edits/edit.ts';
import { pairInMosaic } from '../../core/edits/propose-link.ts';
import type { SnappedLandmark, SnapRequest } from '../../core/edits/snap-landmark.ts';
import { isAbort, StitchError } from '../../core/errors.ts';
import { pairKey as keyOfPair, type TileId } from '../../core/tiles/tile.ts';
import type { StitchClient } from '../../../workers/protocol.ts';
import { withError } from '../state/job.ts';
import type { EditChange } from '../state/project.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import { tileName } from '../viewer/tile-name.ts';

/** The list of corrections as the user works on it; every step is named, can be undone, and solves again. */
export interface Corrections {
  readonly add: (edit: Edit) => void;
  /** `step` makes changes of the same thing in a row one step of undo. */
  readonly change: (id: string, edit: Edit, step?: string) => void;
  readonly remove: (id: string) => void;
  readonly setOn: (id: string, isOn: boolean) => void;
  /** Takes a link out, or takes that back; a link that the solver removed is restored whatever it thinks of it. */
  readonly setExcluded: (pairKey: string, isExcluded: boolean) => void;
  /** Takes several links out in one step. */
  readonly excludeAll: (pairKeys: readonly string[]) => void;
  /** Proposes a pair that the layout did not, where the mosaic has the two tiles, and matches it. */
  readonly linkTiles: (first: TileId, second: TileId) => void;
  /** The place in the other tile, found at full resolution; null where there is no peak. */
  readonly snap: (request: SnapRequest) => Promise<SnappedLandmark | null>;
}

interface CorrectionDeps {
  readonly store: AppStore;
  readonly client: Pick<StitchClient, 'snapLandmark'>;
  readonly edit: (label: string, change: EditChange) => void;
}

export function createCorrections({ store, client, edit }: CorrectionDeps): Corrections {
  const listNow = (): EditList => store.getState().project.edits.corrections;
  const nameOf = (id: string): string => {
    const entry = listNow().find((one) => one.id === id);
    return entry ? editName(entry.edit, tileName) : 'correction';
  };
  const fail = (error: unknown) => updateSlice(store, 'job', (job) => withError(job, error));
  const add = (made: Edit) => edit(editName(made, tileName), { corrections: addEdit(listNow(), made) });

  return {
    add,
    change(id, changed, step) {
      edit(step ?? `move ${editName(changed, tileName)}`, { corrections: changeEdit(listNow(), id, changed) });
    },
    remove: (id) => edit(`delete ${nameOf(id)}`, { corrections: removeEdit(listNow(), id) }),
    setOn: (id, isOn) =>
      edit(`switch ${isOn ? 'on' : 'off'} ${nameOf(id)}`, { corrections: switchEdit(listNow(), id, isOn) }),
    excludeAll(pairKeys) {
      const excluded = pairKeys.reduce((list, pairKey) => {
        const [a, b] = tilesOfKey(pairKey);
        return addEdit(list, { kind: 'exclude-link', a, b });
      }, listNow());
      if (pairKeys.length > 0) edit(`exclude ${pairKeys.length} links`, { corrections: excluded });
    },
    setExcluded(pairKey, isExcluded) {
      const [a, b] = tilesOfKey(pairKey);
      if (isExcluded) {
        add({ kind: 'exclude-link', a, b });
        return;
      }
      const kept = listNow().filter(({ edit: one }) => one.kind !== 'exclude-link' || keyOfPair(one) !== pairKey);
      if (kept.length < listNow().length) edit(`restore ${tileName(a)} – ${tileName(b)}`, { corrections: kept });
      else add({ kind: 'restore-link', a, b });
    },
    linkTiles(first, second) {
      const { run } = store.getState().result;
      const tileOf = (id: TileId) => run?.tiles.find((tile) => tile.id === id);
      const [p, q] = [tileOf(first), tileOf(second)];
      try {
        if (!run || !p || !q || p === q)
          throw new StitchError('bad-options', 'Two tiles of the mosaic are needed for a link; choose another one.');
        add({ kind: 'link-tiles', pair: pairInMosaic(p, q, run.outcome.report.mosaicFromTile) });
      } catch (error) {
        fail(error);
      }
    },
    async snap(request) {
      try {
        return await client.snapLandmark(request, new AbortController().signal);
      } catch (error) {
        if (!isAbort(error)) fail(error);
        return null;
      }
    },
  };
}

/** The two tiles of a pair's key. */
export function tilesOfKey(pairKey: string): readonly [TileId, TileId] {
  const [a, b] = pairKey.split('\u0000');
  return [a as TileId, b as TileId];
}
