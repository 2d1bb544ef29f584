import { Instrumenter } from '@stryker-mutator/instrumenter';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One change of the source that Stryker can make. */
export interface ListedMutant {
  /** `file:line:column-line:column mutator > replacement`, as `mutantKey` of stryker.sampled-mutants.js makes it. */
  readonly key: string;
  /** The range that Stryker's option `mutate` takes. */
  readonly range: string;
  readonly room: string;
  readonly mutator: string;
}

/** The folder that a source belongs to: `core/graph`, `core`, `formats/tiff`. */
export function roomOf(path: string): string {
  return path.split('/').slice(1, -1).slice(0, 2).join('/');
}

/** The sources of core and formats that ship, of the project in `folder`, as git lists them. */
export function mutableSources(folder: string): readonly string[] {
  const listed = execFileSync('git', ['ls-files', 'src/core/*.ts', 'src/formats/*.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((path) => path !== '' && !path.endsWith('.test.ts') && !path.includes('/testing/'));
}

/** Every mutant that Stryker knows for these sources, in the order of the files. */
export async function listMutants(folder: string, paths: readonly string[]): Promise<readonly ListedMutant[]> {
  const files = paths.map((name) => ({ name, mutate: true, content: readFileSync(join(folder, name), 'utf8') }));
  const { mutants } = await new Instrumenter(silent).instrument(files, {
    plugins: null,
    excludedMutations: [],
    ignorers: [],
  });
  return mutants.map(({ fileName, location: { start, end }, mutatorName, replacement }) => {
    const range = `${fileName}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;
    return { key: `${range} ${mutatorName} > ${replacement}`, range, room: roomOf(fileName), mutator: mutatorName };
  });
}

const say = () => undefined;
const isEnabled = () => false;
const silent = {
  isTraceEnabled: isEnabled,
  isDebugEnabled: isEnabled,
  isInfoEnabled: isEnabled,
  isWarnEnabled: isEnabled,
  isErrorEnabled: isEnabled,
  isFatalEnabled: isEnabled,
  trace: say,
  debug: say,
  info: say,
  warn: say,
  error: say,
  fatal: say,
};
