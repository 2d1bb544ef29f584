import { describe, expect, it } from 'vitest';
import type { Section } from '../core/stack/find-stack.ts';
import { parseSectionOutcome, stackSummary, writeSectionOutcome } from './stack-json.ts';
import type { SectionDone, SectionOutcome } from './stack-json.ts';

const done: SectionDone = {
  version: 1,
  state: 'done',
  section: 's1',
  key: 'k',
  layout: 'rows',
  prior: null,
  quality: { tiles: 4, solved: 4, pairs: 4, links: 3, residualPx: 0.5, worstResidualPx: null },
  places: [{ row: 0, column: 1, x: -1.5, y: 2, isSolved: true }],
  solutionSha256: 'ab',
  picture: { name: 'm.png', bytes: 12 },
};
const failed: SectionOutcome = {
  version: 1,
  state: 'failed',
  section: 's2',
  error: { code: 'no-tiles', message: 'None.' },
};

describe('section.json', () => {
  it.each([done, failed, { ...done, prior: 's0', picture: null }])('is read as it was written: $state', (outcome) => {
    const text = writeSectionOutcome(outcome);
    expect(text.endsWith('}\n')).toBe(true);
    expect(parseSectionOutcome(text)).toEqual(outcome);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    JSON.stringify({ ...done, version: 2 }),
    JSON.stringify({ ...done, state: 'waiting' }),
    JSON.stringify({ ...done, quality: { ...done.quality, tiles: -1 } }),
    JSON.stringify({ ...done, quality: { ...done.quality, links: 1.5 } }),
    JSON.stringify({ ...done, places: [{ ...done.places[0], x: null }] }),
    JSON.stringify({ ...done, picture: { name: 'm.png' } }),
    JSON.stringify({ ...done, solutionSha256: undefined }),
    JSON.stringify({ ...failed, error: { code: 'no-tiles' } }),
  ])('is none for %j: the section is made again', (text) => {
    expect(parseSectionOutcome(text)).toBeNull();
  });

  it('is not written with a number that is none', () => {
    const bad = { ...done, quality: { ...done.quality, residualPx: NaN } };
    expect(() => writeSectionOutcome(bad)).toThrow('The outcome of section s1 holds a value that is no number.');
  });
});

describe('stack.json', () => {
  it('lists every section with its state, and counts them', () => {
    const section = (name: string, index: number) => ({ name, index, tiles: [1, 2] }) as unknown as Section;
    const stack = { kind: 'folders', sections: [section('s1', 1), section('s2', 2), section('s3', 3)] } as const;
    const text = stackSummary(stack, [done, failed, null]);
    expect(text.split('\n').length).toBe(11);
    expect(JSON.parse(text)).toEqual({
      version: 1,
      kind: 'folders',
      counts: { sections: 3, done: 1, failed: 1, flagged: 0 },
      sections: [
        {
          name: 's1',
          index: 1,
          files: 2,
          state: 'done',
          solution: 's1/solution.json',
          picture: 's1/m.png',
          layout: 'rows',
          prior: null,
          quality: done.quality,
          flags: [],
        },
        { name: 's2', index: 2, files: 2, state: 'failed', error: { code: 'no-tiles', message: 'None.' } },
        { name: 's3', index: 3, files: 2, state: 'waiting' },
      ],
    });
  });

  it('counts a section that is remarkable, and names no picture where there is none', () => {
    const sections = ['s1', 's2', 's3', 's4', 's5'].map((name, index) => ({ name, index, tiles: [] }));
    const lost = { ...done, quality: { ...done.quality, solved: 1, links: 0 }, picture: null };
    const stack = { kind: 'folders', sections } as unknown as Parameters<typeof stackSummary>[0];
    const read = JSON.parse(stackSummary(stack, [lost, done, done, done, done])) as {
      counts: { flagged: number };
      sections: { picture: unknown; flags: unknown[] }[];
    };
    expect(read.counts.flagged).toBe(1);
    expect(read.sections[0].picture).toBeNull();
    expect(read.sections[0].flags.length).toBeGreaterThan(0);
  });
});
