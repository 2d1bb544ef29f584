import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSampleGrid } from '../src/formats/sample-grid.ts';
import { numberIn, parseArguments } from './arguments.ts';
import { terminalContext } from './terminal.ts';

export const sampleCommand = {
  summary: 'writes the built-in sample grid and its truth.json',
  usage: 'sample OUT [--seed 1]',
  async run(args: readonly string[], signal: AbortSignal): Promise<void> {
    const { operands, options } = parseArguments(args, { seed: { type: 'string' } } as const, ['OUT']);
    const seed = numberIn('--seed', options.seed, 0, 2 ** 31) ?? 1;
    const { files, truth } = await makeSampleGrid(seed, terminalContext(signal));
    await mkdir(operands[0], { recursive: true });
    for (const { name, bytes } of files) await writeFile(join(operands[0], name), bytes);
    await writeFile(join(operands[0], 'truth.json'), JSON.stringify(truth, null, 1));
  },
};
