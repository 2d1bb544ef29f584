import type { MatcherStatus, StitchClient } from '../../../workers/protocol.ts';
import type { ProjectState } from '../state/project.ts';
import { updateSlice, type AppStore } from '../state/store.ts';
import type { Foreground, JobContext } from './foreground.ts';

/**
 * Tests the chosen matcher on this device, on tiles that the worker makes itself: about 16 pairs, a minute at most.
 * What it finds goes to the state; the project and its result stay as they are.
 */
export async function evaluateMatcher(
  store: AppStore,
  client: StitchClient,
  foreground: Foreground,
  loadMatcher: (project: ProjectState, context: JobContext) => Promise<MatcherStatus>,
): Promise<void> {
  await foreground.run('evaluate', async (context) => {
    const { project } = store.getState();
    const loaded = await loadMatcher(project, context);
    const report = await client.testMatcher(project.edits.options.pair, context.signal, context.onProgress);
    context.signal.throwIfAborted();
    // A lost device steps the matcher down in the middle of the test: say what it ran on in the end.
    const matcher = client.matcherStatus ?? loaded;
    updateSlice(store, 'job', (job) => ({ ...job, matcher, deviceTest: { report, matcher } }));
    return `Tested ${report.pairs + report.disjointPairs} pairs`;
  });
}
