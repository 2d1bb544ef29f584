/** The command line: the same core as the app. Progress on stderr, results in files, exit status 2 on bad input. */
import { errorTable, type ShownCode } from '../src/core/error-table.ts';
import { isAbort, StitchError } from '../src/core/errors.ts';
import { CommandError } from './arguments.ts';
import { composeCommand } from './compose-command.ts';
import { isStuck } from './disk.ts';
import { evaluateCommand } from './evaluate-command.ts';
import { exportCommand } from './export-command.ts';
import { sampleCommand } from './sample-command.ts';
import { stitchCommand } from './stitch-command.ts';
import { synthesizeCommand } from './synthesize-command.ts';

interface Command {
  readonly summary: string;
  readonly usage: string;
  /** Resolves to the exit status; 0 when to nothing. */
  run(args: readonly string[], signal: AbortSignal): Promise<number | void>;
}

const commands: Readonly<Record<string, Command>> = {
  stitch: stitchCommand,
  compose: composeCommand,
  export: exportCommand,
  sample: sampleCommand,
  evaluate: evaluateCommand,
  synthesize: synthesizeCommand,
};

const usage = [
  'usage: npm run --silent cli -- COMMAND …',
  '',
  ...Object.values(commands).map((command) => `  ${command.usage}\n      ${command.summary}`),
].join('\n');

const [name = 'help', ...args] = process.argv.slice(2);
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
process.exitCode = await main();
// A call that the system never answers keeps a process from ending, process.exit() too: everything else is done.
if (isStuck()) process.kill(process.pid, 'SIGKILL');

async function main(): Promise<number> {
  if (name === 'help' || name === '--help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) return complain('bad-options', `there is no command ${name}\n${usage}`);
  try {
    return (await commands[name].run(args, controller.signal)) ?? 0;
  } catch (error) {
    if (isAbort(error)) {
      process.stderr.write('cancelled; the pairs that were finished are kept\n');
      return 130;
    }
    if (error instanceof CommandError)
      return complain('bad-options', `${error.message}\nusage: ${commands[name].usage}`);
    if (error instanceof StitchError) return complain(error.code, error.message);
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    complain('unexpected', error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** One sentence about what happened, and what its code means for the user. */
function complain(code: ShownCode, sentence: string): number {
  const { next, nextInTerminal = next } = errorTable[code];
  process.stderr.write(`em-stitch: ${sentence}\n${code}: ${nextInTerminal}\n`);
  return 2;
}
