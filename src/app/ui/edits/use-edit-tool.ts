import { useEffect, useMemo, useState } from 'react';
import { isAbort } from '../../../core/errors.ts';
import type { Edit } from '../../../core/edits/edit.ts';
import type { Affine2 } from '../../../core/geometry/affine2.ts';
import type { MovedRequest } from '../../../../workers/protocol.ts';
import type { StitchRun } from '../../state/result.ts';
import { updateSlice } from '../../state/store.ts';
import type { ViewerTool } from '../../viewer/mosaic-scene.ts';
import { useApp, useAppState } from '../app-context.ts';
import { maskTool } from './mask-tool.ts';
import { shiftText } from './moved-pose.ts';
import { moveTool, type MovePreview } from './move-tool.ts';
import { MovedPictures } from './moved-pictures.ts';

/** Longer side of the picture that is dragged, px. */
const pictureSide = 1024;

/** The tool that is chosen in the panel of corrections, for the viewer, and what it says while it is used. */
export interface EditTool {
  readonly tool: ViewerTool | null;
  readonly hint: string | null;
  readonly preview: MovePreview | null;
  /** What is drawn of a moved tile by now: `blend 0.1 0.0` is blended and 0.1 px further along x. */
  readonly drawn: string | null;
}

const moveHint =
  'Drag moves, Shift + drag turns · arrows 1 px, Alt 0.1 px, [ ] turn · Q difference · Enter pins it here, Esc gives up';
const maskHints = {
  rectangle: 'Drag a rectangle over what is to be ignored, or arrows and Enter for two corners · Esc gives up',
  polygon:
    'Click the corners of what is to be ignored, or arrows and Enter · Enter closes, Backspace takes one back, Esc gives up',
} as const;

/** Makes the chosen tool of this run. */
export function useEditTool(run: StitchRun): EditTool {
  const { store, jobs, client } = useApp();
  const chosen = useAppState(({ tool }) => tool.tool);
  const [preview, setPreview] = useState<MovePreview | null>(null);
  const [drawn, setDrawn] = useState<string | null>(null);
  const [version, setVersion] = useState(0);
  const [picture, setPicture] = useState<ImageBitmap | null>(null);
  const movedTile = chosen?.kind === 'move' ? chosen.tile : null;

  useEffect(() => {
    if (movedTile === null) return;
    const controller = new AbortController();
    const { signal } = controller;
    client.thumbnail({ tile: movedTile, maxSide: pictureSide }, signal).then(
      (bitmap) => {
        if (signal.aborted) bitmap.close();
        else setPicture(bitmap);
      },
      (error: unknown) => {
        if (!isAbort(error)) jobs.report(error);
      },
    );
    return () => {
      controller.abort();
      setPicture(null);
      setPreview(null);
    };
  }, [client, jobs, movedTile]);

  const pictures = useMemo(() => {
    if (movedTile === null) return null;
    const solved = run.outcome.report.mosaicFromTile.get(movedTile);
    const made = new MovedPictures<ImageBitmap>({
      render: (request, signal) => client.renderMoved(request, signal),
      onChange: () => {
        setVersion((n) => n + 1);
        setDrawn(made.shown && solved ? drawnText(made.shown.request, solved, made.isSettled) : null);
      },
      onError: jobs.report,
    });
    return made;
  }, [client, jobs, movedTile, run]);
  useEffect(
    () => () => {
      pictures?.dispose();
      setDrawn(null);
    },
    [pictures],
  );

  const made = useMemo(() => {
    const onDone = (edit: Edit | null) => {
      updateSlice(store, 'tool', () => ({ tool: null }));
      if (edit) jobs.corrections.add(edit);
    };
    const tile = chosen && run.tiles.find(({ id }) => id === chosen.tile);
    const mosaicFromTile = chosen && run.outcome.report.mosaicFromTile.get(chosen.tile);
    if (!chosen || !tile || !mosaicFromTile) return null;
    if (chosen.kind === 'move') {
      const display = () => store.getState().view.display;
      return pictures && moveTool({ run, tile, onPreview: setPreview, onDone, display, pictures });
    }
    const onChange = () => setVersion((n) => n + 1);
    return maskTool({ tile, mosaicFromTile, shape: chosen.shape, onChange, onDone });
  }, [store, jobs, run, chosen, pictures]);

  // A new object whenever what it draws has changed: the viewer paints when its scene changes.
  const tool = useMemo<ViewerTool | null>(() => {
    if (!made) return null;
    const painted = { ...made, preview, version };
    return { ...painted, paint: (context, view) => made.paintWith(context, view, picture) };
  }, [made, preview, version, picture]);
  const hint = chosen === null ? null : chosen.kind === 'move' ? moveHint : maskHints[chosen.shape];
  return { tool, hint, preview, drawn };
}

/** What a picture shows: how the tile is drawn, and how far its origin is from where it was solved, px. */
function drawnText({ view, mosaicFromTile }: MovedRequest, solved: Affine2, isSettled: boolean): string {
  const [dx, dy] = [mosaicFromTile.e - solved.e, mosaicFromTile.f - solved.f];
  return `${isSettled ? '' : 'coarse '}${view} ${shiftText(dx)} ${shiftText(dy)}`;
}
