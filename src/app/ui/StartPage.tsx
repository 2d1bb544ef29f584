import { FolderOpen } from 'lucide-react';
import type { AppState } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import { EvaluateMatcher } from './EvaluateMatcher.tsx';
import { FileButtons } from './FileButtons.tsx';
import { ProblemList } from './ProblemList.tsx';
import { RecentProjects } from './session/RecentProjects.tsx';

/** How far the headers of what was dropped are read; null while nothing is. */
function readingText({ job: { current }, project }: AppState): string | null {
  if (current.kind !== 'running' || current.task !== 'inspect') return null;
  const total = project.files.length.toLocaleString('en-GB');
  return `Reading the headers of ${total} files: ${current.done.toLocaleString('en-GB')} done. No pixel is loaded yet.`;
}

/** What is seen before there are tiles. */
export function StartPage() {
  const { jobs } = useApp();
  const isLoading = useAppState(({ job }) => job.current.kind === 'running');
  const reading = useAppState(readingText);
  return (
    <main className="start" data-testid="start-page">
      <div className="start-inner">
        <h1>Stitch electron-microscopy tiles into one picture, in this browser tab.</h1>
        <p className="dim">
          Overlapping tiles in, one seamless mosaic out. Your images stay on this machine: nothing is uploaded.
        </p>
        <div className="drop-area" data-testid="drop-area">
          <FolderOpen aria-hidden="true" />
          <p>{reading ?? 'Drop a folder of tiles anywhere on this page'}</p>
          <p className="dim">TIFF · PNG · JPEG · BMP · MRC, with or without a positions file</p>
          <div className="row">
            <FileButtons />
          </div>
        </div>
        <RecentProjects />
        <p className="row">
          <span className="dim">No tiles at hand?</span>
          <button type="button" data-testid="open-sample" disabled={isLoading} onClick={() => void jobs.openSample()}>
            Open the built-in sample
          </button>
        </p>
        <EvaluateMatcher />
        <ProblemList />
      </div>
    </main>
  );
}
