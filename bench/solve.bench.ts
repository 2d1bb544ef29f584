import { startCeres } from './ceres/ceres.ts';
import { markdownTable, writeBetweenMarkers } from './markdown.ts';
import { bentHeader, bentRows } from './solve/bent.ts';
import { besideCeresHeader, besideCeresRow } from './solve/beside-ceres.ts';
import type { Cell } from './solve/cells.ts';
import { excludeHeader, excludeRow } from './solve/exclude.ts';
import { memoryAlone, memoryHeader, memoryRow } from './solve/memory.ts';
import { reachHeader, reachRow } from './solve/reach.ts';
import type { TestGraphKind } from './solve/test-graph.ts';
import { truthHeader, truthRow } from './solve/truth.ts';

/** A table of the bench; its name is that of its markers in docs/solver.md. */
interface Part {
  readonly header: readonly string[];
  readonly rows: (kinds: readonly TestGraphKind[]) => AsyncIterable<readonly Cell[]>;
  readonly close?: () => Promise<void>;
}

/** One row a graph. */
function each(row: (kind: TestGraphKind) => Promise<readonly Cell[]>): Part['rows'] {
  return async function* (kinds) {
    for (const kind of kinds) yield await row(kind);
  };
}

/** Parts by name; a sentence instead of one that lacks what it needs. */
const parts: Readonly<Record<string, () => Promise<Part | string>>> = {
  truth: () => Promise.resolve({ header: truthHeader, rows: each(truthRow) }),
  reach: () => Promise.resolve({ header: reachHeader, rows: each(reachRow) }),
  bent: () => Promise.resolve({ header: bentHeader, rows: bentRows }),
  ceres: async () => {
    const ceres = await startCeres();
    if (typeof ceres === 'string') return `not beside Ceres: ${ceres}`;
    return { header: besideCeresHeader, rows: each((kind) => besideCeresRow(kind, ceres)), close: ceres.close };
  },
  exclude: () => Promise.resolve({ header: excludeHeader, rows: each(excludeRow) }),
  memory: () => Promise.resolve({ header: memoryHeader, rows: each(memoryRow) }),
};

function listOf(args: readonly string[], flag: string, fallback: readonly string[]): readonly string[] {
  const at = args.indexOf(flag);
  return at === -1 ? fallback : (args[at + 1] ?? '').split(',');
}

function kindsOf(args: readonly string[]): readonly TestGraphKind[] {
  const numbers = (flag: string, fallback: readonly string[]) => listOf(args, flag, fallback).map(Number);
  const [seeds] = numbers('--seeds', ['1']);
  const [periodPx] = numbers('--period', ['80']);
  return numbers('--tiles', ['100', '1000', '10000']).flatMap((tiles) =>
    numbers('--wrong', ['0', '0.1', '0.3']).flatMap((wrongFraction) =>
      Array.from({ length: seeds }, (_, s) => ({ tiles, wrongFraction, periodPx, seed: s + 1 })),
    ),
  );
}

/**
 * Solves generated graphs of known truth: `--parts truth,reach,bent,ceres,exclude,memory`, `--tiles 100,1000,10000`, `--wrong 0,0.1,0.3`, `--seeds
 * 10` (how many), `--period 80` (px), `--write` (into docs/solver.md).
 */
export async function run(args: readonly string[]): Promise<void> {
  for (const name of listOf(args, '--parts', Object.keys(parts))) {
    const part = await parts[name]();
    if (typeof part === 'string') {
      console.log(part);
      continue;
    }
    console.log(`${name}\n${part.header.join(' | ')}`);
    const rows: (readonly Cell[])[] = [];
    for await (const row of part.rows(kindsOf(args))) {
      rows.push(row);
      console.log(row.join(' | '));
    }
    await part.close?.();
    if (!args.includes('--write')) continue;
    const command = `\`npm run bench -- solve ${args.join(' ')}\`, Node ${process.versions.node}, one thread.`;
    await writeBetweenMarkers('docs/solver.md', name, `${markdownTable(part.header, rows)}\n\n${command}`);
  }
}

/** The process of its own in which the peak memory of one solve is taken. */
export async function alone(kind: TestGraphKind): Promise<void> {
  console.log(JSON.stringify(await memoryAlone(kind)));
}
