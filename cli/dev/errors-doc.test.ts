import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorTable, rejectionTable, type ErrorEntry } from '../../src/core/error-table.ts';
import { errorsDocument, errorsDocumentPath } from './errors-doc.ts';

const rooms = ['src', 'workers', 'cli'];

function sources(): { readonly file: string; readonly text: string }[] {
  return rooms.flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
      .map((name) => ({ file: join(room, name), text: readFileSync(join(room, name), 'utf8') })),
  );
}

/** Codes that are raised or listed with a file: `new StitchError('code'` and `code: 'code'`. */
function usedCodes(): Map<string, string> {
  const used = new Map<string, string>();
  for (const { file, text } of sources())
    for (const [, code] of text.matchAll(/(?:StitchError\(\s*|\bcode: )(?:\w+ \? )?'([a-z]+(?:-[a-z]+)*)'/g))
      used.set(code, file);
  return used;
}

describe('the next steps', () => {
  it('are those of the door at which the user stands: no option in the app, no button in a terminal', () => {
    for (const { next, nextInTerminal = next } of Object.values<ErrorEntry>(errorTable)) {
      expect(next).not.toMatch(/--[a-z]|command line/);
      expect(nextInTerminal).not.toMatch(/\b([Dd]rop|[Pp]ress|panel|page|tab|Ctrl)\b/);
    }
  });
});

describe('docs/errors.md', () => {
  it('is what npm run errors-doc writes', () => {
    expect(readFileSync(errorsDocumentPath, 'utf8')).toBe(errorsDocument());
  });

  it('has every code that the sources use, and none that they do not', () => {
    const used = usedCodes();
    expect([...used].filter(([code]) => !Object.hasOwn(errorTable, code))).toEqual([]);
    const text = sources()
      .filter(({ file }) => !/error-table|core.errors/.test(file))
      .map((source) => source.text)
      .join('\n');
    const unused = [...Object.keys(errorTable), ...Object.keys(rejectionTable)].filter(
      (code) => !text.includes(`'${code}'`),
    );
    expect(unused).toEqual([]);
    expect(used.size).toBeGreaterThan(12);
  });

  it('says a cause and a next step in whole sentences', () => {
    const entries: readonly Pick<ErrorEntry, 'cause' | 'next' | 'nextInTerminal'>[] = [
      ...Object.values(errorTable),
      ...Object.values(rejectionTable),
    ];
    for (const { cause, next, nextInTerminal = next } of entries)
      for (const sentence of [cause, next, nextInTerminal]) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });
});
