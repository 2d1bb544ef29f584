import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

let known: string | null = null;

/**
 * Hash of all code that pair results depend on: results that other code has made are not taken from a cache. It is that
 * of the code as it was first asked for, which is the code that runs.
 */
export function resultCodeHash(): string {
  return (known ??= hashOfCode());
}

function hashOfCode(): string {
  const hash = createHash('sha256');
  for (const room of ['src/core', 'src/matchers', 'src/formats', 'workers']) {
    const files = readdirSync(join(root, room), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.ts$/.test(name) && !/\.test\.ts$/.test(name)).sort())
      hash.update(file).update(readFileSync(join(root, room, file)));
  }
  return hash.digest('hex');
}
