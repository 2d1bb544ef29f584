import { HelpCircle, Search } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Stage } from '../../core/progress.ts';
import { timeLeftMs, type ForegroundJob } from '../state/job.ts';
import { stalenessOf } from '../state/result.ts';
import type { AppState } from '../state/store.ts';
import { useApp, useAppState } from './app-context.ts';
import type { CommandContext } from './commands/command.ts';
import { FileButtons } from './FileButtons.tsx';
import { WatchButton } from './WatchButton.tsx';
import { Popover } from './Popover.tsx';
import { ProjectButtons } from './session/ProjectButtons.tsx';
import { Tip } from './Tip.tsx';
import { UndoButton } from './UndoButton.tsx';
import { useRemWidth } from './use-rem.ts';

const stageNames: Readonly<Record<Stage, string>> = {
  read: 'Reading headers',
  layout: 'Finding the layout',
  match: 'Matching pairs',
  solve: 'Solving',
  refine: 'Aligning patches',
  photometry: 'Evening tones',
  compose: 'Composing',
  export: 'Exporting',
};

const taskNames = {
  sample: 'Making the sample',
  inspect: 'Reading headers',
  layout: 'Finding the layout',
  stitch: 'Loading the matcher',
  resolve: 'Solving',
  export: 'Exporting',
  evaluate: 'Loading the matcher',
} as const;

/** Tasks whose tiles are made, not read. */
const makingNames = { sample: 'Making the sample', evaluate: 'Making the test grid' } as const;

/** In a window of fewer rem the bar would break into two lines. */
const fullBarRem = 76;

/** The top bar: files, undo, progress, and the one primary button. */
export function RunBar({ show }: { readonly show: CommandContext['show'] }) {
  const { jobs } = useApp();
  const hasTiles = useAppState(({ project }) => project.tiles.length > 0);
  const isNarrow = useRemWidth() < fullBarRem;
  return (
    <header className="run-bar">
      {hasTiles ? <h1 className="brand">EM Stitch</h1> : <span className="brand">EM Stitch</span>}
      {hasTiles && (
        <>
          {isNarrow ? (
            <Popover label="Project" name="Files and project" testId="project-menu">
              <ProjectActions startOver={jobs.startOver} />
            </Popover>
          ) : (
            <ProjectActions startOver={jobs.startOver} />
          )}
          <UndoButton way="undo" />
          <UndoButton way="redo" />
        </>
      )}
      <Progress />
      <RunButton />
      <Tip text="All commands" keys="Ctrl+K">
        <button
          type="button"
          className="icon"
          aria-label="Commands"
          data-testid="palette-button"
          onClick={() => show('palette')}
        >
          <Search aria-hidden="true" />
        </button>
      </Tip>
      <Tip text="All keys" keys="?">
        <button type="button" className="icon" aria-label="Keys and help" onClick={() => show('keys')}>
          <HelpCircle aria-hidden="true" />
        </button>
      </Tip>
    </header>
  );
}

/** What is done seldom: in a bar with large letters it stands behind one button. */
function ProjectActions({ startOver }: { readonly startOver: () => void }) {
  return (
    <>
      <FileButtons compact />
      <WatchButton />
      <button type="button" onClick={startOver} data-testid="start-over">
        Start over
      </button>
      <ProjectButtons />
    </>
  );
}

function RunButton() {
  const { jobs } = useApp();
  const isRunning = useAppState(({ job }) => job.current.kind === 'running');
  const canStitch = useAppState(({ project }) => project.edits.layout !== null && project.tiles.length > 1);
  const hasTiles = useAppState(({ project }) => project.tiles.length > 0);
  const staleness = useAppState(stalenessNow);
  if (isRunning)
    return (
      <button type="button" data-testid="cancel-button" onClick={jobs.cancel}>
        Cancel
      </button>
    );
  if (!hasTiles) return null;
  return (
    <button
      type="button"
      className={staleness === 'current' ? '' : 'primary'}
      data-testid="stitch-button"
      disabled={!canStitch}
      onClick={() => void jobs.stitch()}
    >
      {staleness === 'match' ? 'Stitch again' : 'Stitch'}
    </button>
  );
}

function stalenessNow({ result, project }: AppState) {
  return result.run ? stalenessOf(result.run, project) : null;
}

/** Bar, stage, count and time left while something runs; else how the last job ended. */
function Progress() {
  const current = useAppState(({ job }) => job.current);
  const waitingFor = useAppState(({ job }) => job.waitingFor);
  const staleness = useAppState(stalenessNow);
  const missing = useAppState(missingForStitch);
  const now = useClock(current.kind === 'running');
  if (current.kind === 'running') {
    const { task, stage, done, total } = current;
    const left = timeLeftMs(current, now);
    const isMaking = stage === 'read' && (task === 'sample' || task === 'evaluate');
    const name = isMaking ? makingNames[task] : stage ? stageNames[stage] : taskNames[task];
    return (
      <div className="progress" data-testid="progress">
        <progress aria-label={name} {...(total > 0 ? { value: done, max: total } : {})} />
        <span>
          {name}
          {total > 1 && ` ${done} of ${total}`}
          {total === 0 && done > 0 && ` · step ${done}`}
          {left !== null && ` · ${durationText(left)} left`}
        </span>
        {waitingFor ? (
          <span className="warn-text note" role="status" title={`${waitingFor} ${waitingText}`}>
            {waitingFor} {waitingText}
          </span>
        ) : (
          <span className="dim note">{current.note}</span>
        )}
      </div>
    );
  }
  const isEnded = current.kind === 'cancelled' || current.kind === 'failed';
  const isStale = !isEnded && (staleness === 'match' || staleness === 'solve');
  const why = isStale ? 'The mosaic shows an earlier choice of layout or options: press Stitch.' : missing;
  return (
    <div className="progress" role="status" data-testid="progress">
      <span className={why === null ? 'dim' : 'warn-text'}>{why ?? endText(current)}</span>
    </div>
  );
}

/** What has to be there before the tiles can be stitched; null when all is. */
function missingForStitch({ project }: AppState): string | null {
  if (project.tiles.length < 2 || project.edits.layout !== null) return null;
  return 'Where the tiles belong is not known: choose under Layout, then press Stitch.';
}

/** Behind the name of a file. */
const waitingText = 'is waited for: its drive does not answer. The run goes on by itself when it does.';

function endText(job: ForegroundJob): string {
  switch (job.kind) {
    case 'cancelled':
      return job.task === 'stitch'
        ? `Cancelled. ${job.keptPairs} finished pair${job.keptPairs === 1 ? ' is' : 's are'} kept.`
        : 'Cancelled.';
    case 'failed':
      return 'Stopped; see the message.';
    case 'done':
      return job.note && `${job.note} · ${durationText(job.elapsedMs)}`;
    case 'idle':
    case 'running':
      return '';
  }
}

function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

/** The time, twice a second while needed. */
function useClock(isTicking: boolean): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!isTicking) return;
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}
