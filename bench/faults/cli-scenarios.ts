import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { composeCommand } from '../../cli/compose-command.ts';
import { exportCommand } from '../../cli/export-command.ts';
import { stitchCommand } from '../../cli/stitch-command.ts';
import { defaultSyntheticGrid, type SyntheticGridOptions } from '../../src/core/synthesis/synthetic-grid.ts';
import { writeGrid as writeTiles } from '../grid-writer.ts';
import type { CommandRun } from './cli-run.ts';
import { faultPlan } from '../../src/core/testing/fault-plan.ts';
import { runUnder } from './cli-run.ts';

/** A command over a small grid that the sweep runs again and again. */
export interface Scenario {
  readonly name: string;
  /** Doors that are swept; all when absent. */
  readonly doors?: RegExp;
  /** Pairs that a run matches when nothing is known. */
  readonly pairs: number;
  /** The layout is measured in the pictures: without one of them it is another one, which asks for other pairs. */
  readonly isMeasured?: boolean;
  /** A result that stands there whole is not written over: the second run has nothing to do. */
  readonly isKept?: boolean;
  /** Makes the inputs in an empty folder `place`. */
  readonly prepare: (place: string) => Promise<void>;
  /** The run over these inputs; all it writes goes into `place`/out. */
  readonly run: (place: string) => CommandRun;
}

/** Two by two tiles of 96 px that phase correlation links. */
const tinyGrid: SyntheticGridOptions = {
  ...defaultSyntheticGrid,
  rows: 2,
  columns: 2,
  tileSize: { width: 128, height: 128 },
  overlap: { x: 0.35, y: 0.35 },
  maxShiftPx: 2,
  maxRotationRad: 0,
};

const pattern = ['--pattern', 'r{r}_c{c}.tif', '--overlap', '0.35'];
const fast = ['--matcher', 'phase-correlation', '--transform', 'translation'];

async function writeGrid(folder: string, options: Partial<SyntheticGridOptions>): Promise<void> {
  const nameOf = (row: number, column: number) => `r${row + 1}_c${column + 1}.tif`;
  await writeTiles(folder, { ...tinyGrid, nameOf, ...options });
}

const stitch =
  (...more: readonly string[]) =>
  (place: string): CommandRun =>
  (signal) =>
    stitchCommand.run([join(place, 'in'), '--out', join(place, 'out'), ...more], signal);

async function prepareSolution(place: string): Promise<void> {
  await writeGrid(join(place, 'in'), {});
  const made = await runUnder(faultPlan(null), place, (signal) =>
    stitchCommand.run([join(place, 'in'), '--out', join(place, 'solved'), ...pattern, ...fast, '--no-mosaic'], signal),
  );
  if (made.ended !== 'done') throw made.error;
  mkdirSync(join(place, 'out'));
}

const compose =
  (name: string) =>
  (place: string): CommandRun =>
  (signal) =>
    composeCommand.run(
      [join(place, 'solved', 'solution.json'), '--tiles', join(place, 'in'), '--out', join(place, 'out', name)],
      signal,
    );

/** The network that comes with the app, of which every run has a copy. */
const bundle = fileURLToPath(new URL('../../public/models/loftr-compact', import.meta.url));

const writers = /write|writeFile|open to write|sync|truncate|handle\.(stat|close)|mkdir|rename|rm/;

export const scenarios: readonly Scenario[] = [
  {
    name: 'stitch',
    pairs: 4,
    prepare: (place) => writeGrid(join(place, 'in'), {}),
    run: stitch(...pattern, ...fast),
  },
  {
    name: 'stitch, layout from the pictures',
    doors: /read|stat/,
    pairs: 4,
    isMeasured: true,
    prepare: (place) => writeGrid(join(place, 'in'), {}),
    run: stitch(...fast, '--no-mosaic'),
  },
  {
    name: 'stitch --stack',
    pairs: 2,
    async prepare(place) {
      for (const section of [1, 2])
        await writeGrid(join(place, 'in', `s${section}`), { rows: 1, columns: 2, seed: section });
    },
    run: stitch('--stack', ...pattern, ...fast, '--format', 'png'),
  },
  ...['m.ome.tif', 'm.ozx', 'm.png', 'm.ome.zarr'].map((name) => ({
    name: `compose ${name}`,
    isKept: name === 'm.ome.zarr',
    doors: writers,
    pairs: 0,
    prepare: prepareSolution,
    run: compose(name),
  })),
  {
    name: 'export --to trakem2',
    pairs: 0,
    prepare: prepareSolution,
    run: (place) => (signal) =>
      exportCommand.run(
        [join(place, 'solved', 'solution.json'), '--to', 'trakem2', '--out', join(place, 'out')],
        signal,
      ),
  },
  {
    name: 'stitch with the network',
    doors: /session|appendFile|readFile/,
    pairs: 0,
    async prepare(place) {
      await writeGrid(join(place, 'in'), { rows: 1, columns: 2, tileSize: { width: 160, height: 160 } });
      cpSync(bundle, join(place, 'model'), { recursive: true });
    },
    run: (place) =>
      stitch(...pattern, '--transform', 'translation', '--no-mosaic', '--model', join(place, 'model'))(place),
  },
];

/** Puts the inputs of `from` into `place` as they are, and takes what earlier runs wrote away. */
export function resetPlace(from: string, place: string): void {
  rmSync(place, { recursive: true, force: true });
  cpSync(from, place, { recursive: true, preserveTimestamps: true });
}

/** Puts the inputs back, and leaves what a run wrote. */
export function restoreInputs(from: string, place: string): void {
  for (const name of readdirSync(from).filter((folder) => folder !== 'out')) {
    rmSync(join(place, name), { recursive: true, force: true });
    cpSync(join(from, name), join(place, name), { recursive: true, preserveTimestamps: true });
  }
}
