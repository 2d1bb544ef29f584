import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The folder of real grids beside the project, or null. */
export function realGrid(name: string): string | null {
  const folder = `../shared/data/${name}`;
  return existsSync(folder) ? folder : null;
}

/** Runs the project's own command line. */
export function cli(...args: string[]): string {
  return execFileSync('npx', ['tsx', 'cli/main.ts', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The largest difference of two TIFFs' pixels as libtiff decodes them; throws when their sizes or types differ. */
export function largestPixelDifference(a: string, b: string): number {
  const script = [
    'import sys, cv2, numpy as np',
    'p, q = (cv2.imread(f, cv2.IMREAD_UNCHANGED) for f in sys.argv[1:3])',
    'assert p is not None and q is not None, "unreadable"',
    'assert p.shape == q.shape and p.dtype == q.dtype, (p.shape, q.shape, p.dtype, q.dtype)',
    'print(int(np.abs(p.astype(np.int64) - q.astype(np.int64)).max()))',
  ].join('\n');
  return Number(execFileSync('/usr/bin/python3', ['-c', script, a, b], { encoding: 'utf8' }));
}
