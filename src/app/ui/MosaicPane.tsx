import { Crosshair, Maximize, RotateCw } from 'lucide-react';
import { useEffect, useImperativeHandle, useMemo, useRef, type RefObject } from 'react';
import type { StitchRun } from '../state/result.ts';
import { updateSlice } from '../state/store.ts';
import { withCommand, type ViewState } from '../state/view.ts';
import { viewerLinks } from '../viewer/link-graph.ts';
import { MosaicViewer, type MosaicViewerHandle } from '../viewer/MosaicViewer.tsx';
import { residualArrows } from '../viewer/residual-arrows.ts';
import type { ViewerCommand } from '../viewer/viewer-commands.ts';
import { useApp, useAppState } from './app-context.ts';
import { ToolHint } from './edits/ToolHint.tsx';
import { useEditTool } from './edits/use-edit-tool.ts';
import { ContrastPanel } from './ContrastPanel.tsx';
import { OverlayLegend } from './OverlayLegend.tsx';
import { OverlayMenu } from './OverlayMenu.tsx';
import { PixelPanel } from './PixelPanel.tsx';
import { tileTints } from './tile-tints.ts';
import { useAutoContrast } from './use-auto-contrast.ts';
import './mosaic-pane.css';
import { Tip } from './Tip.tsx';
import { WarningStrip } from './WarningStrip.tsx';

interface MosaicPaneProps {
  readonly run: StitchRun;
  readonly viewer: RefObject<MosaicViewerHandle | null>;
}

/** The mosaic with what is drawn over it and how it is shown. */
export function MosaicPane({ run, viewer }: MosaicPaneProps) {
  const { client, store, jobs, mosaic } = useApp();
  const pane = useRef<HTMLDivElement>(null);
  const generation = useAppState(({ result }) => result.revision);
  const wantedViewport = useAppState(({ view }) => view.wantedViewport);
  const isPixelShown = useAppState(({ view }) => view.isPixelShown);
  const pixelSizeNm = useAppState(({ view }) => run.outcome.mosaic.pixelSizeNm ?? view.pixelSizeNm);
  const scene = useScene(run);
  const editTool = useEditTool(run);
  const autoContrast = useAutoContrast(run, viewer);
  const chosenTool = useAppState(({ tool }) => tool.tool);
  // A tool that is picked up is used on the mosaic, by keys too.
  useEffect(() => {
    if (chosenTool !== null) viewer.current?.focus();
  }, [chosenTool, viewer]);
  const events = useMemo(() => {
    const look = (change: Partial<ViewState>) => updateSlice(store, 'view', (view) => ({ ...view, ...change }));
    return {
      onSelectLink: (pair: string | null) =>
        look(pair ? { selectedPair: pair, tab: 'inspector' } : { selectedPair: null }),
      onSelectTile: (selectedTile: ViewState['selectedTile']) => look({ selectedTile }),
      onHover: (cursor: ViewState['cursor']) => look({ cursor }),
      onViewportChange: (viewport: ViewState['viewport']) => look({ viewport }),
      onError: jobs.report,
    };
  }, [store, jobs]);
  const onCommand = (command: ViewerCommand) => {
    if (command.kind === 'full-screen') toggleFullScreen(pane.current, jobs.report);
    else if (command.kind === 'auto-contrast') autoContrast();
    else updateSlice(store, 'view', (view) => withCommand(view, command));
  };
  useImperativeHandle(mosaic, () => ({
    fit: () => viewer.current?.fit(),
    actualPixels: () => viewer.current?.actualPixels(),
    zoomBy: (factor) => viewer.current?.zoomBy(factor),
    look: onCommand,
  }));
  return (
    <div className="mosaic-pane" ref={pane}>
      <div className="toolbar" role="toolbar" aria-label="View">
        <Tip text="The whole mosaic" keys="0">
          <button type="button" onClick={() => viewer.current?.fit()}>
            Fit
          </button>
        </Tip>
        <Tip text="One pixel of the mosaic on one of the screen" keys="1">
          <button type="button" onClick={() => viewer.current?.actualPixels()}>
            100 %
          </button>
        </Tip>
        <Tip text="Turn the view by 90°" keys="R">
          <button
            type="button"
            className="icon"
            aria-label="Turn the view by 90°"
            onClick={() => onCommand({ kind: 'turn', by: 1 })}
          >
            <RotateCw aria-hidden="true" />
          </button>
        </Tip>
        <Tip text="Full screen" keys="F">
          <button
            type="button"
            className="icon"
            aria-label="Full screen"
            onClick={() => onCommand({ kind: 'full-screen' })}
          >
            <Maximize aria-hidden="true" />
          </button>
        </Tip>
        <OverlayMenu />
        <ContrastPanel run={run} viewer={viewer} />
        <Tip text="Look into pixels" keys="I">
          <button
            type="button"
            className="icon"
            aria-label="Pixel inspector"
            aria-pressed={isPixelShown}
            data-testid="pixel-button"
            onClick={() => onCommand({ kind: 'pixel' })}
          >
            <Crosshair aria-hidden="true" />
          </button>
        </Tip>
      </div>
      <WarningStrip run={run} />
      <div className="mosaic-stage">
        <MosaicViewer
          ref={viewer}
          client={client}
          generation={generation}
          pixelSizeNm={pixelSizeNm}
          hasCross={isPixelShown}
          tool={editTool.tool}
          viewport={wantedViewport}
          {...scene}
          {...events}
        />
        <ToolHint {...editTool} />
        <div className="mosaic-corner">
          {isPixelShown && <PixelPanel pixelSizeNm={pixelSizeNm} />}
          <OverlayLegend overlays={scene.overlays} />
        </div>
      </div>
    </div>
  );
}

/** What the viewer draws of a run; arrows and tints are worked out only while they are shown. */
function useScene(run: StitchRun) {
  const display = useAppState(({ view }) => view.display);
  const overlays = useAppState(({ view }) => view.overlays);
  const turns = useAppState(({ view }) => view.turns);
  const link = useAppState(({ view }) => view.selectedPair);
  const tile = useAppState(({ view }) => view.selectedTile);
  const { mosaic, pairs, report, refined } = run.outcome;
  const { excluded, layout } = run;
  const { placements, bounds } = mosaic;
  const links = useMemo(
    () => viewerLinks({ placements, results: pairs, edges: report.edges, excluded }),
    [placements, pairs, report, excluded],
  );
  const { residuals, tint } = overlays;
  const arrows = useMemo(
    () => (residuals ? residualArrows(placements, pairs, refined) : null),
    [residuals, placements, pairs, refined],
  );
  const tints = useMemo(() => tileTints(placements, layout, tint), [placements, layout, tint]);
  const selection = useMemo(() => ({ link, tile }), [link, tile]);
  return { bounds, display, placements, links, overlays, arrows, tints, selection, turns };
}

function toggleFullScreen(element: HTMLElement | null, onError: (error: unknown) => void): void {
  if (element === null) return;
  const change = document.fullscreenElement === element ? document.exitFullscreen() : element.requestFullscreen();
  change.catch(onError);
}
