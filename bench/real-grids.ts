import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ElasticFit } from '../src/core/elastic/solve-elastic-graph.ts';
import type { MatcherId } from '../src/core/options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const shared = join(root, '../shared');
const execute = promisify(execFile);

export const realGrids = ['mussel-165', 'mussel-1'] as const;
export type RealGrid = (typeof realGrids)[number];

/** What the independent scorer says of one stitched real grid; shifts in full-resolution px. */
export interface RealScore {
  readonly links: number;
  readonly pairs: number;
  readonly removed: number;
  readonly states: Readonly<Record<string, number>>;
  readonly blocks: number;
  readonly medianPx: number;
  readonly p90Px: number;
  readonly worstPairMedianPx: number;
  /** Median NCC of blocks at the solved placement as a share of its peak. */
  readonly correlationOfCeiling: number;
  readonly wallMs: number;
  /** Of bent tiles, what the solve says of itself. */
  readonly bend?: Bend;
}

type Bend = Pick<ElasticFit, 'fittedPx' | 'heldOutPx' | 'leastStretch' | 'mostStretch'>;

interface Scored {
  readonly states: Record<string, number>;
  readonly overlap: {
    readonly blocks: number;
    readonly shift: { readonly median: number; readonly p90: number };
    readonly worstPairMedian: number;
    readonly nccOfCeiling: number;
  };
}

export function hasRealGrids(): boolean {
  return existsSync(join(shared, 'data')) && existsSync(join(shared, 'tools/score.py'));
}

/** Stitches a real grid by the command line, without mosaic, and scores the solution. */
export async function scoreRealGrid(
  name: RealGrid,
  matcher: MatcherId,
  transform: 'affine' | 'elastic' = 'affine',
): Promise<RealScore> {
  const folder = join(shared, 'data', name);
  const out = await mkdtemp(join(tmpdir(), `bench-${name}-`));
  try {
    const command = ['stitch', folder, '--out', out, '--matcher', matcher, '--transform', transform, '--no-mosaic'];
    const start = performance.now();
    await execute(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...command], {
      cwd: root,
      maxBuffer: 2 ** 28,
    });
    const wallMs = performance.now() - start;
    const solution = join(out, 'solution.json');
    const scorer = [join(root, 'bench/score_bent.py'), join(shared, 'tools/score.py')];
    const score = await execute('/usr/bin/python3', [...scorer, solution, '--tiles', folder, '--json']);
    return {
      ...scoreOf(JSON.parse(score.stdout) as Scored),
      ...linksOf(await readFile(solution, 'utf8')),
      ...(transform === 'elastic' ? { bend: await bendOf(join(out, 'acquisition.json')) } : {}),
      wallMs,
    };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function scoreOf({ states, overlap }: Scored) {
  return {
    states,
    blocks: overlap.blocks,
    medianPx: overlap.shift.median,
    p90Px: overlap.shift.p90,
    worstPairMedianPx: overlap.worstPairMedian,
    correlationOfCeiling: overlap.nccOfCeiling,
  };
}

async function bendOf(path: string): Promise<Bend> {
  const { elastic } = JSON.parse(await readFile(path, 'utf8')) as { readonly elastic: Bend | null };
  if (elastic === null) throw new Error(`${path} says nothing of bent tiles`);
  return elastic;
}

function linksOf(solutionText: string) {
  const { links } = JSON.parse(solutionText) as { readonly links: readonly { readonly state: string }[] };
  const count = (state: string) => links.filter((link) => link.state === state).length;
  return { pairs: links.length, links: count('link') + count('excluded'), removed: count('excluded') };
}
