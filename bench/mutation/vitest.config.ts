import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/** Folders that must be climbed and descended from one file to another. */
function distance(from: string, to: string): number {
  return relative(dirname(from), dirname(to))
    .split('/')
    .filter((part) => part !== '').length;
}

/** Whether a test lies beside its source: `x.test.ts` for `x.ts`. */
function isBeside(source: string, test: string): boolean {
  return test === source.replace(/\.ts$/, '.test.ts');
}

/** The file of each mutant, by its number, as `stryker.sampled-mutants.js` writes it down before the first one runs. */
function readMutatedFiles(): Readonly<Record<string, string>> {
  const path = process.env['EM_STITCH_MUTATED_FILES'];
  return path !== undefined && existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>)
    : {};
}

/** Runs the test beside the mutated source first, then those nearest to it: most mutants are found by these. */
class NearestFirst extends BaseSequencer {
  #files: Readonly<Record<string, string>> | null = null;

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { activeMutant } = this.ctx.getRootProject().getProvidedContext() as { activeMutant?: string };
    if (activeMutant === undefined) return files;
    this.#files ??= readMutatedFiles();
    const source = this.#files[activeMutant];
    if (source === undefined) return files;
    const rank = ({ moduleId }: TestSpecification): number =>
      isBeside(source, moduleId) ? -1 : distance(source, moduleId);
    return [...files].sort((a, b) => rank(a) - rank(b));
  }
}

const under = process.env['EM_STITCH_MUTATION_TESTS'] ?? '';
const without = (process.env['EM_STITCH_MUTATION_WITHOUT'] ?? '').split(',').filter(Boolean);
const include = ['src/core', 'src/formats'].filter((room) => under.startsWith(room) || room.startsWith(under));

export default defineConfig({
  root: resolve('.'),
  test: {
    environment: 'node',
    include: include.map((room) => `${room.length > under.length ? room : under}/**/*.test.ts`),
    exclude: ['**/*.browser.test.ts', 'node_modules/**', ...without.map((word) => `**/*${word}*`)],
    setupFiles: ['bench/mutation/main-thread.setup.ts'],
    testTimeout: 600_000,
    sequence: { sequencer: NearestFirst },
  },
});
