import type { AppStore } from '../state/store.ts';
import { addNames, scrub, type NameTokens } from './scrub.ts';

/** What the app did, newest last, without names; and the words that stand for the names it has seen. */
export interface EventLog {
  readonly lines: () => readonly string[];
  readonly tokens: () => NameTokens;
}

/** Older lines are dropped. */
const mostLines = 500;

/** Follows the store from now on: jobs and their stages, what they run on, errors with their causes. */
export function followStore(store: AppStore, now: () => number): EventLog {
  const start = now();
  const lines: string[] = [];
  const tokens = new Map<string, string>();
  const say = (line: string) => {
    lines.push(`${((now() - start) / 1000).toFixed(1).padStart(8)} s  ${scrub(line, tokens)}`);
    if (lines.length > mostLines) lines.shift();
  };
  let before = store.getState();
  store.subscribe((state) => {
    const former = before;
    before = state;
    if (state.project.files !== former.project.files) {
      for (const { path } of state.project.files) addNames(tokens, path);
      say(`${state.project.files.length} files`);
    }
    if (state.project.tiles !== former.project.tiles) {
      for (const { id, file } of state.project.tiles) {
        addNames(tokens, file);
        addNames(tokens, id);
      }
      say(`${state.project.tiles.length} tiles`);
    }
    const { job } = state;
    if (job.current !== former.job.current) {
      const [is, was] = [lineOfJob(job.current), lineOfJob(former.job.current)];
      if (is !== was) say(is);
    }
    if (job.matcher !== former.job.matcher && job.matcher)
      say(`matcher ${job.matcher.matcher} on ${job.matcher.rung} (${job.matcher.device})`);
    for (const { id, code, message, causes } of job.errors)
      if (former.job.errors.every((error) => error.id !== id))
        say([`error ${code}: ${message}`, ...(causes ?? [])].join(' | caused by '));
  });
  return { lines: () => lines, tokens: () => tokens };
}

function lineOfJob(job: ReturnType<AppStore['getState']>['job']['current']): string {
  switch (job.kind) {
    case 'idle':
      return 'idle';
    case 'running':
      return job.stage === null ? `${job.task} starts` : `${job.task}: ${job.stage}, ${job.total} to do`;
    case 'cancelled':
      return `${job.task} cancelled, ${job.keptPairs} pairs kept`;
    case 'failed':
      return `${job.task} failed`;
    case 'done':
      return `${job.task} done in ${(job.elapsedMs / 1000).toFixed(1)} s. ${job.note}`;
  }
}
