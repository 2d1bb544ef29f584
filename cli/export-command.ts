import { dirname, join } from 'node:path';
import { StitchError } from '../src/core/errors.ts';
import type { PairResult } from '../src/core/matching/link.ts';
import { linkMatches } from '../src/formats/handoff/link-matches.ts';
import { handOffs } from '../src/formats/index.ts';
import type { HandOffId } from '../src/formats/index.ts';
import { parseSolution } from '../src/formats/solution-json.ts';
import { CommandError, oneOf, parseArguments, textOf } from './arguments.ts';
import { isThere, makeFolder, readText as readTextFile, writeText } from './disk.ts';
import { openFolder } from './open-folder.ts';
import { openPairStore } from './pair-store.ts';
import { terminalContext } from './terminal.ts';

const spec = { to: { type: 'string' }, out: { type: 'string' }, tiles: { type: 'string' } } as const;
const programs = Object.keys(handOffs) as HandOffId[];

export const exportCommand = {
  summary: 'hands the places of a solution to another program; says what its files cannot carry',
  usage: `export SOLUTION.json --to ${programs.join('|')} [--out DIR] [--tiles DIR]`,
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options: given } = parseArguments(args, spec, ['SOLUTION.json']);
    if (given.to === undefined) throw new CommandError('--to is missing');
    const program = oneOf('--to', given.to, programs, 'render');
    const [path] = operands;
    const solution = parseSolution(await readText(path));
    const folder = textOf(given.tiles);
    const tiles = folder ? (await openFolder(folder, terminalContext(signal))).inspection.tiles : [];
    const links = linkMatches(solution, await pairsBeside(path));
    const format = await handOffs[program].load();
    const { files, warnings } = format.write({ solution, links, tiles });
    const out = textOf(given.out) ?? dirname(path);
    await makeFolder(out);
    for (const { name, text } of files) await writeText(join(out, name), text);
    for (const warning of warnings) process.stderr.write(`${handOffs[program].label}: ${warning}\n`);
    process.stderr.write(`${files.map(({ name }) => join(out, name)).join(', ')}\n`);
  },
};

/**
 * The finished pairs that `stitch` keeps beside its solution, whatever version made them: those that the solution tells
 * of are found by their counts. None where they are gone.
 */
async function pairsBeside(path: string): Promise<Iterable<PairResult>> {
  const store = join(dirname(path), 'pairs.cache');
  const isKept = await isThere(store).catch((cause: unknown) => {
    throw new StitchError(
      'unreadable-file',
      `${store} cannot be looked at; move it away to hand off without it.`,
      { file: store },
      { cause },
    );
  });
  return isKept ? (await openPairStore(store, null)).known.values() : [];
}

async function readText(path: string): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (cause) {
    throw new StitchError('unreadable-file', `${path} cannot be read; check the path.`, { file: path }, { cause });
  }
}
