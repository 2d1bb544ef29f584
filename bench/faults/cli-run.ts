import { StitchError } from '../../src/core/errors.ts';
import type { FaultPlan } from '../../src/core/testing/fault-plan.ts';
import { matchers } from '../../src/matchers/index.ts';
import { CommandError } from '../../cli/arguments.ts';
import { installNodeDoors } from './node-doors.ts';
import type { NodeFault } from './node-faults.ts';
import { installSessionDoors } from './session-doors.ts';
import { installImpatience } from './impatience.ts';

/** A command line that is run in this very process. */
export type CommandRun = (signal: AbortSignal) => Promise<number | void>;

/** What became of a run. */
export interface RunOutcome {
  /** `late` when nothing came within the time that is stated for it. */
  readonly ended: 'done' | 'failed' | 'late' | 'killed';
  readonly status: number;
  readonly error: unknown;
  /** What a user reads on stderr. */
  readonly said: string;
  /** Pairs whose matching has ended. */
  readonly matched: number;
  /** Errors that nobody waited for: they would have ended the process. */
  readonly unhandled: readonly unknown[];
  /** Files left open. */
  readonly leftOpen: readonly string[];
}

/** A run that gives nothing for so long after its deadlines have been let pass hangs, ms. */
const lateMs = 60_000;
/** The clock of the sweep, which stays as it is. */
const realTimeout = globalThis.setTimeout;
/** Turns of the loop that the rest of a run may take, of 2 ms each. */
const mostTurns = 100;
/** A killed process is looked at after this time, ms. */
const killedMs = 60;

/** Runs a command once with all doors under `plan`; its files are below `place`. */
export async function runUnder(plan: FaultPlan<NodeFault>, place: string, command: CommandRun): Promise<RunOutcome> {
  const controller = new AbortController();
  const unhandled: unknown[] = [];
  const catchUnhandled = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', catchUnhandled);
  const stderr = tapStderr();
  const counted = countMatches();
  const impatience = installImpatience();
  let isKilled = false;
  let kill: (outcome: 'killed') => void = () => undefined;
  const killed = new Promise<'killed'>((resolve) => (kill = resolve));
  const onStrike = (kind: NodeFault) => {
    if (kind === 'hang') impatience.passTime();
    if (kind !== 'killed' && kind !== 'killed-torn') return;
    isKilled = true;
    // Nothing of the program goes on: what does not wait at a door hears this instead.
    controller.abort();
    realTimeout(() => kill('killed'), killedMs);
  };
  const doors = installNodeDoors(plan, place, onStrike);
  const sessions = await installSessionDoors(plan, onStrike);
  let error: unknown = null;
  let status = -1;
  const work = Promise.resolve()
    .then(() => command(controller.signal))
    .then(
      (given) => {
        status = given ?? 0;
        return 'done' as const;
      },
      (cause: unknown) => {
        error = cause;
        return 'failed' as const;
      },
    );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => (timer = realTimeout(() => resolve('late'), lateMs)));
  const first = await Promise.race([work, killed, late]);
  const ended = isKilled ? 'killed' : first;
  clearTimeout(timer);
  // What runs beside an error that ends a run ends by itself; rejections are told of after the microtasks of a turn.
  for (let turn = 0; turn < mostTurns && (turn < 2 || (ended !== 'killed' && doors.open().length > 0)); turn++)
    await new Promise((resolve) => realTimeout(resolve, 2));
  const leftOpen = doors.open();
  impatience.remove();
  counted.remove();
  stderr.remove();
  sessions.remove();
  await doors.remove();
  process.off('unhandledRejection', catchUnhandled);
  return { ended, status, error, said: stderr.text(), matched: counted.matched(), unhandled, leftOpen };
}

/** True for an error that the command line tells in a sentence, with a next step. */
export function isTold(error: unknown): boolean {
  return error instanceof StitchError || error instanceof CommandError;
}

function tapStderr() {
  const said: string[] = [];
  const real = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: unknown) => {
    said.push(String(text));
    return true;
  };
  return { text: () => said.join(''), remove: () => void (process.stderr.write = real) };
}

/** Counts the pairs that the fast matcher has finished. */
function countMatches() {
  let count = 0;
  const entry = matchers['phase-correlation'] as { load: (typeof matchers)['phase-correlation']['load'] };
  const real = entry.load;
  entry.load = async () => {
    const matcher = await real();
    return {
      ...matcher,
      match: async (...args: Parameters<typeof matcher.match>) => {
        const found = await matcher.match(...args);
        count++;
        return found;
      },
    };
  };
  return { matched: () => count, remove: () => void (entry.load = real) };
}
